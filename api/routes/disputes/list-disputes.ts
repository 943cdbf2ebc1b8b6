/** Owns GET /disputes. */
import { z } from 'zod';
import { disputeStatuses } from '../../../domain/sign-off.ts';
import { listDisputes as read } from '../../../store/disputes.ts';
import { ownClient } from '../../kit/auth.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { dispute } from './dispute.ts';

export const listDisputes = defineRoute({
  name: 'list-disputes',
  method: 'get',
  path: '/disputes',
  summary: 'List disputes, newest first',
  permission: 'invoices.read',
  own: true,
  query: z.object({ ...pageQuery, invoiceId: id.optional(), status: z.enum(disputeStatuses).optional() }),
  responses: { 200: pageOf(dispute) },
  handler: ({ query: { limit, cursor, ...filter }, actor, transact }) =>
    transact(async (tx) => {
      const clientId = ownClient(actor, 'invoices.read') ?? undefined;
      const rows = await read(tx, { ...filter, clientId, after: idAfter(cursor), limit: limit + 1 });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
