/** Owns POST /contractor-invoices/:contractorInvoiceId/dispute. */
import { answerSelfBilled as answer } from '../../../store/contractor-invoice-drafts.ts';
import { lockContractorInvoice } from '../../../store/contractor-invoices.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { contractorInvoiceInFull, reasoned } from './contractor-invoice.ts';
import { showContractorInvoice } from './show-contractor-invoice.ts';

export const disputeContractorInvoice = defineRoute({
  name: 'dispute-contractor-invoice',
  method: 'post',
  path: '/contractor-invoices/:contractorInvoiceId/dispute',
  summary: 'Say why what was written for you is not right',
  description: 'While it is disputed it is neither approved nor paid.',
  permission: 'contractor_invoices.submit',
  own: true,
  body: reasoned,
  example: { reason: 'Two days are missing' },
  responses: { 200: contractorInvoiceInFull },
  errors: ['contractor_invoice.not_answerable'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'contractor_invoices.submit');
      const before = await lockContractorInvoice(tx, params.contractorInvoiceId, own);
      const after = await answer(tx, before, body.reason, actor);
      return { status: 200, body: await showContractorInvoice(tx, after) };
    }),
});
