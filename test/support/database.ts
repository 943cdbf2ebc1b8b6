/** Owns a test file's own database: a clone of the migrated template, and the check that nothing still holds it. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { inject } from 'vitest';
import { createSecretBox } from '../../runtime/secrets.ts';
import { type Database, openDatabase } from '../../store/database.ts';

export type TestDatabase = {
  /** The owner's login. */
  url: string;
  /** The store on it, for tests that need only one; nothing connects until it is used. */
  database: Database;
  /** Closes `database` and removes it. Throws when the test left other connections open. */
  drop(): Promise<void>;
};

/** Sessions end a moment after their client closed; what is open after this is a leak. */
const closingTimeoutMs = 2_000;

async function withAdmin<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** One line per session that is still open on the database. */
async function openSessions(admin: pg.Client, name: string): Promise<string[]> {
  const { rows } = await admin.query<{ line: string }>(
    `select format('pid %s, %s, %s: %s', pid, coalesce(nullif(application_name, ''), 'no name'), state, left(query, 120)) as line
     from pg_stat_activity where datname = $1 and backend_type = 'client backend' order by pid limit 20`,
    [name],
  );
  return rows.map(({ line }) => line);
}

async function dropDatabase(adminUrl: string, name: string): Promise<void> {
  await withAdmin(adminUrl, async (admin) => {
    const deadline = Date.now() + closingTimeoutMs;
    let open = await openSessions(admin, name);
    while (open.length > 0 && Date.now() < deadline) {
      await sleep(20);
      open = await openSessions(admin, name);
    }
    await admin.query(`drop database if exists ${name} with (force)`);
    if (open.length > 0) {
      throw new Error(`The test left ${open.length} database connections open:\n${open.join('\n')}`);
    }
  });
}

/**
 * Clones the template for one test file; drop it in `afterAll`. Copying its files takes 45 ms where the other strategy,
 * WAL_LOG, takes 300 ms (measured with the schema of migration 7, fsync off).
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { postgresUrl, template } = inject('servers');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await withAdmin(postgresUrl, (admin) =>
    admin.query(`create database ${name} template ${template} strategy file_copy`),
  );
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  const secrets = createSecretBox(new Map([[1, randomBytes(32)]]));
  const database = openDatabase(url.href, { poolSize: 8, applicationName: 'test', secrets: () => secrets });
  const drop = async (): Promise<void> => {
    await database.close();
    await dropDatabase(postgresUrl, name);
  };
  return { url: url.href, database, drop };
}
