/** Owns GET /duties. */
import { z } from 'zod';
import { listDutyExceptions } from '../../../store/duties.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, instant, pageOf, pageQuery } from '../../kit/schemas.ts';

const dutyException = z
  .object({
    id,
    action: z.string(),
    subjectType: z.string(),
    subjectId: id,
    actor: z.string(),
    reason: z.string(),
    createdAt: instant,
  })
  .meta({ id: 'DutyException' });

export const listDuties = defineRoute({
  name: 'list-duties',
  method: 'get',
  path: '/duties',
  summary: 'The duties report: who decided alone on what they had a hand in, and why; newest first',
  permission: 'reports.read',
  query: z.object({ ...pageQuery }),
  responses: { 200: pageOf(dutyException) },
  handler: ({ query: { limit, cursor }, transact }) =>
    transact(async (tx) => {
      const rows = await listDutyExceptions(tx, { after: idAfter(cursor), limit: limit + 1 });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
