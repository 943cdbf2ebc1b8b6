/** Owns GET /clients. */
import { z } from 'zod';
import { listClients as list } from '../../../store/clients.ts';
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
  query: z.object({
    ...pageQuery,
    status: status.optional().meta({ description: 'Left out: all but the archived ones.' }),
    search: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .optional()
      .meta({ description: 'Part of the name, code, contact or e-mail.' }),
  }),
  responses: { 200: pageOf(client) },
  handler: ({ query: { limit, cursor, status, search }, transact }) =>
    transact(async (tx) => {
      const rows = await list(tx, { limit, after: idAfter(cursor), status, search });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
