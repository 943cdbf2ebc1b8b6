/** Owns giving a one-off command the database: the configured one, a running hub's, or the embedded one for its time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, makeDataDir } from '../config.ts';
import { acquireDataLock, type DataLock, DataLockedError } from '../runtime/data-lock.ts';
import { startEmbeddedPostgres, visitEmbeddedPostgres } from '../runtime/embedded-postgres.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { isMigrated, migrate } from '../store/migrate.ts';
import { getWorkspace, listWorkspaces, type Workspace } from '../store/workspaces.ts';
import { UsageError } from './command.ts';
import { openSecrets } from './open-secrets.ts';

/** A hub that has just taken the folder needs a moment to bring its server up and its tables up to date. */
const visitTimeoutMs = 60_000;

type Entrance = { lock: DataLock; visited: null } | { lock: null; visited: string };

/**
 * The data folder for ourselves, or the address of the server of the hub that has it. A hub's server is never started,
 * ended or migrated by a visitor, whatever settings it runs with.
 * @throws DataLockedError when a hub has the folder and its database does not answer in time
 */
export async function lockOrVisit(dataDir: string, timeoutMs: number): Promise<Entrance> {
  const giveUpAt = Date.now() + timeoutMs;
  for (;;) {
    try {
      return { lock: await acquireDataLock(dataDir), visited: null };
    } catch (error) {
      if (!(error instanceof DataLockedError)) throw error;
      const visited = await visitEmbeddedPostgres(dataDir);
      if (visited !== null && (await isMigrated(visited))) return { lock: null, visited };
      if (Date.now() > giveUpAt) throw notAnswering(dataDir, error);
    }
    await sleep(200);
  }
}

function notAnswering(dataDir: string, error: DataLockedError): DataLockedError {
  return new DataLockedError(
    `The hub that works on ${dataDir} has no database that answers and has this version's tables. If it is an older ` +
      `version, start it anew.\n${error.message}`,
  );
}

/** `hubRuns`: another process serves this data folder, so it also carries the workflows. */
export async function withDatabase<T>(
  config: Config,
  work: (database: Database, hubRuns: boolean) => Promise<T>,
): Promise<T> {
  if (config.database) {
    await migrate(config.database.directUrl);
    return useDatabase(config, config.database.url, (database) => work(database, true));
  }
  makeDataDir(config.dataDir);
  const { lock, visited } = await lockOrVisit(config.dataDir, visitTimeoutMs);
  if (visited !== null) return useDatabase(config, visited, (database) => work(database, true));
  const postgres = await startEmbeddedPostgres({
    dataDir: config.dataDir,
    ...(config.embedded.postgresPort !== 0 && { port: config.embedded.postgresPort }),
  });
  try {
    await migrate(postgres.url);
    return await useDatabase(config, postgres.url, (database) => work(database, false));
  } finally {
    await postgres.stop();
    lock.release();
  }
}

async function useDatabase<T>(
  config: Config,
  url: string,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  // Asked for only by what reads or writes personal fields: `slipway verify` works without the key.
  const database: Database = openDatabase(url, {
    poolSize: 4,
    directUrl: config.database?.directUrl ?? url,
    secrets: () => openSecrets(config, database),
  });
  try {
    return await work(database);
  } finally {
    await database.close();
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
