/** Owns POST /contractor-payments/:contractorPaymentId/reverse. */
import { found } from '../../../domain/refusal.ts';
import {
  readContractorPayment,
  reverseContractorPayment as reverse,
} from '../../../store/contractor-payments.ts';
import { defineRoute } from '../../kit/route.ts';
import { reasoned } from '../contractor-invoices/contractor-invoice.ts';
import { contractorPaymentInFull, showContractorPayment } from './contractor-payment.ts';

export const reverseContractorPayment = defineRoute({
  name: 'reverse-contractor-payment',
  method: 'post',
  path: '/contractor-payments/:contractorPaymentId/reverse',
  summary: 'Take a payment back: what it settled is open again',
  permission: 'contractor_payments.reverse',
  idempotency: 'required',
  body: reasoned,
  example: { reason: 'The bank returned it' },
  responses: { 200: contractorPaymentInFull },
  errors: ['contractor_payment.already_reversed', 'period.closed', 'period.soft_closed'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      await reverse(tx, params.contractorPaymentId, body.reason, actor);
      const row = found(await readContractorPayment(tx, params.contractorPaymentId), 'contractor_payment');
      return { status: 200, body: await showContractorPayment(tx, row) };
    }),
});
