/** Owns PATCH /tasks/:taskId. */
import { found } from '../../../domain/refusal.ts';
import { tasks } from '../../../store/tasks.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { task, taskChange, taskSubject } from './task.ts';

export const updateTask = defineRoute({
  name: 'update-task',
  method: 'patch',
  path: '/tasks/:taskId',
  summary: 'Change a task',
  permission: 'tasks.update',
  body: taskChange,
  example: { unitPrice: '95.00' },
  responses: { 200: task },
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await tasks.lock(tx, params.taskId), 'task');
      requireCurrent(before);
      const after = found(await tasks.update(tx, before.id, body), 'task');
      await recordUpdated(tx, actor, taskSubject, before, after);
      return { status: 200, body: after };
    }),
});
