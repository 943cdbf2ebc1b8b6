/** Owns GET /clients/suggested-code. */
import { z } from 'zod';
import { suggestCode } from '../../../store/clients.ts';
import { defineRoute } from '../../kit/route.ts';
import { name } from '../../kit/schemas.ts';

export const suggestClientCode = defineRoute({
  name: 'suggest-client-code',
  method: 'get',
  path: '/clients/suggested-code',
  summary: 'A free client code for a name',
  description: 'It is not reserved: creating the client takes it, or another one where somebody was faster.',
  permission: 'clients.read',
  query: z.object({ name }),
  exampleQuery: { name: 'Acme Marine Co' },
  responses: { 200: z.object({ code: z.string() }) },
  handler: ({ query, transact }) =>
    transact(async (tx) => ({ status: 200, body: { code: await suggestCode(tx, query.name) } })),
});
