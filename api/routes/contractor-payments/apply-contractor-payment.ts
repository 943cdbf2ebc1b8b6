/** Owns POST /contractor-payments/:contractorPaymentId/apply. */
import { found } from '../../../domain/refusal.ts';
import { applyOnAccount, readContractorPayment } from '../../../store/contractor-payments.ts';
import { defineRoute } from '../../kit/route.ts';
import {
  applicationErrors,
  contractorPaymentInFull,
  onAccountApplications,
  showContractorPayment,
} from './contractor-payment.ts';

export const applyContractorPayment = defineRoute({
  name: 'apply-contractor-payment',
  method: 'post',
  path: '/contractor-payments/:contractorPaymentId/apply',
  summary: 'Put cash that was left on account on invoices',
  permission: 'contractor_payments.create',
  idempotency: 'required',
  body: onAccountApplications,
  example: {
    applications: [{ contractorInvoiceId: '{contractorInvoiceId}', amount: '10.00' }],
  },
  responses: { 200: contractorPaymentInFull },
  errors: ['contractor_payment.already_reversed', 'contractor_payment.beyond_account', ...applicationErrors],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      await applyOnAccount(tx, params.contractorPaymentId, body.applications, actor);
      const row = found(await readContractorPayment(tx, params.contractorPaymentId), 'contractor_payment');
      return { status: 200, body: await showContractorPayment(tx, row) };
    }),
});
