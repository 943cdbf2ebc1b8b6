/** Owns GET /people. */
import { z } from 'zod';
import { people } from '../../../store/people.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { person } from './person.ts';

export const listPeople = defineRoute({
  name: 'list-people',
  method: 'get',
  path: '/people',
  summary: 'List people',
  permission: 'people.read',
  query: z.object({ ...pageQuery, active: z.stringbool().optional() }),
  responses: { 200: pageOf(person) },
  handler: ({ query: { limit, cursor, active }, transact }) =>
    transact(async (tx) => {
      const rows = await people.list(tx, { limit, after: idAfter(cursor), where: { active } });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
