/** Owns POST /connections/:connectionId/sync. */
import { found, Refusal } from '../../../domain/refusal.ts';
import { connections, requestSync } from '../../../store/connections.ts';
import { enqueueLook } from '../../../store/outbox.ts';
import { record } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { connection, connectionSubject, toConnectionView } from './connection.ts';

export const syncConnection = defineRoute({
  name: 'sync-connection',
  method: 'post',
  path: '/connections/:connectionId/sync',
  summary: 'Read the platform now instead of at the next poll',
  permission: 'connections.sync',
  responses: { 202: connection },
  errors: ['connection.not_active'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const row = found(await connections.lock(tx, params.connectionId), 'connection');
      if (row.status !== 'active')
        throw new Refusal({
          code: 'connection.not_active',
          message: `This connection is ${row.status.replaceAll('_', ' ')} and reads nothing.`,
          whatToDo: 'Resume it, or authorise it anew, with PATCH /connections/:connectionId.',
        });
      await requestSync(tx, row.id);
      await enqueueLook(tx, {
        subjectType: 'connection',
        subjectId: row.id,
        lane: 'interactive',
        reason: 'sync requested',
      });
      await record(tx, actor, connectionSubject, 'sync_requested', row.id);
      return { status: 202, body: await toConnectionView(tx, row) };
    }),
});
