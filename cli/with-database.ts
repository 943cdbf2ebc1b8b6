/** Owns giving a one-off command the database: the configured one, a running hub's, or the embedded one for its time. */
import { type Config, makeDataDir } from '../config.ts';
import { acquireDataLock, type DataLock, DataLockedError } from '../runtime/data-lock.ts';
import { startEmbeddedPostgres } from '../runtime/embedded-postgres.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { migrate } from '../store/migrate.ts';
import { getWorkspace, listWorkspaces, type Workspace } from '../store/workspaces.ts';
import { UsageError } from './command.ts';

async function tryLock(dataDir: string): Promise<DataLock | null> {
  try {
    return await acquireDataLock(dataDir);
  } catch (error) {
    if (error instanceof DataLockedError) return null;
    throw error;
  }
}

/** `hubRuns`: another process serves this data folder, so it also carries the workflows. */
export async function withDatabase<T>(
  config: Config,
  work: (database: Database, hubRuns: boolean) => Promise<T>,
): Promise<T> {
  if (config.database) {
    await migrate(config.database.directUrl);
    const database = openDatabase(config.database.url, { poolSize: 4, directUrl: config.database.directUrl });
    try {
      return await work(database, true);
    } finally {
      await database.close();
    }
  }
  makeDataDir(config.dataDir);
  const lock = await tryLock(config.dataDir);
  const postgres = await startEmbeddedPostgres({
    dataDir: config.dataDir,
    ...(config.embedded.postgresPort !== 0 && { port: config.embedded.postgresPort }),
  });
  try {
    if (lock) await migrate(postgres.url);
    const database = openDatabase(postgres.url, { poolSize: 4 });
    try {
      return await work(database, lock === null);
    } finally {
      await database.close();
    }
  } finally {
    // A running hub's server was only visited.
    if (lock) {
      await postgres.stop();
      lock.release();
    }
  }
}

/** The workspace that `--workspace` names by id or name; without it, the only one there is. */
export async function chooseWorkspace(database: Database, wanted: string | undefined): Promise<Workspace> {
  const all = await listWorkspaces(database);
  const fitting =
    wanted === undefined
      ? all
      : all.filter((workspace) => workspace.id === wanted || workspace.name === wanted);
  const [only, ...others] = fitting;
  if (only && others.length === 0) return database.inWorkspace(only.id, (tx) => getWorkspace(tx));
  const names = all.map((workspace) => `  ${workspace.id}  ${workspace.name}`).join('\n');
  if (all.length === 0)
    throw new UsageError(
      'There is no workspace yet: run "slipway start" once, or "slipway import" with --new-workspace NAME.',
    );
  throw new UsageError(`Say which workspace with --workspace ID or NAME:\n${names}`);
}
