/** Owns that a connection's tokens survive two hubs that renew them at once, a crash in between, and a person who replaces them. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { oauthOf } from '../../activities/credentials.ts';
import type { ActivityDeps } from '../../activities/deps.ts';
import { openConnection } from '../../activities/vendor.ts';
import type { Connector } from '../../connectors/kit/define.ts';
import { AuthorizationLost, Unavailable } from '../../connectors/kit/errors.ts';
import { createSecretBox } from '../../runtime/secrets.ts';
import { readTokens, storeTokens, takeTokenLease } from '../../store/connection-tokens.ts';
import { changeConnection, connections, insertConnection } from '../../store/connections.ts';
import { type Database, openDatabase } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { newWorkspace } from '../support/loops.ts';
import {
  type SignInVendor,
  signInClient,
  signInConnector,
  startSignInVendor,
} from '../support/sign-in-vendor.ts';

const secrets = createSecretBox(new Map([[1, randomBytes(32)]]));
let test: TestDatabase;
let workspaceId: string;
/** Two processes: pools of their own on one database. */
let hubs: Database[];
let count = 0;

beforeAll(async () => {
  test = await createTestDatabase();
  workspaceId = await newWorkspace(test.database);
  hubs = [test.database, openDatabase(test.url, { poolSize: 8, applicationName: 'second hub' })];
});
afterAll(async () => {
  await hubs[1]!.close();
  await test.drop();
});

const depsOf = (database: Database): ActivityDeps => ({
  database,
  secrets,
  logger: pino({ level: 'silent' }),
  documents: { keep: () => Promise.reject(new Error('no documents here')) },
  vendor: { allowLoopback: true, timeoutMs: 2_000 },
});

interface Connected {
  vendor: SignInVendor;
  connectionId: string;
  connector: Connector;
  /** Calls of one hub, with the tokens that are stored when it is opened. */
  open: (hub: Database) => Promise<{ get: () => Promise<unknown> }>;
  stored: () => Promise<{ accessToken: string; refreshToken: string; generation: number }>;
}
async function connect(
  options: Parameters<typeof startSignInVendor>[0] = {},
  given: { oauth?: Parameters<typeof signInConnector>[0]; tokens?: Record<string, string> } = {},
): Promise<Connected> {
  const vendor = await startSignInVendor({
    accessToken: 'first-access',
    refreshToken: 'first-refresh',
    ...options,
  });
  onTestFinished(() => vendor.stop());
  const connector = signInConnector(given.oauth);
  const connection = await test.database.inWorkspace(workspaceId, (tx) =>
    insertConnection(
      tx,
      secrets,
      {
        connector: connector.id,
        name: `Vendor ${++count}`,
        goLiveOn: '2026-01-01',
        settings: { companyId: 'c-7', organisationId: 'o-1' },
        baseUrlOverride: vendor.sandbox.url,
      },
      {
        ...signInClient,
        ...(given.tokens ?? { accessToken: 'first-access', refreshToken: 'first-refresh' }),
      },
    ),
  );
  const { id: connectionId } = connection;
  return {
    vendor,
    connectionId,
    connector,
    open: async (hub) => {
      const tokens = await hub.inWorkspace(workspaceId, (tx) => readTokens(tx, secrets, connectionId));
      const { http } = openConnection(depsOf(hub), workspaceId, connection, tokens!, { known: connector });
      return { get: async () => (await http.get('/me')).body };
    },
    stored: async () => {
      const tokens = await test.database.inWorkspace(workspaceId, (tx) =>
        readTokens(tx, secrets, connectionId),
      );
      const { accessToken = '', refreshToken = '' } = tokens!.secrets;
      return { accessToken, refreshToken, generation: tokens!.generation };
    },
  };
}
const run = (sql: string, params: unknown[]) =>
  test.database.inWorkspace(workspaceId, (tx) => tx.run(sql, [workspaceId, ...params]));
const failure = async (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (problem: unknown) => problem,
  );

