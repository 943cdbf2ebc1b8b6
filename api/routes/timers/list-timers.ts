/** Owns GET /timers. */
import { z } from 'zod';
import { listRunningTimers } from '../../../store/timers.ts';
import { listedPerson } from '../../kit/auth.ts';
import { emptyPage, idAfter, toIdPage } from '../../kit/cursor.ts';
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
      const listed = listedPerson(actor, 'entries.read', filter.personId);
      if (listed === null) return { status: 200, body: emptyPage };
      const rows = await listRunningTimers(tx, { ...filter, ...listed }, { after: idAfter(cursor), limit });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
