/** Owns POST /contractor-invoices/:contractorInvoiceId/cancel. */
import { cancelContractorInvoice as cancel } from '../../../store/contractor-invoice-drafts.ts';
import { lockContractorInvoice } from '../../../store/contractor-invoices.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { contractorInvoiceInFull, reasoned } from './contractor-invoice.ts';
import { showContractorInvoice } from './show-contractor-invoice.ts';

export const cancelContractorInvoice = defineRoute({
  name: 'cancel-contractor-invoice',
  method: 'post',
  path: '/contractor-invoices/:contractorInvoiceId/cancel',
  summary: 'End it before any payment; its tickets are free again',
  permission: 'contractor_invoices.cancel',
  own: true,
  body: reasoned,
  example: { reason: 'Made twice' },
  responses: { 200: contractorInvoiceInFull },
  errors: ['contractor_invoice.not_cancellable'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'contractor_invoices.cancel');
      const before = await lockContractorInvoice(tx, params.contractorInvoiceId, own);
      const after = await cancel(tx, before, body.reason, actor);
      return { status: 200, body: await showContractorInvoice(tx, after) };
    }),
});
