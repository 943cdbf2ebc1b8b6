/** Owns GET /invoices/:invoiceId/pdf. */
import { defineRoute, streamOf } from '../../kit/route.ts';
import { markedQuery, sendCopy, sendKept } from '../../kit/send-document.ts';
import { invoiceDocument } from './invoice-document.ts';

export const getInvoicePdf = defineRoute({
  name: 'get-invoice-pdf',
  method: 'get',
  path: '/invoices/:invoiceId/pdf',
  summary: 'Download an invoice as PDF',
  description:
    'An issued one is the file that was made at issue, byte by byte: PDF/A-3, with the e-invoice inside (Factur-X) where there can be one. A draft is printed now, and marked so.',
  permission: 'invoices.read',
  own: true,
  query: markedQuery,
  responses: { 200: streamOf('application/pdf', 'The document.') },
  errors: ['document.printed_elsewhere', 'document.too_long'],
  handler: async ({ params, query, actor, deps }) => {
    const { ref, number, badge } = await invoiceDocument(deps.database, actor, params.invoiceId);
    if (number === null) return sendCopy(await deps.documents.copy(ref, null), 'draft.pdf');
    if (query.marked === 'true')
      return sendCopy(await deps.documents.copy(ref, badge), `${number}-${badge}.pdf`);
    return sendKept(deps, ref, 'pdf');
  },
});
