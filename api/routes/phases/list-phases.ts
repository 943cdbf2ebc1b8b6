/** Owns GET /phases. */
import { z } from 'zod';
import { phases } from '../../../store/phases.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { phase, status } from './phase.ts';

export const listPhases = defineRoute({
  name: 'list-phases',
  method: 'get',
  path: '/phases',
  summary: 'List phases',
  permission: 'projects.read',
  query: z.object({ ...pageQuery, projectId: id.optional(), status: status.optional() }),
  responses: { 200: pageOf(phase) },
  handler: ({ query: { limit, cursor, ...where }, transact }) =>
    transact(async (tx) => {
      const rows = await phases.list(tx, { limit, after: idAfter(cursor), where });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
