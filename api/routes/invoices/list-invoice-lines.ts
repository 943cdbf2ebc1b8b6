/** Owns GET /invoices/:invoiceId/lines. */
import { z } from 'zod';
import { readInvoice, readInvoiceLines } from '../../../store/invoices.ts';
import { numberAfter, toPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { invoiceLine, linesFor, requireVisible } from './invoice.ts';

export const listInvoiceLines = defineRoute({
  name: 'list-invoice-lines',
  method: 'get',
  path: '/invoices/:invoiceId/lines',
  summary: 'List the lines of an invoice in their order',
  permission: 'invoices.read',
  own: true,
  query: z.object({ ...pageQuery }),
  responses: { 200: pageOf(invoiceLine) },
  handler: ({ params, query: { limit, cursor }, actor, transact }) =>
    transact(async (tx) => {
      const row = requireVisible(await readInvoice(tx, params.invoiceId), actor);
      const lines = await readInvoiceLines(tx, row.id, numberAfter(cursor) ?? 0, limit + 1);
      return {
        status: 200,
        body: toPage(
          linesFor(actor, lines),
          limit,
          (line) => [String(line.lineNo)],
          (line) => line,
        ),
      };
    }),
});
