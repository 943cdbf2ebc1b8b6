/** Owns the servers of a test run: one Postgres with the template database, one Temporal, and their end. */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { readToolPaths } from '../../config.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../runtime/embedded-postgres.ts';
import {
  commandLine,
  endProcess,
  identify,
  isStillRunning,
  type ProcessIdentity,
  processesWith,
} from '../../runtime/process-identity.ts';
import { startTemporalServer, type TemporalServer } from '../../runtime/temporal-server.ts';
import { migrate } from '../../store/migrate.ts';

/**
 * What test files get by `inject('servers')`. `postgresUrl` is the owner's login; clones are made from `template`;
 * `directory` goes with the run.
 */
export type TestServers = {
  postgresUrl: string;
  template: string;
  temporalAddress: string;
  directory: string;
};

declare module 'vitest' {
  interface ProvidedContext {
    servers: TestServers;
  }
}

const prefix = 'slipway-test-run-';
const template = 'slipway_template';
const say = (message: string): void => console.log(`[servers] ${message}`);

const startPostgres = (dataDir: string): Promise<EmbeddedPostgres> =>
  startEmbeddedPostgres({ dataDir, test: true, onProgress: say });

const startTemporal = (dataDir: string): Promise<TemporalServer> =>
  startTemporalServer({
    dataDir,
    tools: readToolPaths(process.env),
    dbFile: null,
    onProgress: say,
    dynamicConfig: {
      // Test files add namespaces and their search attributes to a running server; the cache would hide these for 60 s.
      'system.forceSearchAttributesCacheRefreshOnRead': 'true',
      // Every namespace brings system workers of its own, for schedules and batches: keep them small.
      'worker.perNamespaceWorkerCount': '1',
    },
  });

/** Ends every server that works in a run's folder, and removes that. */
async function removeRun(dir: string): Promise<void> {
  for (const pid of processesWith(`${dir}/`)) {
    say(`ending a server that a test left running: ${commandLine(pid)?.slice(0, 120)}`);
    await endProcess(pid, [
      { signal: 'SIGINT', waitMs: 10_000 },
      { signal: 'SIGQUIT', waitMs: 5_000 },
      { signal: 'SIGKILL', waitMs: 5_000 },
    ]);
  }
  await rm(dir, { recursive: true, force: true });
}

/** Ends what killed test runs left behind. */
async function sweepKilledRuns(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(prefix))) {
    const dir = join(tmpdir(), name);
    let owner: ProcessIdentity;
    try {
      owner = JSON.parse(readFileSync(join(dir, 'owner.json'), 'utf8')) as ProcessIdentity;
    } catch {
      continue; // Just being made, or another program's.
    }
    if (isStillRunning(owner)) continue;
    say(`ending the servers of a killed run in ${dir}`);
    // The run's Temporal keeps its state in memory, so only its record knows it.
    await (await startTemporal(dir)).stop();
    await removeRun(dir);
  }
}

/** Runs the migrations once; nobody may connect to the result, else it could not be cloned. */
async function makeTemplate(url: string): Promise<void> {
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  try {
    await admin.query(`create database ${template}`);
    const templateUrl = new URL(url);
    templateUrl.pathname = `/${template}`;
    await migrate(templateUrl.href);
    await admin.query(`alter database ${template} with is_template true allow_connections false`);
  } finally {
    await admin.end();
  }
}

/** Starts both servers at once; where one fails, ends the other and says all that went wrong. */
async function startServers(dir: string): Promise<{ postgres: EmbeddedPostgres; temporal: TemporalServer }> {
  const withTemplate = async (): Promise<EmbeddedPostgres> => {
    const server = await startPostgres(dir);
    await makeTemplate(server.url).catch(async (error: unknown) => {
      await server.stop();
      throw error;
    });
    return server;
  };
  const [postgres, temporal] = await Promise.allSettled([withTemplate(), startTemporal(dir)]);
  if (postgres.status === 'fulfilled' && temporal.status === 'fulfilled') {
    return { postgres: postgres.value, temporal: temporal.value };
  }
  if (postgres.status === 'fulfilled') await postgres.value.stop();
  if (temporal.status === 'fulfilled') await temporal.value.stop();
  const reasons = [postgres, temporal].flatMap((result) =>
    result.status === 'rejected' ? [result.reason] : [],
  );
  throw new AggregateError(reasons, `The tests' servers did not start:\n${reasons.map(String).join('\n')}`);
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await sweepKilledRuns();
  const startedAt = Date.now();
  const dir = mkdtempSync(join(tmpdir(), prefix));
  writeFileSync(join(dir, 'owner.json'), JSON.stringify(identify(process.pid)));
  const { postgres, temporal } = await startServers(dir);
  project.provide('servers', {
    postgresUrl: postgres.url,
    template,
    temporalAddress: temporal.address,
    directory: dir,
  });
  say(`Postgres (process ${postgres.pid}) and Temporal (${temporal.pid}) up in ${Date.now() - startedAt} ms`);
  return async () => {
    await Promise.all([postgres.stop(), temporal.stop()]);
    await removeRun(dir);
  };
}
