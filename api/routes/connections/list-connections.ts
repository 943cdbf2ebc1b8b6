/** Owns GET /connections. */
import { z } from 'zod';
import { connections } from '../../../store/connections.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { connection, status, toConnectionViews } from './connection.ts';

export const listConnections = defineRoute({
  name: 'list-connections',
  method: 'get',
  path: '/connections',
  summary: 'List connections',
  permission: 'connections.read',
  query: z.object({ ...pageQuery, status: status.optional() }),
  responses: { 200: pageOf(connection) },
  handler: ({ query, transact }) =>
    transact(async (tx) => {
      const where = { status: query.status };
      const rows = await connections.list(tx, { limit: query.limit, after: idAfter(query.cursor), where });
      const page = toIdPage(rows, query.limit);
      return { status: 200, body: { ...page, items: await toConnectionViews(tx, page.items) } };
    }),
});
