/** Owns GET /members. */
import { z } from 'zod';
import { memberStatuses } from '../../../domain/member.ts';
import { members } from '../../../store/members.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { member, role } from './member.ts';

export const listMembers = defineRoute({
  name: 'list-members',
  method: 'get',
  path: '/members',
  summary: 'List members',
  permission: 'members.read',
  query: z.object({ ...pageQuery, role: role.optional(), status: z.enum(memberStatuses).optional() }),
  responses: { 200: pageOf(member) },
  handler: ({ query: { limit, cursor, ...where }, transact }) =>
    transact(async (tx) => {
      const rows = await members.list(tx, { limit, after: idAfter(cursor), where });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
