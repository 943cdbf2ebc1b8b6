/** Owns POST /connections. */
import { insertConnection } from '../../../store/connections.ts';
import { enqueueLook } from '../../../store/outbox.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { requireKnownSettings, requireOverrideAllowed } from './check-connection.ts';
import { connection, connectionSubject, newConnection, toConnectionView } from './connection.ts';

export const createConnection = defineRoute({
  name: 'create-connection',
  method: 'post',
  path: '/connections',
  summary: 'Connect a platform',
  description: 'The first sync starts at once.',
  permission: 'connections.create',
  body: newConnection,
  example: {
    connector: 'harvest',
    name: 'Harvest, Bergen office',
    goLiveOn: '2026-01-01',
    settings: { accountId: '123456' },
    secrets: { accessToken: 'token from the vendor' },
  },
  responses: { 201: connection },
  errors: [
    'connection.unknown_connector',
    'connection.setting_missing',
    'connection.setting_unknown',
    'connection.override_not_allowed',
  ],
  handler: ({ body: { secrets, ...values }, actor, deps, transact }) => {
    requireKnownSettings(deps, values.connector, values.settings ?? {});
    requireOverrideAllowed(deps, values.baseUrlOverride);
    return transact(async (tx) => {
      const created = await insertConnection(tx, deps.secrets, values, secrets);
      await enqueueLook(tx, {
        subjectType: 'connection',
        subjectId: created.id,
        lane: 'interactive',
        reason: 'connected',
      });
      await recordCreated(tx, actor, connectionSubject, created);
      return { status: 201, body: await toConnectionView(tx, created) };
    });
  },
});
