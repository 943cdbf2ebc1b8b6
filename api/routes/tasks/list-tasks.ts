/** Owns GET /tasks. */
import { z } from 'zod';
import { listTasks as readTasks } from '../../../store/tasks.ts';
import { idAfter, toPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { shownTask, status, task } from './task.ts';

export const listTasks = defineRoute({
  name: 'list-tasks',
  method: 'get',
  path: '/tasks',
  summary: 'List tasks',
  permission: 'tasks.read',
  query: z.object({
    ...pageQuery,
    projectId: id.optional(),
    status: status.optional(),
    assigneeId: id.optional().meta({ description: 'Tasks that this person is on.' }),
  }),
  responses: { 200: pageOf(task) },
  handler: ({ query: { limit, cursor, projectId, status, assigneeId }, actor, transact }) =>
    transact(async (tx) => {
      const after = idAfter(cursor);
      const rows = await readTasks(tx, { limit, after, where: { projectId, status }, assigneeId });
      return {
        status: 200,
        body: toPage(
          rows,
          limit,
          (row) => [row.id],
          (row) => shownTask(actor, row),
        ),
      };
    }),
});
