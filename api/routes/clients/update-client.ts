/** Owns PATCH /clients/:clientId. */
import { found } from '../../../domain/refusal.ts';
import { clients } from '../../../store/clients.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { client, clientChange, clientSubject } from './client.ts';

export const updateClient = defineRoute({
  name: 'update-client',
  method: 'patch',
  path: '/clients/:clientId',
  summary: 'Change a client',
  permission: 'clients.update',
  body: clientChange,
  example: { paymentTermsDays: 45 },
  responses: { 200: client },
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await clients.lock(tx, params.clientId), 'client');
      requireCurrent(before);
      const after = found(await clients.update(tx, before.id, body), 'client');
      await recordUpdated(tx, actor, clientSubject, before, after);
      return { status: 200, body: after };
    }),
});
