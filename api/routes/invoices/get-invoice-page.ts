/** Owns GET /invoices/:invoiceId/html. */
import { defineRoute, streamOf } from '../../kit/route.ts';
import { sendPage } from '../../kit/send-document.ts';
import { invoiceDocument } from './invoice-document.ts';

export const getInvoicePage = defineRoute({
  name: 'get-invoice-page',
  method: 'get',
  path: '/invoices/:invoiceId/html',
  summary: 'Read an invoice as a page, for the screen and the printer',
  description: 'With its status of today, which is seen on the screen and not on paper.',
  permission: 'invoices.read',
  own: true,
  responses: { 200: streamOf('text/html', 'The page; nothing in it is fetched or run.') },
  errors: ['document.printed_elsewhere', 'document.too_long'],
  handler: async ({ params, actor, deps }) => {
    const { ref, badge } = await invoiceDocument(deps.database, actor, params.invoiceId);
    return sendPage(await deps.documents.page(ref, badge));
  },
});
