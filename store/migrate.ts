/** Owns applying the forward-only SQL migrations, in file-name order, each in its own transaction. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import knex from 'knex';

const directory = join(import.meta.dirname, '..', 'migrations');

interface Migration {
  name: string;
  sql: string;
}

async function readMigrations(): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (name) => ({ name, sql: await readFile(join(directory, name), 'utf8') })),
  );
}

/**
 * Brings the database at `adminUrl` (the owner's login) up to date. Safe to call from several processes at once:
 * knex holds a lock row. Throws when the server is older than PostgreSQL 18 (uuidv7) or a migration fails.
 */
export async function migrate(adminUrl: string): Promise<string[]> {
  const db = knex({ client: 'pg', connection: adminUrl, pool: { min: 0, max: 1 } });
  try {
    const version = await db.raw<{ rows: { v: string }[] }>(
      "select current_setting('server_version_num') as v",
    );
    if (Number(version.rows[0]?.v) < 180_000) {
      throw new Error('Slipway needs PostgreSQL 18 or newer (uuidv7); point DATABASE_URL at such a server.');
    }
    const source = {
      getMigrations: () => readMigrations(),
      getMigrationName: (migration: Migration) => migration.name,
      getMigration: async (migration: Migration) => ({
        up: async (trx: knex.Knex) => {
          await trx.raw(migration.sql.replaceAll('?', '\\?'));
        },
        down: () => Promise.reject(new Error('migrations only go forward')),
      }),
    };
    const [, applied] = (await db.migrate.latest({ migrationSource: source, tableName: 'migrations' })) as [
      number,
      string[],
    ];
    return applied;
  } finally {
    await db.destroy();
  }
}

/** Whether the database at the address has every migration of this version; one still being set up has not. */
export async function isMigrated(adminUrl: string): Promise<boolean> {
  const db = knex({ client: 'pg', connection: adminUrl, pool: { min: 0, max: 1 } });
  try {
    const applied = new Set(await db('migrations').pluck<string[]>('name'));
    return (await readMigrations()).every(({ name }) => applied.has(name));
  } catch (error) {
    // No such table, or no such database, yet.
    if (['42P01', '3D000'].includes((error as { code?: string }).code ?? '')) return false;
    throw error;
  } finally {
    await db.destroy();
  }
}
