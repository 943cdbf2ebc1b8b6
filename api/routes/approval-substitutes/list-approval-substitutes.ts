/** Owns GET /approval-substitutes. */
import { z } from 'zod';
import { approvalSubstitutes } from '../../../store/approval-substitutes.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { approvalSubstitute } from './approval-substitute.ts';

export const listApprovalSubstitutes = defineRoute({
  name: 'list-approval-substitutes',
  method: 'get',
  path: '/approval-substitutes',
  summary: 'List who decides in whose place, and when',
  permission: 'tickets.approve',
  query: z.object({ ...pageQuery, memberId: id.optional(), substituteId: id.optional() }),
  responses: { 200: pageOf(approvalSubstitute) },
  handler: ({ query: { limit, cursor, ...where }, transact }) =>
    transact(async (tx) => {
      const rows = await approvalSubstitutes.list(tx, { limit, after: idAfter(cursor), where });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