describe('two hubs', () => {
  it('that meet a 401 at once exchange the refresh token once, and both go on with what came of it', async () => {
    const { vendor, open, stored } = await connect();
    for (let round = 1; round <= 5; round += 1) {
      vendor.oauth.expire();
      const workers = await Promise.all([...hubs, ...hubs, ...hubs].map((hub) => open(hub)));
      const answers = await Promise.all(workers.map((worker) => worker.get()));
      expect(answers).toEqual(workers.map(() => ({ name: 'Harbour Works' })));
      expect(vendor.oauth.refreshes()).toBe(round);
      expect((await stored()).refreshToken).toBe(vendor.oauth.currentRefreshToken());
    }
  });

  it('do not wait behind a database lock while the platform is slow to answer', async () => {
    const { vendor, open, connectionId } = await connect();
    vendor.oauth.expire();
    vendor.sandbox.fault({ kind: 'hang', times: 1, match: (_, path) => path === '/token' });
    const first = failure((await open(hubs[0]!)).get());
    while (!vendor.sandbox.requests.some(({ path }) => path === '/token'))
      await new Promise((resolve) => setTimeout(resolve, 5));
    const before = performance.now();
    await run(
      'update connection_tokens set redirect_url = null where workspace_id = $1 and connection_id = $2',
      [connectionId],
    );
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(await first).toBeInstanceOf(Unavailable);
    // The failed one gave its lease back: the next one signs in at once.
    expect(await (await open(hubs[1]!)).get()).toEqual({ name: 'Harbour Works' });
  });

  it('a token that dies soon is renewed before it does, so that no call is refused', async () => {
    const { vendor, open, connectionId } = await connect();
    await run(
      `insert into connection_tokens (workspace_id, connection_id, access_expires_at, access_life_ms)
       values ($1, $2, now() + interval '5 seconds', 60000)`,
      [connectionId],
    );
    const worker = await open(hubs[0]!);
    await worker.get();
    expect(vendor.oauth.refreshes()).toBe(1);
    expect(vendor.sandbox.requests.filter(({ status }) => status === 401)).toEqual([]);
  });

  it('a token that still lives is used while its platform cannot renew it', async () => {
    const { vendor, open, connectionId } = await connect();
    await run(
      `insert into connection_tokens (workspace_id, connection_id, access_expires_at, access_life_ms)
       values ($1, $2, now() + interval '20 seconds', 3600000)`,
      [connectionId],
    );
    vendor.sandbox.fault({ kind: 'status', status: 503, times: 9, match: (_, path) => path === '/token' });
    expect(await (await open(hubs[0]!)).get()).toEqual({ name: 'Harbour Works' });
    expect(vendor.sandbox.requests.map(({ path }) => path)).toEqual(['/token', '/me']);
  });
});

