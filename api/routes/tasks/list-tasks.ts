/** Owns GET /tasks. */
import { z } from 'zod';
import { tasks } from '../../../store/tasks.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { status, task } from './task.ts';

export const listTasks = defineRoute({
  name: 'list-tasks',
  method: 'get',
  path: '/tasks',
  summary: 'List tasks',
  permission: 'tasks.read',
  query: z.object({ ...pageQuery, projectId: id.optional(), status: status.optional() }),
  responses: { 200: pageOf(task) },
  handler: ({ query: { limit, cursor, projectId, status }, transact }) =>
    transact(async (tx) => {
      const rows = await tasks.list(tx, { limit, after: idAfter(cursor), where: { projectId, status } });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
