/** Owns GET /clients/:clientId. */
import { found } from '../../../domain/refusal.ts';
import { clients } from '../../../store/clients.ts';
import { defineRoute } from '../../kit/route.ts';
import { readWhole, wholeClient } from './client.ts';

export const getClient = defineRoute({
  name: 'get-client',
  method: 'get',
  path: '/clients/:clientId',
  summary: 'Read a client with its contacts, rates and documents',
  permission: 'clients.read',
  responses: { 200: wholeClient },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: await readWhole(tx, found(await clients.find(tx, params.clientId), 'client')),
    })),
});
