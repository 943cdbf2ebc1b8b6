/** Owns the Temporal dev server that a hub brings along: its start, leftovers of a killed run, and stop. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { childEnvironment, type ToolPaths } from '../config.ts';
import { freePort, isPortFree } from './ports.ts';
import {
  commandLine,
  endProcess,
  identify,
  isStillRunning,
  type ProcessIdentity,
  processesWith,
} from './process-identity.ts';
import { searchAttributes } from './search-attributes.ts';
import { rotateLog, tailOf } from './server-log.ts';
import { findTemporalBinary } from './temporal-binary.ts';

export type TemporalServerOptions = {
  /** Holds everything in its folder `temporal`; made where missing. */
  dataDir: string;
  tools: ToolPaths;
  /** The program to use (SLIPWAY_TEMPORAL_BIN); searched for when left out. */
  binary?: string | null;
  /** Any free one when left out. */
  port?: number;
  /** Made beside `default`, which is always there. */
  namespace?: string;
  /** Where Temporal's own console answers; none when left out. */
  uiPort?: number | null;
  /** The file for Temporal's state, in the data folder when left out; null keeps it in memory. */
  dbFile?: string | null;
  /** Temporal's dynamic settings over our own; values are JSON. */
  dynamicConfig?: Record<string, string>;
  onProgress?: (message: string) => void;
};

export type TemporalServer = {
  /** host:port of the gRPC front end, on 127.0.0.1. */
  address: string;
  pid: number;
  /** True when a killed run had left it running. */
  adopted: boolean;
  /** How the program was come by, in words for the screen. */
  how: string;
  stop(): Promise<void>;
};

const startTimeoutMs = 60_000;
const adoptTimeoutMs = 5_000;
const startAttempts = 5;

/** What a killed run leaves for the next start to read. `args` are without ports: those may differ. */
type ServerRecord = ProcessIdentity & { address: string; how: string; args: string[] };

/** The queue processors' default of 20 polls per second costs 50 ms a step: 150 against 40 ms for a small workflow. */
const ownDynamicConfig: Record<string, string> = {
  'history.transferProcessorMaxPollRPS': '2000',
  'history.timerProcessorMaxPollRPS': '2000',
  'history.visibilityProcessorMaxPollRPS': '2000',
};

/** Everything on the command line but the ports. */
function argumentsFor(options: TemporalServerOptions, dbFile: string | null): string[] {
  const dynamic = Object.entries({ ...ownDynamicConfig, ...options.dynamicConfig });
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--log-level', 'warn', '--log-format', 'json'],
    ...['--namespace', options.namespace ?? 'default'],
    ...dynamic.flatMap(([name, value]) => ['--dynamic-config-value', `${name}=${value}`]),
    ...searchAttributes.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    ...(dbFile === null ? [] : ['--db-filename', dbFile]),
    // Postgres holds what is true, so losing Temporal's last moment in a power cut is mended by restart-workflows.
    ...(dbFile === null
      ? []
      : ['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=normal']),
  ];
}

/** Whether a server answers for the namespace, within the time. */
async function answers(address: string, namespace: string, timeoutMs: number): Promise<boolean> {
  try {
    const connection = await Connection.connect({ address, connectTimeout: timeoutMs });
    try {
      await connection.withDeadline(Date.now() + timeoutMs, () =>
        connection.workflowService.describeNamespace({ namespace }),
      );
      return true;
    } finally {
      await connection.close();
    }
  } catch {
    return false;
  }
}

async function stopServer(pid: number): Promise<void> {
  await endProcess(pid, [
    { signal: 'SIGINT', waitMs: 10_000 },
    { signal: 'SIGKILL', waitMs: 5_000 },
  ]);
}

/** The server that the record of an earlier run names, where it still runs. */
async function recordedServer(recordFile: string): Promise<ServerRecord | null> {
  const text = await readFile(recordFile, 'utf8').catch(() => null);
  if (text === null) return null;
  let recorded: ServerRecord;
  try {
    recorded = JSON.parse(text) as ServerRecord;
  } catch {
    return null;
  }
  const runs = isStillRunning(recorded) && commandLine(recorded.pid)?.includes(' server start-dev ') === true;
  return runs ? recorded : null;
}

/** The server a killed run left behind, when it fits this start; anything else left behind is ended. */
async function adoptLeftover(
  recordFile: string,
  args: string[],
  options: TemporalServerOptions,
): Promise<ServerRecord | null> {
  const recorded = await recordedServer(recordFile);
  if (recorded === null) return null;
  const isAsked =
    JSON.stringify(recorded.args) === JSON.stringify(args) &&
    (options.port === undefined || recorded.address.endsWith(`:${options.port}`));
  if (isAsked && (await answers(recorded.address, options.namespace ?? 'default', adoptTimeoutMs)))
    return recorded;
  options.onProgress?.(`Ending a Temporal left over from an earlier run (process ${recorded.pid}) ...`);
  await stopServer(recorded.pid);
  return null;
}

