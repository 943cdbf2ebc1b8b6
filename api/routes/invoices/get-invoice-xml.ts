/** Owns GET /invoices/:invoiceId/xml. */
import { z } from 'zod';
import { defineRoute, streamOf } from '../../kit/route.ts';
import { formatOf, sendKept, syntax } from '../../kit/send-document.ts';
import { invoiceDocument } from './invoice-document.ts';

export const getInvoiceXml = defineRoute({
  name: 'get-invoice-xml',
  method: 'get',
  path: '/invoices/:invoiceId/xml',
  summary: 'Download an invoice as an e-invoice by EN 16931',
  description: 'The file that was made at issue. Where there can be none, the refusal says why.',
  permission: 'invoices.read',
  own: true,
  query: z.object({ syntax }),
  responses: { 200: streamOf('application/xml', 'The e-invoice.') },
  errors: ['document.no_e_invoice', 'document.not_issued', 'document.printed_elsewhere', 'document.too_long'],
  handler: async ({ params, query, actor, deps }) => {
    const { ref } = await invoiceDocument(deps.database, actor, params.invoiceId);
    return sendKept(deps, ref, formatOf(query.syntax));
  },
});
