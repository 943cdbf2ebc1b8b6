/** Owns that two hubs renew one sign-in once, at every platform of the registry that has sign-ins which end. */
import { randomBytes } from 'node:crypto';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { openConnection } from '../../activities/vendor.ts';
import { connectors } from '../../connectors/kit/registry.ts';
import type { StartStand } from '../../connectors/kit/stand.ts';
import { createSecretBox } from '../../runtime/secrets.ts';
import { readTokens } from '../../store/connection-tokens.ts';
import { insertConnection } from '../../store/connections.ts';
import { type Database, openDatabase } from '../../store/database.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { newWorkspace } from '../support/loops.ts';

const secrets = createSecretBox(new Map([[1, randomBytes(32)]]));
let own: TestDatabase;
let hubs: Database[];
let workspaceId: string;
beforeAll(async () => {
  own = await createTestDatabase();
  workspaceId = await newWorkspace(own.database);
  hubs = [own.database, openDatabase(own.url, { poolSize: 8, applicationName: 'second hub' })];
});
afterAll(async () => {
  await hubs[1]!.close();
  await own.drop();
});

const depsOf = (database: Database): ActivityDeps => ({
  database,
  secrets,
  logger: pino({ level: 'silent' }),
  documents: { keep: () => Promise.reject(new Error('no documents here')) },
  vendor: { allowLoopback: true, timeoutMs: 10_000 },
});
const signingIn = [...connectors.values()].filter(({ auth }) => auth.oauth !== undefined);

describe('two hubs that meet an ended token at the same moment', () => {
  test.each(signingIn.map(({ id }) => id))('renew the sign-in at %s once, and both go on', async (id) => {
    const { startStand } = (await import(`../../connectors/${id}/stand.ts`)) as { startStand: StartStand };
    const stand = await startStand();
    onTestFinished(() => stand.sandbox.close());
    const { oauth } = stand;
    expect(oauth, 'a connector that signs in has a stand that does').toBeDefined();
    const connection = await own.database.inWorkspace(workspaceId, (tx) =>
      insertConnection(
        tx,
        secrets,
        {
          connector: id,
          name: id,
          goLiveOn: '2026-01-01',
          settings: { ...stand.settings },
          baseUrlOverride: stand.sandbox.url,
        },
        { ...stand.secrets, refreshToken: oauth!.currentRefreshToken() },
      ),
    );
    const read = (hub: Database) =>
      hub.inWorkspace(workspaceId, async (tx) => (await readTokens(tx, secrets, connection.id))!);
    for (let round = 1; round <= 3; round += 1) {
      oauth!.expire();
      const before = oauth!.refreshes();
      const workers = await Promise.all(
        [...hubs, ...hubs].map(async (hub) =>
          openConnection(depsOf(hub), workspaceId, connection, await read(hub)),
        ),
      );
      const tested = await Promise.all(workers.map(({ connector, http }) => connector.test(http)));
      expect(tested.map(({ account }) => account)).toEqual(workers.map(() => tested[0]!.account));
      expect(oauth!.refreshes() - before).toBe(1);
      expect((await read(hubs[0]!)).secrets.refreshToken).toBe(oauth!.currentRefreshToken());
    }
  });
});
