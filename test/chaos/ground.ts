/** Owns the ground of the chaos tests: a hub whose Postgres, Temporal and workers are apart, each to be killed by itself. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { readToolPaths } from '../../config.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../runtime/embedded-postgres.ts';
import { freePort } from '../../runtime/ports.ts';
import { endProcess, isAlive } from '../../runtime/process-identity.ts';
import { createSecretBox } from '../../runtime/secrets.ts';
import { startTemporalServer, type TemporalServer } from '../../runtime/temporal-server.ts';
import { openDatabase } from '../../store/database.ts';
import { migrate } from '../../store/migrate.ts';
import { runCli, shareBundles } from '../support/cli.ts';
import { makeTestDirectory } from '../support/directory.ts';
import { secretKey, startTestHub, type TestHub } from '../support/hub.ts';
import { type ScriptRun, startScript } from '../support/script.ts';

export interface Ground {
  /** API, sequencer and relay, in the process of the test. */
  hub: TestHub;
  /** Another process with workers; resolves when they have connected. The next one loads meanwhile. */
  startWorker(): Promise<ScriptRun>;
  /** Ends the workers that are left, as a deployment does, but for one. */
  stopWorkers(but?: ScriptRun): Promise<void>;
  killTemporal(): Promise<void>;
  startTemporal(): Promise<void>;
  /** Of a Temporal that was killed: it starts with nothing. */
  loseTemporalState(): void;
  /** `stop`: as an administrator does; `kill`: as the kernel does. It is back at its address when this resolves. */
  restartPostgres(how: 'stop' | 'kill'): Promise<void>;
  restartWorkflows(): Promise<string>;
  close(): Promise<void>;
}

export async function openGround(): Promise<Ground> {
  const dataDir = makeTestDirectory('chaos');
  const temporalPort = await freePort();
  let postgres: EmbeddedPostgres = await startPostgres(dataDir);
  let temporal: TemporalServer = await startTemporal(dataDir, temporalPort);
  await migrate(postgres.url);
  const database = openDatabase(postgres.url, {
    poolSize: 4,
    secrets: () => createSecretBox(new Map([[1, Buffer.from(secretKey, 'base64')]])),
  });
  const namespace = { address: `127.0.0.1:${temporalPort}`, namespace: 'default' };
  const hub = await startTestHub({
    test: { url: postgres.url, database, drop: () => database.close() },
    temporal: namespace,
    parts: { api: true, worker: false },
  });
  const env = () => {
    const home = makeTestDirectory('chaos-worker');
    shareBundles(home);
    return {
      DATABASE_URL: postgres.url,
      TEMPORAL_ADDRESS: namespace.address,
      SLIPWAY_DATA_DIR: home,
      SLIPWAY_SECRET_KEY: secretKey,
      SLIPWAY_ALLOW_LOOPBACK_VENDORS: 'true',
      SLIPWAY_DATABASE_CONNECTIONS: '8',
    };
  };
  const workers: ScriptRun[] = [];
  const load = () => startScript('test/chaos/worker.ts', [], env());
  let spare = load();
  const stopWorkers: Ground['stopWorkers'] = async (but) => {
    for (const run of workers.splice(0)) {
      const { pid } = run;
      if (run === but) workers.push(run);
      else if (isAlive(pid))
        await endProcess(pid, [
          { signal: 'SIGINT', waitMs: 10_000 },
          { signal: 'SIGKILL', waitMs: 5_000 },
        ]);
    }
  };
  return {
    hub,
    startWorker: async () => {
      const run = spare;
      await run.says(/Loaded/);
      run.signal('SIGUSR2');
      workers.push(run);
      await run.says(/The workers run/);
      spare = load();
      return run;
    },
    stopWorkers,
    killTemporal: () => kill(temporal.pid),
    startTemporal: async () => {
      temporal = await startTemporal(dataDir, temporalPort);
    },
    loseTemporalState: () => {
      for (const name of ['temporal.db', 'temporal.db-wal', 'temporal.db-shm'])
        rmSync(join(dataDir, 'temporal', name), { force: true });
    },
    restartPostgres: async (how) => {
      if (how === 'stop') await postgres.stop();
      else await kill(postgres.pid);
      postgres = await startPostgres(dataDir, postgres.port);
    },
    restartWorkflows: async () => {
      const { code, text } = await runCli(['restart-workflows'], env());
      if (code !== 0) throw new Error(`restart-workflows ended with ${code}: ${text}`);
      return text;
    },
    close: async () => {
      await stopWorkers();
      await spare.kill();
      await hub.stop();
      await database.close();
      await temporal.stop();
      await postgres.stop();
    },
  };
}

const kill = (pid: number) => endProcess(pid, [{ signal: 'SIGKILL', waitMs: 5_000 }]);

const startPostgres = (dataDir: string, port?: number) =>
  startEmbeddedPostgres({
    dataDir,
    test: true,
    // What was answered as committed is there after a kill; only a crash of the machine would need more.
    settings: { synchronous_commit: 'on', full_page_writes: 'on' },
    ...(port !== undefined && { port }),
  });
const startTemporal = (dataDir: string, port: number) =>
  startTemporalServer({ dataDir, tools: readToolPaths(process.env), port });
