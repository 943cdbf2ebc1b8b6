/** Owns PATCH /connections/:connectionId. */
import { found, Refusal } from '../../../domain/refusal.ts';
import { holdsRecords } from '../../../store/connection-account.ts';
import {
  type Connection,
  changeConnection,
  connections,
  listSecretNames,
} from '../../../store/connections.ts';
import type { WorkspaceTx } from '../../../store/database.ts';
import { newId } from '../../../store/new-id.ts';
import { notify } from '../../../store/notifications.ts';
import { enqueueLook } from '../../../store/outbox.ts';
import type { ApiDeps } from '../../deps.ts';
import type { Actor } from '../../kit/auth.ts';
import { record, recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import {
  requireConnector,
  requireKnownSecrets,
  requireKnownSettings,
  requireOverrideAllowed,
  requireReady,
} from './check-connection.ts';
import { connection, connectionChange, connectionSubject, toConnectionView } from './connection.ts';
import { requireOwnable } from './ownership.ts';

export const updateConnection = defineRoute({
  name: 'update-connection',
  method: 'patch',
  path: '/connections/:connectionId',
  summary: 'Change, pause, resume or re-authorise a connection',
  description:
    'New secrets end a lost authorisation. A disconnected connection stays disconnected, and its secrets are destroyed; POST …/disconnect ends it at the platform as well.',
  permission: 'connections.update',
  body: connectionChange,
  example: { pollSeconds: 600, secrets: { accessToken: 'new token from the vendor' } },
  responses: { 200: connection },
  errors: [
    'connection.disconnected',
    'connection.setting_missing',
    'connection.setting_unknown',
    'connection.secret_unknown',
    'connection.not_ready',
    'connection.override_not_allowed',
    'connection.cannot_own',
    'connection.account_fixed',
  ],
  handler: ({ params, body: { secrets = {}, ...change }, actor, deps, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await connections.lock(tx, params.connectionId), 'connection');
      requireCurrent(await toConnectionView(tx, before));
      if (before.status === 'disconnected')
        throw new Refusal({
          code: 'connection.disconnected',
          message: 'This connection was disconnected for good.',
          whatToDo: 'Create a new one.',
        });
      if (change.settings) {
        requireKnownSettings(deps, before.connector, change.settings);
        await requireSameAccount(tx, deps, before, change.settings);
      }
      requireKnownSecrets(deps, before.connector, Object.keys(secrets));
      requireOverrideAllowed(deps, actor, change.baseUrlOverride);
      requireOwnable(deps, before.connector, change.ownership);
      // A connection in set-up is started by its own command, which says what is missing.
      if (before.status === 'setup' && change.status === 'active')
        requireReady(deps, { connector: before.connector, settings: change.settings ?? before.settings }, [
          ...((await listSecretNames(tx, [before.id])).get(before.id) ?? []),
          ...Object.keys(secrets),
        ]);
      const after = await changeConnection(tx, deps.secrets, before, change, secrets);
      await enqueueLook(tx, {
        subjectType: 'connection',
        subjectId: after.id,
        lane: 'interactive',
        reason: 'changed',
      });
      await recordUpdated(tx, actor, connectionSubject, before, after);
      if (after.status === 'paused' && before.status !== 'paused') await tellPaused(tx, after, actor);
      const replaced = Object.keys(secrets);
      if (replaced.length > 0)
        await record(tx, actor, connectionSubject, 'secrets_replaced', after.id, { names: replaced });
      return { status: 200, body: await toConnectionView(tx, after) };
    }),
});

/** Ids of one account are other records in another: an invoice there would be paid by a stranger's payment. */
async function requireSameAccount(
  tx: WorkspaceTx,
  deps: ApiDeps,
  { id, connector, settings }: Connection,
  wanted: Readonly<Record<string, string>>,
): Promise<void> {
  const { settings: named, looseSettings = [], entryReader } = requireConnector(deps, connector);
  const moved = Object.keys(named).find(
    (name) => !looseSettings.includes(name) && settings[name] && settings[name] !== wanted[name],
  );
  if (entryReader || moved === undefined || !(await holdsRecords(tx, id))) return;
  throw new Refusal({
    code: 'connection.account_fixed',
    message: `This connection holds what came from or went to its account: its ${moved} stays.`,
    whatToDo: 'Make another connection for the other account.',
  });
}

/** Whoever waits for what it brings would otherwise look for a mistake. */
async function tellPaused(
  tx: WorkspaceTx,
  { id, name }: { id: string; name: string },
  { name: by, memberId }: Actor,
): Promise<void> {
  await notify(tx, [
    {
      kind: 'connection.paused',
      to: { permission: 'exceptions.resolve' },
      except: memberId === null ? [] : [memberId],
      key: `connection.paused:${newId()}`,
      subjectType: 'connection',
      subjectId: id,
      params: { connection: name, reason: `Paused by ${by}.` },
    },
  ]);
}
