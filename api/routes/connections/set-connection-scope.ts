/** Owns PUT /connections/:connectionId/scope. */
import { found } from '../../../domain/refusal.ts';
import { readScope, writeScope } from '../../../store/connection-scope.ts';
import { connections } from '../../../store/connections.ts';
import { record } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { connectionSubject } from './connection.ts';
import { scope } from './scope.ts';

export const setConnectionScope = defineRoute({
  name: 'set-connection-scope',
  method: 'put',
  path: '/connections/:connectionId/scope',
  summary: 'Say which entries of a connection come in',
  description:
    'Replaces the scope. Everything is read anew: what a wider one lets in comes in, and what a narrower one keeps out offers nothing any more.',
  permission: 'connections.update',
  body: scope,
  example: { billableOnly: true, exclude: { tag: ['internal*'] } },
  responses: { 200: scope },
  handler: ({ params: { connectionId }, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      found(await connections.lock(tx, connectionId), 'connection');
      const before = await readScope(tx, connectionId);
      requireCurrent(before);
      await writeScope(tx, connectionId, body);
      await record(tx, actor, connectionSubject, 'scope_changed', connectionId, { before, after: body });
      return { status: 200, body };
    }),
});
