/** Owns GET /clients/:clientId/margin. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { clients } from '../../../store/clients.ts';
import { readClientMargins } from '../../../store/margins.ts';
import { defineRoute } from '../../kit/route.ts';
import { day } from '../../kit/schemas.ts';
import { clientMargin } from './margin.ts';

export const getClientMargin = defineRoute({
  name: 'get-client-margin',
  method: 'get',
  path: '/clients/:clientId/margin',
  summary: 'What a client brings beyond what its work cost, by currency',
  description:
    'By the posting date of its invoices; hours under fixed prices and retainers by their work date.',
  permission: 'margins.read',
  query: z.object({
    from: day.optional().meta({ description: 'Left out: from ever on.' }),
    before: day
      .optional()
      .meta({ description: 'The first day that is left out; none: to this day and beyond.' }),
  }),
  exampleQuery: { from: '2026-01-01', before: '2027-01-01' },
  responses: { 200: z.object({ currencies: z.array(clientMargin) }) },
  handler: ({ params, query: { from = '0001-01-01', before = '9999-12-31' }, transact }) =>
    transact(async (tx) => {
      const client = found(await clients.find(tx, params.clientId), 'client');
      return { status: 200, body: { currencies: await readClientMargins(tx, client.id, { from, before }) } };
    }),
});
