/** Owns GET /task-entries. */
import { z } from 'zod';
import { listTaskEntries as readTaskEntries } from '../../../store/task-entries.ts';
import { listedPerson } from '../../kit/auth.ts';
import { emptyPage, idAfter, toPage } from '../../kit/cursor.ts';
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
      const listed = listedPerson(actor, 'entries.read', filter.personId);
      if (listed === null) return { status: 200, body: emptyPage };
      const rows = await readTaskEntries(tx, { ...filter, ...listed }, { after: idAfter(cursor), limit });
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
