/** Owns GET /connections/:connectionId. */
import { found } from '../../../domain/refusal.ts';
import { connections } from '../../../store/connections.ts';
import { defineRoute } from '../../kit/route.ts';
import { connection, toConnectionView } from './connection.ts';

export const getConnection = defineRoute({
  name: 'get-connection',
  method: 'get',
  path: '/connections/:connectionId',
  summary: 'Read a connection: status, health, last success and last error',
  permission: 'connections.read',
  responses: { 200: connection },
  handler: ({ params, transact }) =>
    transact(async (tx) => {
      const row = found(await connections.find(tx, params.connectionId), 'connection');
      return { status: 200, body: await toConnectionView(tx, row) };
    }),
});
