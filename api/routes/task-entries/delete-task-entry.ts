/** Owns DELETE /task-entries/:taskEntryId. */
import { found } from '../../../domain/refusal.ts';
import { lockTaskEntries, removeTaskEntry, requireUnclaimed } from '../../../store/task-entries.ts';
import { ownPerson } from '../../kit/auth.ts';
import { recordDeleted } from '../../kit/record-change.ts';
import { defineRoute, empty } from '../../kit/route.ts';
import { taskEntrySubject, wholeTaskEntry } from './task-entry.ts';

export const deleteTaskEntry = defineRoute({
  name: 'delete-task-entry',
  method: 'delete',
  path: '/task-entries/:taskEntryId',
  summary: 'Delete what was recorded on a task',
  permission: 'entries.update',
  own: true,
  responses: { 204: empty },
  errors: ['task_entry.claimed'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'entries.update');
      const [locked] = await lockTaskEntries(tx, [params.taskEntryId], own);
      const row = found(locked ?? null, 'task_entry');
      if (own !== null) requireUnclaimed(row);
      await removeTaskEntry(tx, row, actor.id);
      await recordDeleted(tx, actor, taskEntrySubject, wholeTaskEntry(row));
      return { status: 204 };
    }),
});