describe('a hub that dies', () => {
  /** It has exchanged, and dies before it stores; its lease ends after `leaseMs`. */
  async function dieInBetween({ vendor, connectionId, connector }: Connected, leaseMs: number) {
    vendor.oauth.expire();
    const tokens = await test.database.inWorkspace(workspaceId, async (tx) => {
      await takeTokenLease(tx, connectionId, { holder: newId(), seen: 9, leaseMs });
      return readTokens(tx, secrets, connectionId);
    });
    const auth = {
      workspaceId,
      connectionId,
      connector,
      settings: {},
      baseUrlOverride: vendor.sandbox.url,
    };
    await oauthOf(depsOf(hubs[0]!), auth, tokens!.secrets).refresh(tokens!.secrets.refreshToken!, null);
  }

  it('between exchange and store costs nothing where the old token still works for a while', async () => {
    const connected = await connect({ graceMs: 30 * 60_000 });
    await dieInBetween(connected, 300);
    expect(await (await connected.open(hubs[1]!)).get()).toEqual({ name: 'Harbour Works' });
    expect((await connected.stored()).refreshToken).toBe(connected.vendor.oauth.currentRefreshToken());
  });

  it('and took the only token with it ends the authorisation, after a look at what is stored', async () => {
    const connected = await connect();
    await dieInBetween(connected, 300);
    expect(await failure((await connected.open(hubs[1]!)).get())).toBeInstanceOf(AuthorizationLost);
  });

  it('but stores late after all saves it: what is stored is read again before it is declared dead', async () => {
    const connected = await connect();
    const { vendor, connectionId, connector } = connected;
    await dieInBetween(connected, 100);
    const late = (async () => {
      while (vendor.calls('/token').length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setTimeout(resolve, 300));
      const refreshToken = vendor.oauth.currentRefreshToken();
      vendor.oauth.replaceAccessToken('late-access');
      await test.database.inWorkspace(workspaceId, (tx) =>
        storeTokens(tx, secrets, connectionId, {
          accessToken: 'late-access',
          refreshToken,
          lifeMs: null,
          settings: {},
        }),
      );
    })();
    expect(await (await connected.open(hubs[1]!)).get()).toEqual({ name: 'Harbour Works' });
    await late;
    expect(connector.id).toBe('sign-in-vendor');
  });

  it('never uses an access token whose refresh token it could not store', async () => {
    const { vendor, open, connectionId } = await connect();
    const owner = new pg.Client({ connectionString: test.url });
    await owner.connect();
    try {
      await owner.query(
        `create function full_disk() returns trigger language plpgsql as $$ begin raise exception 'no space left'; end $$;
         create trigger full_disk before update on connection_secrets for each row when (old.connection_id = '${connectionId}') execute function full_disk()`,
      );
      vendor.oauth.expire();
      expect(await failure((await open(hubs[0]!)).get())).toBeInstanceOf(Unavailable);
      // The refused call, the exchange, and nothing more.
      expect(vendor.sandbox.requests.map(({ path }) => path)).toEqual(['/me', '/token']);
    } finally {
      await owner.query('drop trigger full_disk on connection_secrets; drop function full_disk()');
      await owner.end();
    }
  });
});

describe('a person', () => {
  it('who pastes a refresh token only, or gives an app of their own, needs no access token', async () => {
    const pasted = await connect({}, { tokens: { refreshToken: 'first-refresh' } });
    expect(await (await pasted.open(hubs[0]!)).get()).toEqual({ name: 'Harbour Works' });
    const machine = await connect({}, { oauth: { grants: ['client_credentials'] }, tokens: {} });
    const worker = await machine.open(hubs[0]!);
    await worker.get();
    machine.vendor.oauth.expire();
    expect(await worker.get()).toEqual({ name: 'Harbour Works' });
  });

  it.each([
    ['an OAuth sign-in', { accessToken: 'second-access', refreshToken: 'second-refresh' }],
    ['a fixed token', { accessToken: 'second-access', refreshToken: '' }],
  ])('who replaces %s meanwhile is not overruled by a worker with the old one', async (_, given) => {
    const { vendor, open, connectionId } = await connect(
      {},
      given.refreshToken === '' ? { tokens: { accessToken: 'first-access' } } : {},
    );
    const worker = await open(hubs[0]!);
    vendor.oauth.replaceAccessToken('second-access');
    await test.database.inWorkspace(workspaceId, async (tx) => {
      const before = (await connections.lock(tx, connectionId))!;
      const replaced = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''));
      await changeConnection(tx, secrets, before, {}, replaced);
    });
    expect(await worker.get()).toEqual({ name: 'Harbour Works' });
    expect(vendor.calls('/token')).toHaveLength(0);
  });

  it('who withdrew the consent at the platform is told so, and nothing is exchanged for ever', async () => {
    const { vendor, open } = await connect();
    vendor.oauth.end();
    const lost = (await failure((await open(hubs[0]!)).get())) as Error;
    expect(lost).toBeInstanceOf(AuthorizationLost);
    expect(lost.message).toBe(
      'Sign-in Vendor no longer accepts the saved sign-in. Connect Sign-in Vendor again.',
    );
    expect(vendor.calls('/token')).toHaveLength(1);
  });
});
