/** Owns GET /invoices. */
import { z } from 'zod';
import { listInvoices as readInvoices } from '../../../store/invoices.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { invoice, invoiceStatus } from './invoice.ts';

export const listInvoices = defineRoute({
  name: 'list-invoices',
  method: 'get',
  path: '/invoices',
  summary: 'List client invoices, newest first',
  permission: 'invoices.read',
  query: z.object({
    ...pageQuery,
    status: invoiceStatus.optional(),
    clientId: id.optional(),
    runId: id.optional(),
  }),
  responses: { 200: pageOf(invoice) },
  handler: ({ query: { limit, cursor, ...filter }, transact }) =>
    transact(async (tx) => {
      const rows = await readInvoices(tx, {
        ...filter,
        cursor: idAfter(cursor) ?? undefined,
        limit: limit + 1,
      });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
