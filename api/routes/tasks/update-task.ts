/** Owns PATCH /tasks/:taskId. */
import { found } from '../../../domain/refusal.ts';
import { assignTask, findTask, tasks } from '../../../store/tasks.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { task, taskChange, taskSubject } from './task.ts';

export const updateTask = defineRoute({
  name: 'update-task',
  method: 'patch',
  path: '/tasks/:taskId',
  summary: 'Change a task, or who is on it',
  permission: 'tasks.update',
  body: taskChange,
  example: { unitPrice: '95.00' },
  responses: { 200: task },
  errors: ['task.assignee_unknown'],
  handler: ({ params, body: { assigneeIds, ...change }, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await findTask(tx, params.taskId, true), 'task');
      requireCurrent(before);
      const changed = found(await tasks.update(tx, before.id, change), 'task');
      const after =
        assigneeIds === undefined
          ? { ...changed, assigneeIds: before.assigneeIds }
          : await assignTask(tx, changed, assigneeIds);
      await recordUpdated(tx, actor, taskSubject, before, after);
      return { status: 200, body: after };
    }),
});
