/** Owns GET /connections/:connectionId/accounts. */
import { z } from 'zod';
import { defineRoute } from '../../kit/route.ts';
import { refOf } from './connection.ts';

export const platformErrors = [
  'connection.disconnected',
  'platform.authorization_lost',
  'platform.refused',
  'platform.busy',
  'platform.unavailable',
];

export const listConnectionAccounts = defineRoute({
  name: 'list-connection-accounts',
  method: 'get',
  path: '/connections/:connectionId/accounts',
  summary: 'List the organisations that the sign-in reaches',
  description: 'Read from the platform. Empty where there is nothing to choose.',
  permission: 'connections.read',
  responses: {
    200: z.object({ items: z.array(z.object({ externalId: z.string(), name: z.string() })) }),
  },
  errors: platformErrors,
  handler: async ({ params, deps, workspaceId }) => {
    const accounts = await deps.connectionSetup.accounts(refOf(workspaceId, params));
    return { status: 200, body: { items: accounts.map(({ externalId, name }) => ({ externalId, name })) } };
  },
});