/** Address of the server that runs on a data folder; null: none does. */
export async function runningTemporal(dataDir: string): Promise<string | null> {
  return (await recordedServer(join(dataDir, 'temporal', 'server.json')))?.address ?? null;
}

/** Ends the server that a killed run left in a data folder, where its record names one; starts nothing, safe to repeat. */
export async function endLeftoverTemporal(dataDir: string): Promise<void> {
  const recorded = await recordedServer(join(dataDir, 'temporal', 'server.json'));
  if (recorded !== null) await stopServer(recorded.pid);
}

/** A run killed within the start of a server leaves one that no record names; two on one file would spoil it. */
async function endUnrecorded(dbFile: string, options: TemporalServerOptions): Promise<void> {
  for (const pid of processesWith(` --db-filename ${dbFile} `)) {
    options.onProgress?.(`Ending a Temporal left over from an earlier run (process ${pid}) ...`);
    await stopServer(pid);
  }
}

/** Starts the server in a process group of its own, so that a Ctrl-C in the terminal reaches us and not it. */
function spawnServer(
  binary: string,
  args: string[],
  logFile: string,
): { pid: number; isRunning: () => boolean } {
  const log = openSync(logFile, 'a', 0o600);
  try {
    const child = spawn(binary, args, {
      detached: true,
      // TEMPORAL_* in the environment is about another server.
      env: childEnvironment({ drop: /^TEMPORAL_/ }),
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

async function startNew(
  dir: string,
  recordFile: string,
  args: string[],
  options: TemporalServerOptions,
): Promise<ServerRecord> {
  const { path, how } = await findTemporalBinary(options);
  if (options.port !== undefined && !(await isPortFree(options.port))) {
    throw new Error(
      `Port ${options.port} is in use. Set SLIPWAY_TEMPORAL_PORT to another one, or to 0 for any free one.`,
    );
  }
  const logFile = join(dir, 'temporal.log');
  const ui = options.uiPort ? ['--ui-port', String(options.uiPort)] : ['--headless'];
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    const logStart = await rotateLog(logFile);
    const { pid, isRunning } = spawnServer(path, [...args, ...ui, '--port', String(port)], logFile);
    const address = `127.0.0.1:${port}`;
    const identity = identify(pid);
    // Written before it is ready: a run killed in between must not lose it.
    const record: ServerRecord = { ...(identity ?? { pid, startedAt: '' }), address, how, args };
    writeFileSync(recordFile, JSON.stringify(record), { mode: 0o600 });
    const deadline = Date.now() + startTimeoutMs;
    while (isRunning() && Date.now() < deadline) {
      if (await answers(address, options.namespace ?? 'default', 1_000)) return record;
      await sleep(30);
    }
    if (isRunning()) await stopServer(pid);
    const said = await tailOf(logFile, logStart);
    if (/address already in use/i.test(said) && attempt < startAttempts) continue;
    throw new Error(`Temporal did not start (${path}):\n${said}\nIts log is ${logFile}`);
  }
}

/**
 * Brings up the Temporal of a data folder: adopts the one that a killed run left running when it fits, and starts it
 * otherwise. It listens on 127.0.0.1 only and outlives this process unless stopped.
 * @throws with the log's last lines, or with the choices when there is no Temporal to start
 */
export async function startTemporalServer(options: TemporalServerOptions): Promise<TemporalServer> {
  const dir = join(options.dataDir, 'temporal');
  // Two steps: the mode is for the inner folder only, PostgreSQL's account passes through the outer one.
  await mkdir(options.dataDir, { recursive: true });
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const home = await realpath(dir);
  const recordFile = join(home, 'server.json');
  const dbFile = options.dbFile === undefined ? join(home, 'temporal.db') : options.dbFile;
  const args = argumentsFor(options, dbFile);
  const adopted = await adoptLeftover(recordFile, args, options);
  if (adopted === null && dbFile !== null) await endUnrecorded(dbFile, options);
  const server = adopted ?? (await startNew(home, recordFile, args, options));
  return {
    address: server.address,
    pid: server.pid,
    adopted: adopted !== null,
    how: server.how,
    stop: async () => {
      await stopServer(server.pid);
      await rm(recordFile, { force: true });
    },
  };
}
