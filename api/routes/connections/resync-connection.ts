/** Owns POST /connections/:connectionId/resync. */
import { z } from 'zod';
import { found, Refusal } from '../../../domain/refusal.ts';
import { connections } from '../../../store/connections.ts';
import { askResync } from '../../../store/resyncs.ts';
import { record } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { day } from '../../kit/schemas.ts';
import { operation } from '../operations/operation.ts';
import { connectionSubject } from './connection.ts';

export const resyncConnection = defineRoute({
  name: 'resync-connection',
  method: 'post',
  path: '/connections/:connectionId/resync',
  summary: 'Read every entry of some days again, known or not',
  description:
    'For what a platform does not tell: entries written down late, moved or deleted long after. What was billed stays billed; a difference becomes an exception.',
  permission: 'connections.sync',
  body: z.object({
    from: day.meta({ description: 'First work date.' }),
    to: day.meta({ description: 'Last work date, included; at most 366 days.' }),
  }),
  example: { from: '2026-01-01', to: '2026-01-31' },
  responses: { 202: operation },
  errors: [
    'connection.not_active',
    'connection.no_time',
    'connection.resync_span',
    'connection.resync_waiting',
  ],
  handler: ({ params, body, actor, deps, transact }) =>
    transact(async (tx) => {
      const { id, status, connector } = found(await connections.lock(tx, params.connectionId), 'connection');
      if (status !== 'active')
        throw new Refusal({
          code: 'connection.not_active',
          message: `This connection is ${status.replaceAll('_', ' ')} and reads nothing.`,
          whatToDo: 'Start, resume or authorise it first.',
        });
      if (!deps.connectors.get(connector)?.timeSource)
        throw new Refusal({
          code: 'connection.no_time',
          message: 'No time entries are read from this platform.',
          whatToDo: 'Sync it with POST /connections/:connectionId/sync instead.',
        });
      const asked = await askResync(tx, id, body, actor.id);
      await record(tx, actor, connectionSubject, 'resync_asked', id, { ...body, operationId: asked.id });
      return { status: 202, body: asked };
    }),
});
