/** Owns GET /contractor-invoices/:contractorInvoiceId. */
import { found } from '../../../domain/refusal.ts';
import { readContractorInvoice } from '../../../store/contractor-invoices.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { contractorInvoiceInFull } from './contractor-invoice.ts';
import { showContractorInvoice } from './show-contractor-invoice.ts';

export const getContractorInvoice = defineRoute({
  name: 'get-contractor-invoice',
  method: 'get',
  path: '/contractor-invoices/:contractorInvoiceId',
  summary: 'Read a contractor invoice with its tickets and lines',
  permission: 'contractor_invoices.read',
  own: true,
  responses: { 200: contractorInvoiceInFull },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'contractor_invoices.read');
      const row = found(
        await readContractorInvoice(tx, params.contractorInvoiceId, own),
        'contractor_invoice',
      );
      return { status: 200, body: await showContractorInvoice(tx, row) };
    }),
});
