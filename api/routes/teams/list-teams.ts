/** Owns GET /teams. */
import { z } from 'zod';
import { teams } from '../../../store/teams.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { team } from './team.ts';

export const listTeams = defineRoute({
  name: 'list-teams',
  method: 'get',
  path: '/teams',
  summary: 'List teams',
  permission: 'teams.read',
  query: z.object(pageQuery),
  responses: { 200: pageOf(team) },
  handler: ({ query: { limit, cursor }, transact }) =>
    transact(async (tx) => {
      const rows = await teams.list(tx, { limit, after: idAfter(cursor) });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
