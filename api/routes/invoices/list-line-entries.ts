/** Owns GET /invoices/:invoiceId/lines/:lineId/entries: whose work, of which day, approved by whom; and why this price? */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { readApprovals } from '../../../store/entry-approvals.ts';
import { readInvoice, readInvoiceLine, readLineEntries } from '../../../store/invoices.ts';
import { ownClient } from '../../kit/auth.ts';
import { idAfter, toPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { lineEntry, requireVisible, toClientEntry } from './invoice.ts';

export const listLineEntries = defineRoute({
  name: 'list-line-entries',
  method: 'get',
  path: '/invoices/:invoiceId/lines/:lineId/entries',
  summary: 'List what an invoice line is made of: whose work, of which day, who approved it and when',
  description: 'As it was billed. How prices came about is left out for a client.',
  permission: 'items.read',
  own: true,
  query: z.object({ ...pageQuery }),
  responses: { 200: pageOf(lineEntry) },
  handler: ({ params: { invoiceId, lineId }, query: { limit, cursor }, actor, transact }) =>
    transact(async (tx) => {
      requireVisible(await readInvoice(tx, invoiceId), actor, 'items.read');
      found(await readInvoiceLine(tx, invoiceId, lineId), 'invoice_line');
      const rows = await readLineEntries(tx, { invoiceId, lineId }, idAfter(cursor), limit + 1);
      const approvals = await readApprovals(
        tx,
        rows.flatMap(({ entryId, entryVersion }) =>
          entryId === null || entryVersion === null ? [] : [{ entryId, version: entryVersion }],
        ),
      );
      const isClient = ownClient(actor, 'items.read') !== null;
      const shown = rows.map((row) => {
        const { approvedBy = null, approvedAt = null } = approvals.get(row.entryId ?? '') ?? {};
        return { ...(isClient ? toClientEntry(row) : row), approvedBy, approvedAt };
      });
      return {
        status: 200,
        body: toPage(
          shown,
          limit,
          (row) => [row.itemId],
          (row) => row,
        ),
      };
    }),
});
