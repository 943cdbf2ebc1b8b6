/** Owns the ways into a hub and what keeps it in order: first keys, the one secret key, and what is pruned. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startHub } from '../cli/hub.ts';
import { readConfig } from '../config.ts';
import { pruneWorkspaces } from '../runtime/housekeeping.ts';
import { findApiKey, hashApiKey, listApiKeys, revokeApiKey } from '../store/api-keys.ts';
import { connections } from '../store/connections.ts';
import { agreeOnSecretKey } from '../store/secret-check.ts';
import { createWorkspace, listWorkspaces, openEntrances } from '../store/workspaces.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { makeTestDirectory } from './support/directory.ts';
import { keepLog, newWorkspace } from './support/loops.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

it('processes that start together make one workspace and one key between them', async () => {
  const made = (await Promise.all([openEntrances(test.database), openEntrances(test.database)])).flat();
  expect(made).toHaveLength(1);
  expect(await listWorkspaces(test.database)).toHaveLength(1);
  const known = await test.database.inSystem((tx) => findApiKey(tx, hashApiKey(made[0]!.key)!));
  expect(known).toMatchObject({ workspaceId: made[0]!.workspace.id, scopes: ['*'] });
  expect(await openEntrances(test.database)).toEqual([]);
});

it('a workspace without a usable key, by a kill or because all were revoked, gets one at the next start', async () => {
  const killed = await newWorkspace(test.database, 'Killed');
  const { workspace: revoked } = await createWorkspace(test.database, { name: 'Revoked' });
  await test.database.inWorkspace(revoked.id, async (tx) => {
    const [key] = await listApiKeys(tx, { limit: 1, after: null });
    await revokeApiKey(tx, key!.id);
  });
  const made = await openEntrances(test.database);
  expect(made.map(({ workspace }) => workspace.id)).toEqual([killed, revoked.id]);
  expect(await openEntrances(test.database)).toEqual([]);
});

it('a hub refuses another secret key than the one that its secrets are sealed with', async () => {
  expect(await agreeOnSecretKey(test.database, Buffer.from('first'))).toBe(true);
  expect(await agreeOnSecretKey(test.database, Buffer.from('first'))).toBe(true);
  expect(await agreeOnSecretKey(test.database, Buffer.from('other'))).toBe(false);
  const config = readConfig({
    DATABASE_URL: test.url,
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    SLIPWAY_DATA_DIR: makeTestDirectory('entrance'),
    SLIPWAY_SECRET_KEY: Buffer.alloc(32, 9).toString('base64'),
  });
  const { logger } = keepLog();
  await expect(startHub({ config, logger, version: 'test' })).rejects.toThrow(
    /SLIPWAY_SECRET_KEY is not the key that this database's secrets are sealed with/,
  );
});

it('old deliveries and finished operations are pruned; open operations and all intents stay', async () => {
  const workspaceId = await newWorkspace(test.database, 'Pruned');
  await test.database.inWorkspace(workspaceId, async (tx) => {
    const connection = await connections.insert(tx, {
      connector: 'harvest',
      name: 'H',
      goLiveOn: '2026-01-01',
    });
    const at = (days: number) => [tx.workspaceId, connection.id, `-${days} days`];
    for (const days of [31, 29])
      await tx.run(
        `insert into webhook_deliveries (workspace_id, id, connection_id, delivery_key, body, headers)
         values ($1, uuidv7($3::interval), $2, $3, '', '{}')`,
        at(days),
      );
    for (const [days, finished] of [
      [91, true],
      [89, true],
      [91, false],
    ] as const)
      await tx.run(
        `insert into operations (workspace_id, id, subject_id, kind, started_by, message, finished_at)
         values ($1, uuidv7($3::interval), $2, 'import', 'test', $3, case when $4 then now() + $3::interval end)`,
        [...at(days), finished],
      );
    await tx.run(
      `insert into intents (workspace_id, id, connection_id, subject_type, subject_id, action, generation, idempotency_key, deadline_at, status)
       values ($1, uuidv7($3::interval), $2, 'client_invoice', $2, 'create', 1, 'k', now(), 'done')`,
      at(400),
    );
  });
  await pruneWorkspaces(test.database);
  const left = await test.database.inWorkspace(workspaceId, async (tx) => ({
    deliveries: await tx.rows('select delivery_key as key from webhook_deliveries'),
    operations: await tx.rows(
      'select message, finished_at is not null as finished from operations order by id',
    ),
    intents: await tx.rows('select status from intents'),
  }));
  expect(left).toEqual({
    deliveries: [{ key: '-29 days' }],
    operations: [
      { message: '-91 days', finished: false },
      { message: '-89 days', finished: true },
    ],
    intents: [{ status: 'done' }],
  });
});
