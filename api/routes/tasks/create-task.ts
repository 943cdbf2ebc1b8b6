/** Owns POST /tasks. */
import { assignTask, tasks } from '../../../store/tasks.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { newTask, task, taskSubject } from './task.ts';

export const createTask = defineRoute({
  name: 'create-task',
  method: 'post',
  path: '/tasks',
  summary: 'Create a task',
  permission: 'tasks.create',
  body: newTask,
  example: { projectId: '{projectId}', name: 'Welding' },
  responses: { 201: task },
  errors: ['task.assignee_unknown'],
  handler: ({ body: { assigneeIds = [], ...values }, actor, transact }) =>
    transact(async (tx) => {
      const created = await assignTask(tx, await tasks.insert(tx, values), assigneeIds);
      await recordCreated(tx, actor, taskSubject, created);
      return { status: 201, body: created, headers: { Location: `/api/v1/tasks/${created.id}` } };
    }),
});
