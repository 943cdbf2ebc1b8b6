/** Owns GET /invoices/:invoiceId. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { readInvoice, readInvoiceLines } from '../../../store/invoices.ts';
import { defineRoute } from '../../kit/route.ts';
import { invoice, invoiceLine } from './invoice.ts';

const firstLines = 50;

export const getInvoice = defineRoute({
  name: 'get-invoice',
  method: 'get',
  path: '/invoices/:invoiceId',
  summary: 'Read an invoice with its first lines',
  permission: 'invoices.read',
  responses: {
    200: invoice.extend({
      lines: z.array(invoiceLine).meta({ description: 'The first 50; all of them: …/lines.' }),
    }),
  },
  handler: ({ params, transact }) =>
    transact(async (tx) => {
      const row = found(await readInvoice(tx, params.invoiceId), 'invoice');
      return { status: 200, body: { ...row, lines: await readInvoiceLines(tx, row.id, 0, firstLines) } };
    }),
});
