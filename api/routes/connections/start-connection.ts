/** Owns POST /connections/:connectionId/start. */
import { found, Refusal } from '../../../domain/refusal.ts';
import { changeConnection, connections, listSecretNames } from '../../../store/connections.ts';
import { enqueueLook } from '../../../store/outbox.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { requireReady } from './check-connection.ts';
import { connection, connectionSubject, toConnectionView } from './connection.ts';

export const startConnection = defineRoute({
  name: 'start-connection',
  method: 'post',
  path: '/connections/:connectionId/start',
  summary: 'Start a connection that is set up: its first sync begins at once',
  permission: 'connections.update',
  responses: { 200: connection },
  errors: ['connection.not_in_setup', 'connection.not_ready'],
  handler: ({ params, actor, deps, transact }) =>
    transact(async (tx) => {
      const before = found(await connections.lock(tx, params.connectionId), 'connection');
      if (before.status !== 'setup')
        throw new Refusal({
          code: 'connection.not_in_setup',
          message: `This connection is ${before.status.replaceAll('_', ' ')}, not being set up.`,
          whatToDo: 'A paused one is resumed with PATCH /connections/:connectionId.',
        });
      requireReady(deps, before, (await listSecretNames(tx, [before.id])).get(before.id) ?? []);
      const after = await changeConnection(tx, deps.secrets, before, { status: 'active' });
      await enqueueLook(tx, {
        subjectType: 'connection',
        subjectId: after.id,
        lane: 'interactive',
        reason: 'connected',
      });
      await recordUpdated(tx, actor, connectionSubject, before, after, 'started');
      return { status: 200, body: await toConnectionView(tx, after) };
    }),
});
