/** Owns GET /acceptances. */
import { z } from 'zod';
import { listAcceptances as readAcceptances } from '../../../store/milestones.ts';
import { ownClient } from '../../kit/auth.ts';
import { emptyPage, idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { acceptance } from './milestone.ts';

export const listAcceptances = defineRoute({
  name: 'list-acceptances',
  method: 'get',
  path: '/acceptances',
  summary: 'List the milestones that wait for an acceptance by their client, or have it',
  permission: 'milestones.accept',
  own: true,
  query: z.object({ ...pageQuery, clientId: id.optional(), projectId: id.optional() }),
  responses: { 200: pageOf(acceptance) },
  handler: ({ query: { limit, cursor, clientId, projectId }, actor, transact }) =>
    transact(async (tx) => {
      const own = ownClient(actor, 'milestones.accept');
      if (own !== null && clientId !== undefined && clientId !== own) return { status: 200, body: emptyPage };
      const rows = await readAcceptances(tx, {
        clientId: own ?? clientId ?? null,
        projectId: projectId ?? null,
        after: idAfter(cursor),
        limit: limit + 1,
      });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
