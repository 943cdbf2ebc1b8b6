/** Owns POST /contractor-invoices/:contractorInvoiceId/tickets/:ticketId/reject. */
import { rejectInvoicedTicket as reject } from '../../../store/contractor-invoice-decisions.ts';
import { lockContractorInvoice } from '../../../store/contractor-invoices.ts';
import { defineRoute } from '../../kit/route.ts';
import { contractorInvoiceInFull, decisionErrors, reasoned } from './contractor-invoice.ts';
import { showContractorInvoice } from './show-contractor-invoice.ts';

export const rejectInvoicedTicket = defineRoute({
  name: 'reject-invoiced-ticket',
  method: 'post',
  path: '/contractor-invoices/:contractorInvoiceId/tickets/:ticketId/reject',
  summary: 'Send one ticket back to its author; the rest stays on the invoice',
  permission: 'contractor_invoices.approve',
  body: reasoned,
  example: { reason: 'Those hours were on the other vessel' },
  responses: { 200: contractorInvoiceInFull },
  errors: decisionErrors,
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const before = await lockContractorInvoice(tx, params.contractorInvoiceId);
      const after = await reject(tx, before, params.ticketId, body.reason, actor);
      return { status: 200, body: await showContractorInvoice(tx, after) };
    }),
});
