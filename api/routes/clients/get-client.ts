/** Owns GET /clients/:clientId. */
import { found } from '../../../domain/refusal.ts';
import { clients } from '../../../store/clients.ts';
import { defineRoute } from '../../kit/route.ts';
import { client } from './client.ts';

export const getClient = defineRoute({
  name: 'get-client',
  method: 'get',
  path: '/clients/:clientId',
  summary: 'Read a client',
  permission: 'clients.read',
  responses: { 200: client },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await clients.find(tx, params.clientId), 'client'),
    })),
});
