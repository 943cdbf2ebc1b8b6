/** Owns POST /connections. */
import { insertConnection } from '../../../store/connections.ts';
import { enqueueLook } from '../../../store/outbox.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import {
  lackingOf,
  requireConnector,
  requireKnownSecrets,
  requireKnownSettings,
  requireOverrideAllowed,
} from './check-connection.ts';
import { connection, connectionSubject, newConnection, toConnectionView } from './connection.ts';
import { requireOwnable } from './ownership.ts';

export const createConnection = defineRoute({
  name: 'create-connection',
  method: 'post',
  path: '/connections',
  summary: 'Connect a platform',
  description:
    'The first sync starts at once, unless a sign-in, an account or a setting is still missing: then it waits in the status setup.',
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
    'connection.secret_unknown',
    'connection.override_not_allowed',
    'connection.cannot_own',
  ],
  handler: ({ body: { secrets, start, ...values }, actor, deps, transact }) => {
    const { connector, settings = {} } = values;
    requireKnownSettings(deps, connector, settings);
    requireKnownSecrets(deps, connector, Object.keys(secrets));
    requireOverrideAllowed(deps, actor, values.baseUrlOverride);
    requireOwnable(deps, connector, values.ownership);
    const lacking = lackingOf(requireConnector(deps, connector), settings, Object.keys(secrets));
    const status = start && lacking.length === 0 ? 'active' : 'setup';
    return transact(async (tx) => {
      const created = await insertConnection(tx, deps.secrets, { ...values, status }, secrets);
      // One in set-up has nothing to look at.
      if (status === 'active')
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
