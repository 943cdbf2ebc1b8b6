/** Owns POST /contractor-invoices/:contractorInvoiceId/reject. */
import { rejectContractorInvoice as reject } from '../../../store/contractor-invoice-decisions.ts';
import { lockContractorInvoice } from '../../../store/contractor-invoices.ts';
import { defineRoute } from '../../kit/route.ts';
import { contractorInvoiceInFull, decisionErrors, reasoned } from './contractor-invoice.ts';
import { showContractorInvoice } from './show-contractor-invoice.ts';

export const rejectContractorInvoice = defineRoute({
  name: 'reject-contractor-invoice',
  method: 'post',
  path: '/contractor-invoices/:contractorInvoiceId/reject',
  summary: 'Send it back to its author with the reason; its tickets stay on it',
  permission: 'contractor_invoices.approve',
  body: reasoned,
  example: { reason: 'The dry dock is not ours to pay' },
  responses: { 200: contractorInvoiceInFull },
  errors: decisionErrors,
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const before = await lockContractorInvoice(tx, params.contractorInvoiceId);
      const after = await reject(tx, before, body.reason, actor);
      return { status: 200, body: await showContractorInvoice(tx, after) };
    }),
});
