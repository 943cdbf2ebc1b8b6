/** Owns GET /invoices/:invoiceId/lines/:lineId/entries: why this price? */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { readInvoiceLine, readLineEntries } from '../../../store/invoices.ts';
import { idAfter, toPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { lineEntry } from './invoice.ts';

export const listLineEntries = defineRoute({
  name: 'list-line-entries',
  method: 'get',
  path: '/invoices/:invoiceId/lines/:lineId/entries',
  summary: 'List what an invoice line is made of: items, their prices, their entries',
  permission: 'items.read',
  query: z.object({ ...pageQuery }),
  responses: { 200: pageOf(lineEntry) },
  handler: ({ params: { invoiceId, lineId }, query: { limit, cursor }, transact }) =>
    transact(async (tx) => {
      found(await readInvoiceLine(tx, invoiceId, lineId), 'invoice_line');
      const rows = await readLineEntries(tx, { invoiceId, lineId }, idAfter(cursor), limit + 1);
      return {
        status: 200,
        body: toPage(
          rows,
          limit,
          (row) => [row.itemId],
          (row) => row,
        ),
      };
    }),
});
