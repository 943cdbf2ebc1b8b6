/** Owns PATCH /contractor-invoices/:contractorInvoiceId. */
import { editContractorInvoice } from '../../../store/contractor-invoice-drafts.ts';
import { lockContractorInvoice } from '../../../store/contractor-invoices.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { bundleErrors, contractorInvoiceChange, contractorInvoiceInFull } from './contractor-invoice.ts';
import { showContractorInvoice } from './show-contractor-invoice.ts';

export const updateContractorInvoice = defineRoute({
  name: 'update-contractor-invoice',
  method: 'patch',
  path: '/contractor-invoices/:contractorInvoiceId',
  summary: 'Change a draft, or a rejected one, which is a draft again then',
  permission: 'contractor_invoices.update',
  own: true,
  body: contractorInvoiceChange,
  example: { note: 'March, with the dry dock' },
  responses: { 200: contractorInvoiceInFull },
  errors: ['contractor_invoice.not_editable', ...bundleErrors],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'contractor_invoices.update');
      const before = await lockContractorInvoice(tx, params.contractorInvoiceId, own);
      requireCurrent(await showContractorInvoice(tx, before));
      const after = await editContractorInvoice(tx, before, body, actor);
      return { status: 200, body: await showContractorInvoice(tx, after) };
    }),
});
