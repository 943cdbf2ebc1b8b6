/** Owns GET /timers. */
import { z } from 'zod';
import { listRunningTimers } from '../../../store/timers.ts';
import { ownPerson } from '../../kit/auth.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { timer } from './timer.ts';

export const listTimers = defineRoute({
  name: 'list-timers',
  method: 'get',
  path: '/timers',
  summary: 'List the timers that run, newest first',
  permission: 'entries.read',
  own: true,
  query: z.object({ ...pageQuery, personId: id.optional(), taskId: id.optional() }),
  responses: { 200: pageOf(timer) },
  handler: ({ query: { limit, cursor, ...filter }, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'entries.read');
      if (own !== null && filter.personId !== undefined && filter.personId !== own)
        return { status: 200, body: { items: [], nextCursor: null } };
      if (own !== null) filter.personId = own;
      const rows = await listRunningTimers(tx, filter, { after: idAfter(cursor), limit });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
