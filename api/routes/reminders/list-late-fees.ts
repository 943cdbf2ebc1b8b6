/** Owns GET /late-fees. */
import { z } from 'zod';
import { listLateFees as readLateFees } from '../../../store/late-fees.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { lateFee } from './reminder-policy.ts';

export const listLateFees = defineRoute({
  name: 'list-late-fees',
  method: 'get',
  path: '/late-fees',
  summary: 'List late fees and interest, newest first',
  permission: 'reminders.read',
  query: z.object({ ...pageQuery, clientId: id.optional(), invoiceId: id.optional() }),
  responses: { 200: pageOf(lateFee) },
  handler: ({ query: { limit, cursor, clientId = null, invoiceId = null }, transact }) =>
    transact(async (tx) => {
      const page = { after: idAfter(cursor), limit: limit + 1 };
      const rows = await readLateFees(tx, { clientId, invoiceId }, page);
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
