/** Owns GET /invoices/:invoiceId/margin/lines. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { readInvoice } from '../../../store/invoices.ts';
import { readLineMargins } from '../../../store/margins.ts';
import { numberAfter, toPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { lineMargin } from './margin.ts';

export const listLineMargins = defineRoute({
  name: 'list-line-margins',
  method: 'get',
  path: '/invoices/:invoiceId/margin/lines',
  summary: 'What each line of an invoice brings beyond what its work cost',
  permission: 'margins.read',
  query: z.object({ ...pageQuery }),
  responses: { 200: pageOf(lineMargin) },
  handler: ({ params, query: { limit, cursor }, transact }) =>
    transact(async (tx) => {
      const invoice = found(await readInvoice(tx, params.invoiceId), 'invoice');
      const lines = await readLineMargins(tx, invoice.id, numberAfter(cursor) ?? 0, limit + 1);
      return {
        status: 200,
        body: toPage(
          lines,
          limit,
          (line) => [String(line.lineNo)],
          (line) => line,
        ),
      };
    }),
});
