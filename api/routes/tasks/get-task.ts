/** Owns GET /tasks/:taskId. */
import { found } from '../../../domain/refusal.ts';
import { findTask } from '../../../store/tasks.ts';
import { defineRoute } from '../../kit/route.ts';
import { shownTask, task } from './task.ts';

export const getTask = defineRoute({
  name: 'get-task',
  method: 'get',
  path: '/tasks/:taskId',
  summary: 'Read a task',
  permission: 'tasks.read',
  responses: { 200: task },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: shownTask(actor, found(await findTask(tx, params.taskId), 'task')),
    })),
});
