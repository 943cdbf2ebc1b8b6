/** Owns GET /milestones. */
import { z } from 'zod';
import { listMilestones as readMilestones } from '../../../store/milestones.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { milestone } from './milestone.ts';

export const listMilestones = defineRoute({
  name: 'list-milestones',
  method: 'get',
  path: '/milestones',
  summary: 'List milestones',
  permission: 'contracts.read',
  query: z.object({ ...pageQuery, projectId: id.optional() }),
  responses: { 200: pageOf(milestone) },
  handler: ({ query: { limit, cursor, projectId }, transact }) =>
    transact(async (tx) => {
      const rows = await readMilestones(tx, { limit, after: idAfter(cursor), where: { projectId } });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
