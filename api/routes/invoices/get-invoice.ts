/** Owns GET /invoices/:invoiceId. */
import { readInvoice } from '../../../store/invoices.ts';
import { defineRoute } from '../../kit/route.ts';
import { requireVisible } from './invoice.ts';
import { invoiceInFull, readInFull } from './invoice-in-full.ts';

export const getInvoice = defineRoute({
  name: 'get-invoice',
  method: 'get',
  path: '/invoices/:invoiceId',
  summary: 'Read an invoice with its first lines, its tax and discounts',
  permission: 'invoices.read',
  own: true,
  responses: { 200: invoiceInFull },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const row = requireVisible(await readInvoice(tx, params.invoiceId), actor);
      return { status: 200, body: await readInFull(tx, row, actor) };
    }),
});
