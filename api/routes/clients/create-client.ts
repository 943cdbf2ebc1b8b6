/** Owns POST /clients. */
import { clients } from '../../../store/clients.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { client, clientSubject, newClient } from './client.ts';

export const createClient = defineRoute({
  name: 'create-client',
  method: 'post',
  path: '/clients',
  summary: 'Create a client',
  permission: 'clients.create',
  body: newClient,
  example: { name: 'North Sea Lines', code: 'NSL', currency: 'EUR', paymentTermsDays: 30 },
  responses: { 201: client },
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const created = await clients.insert(tx, body);
      await recordCreated(tx, actor, clientSubject, created);
      return { status: 201, body: created, headers: { Location: `/api/v1/clients/${created.id}` } };
    }),
});
