/** Owns POST /contractor-invoices/:contractorInvoiceId/accept. */
import { answerSelfBilled as answer } from '../../../store/contractor-invoice-drafts.ts';
import { lockContractorInvoice } from '../../../store/contractor-invoices.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { contractorInvoiceInFull } from './contractor-invoice.ts';
import { showContractorInvoice } from './show-contractor-invoice.ts';

export const acceptContractorInvoice = defineRoute({
  name: 'accept-contractor-invoice',
  method: 'post',
  path: '/contractor-invoices/:contractorInvoiceId/accept',
  summary: 'Say that what was written for you is right',
  permission: 'contractor_invoices.submit',
  own: true,
  responses: { 200: contractorInvoiceInFull },
  errors: ['contractor_invoice.not_answerable', 'contractor_invoice.dispute_is_theirs'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'contractor_invoices.submit');
      const before = await lockContractorInvoice(tx, params.contractorInvoiceId, own);
      const after = await answer(tx, before, null, actor);
      return { status: 200, body: await showContractorInvoice(tx, after) };
    }),
});
