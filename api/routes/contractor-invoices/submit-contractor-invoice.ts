/** Owns POST /contractor-invoices/:contractorInvoiceId/submit. */
import { submitContractorInvoice as submit } from '../../../store/contractor-invoice-drafts.ts';
import { lockContractorInvoice } from '../../../store/contractor-invoices.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { contractorInvoiceInFull } from './contractor-invoice.ts';
import { showContractorInvoice } from './show-contractor-invoice.ts';

export const submitContractorInvoice = defineRoute({
  name: 'submit-contractor-invoice',
  method: 'post',
  path: '/contractor-invoices/:contractorInvoiceId/submit',
  summary: 'Ask for a decision; the number is given here, once',
  permission: 'contractor_invoices.submit',
  own: true,
  responses: { 200: contractorInvoiceInFull },
  errors: [
    'contractor_invoice.not_submittable',
    'contractor_invoice.empty',
    'contractor_invoice.cost_missing',
    'contractor_invoice.below_zero',
    'contractor_invoice.no_series',
    'contractor_invoice.no_agreement',
    'contractor_invoice.their_number_missing',
    'contractor_invoice.file_missing',
  ],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'contractor_invoices.submit');
      const before = await lockContractorInvoice(tx, params.contractorInvoiceId, own);
      const after = await submit(tx, before, actor);
      return { status: 200, body: await showContractorInvoice(tx, after) };
    }),
});
