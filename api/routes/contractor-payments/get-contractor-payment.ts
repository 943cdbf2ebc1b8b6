/** Owns GET /contractor-payments/:contractorPaymentId. */
import { found } from '../../../domain/refusal.ts';
import { readContractorPayment } from '../../../store/contractor-payments.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { contractorPaymentInFull, showContractorPayment } from './contractor-payment.ts';

export const getContractorPayment = defineRoute({
  name: 'get-contractor-payment',
  method: 'get',
  path: '/contractor-payments/:contractorPaymentId',
  summary: 'Read a payment to a contractor with what it settled',
  permission: 'contractor_payments.read',
  own: true,
  responses: { 200: contractorPaymentInFull },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'contractor_payments.read');
      const row = found(
        await readContractorPayment(tx, params.contractorPaymentId, own),
        'contractor_payment',
      );
      return { status: 200, body: await showContractorPayment(tx, row) };
    }),
});
