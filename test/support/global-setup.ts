/** Owns the servers of a test run: one Postgres with the template database, one Temporal, and their end. */
import { tmpdir } from 'node:os';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { readToolPaths } from '../../config.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../runtime/embedded-postgres.ts';
import { startTemporalServer, type TemporalServer } from '../../runtime/temporal-server.ts';
import { migrate } from '../../store/migrate.ts';
import { makeRun, removeRun, sweepKilledRuns } from './test-runs.ts';

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
  await sweepKilledRuns(tmpdir(), say);
  const startedAt = Date.now();
  const dir = makeRun(tmpdir());
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
    await removeRun(dir, say);
  };
}
