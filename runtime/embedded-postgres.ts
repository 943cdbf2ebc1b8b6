/** Owns the PostgreSQL that a hub brings along: its first initialisation, start, leftovers of a killed run, and stop. */
import { execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { chown, mkdir, readdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { childEnvironment } from '../config.ts';
import { freePort, isPortFree } from './ports.ts';
import {
  type Account,
  makePrivateDir,
  type PostgresPrograms,
  postgresAccount,
  postgresHome,
  postgresPrograms,
} from './postgres-account.ts';
import { commandLine, endProcess, isAlive, waitForExit } from './process-identity.ts';
import { rotateLog, tailOf } from './server-log.ts';

const run = promisify(execFile);

export type EmbeddedPostgresOptions = {
  /** Holds everything; made where missing. */
  dataDir: string;
  /** Any free one when left out. */
  port?: number;
  /** Server settings over our own. */
  settings?: Record<string, string>;
  /** For tests: gives up all safety against a crash of the machine, for speed. */
  test?: boolean;
  onProgress?: (message: string) => void;
};

export type EmbeddedPostgres = {
  /** The database owner's login, on 127.0.0.1. */
  url: string;
  pid: number;
  port: number;
  /** True when a killed run had left it running. */
  adopted: boolean;
  /** Ends all sessions and writes everything to disk before it resolves. */
  stop(): Promise<void>;
};

const owner = 'postgres';
const database = 'slipway';
const startTimeoutMs = 60_000;
const adoptTimeoutMs = 5_000;
/** Replaying the log after a crash may take minutes, and it is progress. */
const recoveryTimeoutMs = 600_000;
const startAttempts = 6;
/**
 * What the log says when another try helps: a port lost to somebody; the sessions of a killed postmaster, which hold its
 * shared memory for a moment; a postmaster that another start, or a killed run, had just begun to start: its pid file is
 * there, and for an instant empty.
 */
const passingTrouble =
  /Address already in use|shared memory block .* is still in use|lock file "postmaster.pid" (already exists|is empty)/i;
/** PostgreSQL writes its pid file as soon as it has made it: one that is empty for longer, nobody will write. */
const emptyPidFileMs = 2_000;

/** For one hub on one machine. Commits are durable: `synchronous_commit` and `fsync` stay on. */
const lastingSettings: Record<string, string> = {
  max_connections: '200',
  shared_buffers: '256MB',
  effective_cache_size: '1GB',
  work_mem: '16MB',
  maintenance_work_mem: '128MB',
  // The bundled build has pglz only, which costs a bulk import more time than the smaller log saves.
  wal_compression: 'off',
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  random_page_cost: '1.1',
  // Our statements are short or set-based; compiling them costs more than it saves.
  jit: 'off',
};

const testSettings: Record<string, string> = {
  ...lastingSettings,
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
};

/** Settings that hold whatever the caller asks for: local, no socket files, UTC. */
const fixedSettings: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/** Where one embedded PostgreSQL keeps its files. */
type Place = { cluster: string; home: string; log: string; passwordFile: string };

function urlTo(name: string, port: number, password: string): string {
  // The server speaks no TLS; said here so that a PGSSLMODE in the environment does not break it.
  return `postgres://${owner}:${password}@127.0.0.1:${port}/${name}?sslmode=disable`;
}

/** Runs one piece of work on a connection of its own. */
async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    query_timeout: 30_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The stored password, made on the first start, before the cluster that will know it. */
async function readPassword(place: Place): Promise<string> {
  const made = randomBytes(24).toString('base64url');
  try {
    await writeFile(place.passwordFile, made, { flag: 'wx', mode: 0o600, flush: true });
    return made;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return readFile(place.passwordFile, 'utf8');
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/**
 * Makes the cluster once. It is made under another name and renamed when complete: an interrupted attempt is never taken
 * for a cluster, and a cluster is never deleted.
 */
async function initialise(
  place: Place,
  programs: PostgresPrograms,
  account: Account,
  password: string,
  options: EmbeddedPostgresOptions,
): Promise<void> {
  const prefix = `${basename(place.cluster)}.new-`;
  for (const name of await readdir(place.home)) {
    if (!name.startsWith(prefix)) continue;
    // Its initdb may have outlived its parent and still be writing: then the next start removes the rest.
    const patience = { recursive: true, force: true, maxRetries: 3, retryDelay: 100 };
    await rm(join(place.home, name), patience).catch(() => undefined);
  }
  if (await exists(place.cluster)) return;
  options.onProgress?.('Preparing a PostgreSQL database (first start only) ...');
  // A name of its own: an initdb that outlived its killed parent may still write into the last one.
  const making = `${place.cluster}.new-${randomBytes(4).toString('hex')}`;
  const passwordCopy = `${making}.password`;
  await makePrivateDir(making, account);
  await writeFile(passwordCopy, `${password}\n`, { mode: 0o600 });
  if (account.uid !== undefined && account.gid !== undefined) {
    await chown(passwordCopy, account.uid, account.gid);
  }
  try {
    // The builtin UTF-8 locale sorts and folds the same on every machine, and needs none installed.
    const locale = [
      '--no-locale',
      '--encoding=UTF8',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
    ];
    const login = [`--username=${owner}`, '--auth=scram-sha-256', `--pwfile=${passwordCopy}`];
    const sync = options.test === true ? ['--no-sync'] : [];
    await run(programs.initdb, [`--pgdata=${making}`, ...locale, ...login, ...sync], {
      ...account,
      cwd: place.home,
      env: childEnvironment({ drop: /^(PG|LC_|LANG)/ }),
      timeout: 300_000,
    });
    await rename(making, place.cluster);
  } catch (error) {
    await rm(making, { recursive: true, force: true });
    const detail = (error as { stderr?: string }).stderr ?? (error as Error).message;
    throw new Error(`PostgreSQL could not prepare its files in ${place.home}: ${detail.trim()}`, {
      cause: error,
    });
  } finally {
    await rm(passwordCopy, { force: true });
  }
}

/** @throws when another major version of PostgreSQL wrote the files */
async function checkVersion(place: Place, programs: PostgresPrograms): Promise<void> {
  const written = (await readFile(join(place.cluster, 'PG_VERSION'), 'utf8')).trim();
  if (programs.version.startsWith(`${written}.`)) return;
  throw new Error(
    `The data in ${place.cluster} were written by PostgreSQL ${written}, this Slipway carries ${programs.version}. Start the ` +
      'Slipway that wrote them, take a backup, and restore it here.',
  );
}

/** What postmaster.pid says (its lines: pid, folder, start, port, ...), or null when there is none. */
async function readPostmasterFile(
  place: Place,
): Promise<{ pid: number; port: number; lines: string[] } | null> {
  const text = await readFile(join(place.cluster, 'postmaster.pid'), 'utf8').catch(() => null);
  if (text === null) return null;
  const lines = text.split('\n');
  // A server in single-user mode writes its pid negated.
  return { pid: Math.abs(Number(lines[0])), port: Number(lines[3]), lines };
}

function isPostmasterOf(place: Place, pid: number): boolean {
  const line = commandLine(pid);
  return line?.includes('postgres') === true && `${line} `.includes(` -D ${place.cluster} `);
}

function errorCode(error: unknown): string | undefined {
  return (error as { code?: string }).code;
}

/** Ends a postmaster: fast, then at once; the last resort costs a recovery at the next start, never a commit. */
async function stopPostmaster(pid: number, place: Place, programs: PostgresPrograms): Promise<void> {
  if (process.platform === 'win32') {
    // Signals do not reach PostgreSQL on Windows; pg_ctl knows its pipe.
    await run(programs.pgCtl, ['stop', '-D', place.cluster, '-m', 'fast', '-w', '-t', '60']).catch(
      () => undefined,
    );
    await waitForExit(pid, 5_000);
    return;
  }
  await endProcess(pid, [
    { signal: 'SIGINT', waitMs: 30_000 },
    { signal: 'SIGQUIT', waitMs: 10_000 },
    { signal: 'SIGKILL', waitMs: 5_000 },
  ]);
}

/** Waits until the server takes our password and answers; says so on screen while it replays its log. */
async function waitUntilReady(
  url: string,
  isRunning: () => boolean,
  timeoutMs: number,
  onProgress: EmbeddedPostgresOptions['onProgress'],
): Promise<void> {
  const started = Date.now();
  let nextWordAt = started + 5_000;
  for (;;) {
    try {
      await withClient(url, (client) => client.query('select 1'));
      return;
    } catch (error) {
      if (errorCode(error) === '28P01') {
        throw new Error(
          'PostgreSQL refuses the stored password: put back postgres.password from your backup',
          {
            cause: error,
          },
        );
      }
      if (!isRunning()) throw error;
      const isRecovering = errorCode(error) === '57P03';
      if (Date.now() - started > (isRecovering ? recoveryTimeoutMs : timeoutMs)) throw error;
    }
    if (Date.now() > nextWordAt) {
      const seconds = Math.round((Date.now() - started) / 1000);
      onProgress?.(`PostgreSQL is still starting, perhaps recovering from a crash (${seconds} s so far) ...`);
      nextWordAt = Date.now() + 10_000;
    }
    await sleep(25);
  }
}

/**
 * Removes a pid file that a power cut, or a kill at the wrong instant, left empty: PostgreSQL would refuse to start beside
 * it for ever. It is written before any shared memory is made, so there are no orphans that it could have named.
 */
async function removeEmptyPidFile(place: Place): Promise<void> {
  const file = join(place.cluster, 'postmaster.pid');
  const found = await stat(file).catch(() => null);
  if (found?.size === 0 && Date.now() - found.mtimeMs > emptyPidFileMs) await rm(file, { force: true });
}

/** The port of a server that a killed run left behind and that fits this start; anything else left behind is ended. */
async function adoptLeftover(
  place: Place,
  programs: PostgresPrograms,
  password: string,
  clusterName: string,
  options: EmbeddedPostgresOptions,
): Promise<{ pid: number; port: number } | null> {
  await removeEmptyPidFile(place);
  const found = await readPostmasterFile(place);
  if (found === null || !isAlive(found.pid)) return null;
  if (!isPostmasterOf(place, found.pid)) {
    // Another process got the pid of a dead postmaster, and PostgreSQL would refuse to start. Our own pid in its stead
    // makes it go on, as a server's parent is never its predecessor, and still look for orphans in the shared memory
    // that the file names (CreateLockFile in miscinit.c). Deleting the file would skip that.
    const lines = [String(process.pid), ...found.lines.slice(1)];
    await writeFile(join(place.cluster, 'postmaster.pid'), lines.join('\n'));
    return null;
  }
  const fits = await waitUntilReady(
    urlTo('postgres', found.port, password),
    () => isAlive(found.pid),
    adoptTimeoutMs,
    options.onProgress,
  ).then(
    () => describesItselfAs(urlTo('postgres', found.port, password), clusterName, place),
    () => false,
  );
  if (fits && (options.port === undefined || options.port === found.port)) return found;
  if (isAlive(found.pid)) {
    options.onProgress?.(`Ending a PostgreSQL left over from an earlier run (process ${found.pid}) ...`);
    await stopPostmaster(found.pid, place, programs);
  }
  return null;
}

/** Whether the server at the address runs on our files with the settings and programs of this start. */
async function describesItselfAs(url: string, clusterName: string, place: Place): Promise<boolean> {
  const { rows } = await withClient(url, (client) =>
    client.query<{ name: string; dir: string }>(
      "select current_setting('cluster_name') as name, current_setting('data_directory') as dir",
    ),
  );
  return rows[0]?.name === clusterName && rows[0].dir === place.cluster;
}

function settingsFor(options: EmbeddedPostgresOptions): Record<string, string> {
  const base = options.test === true ? testSettings : lastingSettings;
  return { ...base, ...options.settings, ...fixedSettings };
}

/** Starts the server in a process group of its own, so that a Ctrl-C in the terminal reaches us and not it. */
function spawnPostmaster(
  place: Place,
  programs: PostgresPrograms,
  account: Account,
  port: number,
  settings: Record<string, string>,
): { pid: number; isRunning: () => boolean } {
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = openSync(place.log, 'a', 0o600);
  try {
    const child = spawn(programs.postgres, ['-D', place.cluster, '-p', String(port), ...flags], {
      ...account,
      cwd: place.cluster,
      detached: true,
      env: childEnvironment({ drop: /^(PG|LC_|LANG)/ }),
      stdio: ['ignore', log, log],
      windowsHide: true,
    });
    let failed = false;
    child.on('error', () => {
      failed = true;
    });
    child.unref();
    const pid = child.pid ?? -1;
    return {
      pid,
      isRunning: () => !failed && pid > 0 && child.exitCode === null && child.signalCode === null,
    };
  } finally {
    closeSync(log);
  }
}

/**
 * Starts a new server.
 * @returns null when the log says that another port, or a moment's patience, is all that is missing
 */
async function startNew(
  place: Place,
  programs: PostgresPrograms,
  account: Account,
  password: string,
  settings: Record<string, string>,
  options: EmbeddedPostgresOptions,
): Promise<{ pid: number; port: number } | null> {
  if (options.port !== undefined && !(await isPortFree(options.port))) {
    throw new Error(
      `Port ${options.port} is in use. Set SLIPWAY_POSTGRES_PORT to another one, or to 0 for any free one.`,
    );
  }
  const port = options.port ?? (await freePort());
  const logStart = await rotateLog(place.log);
  const { pid, isRunning } = spawnPostmaster(place, programs, account, port, settings);
  try {
    await waitUntilReady(urlTo('postgres', port, password), isRunning, startTimeoutMs, options.onProgress);
    return { pid, port };
  } catch (error) {
    if (isRunning()) await stopPostmaster(pid, place, programs);
    const said = await tailOf(place.log, logStart);
    if (passingTrouble.test(said)) return null;
    throw new Error(
      `PostgreSQL did not start: ${(error as Error).message}\n${said}\nIts log is ${place.log}`,
      {
        cause: error,
      },
    );
  }
}

async function ensureDatabase(port: number, password: string): Promise<void> {
  await withClient(urlTo('postgres', port, password), async (client) => {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [database]);
    if (rowCount === 0) await client.query(`create database ${database}`);
  });
}

/** Where the embedded PostgreSQL of a data folder keeps its files; nothing is made but folders. */
async function placeOf(
  givenDir: string,
  account: Account,
  onProgress: (message: string) => void,
): Promise<Place> {
  // One name for the folder, however it is reached: leftovers are recognised by it.
  const dataDir = await realpath(givenDir);
  const home = await postgresHome(dataDir, account, onProgress);
  return {
    home,
    cluster: join(home, 'cluster'),
    log: join(dataDir, 'postgres.log'),
    passwordFile: join(dataDir, 'postgres.password'),
  };
}

/**
 * The address of the server that another process keeps running on the data folder; null while it has none. It is only
 * looked at: with whatever settings and port it was started, it belongs to that process.
 */
export async function visitEmbeddedPostgres(dataDir: string): Promise<string | null> {
  const place = await placeOf(dataDir, await postgresAccount(), () => undefined);
  const password = await readFile(place.passwordFile, 'utf8').catch(() => null);
  const found = await readPostmasterFile(place);
  if (password === null || !found || !isAlive(found.pid) || !isPostmasterOf(place, found.pid)) return null;
  const url = urlTo(database, found.port, password);
  const answers = await withClient(url, (client) => client.query('select 1')).then(
    () => true,
    () => false,
  );
  return answers ? url : null;
}

/**
 * Brings up the PostgreSQL of a data folder: makes it on the first start, adopts the one that a killed run left running
 * when it fits, and starts it otherwise. It listens on 127.0.0.1 only and outlives this process unless stopped.
 * @throws with the log's last lines, or with the command that mends it
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const onProgress = options.onProgress ?? (() => undefined);
  const account = await postgresAccount();
  const programs = await postgresPrograms(account);
  await mkdir(options.dataDir, { recursive: true });
  const place = await placeOf(options.dataDir, account, onProgress);
  const password = await readPassword(place);
  await initialise(place, programs, account, password, options);
  await checkVersion(place, programs);

  const settings = settingsFor(options);
  const fingerprint = createHash('sha256').update(JSON.stringify([programs.version, settings]));
  // The server carries the fingerprint itself, so that a leftover started with other settings is not adopted.
  const clusterName = `slipway-${fingerprint.digest('hex').slice(0, 12)}`;
  const named = { ...settings, cluster_name: clusterName };
  let adopted = await adoptLeftover(place, programs, password, clusterName, options);
  let server = adopted ?? (await startNew(place, programs, account, password, named, options));
  for (let attempt = 1; server === null; attempt += 1) {
    if (attempt === startAttempts) throw new Error(`PostgreSQL did not start: see ${place.log}`);
    await sleep(200 * attempt);
    adopted = await adoptLeftover(place, programs, password, clusterName, options);
    server = adopted ?? (await startNew(place, programs, account, password, named, options));
  }
  await ensureDatabase(server.port, password);
  const { pid, port } = server;
  return {
    url: urlTo(database, port, password),
    pid,
    port,
    adopted: adopted !== null,
    stop: () => stopPostmaster(pid, place, programs),
  };
}
