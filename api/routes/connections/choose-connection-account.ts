/** Owns POST /connections/:connectionId/account. */
import { z } from 'zod';
import { found, invalidField, Refusal } from '../../../domain/refusal.ts';
import { changeConnection, connections } from '../../../store/connections.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { connection, connectionSubject, refOf, toConnectionView } from './connection.ts';
import { platformErrors } from './list-connection-accounts.ts';

export const chooseConnectionAccount = defineRoute({
  name: 'choose-connection-account',
  method: 'post',
  path: '/connections/:connectionId/account',
  summary: 'Choose the organisation that a connection speaks for',
  description: 'Only while it is set up: what came in belongs to the organisation it was read from.',
  permission: 'connections.update',
  body: z.object({ externalId: z.string().min(1).max(200) }),
  example: { externalId: '123456' },
  responses: { 200: connection },
  errors: [...platformErrors, 'connection.account_unknown', 'connection.account_fixed'],
  handler: async ({ params, body, actor, deps, workspaceId, transact }) => {
    const accounts = await deps.connectionSetup.accounts(refOf(workspaceId, params));
    const chosen = accounts.find(({ externalId }) => externalId === body.externalId);
    return transact(async (tx) => {
      const before = found(await connections.lock(tx, params.connectionId), 'connection');
      if (before.status !== 'setup')
        throw new Refusal({
          code: 'connection.account_fixed',
          message: 'This connection was started already and stays with its organisation.',
          whatToDo: 'Make another connection for the other organisation.',
        });
      if (!chosen)
        throw invalidField(
          '/externalId',
          'connection.account_unknown',
          'The sign-in does not reach this organisation.',
          'GET /connections/:connectionId/accounts lists those that it reaches.',
        );
      const settings = { ...before.settings, ...chosen.settings };
      const after = await changeConnection(tx, deps.secrets, before, { settings });
      await recordUpdated(tx, actor, connectionSubject, before, after, 'account_chosen');
      return { status: 200, body: await toConnectionView(tx, after) };
    });
  },
});
