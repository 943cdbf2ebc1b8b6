/** Owns the rule that a command run beside a hub uses the hub's database as it is: never ended, restarted or migrated. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lockOrVisit } from '../cli/with-database.ts';
import { acquireDataLock, type DataLock } from '../runtime/data-lock.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../runtime/embedded-postgres.ts';
import { freePort } from '../runtime/ports.ts';
import { isAlive } from '../runtime/process-identity.ts';
import { openDatabase } from '../store/database.ts';
import { migrate } from '../store/migrate.ts';
import { createWorkspace } from '../store/workspaces.ts';
import { runCli } from './support/cli.ts';
import { makeTestDirectory } from './support/directory.ts';

const dataDir = makeTestDirectory('beside-hub');
let lock: DataLock;
let postgres: EmbeddedPostgres;

// This process is the hub: it holds the folder, with a server whose settings no command would choose by itself.
beforeAll(async () => {
  lock = await acquireDataLock(dataDir);
  postgres = await startEmbeddedPostgres({ dataDir, test: true, settings: { max_connections: '50' } });
  await migrate(postgres.url);
  const database = openDatabase(postgres.url, { poolSize: 1 });
  await createWorkspace(database, { name: 'Hull & Deck' });
  await database.close();
});
afterAll(async () => {
  await postgres.stop();
  lock.release();
});

it('a command beside a hub leaves its server running, though settings and port differ from its own', async () => {
  const { code, text } = await runCli(['verify'], {
    SLIPWAY_DATA_DIR: dataDir,
    SLIPWAY_POSTGRES_PORT: String(await freePort()),
  });
  expect(text).toContain('Hull & Deck');
  expect(code, text).toBe(0);
  expect(isAlive(postgres.pid)).toBe(true);
});

it('a command that meets a hub without a database gives up in time, and names the hub', async () => {
  const empty = makeTestDirectory('beside-hub-empty');
  const held = await acquireDataLock(empty);
  try {
    await expect(lockOrVisit(empty, 300)).rejects.toThrow(
      /no database that answers[\s\S]*in use by another Slipway: process \d+/,
    );
  } finally {
    held.release();
  }
});
