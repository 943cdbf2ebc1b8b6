/** Owns GET /clients. */
import { z } from 'zod';
import { clients } from '../../../store/clients.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { client, status } from './client.ts';

export const listClients = defineRoute({
  name: 'list-clients',
  method: 'get',
  path: '/clients',
  summary: 'List clients',
  permission: 'clients.read',
  query: z.object({ ...pageQuery, status: status.optional() }),
  responses: { 200: pageOf(client) },
  handler: ({ query: { limit, cursor, status }, transact }) =>
    transact(async (tx) => {
      const rows = await clients.list(tx, { limit, after: idAfter(cursor), where: { status } });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
