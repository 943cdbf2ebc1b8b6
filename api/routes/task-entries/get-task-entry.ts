/** Owns GET /task-entries/:taskEntryId. */
import { found } from '../../../domain/refusal.ts';
import { readTaskEntry } from '../../../store/task-entries.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { shownTaskEntry, taskEntry } from './task-entry.ts';

export const getTaskEntry = defineRoute({
  name: 'get-task-entry',
  method: 'get',
  path: '/task-entries/:taskEntryId',
  summary: 'Read what was recorded on a task',
  permission: 'entries.read',
  own: true,
  responses: { 200: taskEntry },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'entries.read');
      const row = found(await readTaskEntry(tx, params.taskEntryId, own), 'task_entry');
      return { status: 200, body: shownTaskEntry(actor, row) };
    }),
});
