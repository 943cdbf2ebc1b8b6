/** Owns GET /invoices/:invoiceId. */
import { z } from 'zod';
import { readInvoice, readInvoiceLines } from '../../../store/invoices.ts';
import { defineRoute } from '../../kit/route.ts';
import { invoice, invoiceLine, linesFor, requireVisible } from './invoice.ts';

const firstLines = 50;

export const getInvoice = defineRoute({
  name: 'get-invoice',
  method: 'get',
  path: '/invoices/:invoiceId',
  summary: 'Read an invoice with its first lines',
  permission: 'invoices.read',
  own: true,
  responses: {
    200: invoice.extend({
      lines: z.array(invoiceLine).meta({ description: 'The first 50; all of them: …/lines.' }),
    }),
  },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const row = requireVisible(await readInvoice(tx, params.invoiceId), actor);
      const lines = await readInvoiceLines(tx, row.id, 0, firstLines);
      return { status: 200, body: { ...row, lines: linesFor(actor, lines) } };
    }),
});
