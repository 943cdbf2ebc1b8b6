/** Owns POST /tasks. */
import { assignTask, insertTask } from '../../../store/tasks.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { newTask, shownTask, task, taskErrors, taskSubject, withRawQuantity } from './task.ts';

export const createTask = defineRoute({
  name: 'create-task',
  method: 'post',
  path: '/tasks',
  summary: 'Create a task',
  permission: 'tasks.create',
  body: newTask,
  example: { projectId: '{projectId}', name: 'Welding' },
  responses: { 201: task },
  errors: taskErrors,
  handler: ({ body: { assigneeIds = [], ...values }, actor, transact }) =>
    transact(async (tx) => {
      const inserted = await insertTask(tx, withRawQuantity(values, null), actor.id);
      const created = shownTask(actor, await assignTask(tx, inserted, assigneeIds));
      await recordCreated(tx, actor, taskSubject, created);
      return { status: 201, body: created, headers: { Location: `/api/v1/tasks/${created.id}` } };
    }),
});
