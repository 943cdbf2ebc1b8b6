/** Owns GET /clients/:clientId/timeline. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { readClientTimeline } from '../../../store/client-overview.ts';
import { clients } from '../../../store/clients.ts';
import { numberAfter, toPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { event } from '../events/event.ts';

export const listClientTimeline = defineRoute({
  name: 'list-client-timeline',
  method: 'get',
  path: '/clients/:clientId/timeline',
  summary: 'What happened with a client, newest first',
  description:
    'Every event of the client, its contacts, documents, rates, projects, contracts, invoices and payments that you may see.',
  permission: 'clients.read',
  query: z.object(pageQuery),
  responses: { 200: pageOf(event) },
  handler: ({ params, query: { limit, cursor }, actor, transact }) =>
    transact(async (tx) => {
      const { id } = found(await clients.find(tx, params.clientId), 'client');
      const page = { before: numberAfter(cursor), limit, permissions: [...actor.permissions] };
      const rows = await readClientTimeline(tx, id, page);
      return {
        status: 200,
        body: toPage(
          rows,
          limit,
          (row) => [String(row.seq)],
          (row) => row,
        ),
      };
    }),
});
