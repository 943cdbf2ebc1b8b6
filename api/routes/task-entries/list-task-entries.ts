/** Owns GET /task-entries. */
import { z } from 'zod';
import { listTaskEntries as readTaskEntries } from '../../../store/task-entries.ts';
import { ownPerson } from '../../kit/auth.ts';
import { idAfter, toPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { day, id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { approval, shownTaskEntry, taskEntry } from './task-entry.ts';

export const listTaskEntries = defineRoute({
  name: 'list-task-entries',
  method: 'get',
  path: '/task-entries',
  summary: 'List what was recorded on tasks, newest first',
  permission: 'entries.read',
  own: true,
  query: z.object({
    ...pageQuery,
    taskId: id.optional(),
    personId: id.optional(),
    approval: approval.optional(),
    from: day.optional().meta({ description: 'First work date.' }),
    before: day.optional().meta({ description: 'First work date that is no longer wanted.' }),
  }),
  responses: { 200: pageOf(taskEntry) },
  handler: ({ query: { limit, cursor, ...filter }, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'entries.read');
      // Whoever asks for somebody else's gets what there is of them: nothing.
      if (own !== null && filter.personId !== undefined && filter.personId !== own)
        return { status: 200, body: { items: [], nextCursor: null } };
      if (own !== null) filter.personId = own;
      const rows = await readTaskEntries(tx, filter, { after: idAfter(cursor), limit });
      return {
        status: 200,
        body: toPage(
          rows,
          limit,
          (row) => [row.id],
          (row) => shownTaskEntry(actor, row),
        ),
      };
    }),
});
