/** Owns GET /invoices. */
import { z } from 'zod';
import { listInvoices as readInvoices } from '../../../store/invoices.ts';
import { ownClient } from '../../kit/auth.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { invoice, invoiceStatus, toClientView } from './invoice.ts';

export const listInvoices = defineRoute({
  name: 'list-invoices',
  method: 'get',
  path: '/invoices',
  summary: 'List client invoices, newest first',
  permission: 'invoices.read',
  own: true,
  query: z.object({
    ...pageQuery,
    status: invoiceStatus.optional(),
    clientId: id.optional(),
    runId: id.optional(),
  }),
  responses: { 200: pageOf(invoice) },
  handler: ({ query: { limit, cursor, ...filter }, actor, transact }) =>
    transact(async (tx) => {
      const ownClientId = ownClient(actor, 'invoices.read');
      const rows = await readInvoices(tx, {
        ...filter,
        issuedTo: ownClientId ?? undefined,
        cursor: idAfter(cursor) ?? undefined,
        limit: limit + 1,
      });
      const shown = ownClientId === null ? rows : rows.map(toClientView);
      return { status: 200, body: toIdPage(shown, limit) };
    }),
});
