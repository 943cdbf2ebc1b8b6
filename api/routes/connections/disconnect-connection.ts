/** Owns POST /connections/:connectionId/disconnect. */
import { z } from 'zod';
import { found, Refusal } from '../../../domain/refusal.ts';
import { changeConnection, connections, listSecretNames } from '../../../store/connections.ts';
import { enqueueLook } from '../../../store/outbox.ts';
import { record, recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { connection, connectionSubject, refOf, toConnectionView } from './connection.ts';

export const disconnectConnection = defineRoute({
  name: 'disconnect-connection',
  method: 'post',
  path: '/connections/:connectionId/disconnect',
  summary: 'End a connection for good: its consent and webhooks at the platform, and its secrets here',
  description:
    'What came in and what was booked stays. A platform that is down does not stop it; `problems` says what is left to do there by hand.',
  permission: 'connections.disconnect',
  responses: {
    200: z.object({
      connection,
      unsubscribed: z.int().meta({ description: 'Webhooks that the platform no longer sends.' }),
      revoked: z.boolean().meta({ description: 'Whether the platform ended its consent.' }),
      problems: z.array(z.string()),
    }),
  },
  errors: ['connection.disconnected'],
  handler: async ({ params, actor, deps, workspaceId, transact }) => {
    // Before the secrets are gone, and outside of any transaction: a platform may take its time.
    const ended = await deps.connectionSetup.end(refOf(workspaceId, params));
    return transact(async (tx) => {
      const before = found(await connections.lock(tx, params.connectionId), 'connection');
      if (before.status === 'disconnected')
        throw new Refusal({
          code: 'connection.disconnected',
          message: 'This connection was disconnected before.',
        });
      const secretNames = (await listSecretNames(tx, [before.id])).get(before.id) ?? [];
      const after = await changeConnection(tx, deps.secrets, before, {
        status: 'disconnected',
        statusReason: `Disconnected by ${actor.name}.`,
      });
      await enqueueLook(tx, {
        subjectType: 'connection',
        subjectId: after.id,
        lane: 'interactive',
        reason: 'disconnected',
      });
      await recordUpdated(tx, actor, connectionSubject, before, after, 'disconnected');
      await record(tx, actor, connectionSubject, 'secrets_destroyed', after.id, {
        names: secretNames,
        ...ended,
      });
      return { status: 200, body: { connection: await toConnectionView(tx, after), ...ended } };
    });
  },
});
