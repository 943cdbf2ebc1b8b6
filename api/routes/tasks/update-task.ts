/** Owns PATCH /tasks/:taskId. */
import { found } from '../../../domain/refusal.ts';
import { assignTask, changeTask, findTask } from '../../../store/tasks.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { shownTask, task, taskChange, taskErrors, taskSubject, withRawQuantity } from './task.ts';

export const updateTask = defineRoute({
  name: 'update-task',
  method: 'patch',
  path: '/tasks/:taskId',
  summary: 'Change a task, or who is on it',
  permission: 'tasks.update',
  body: taskChange,
  example: { unitPrice: '95.00' },
  responses: { 200: task },
  errors: [...taskErrors, 'task.timer_running'],
  handler: ({ params, body: { assigneeIds, ...change }, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await findTask(tx, params.taskId, true), 'task');
      requireCurrent(shownTask(actor, before));
      const changed = await changeTask(tx, before, withRawQuantity(change, before), actor.id);
      const after = shownTask(
        actor,
        assigneeIds === undefined ? { ...before, ...changed } : await assignTask(tx, changed, assigneeIds),
      );
      await recordUpdated(tx, actor, taskSubject, shownTask(actor, before), after);
      return { status: 200, body: after };
    }),
});
