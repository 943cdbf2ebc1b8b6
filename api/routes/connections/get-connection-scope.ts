/** Owns GET /connections/:connectionId/scope. */
import { found } from '../../../domain/refusal.ts';
import { readScope } from '../../../store/connection-scope.ts';
import { connections } from '../../../store/connections.ts';
import { defineRoute } from '../../kit/route.ts';
import { scope } from './scope.ts';

export const getConnectionScope = defineRoute({
  name: 'get-connection-scope',
  method: 'get',
  path: '/connections/:connectionId/scope',
  summary: 'Read which entries of a connection come in',
  permission: 'connections.read',
  responses: { 200: scope },
  handler: ({ params: { connectionId }, transact }) =>
    transact(async (tx) => {
      found(await connections.find(tx, connectionId), 'connection');
      return { status: 200, body: await readScope(tx, connectionId) };
    }),
});
