/** Owns GET /memberships. */
import { z } from 'zod';
import { memberships } from '../../../store/teams.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { membership } from './membership.ts';

export const listMemberships = defineRoute({
  name: 'list-memberships',
  method: 'get',
  path: '/memberships',
  summary: 'List who is in which team',
  permission: 'teams.read',
  query: z.object({ ...pageQuery, teamId: id.optional(), personId: id.optional() }),
  responses: { 200: pageOf(membership) },
  handler: ({ query: { limit, cursor, ...where }, transact }) =>
    transact(async (tx) => {
      const rows = await memberships.list(tx, { limit, after: idAfter(cursor), where });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
