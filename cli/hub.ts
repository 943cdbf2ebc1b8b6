/** Owns composing a hub: servers, pools, loops, workers and the API in one process, and their end in reverse order. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { Logger } from 'pino';
import { createConnectionSetup } from '../activities/connection-setup.ts';
import { createHookIntake } from '../activities/hook-intake.ts';
import { createActivities } from '../activities/index.ts';
import { watchVendorCalls } from '../activities/vendor-call-watch.ts';
import { createApp } from '../api/app.ts';
import type { Readiness } from '../api/deps.ts';
import { type Config, loadSecretKey, makeDataDir } from '../config.ts';
import { connectors } from '../connectors/kit/registry.ts';
import { loadTemplates } from '../mail/templates.ts';
import { createPrinter } from '../printing/printer.ts';
import { acquireDataLock } from '../runtime/data-lock.ts';
import { createDocumentKeeper, type DocumentKeeper } from '../runtime/document-keeper.ts';
import { startEmbeddedPostgres } from '../runtime/embedded-postgres.ts';
import { startEventFeed } from '../runtime/event-feed.ts';
import { bucketPlace } from '../runtime/file-place.ts';
import { createFileStore, type FileStore } from '../runtime/file-store.ts';
import { startHousekeeping } from '../runtime/housekeeping.ts';
import { createImporter } from '../runtime/import/importer.ts';
import { keepServer } from '../runtime/keep-server.ts';
import { startPoke } from '../runtime/poke.ts';
import { choosePort } from '../runtime/ports.ts';
import { type Relay, startRelay } from '../runtime/relay.ts';
import { createRematcher } from '../runtime/rematcher.ts';
import { createReportKeeper, type ReportKeeper } from '../runtime/report-keeper.ts';
import { startRoller } from '../runtime/roller.ts';
import { createS3Bucket } from '../runtime/s3-bucket.ts';
import { scanWith } from '../runtime/scan-file.ts';
import { registerSearchAttributes, searchAttributes } from '../runtime/search-attributes.ts';
import { deriveSecret } from '../runtime/secrets.ts';
import { startSequencer } from '../runtime/sequencer.ts';
import { createStatementKeeper, type StatementKeeper } from '../runtime/statement-keeper.ts';
import { ensureSweepSchedule } from '../runtime/sweep-schedule.ts';
import { startTemporalServer } from '../runtime/temporal-server.ts';
import { createSignalLook } from '../runtime/temporal-signals.ts';
import { startWorkers, taskQueues, type Workers } from '../runtime/temporal-workers.ts';
import { workflowBundle } from '../runtime/workflow-bundle.ts';
import type { SecretBox } from '../store/connections.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { forgetUnanswered } from '../store/idempotency.ts';
import { migrate } from '../store/migrate.ts';
import { failInterruptedOperations } from '../store/operations.ts';
import { listWorkspaces } from '../store/workspaces.ts';
import { type Mail, openMail } from './mail.ts';
import { openSecrets } from './open-secrets.ts';

export interface HubOptions {
  config: Config;
  logger: Logger;
  version: string;
  onProgress?: (message: string) => void;
  /** Which parts run here: all of them in one process, or one kind per process when grown up. */
  parts?: { api: boolean; worker: boolean };
  /** Milliseconds by name for workflows; see createSignalLook. */
  durations?: Parameters<typeof createSignalLook>[2];
  vendorTimeoutMs?: number;
}

export interface Hub {
  /** `http://host:port` of the API; null where this process serves none. */
  url: string | null;
  database: Database;
  secrets: SecretBox;
  temporal: Client;
  relay: Relay;
  /** Resolves when an embedded server ended too often to be started again: the hub is to be stopped. */
  lost: Promise<Error>;
  stop(): Promise<void>;
}

const workerRetryMs = 2_000;
const workerStartMs = 10_000;
const readinessTimeoutMs = 2_000;

/**
 * Starts a hub and resolves when it serves. Temporal may be unreachable: commands still answer, and workers and relay
 * catch up once it is back. Throws DataLockedError when another hub holds the data folder.
 */
export async function startHub(options: HubOptions): Promise<Hub> {
  const { config, logger, onProgress = () => {}, parts = { api: true, worker: true } } = options;
  const stops: (() => unknown)[] = [];
  const lost = Promise.withResolvers<Error>();
  const stop = async () => {
    for (const end of stops.reverse().splice(0)) {
      await Promise.resolve(end()).catch((error: unknown) =>
        logger.warn({ err: error }, 'a part did not stop cleanly'),
      );
    }
  };
  try {
    makeDataDir(config.dataDir);
    const lock = await acquireDataLock(config.dataDir);
    stops.push(() => lock.release());
    // Compiled beside the start of the servers; where that fails, so does the start, but not before it is asked for.
    const templates = parts.api ? loadTemplates(join(config.dataDir, 'cache')) : null;
    templates?.catch(() => undefined);

    const startPostgres = (port: number) =>
      startEmbeddedPostgres({ dataDir: config.dataDir, ...(port !== 0 && { port }), onProgress });
    const postgres = config.database ? null : await startPostgres(config.embedded.postgresPort);
    if (postgres) {
      const restart = () => startPostgres(postgres.port);
      const kept = keepServer({
        name: 'PostgreSQL',
        server: postgres,
        restart,
        logger,
        onLost: lost.resolve,
      });
      stops.push(() => kept.stop());
    }
    const url = config.database?.url ?? postgres!.url;
    const directUrl = config.database?.directUrl ?? url;

    const startTemporal = (port: number) =>
      startTemporalServer({
        dataDir: config.dataDir,
        tools: config.tools,
        binary: config.embedded.temporalBinary,
        ...(port !== 0 && { port }),
        namespace: config.temporal.namespace,
        onProgress,
      });
    const server = config.temporal.address ? null : await startTemporal(config.embedded.temporalPort);
    if (server) {
      const restart = () => startTemporal(Number(server.address.split(':')[1]));
      const kept = keepServer({ name: 'Temporal', server, restart, logger, onLost: lost.resolve });
      stops.push(() => kept.stop());
    }
    const address = config.temporal.address ?? server!.address;

    const applied = await migrate(directUrl);
    if (applied.length > 0) onProgress(`database: ${applied.length} migrations applied`);
    const database = openDatabase(url, {
      poolSize: config.databaseConnections,
      directUrl,
      secrets: () => secrets,
    });
    stops.push(() => database.close());
    const secrets = await openSecrets(config, database);

    // Nobody else works on an embedded database: what still counts as running was killed with its process.
    if (postgres) {
      await database.inSystem(forgetUnanswered);
      for (const { id } of await listWorkspaces(database))
        await database.inWorkspace(id, failInterruptedOperations);
    }

    const poke = startPoke({ database, logger });
    stops.push(() => poke.stop());
    const sequencer = startSequencer({ database, poke, logger });
    stops.push(() => sequencer.stop());
    const roller = startRoller({ database, logger });
    stops.push(() => roller.stop());

    const connection = Connection.lazy({
      address,
      tls: config.temporal.tls ? {} : false,
      ...(config.temporal.apiKey !== null && { apiKey: config.temporal.apiKey }),
    });
    stops.push(() => connection.close());
    const temporal = new Client({ connection, namespace: config.temporal.namespace });
    const relay = startRelay({
      database,
      signalLook: createSignalLook(temporal.workflow, taskQueues, options.durations),
      poke,
      logger,
    });
    stops.push(() => relay.stop());

    const files = createFileStore(config.filesDir, {
      ...(config.filesBucket && { place: bucketPlace(createS3Bucket(config.filesBucket)) }),
      scan: config.scanCommand === null ? undefined : scanWith(config.scanCommand),
    });
    const printer = createPrinter();
    stops.push(() => printer.stop());
    const documents = createDocumentKeeper({ database, files, printer });
    const reports = createReportKeeper({ database, files, printer });
    const statements = createStatementKeeper({ database, files, printer });
    const workers = parts.worker
      ? await startWorkerLoop(options, address, { database, secrets, documents, reports })
      : null;
    if (workers) stops.push(() => workers.stop());
    let isRegistered = false;
    const ensureSearchAttributes = async () => {
      if (isRegistered) return;
      const outcome = await registerSearchAttributes(connection, config.temporal.namespace);
      isRegistered = true;
      if (outcome === 'refused')
        logger.info(
          { searchAttributes },
          'this Temporal lets us register no search attributes: where nobody has done it by hand, workflows go without',
        );
    };
    const housekeeping = startHousekeeping({
      database,
      files,
      logger,
      ensureSweep: async () => {
        await ensureSearchAttributes();
        await ensureSweepSchedule(temporal);
      },
    });
    stops.push(() => housekeeping.stop());

    const readiness = async (): Promise<Readiness> => ({
      database: await answers(() => database.ping(), 'Postgres does not answer'),
      temporal: await answers(
        // Asked anew each time: ensureConnected() remembers its first outcome for ever, good or bad.
        () =>
          connection.withDeadline(Date.now() + readinessTimeoutMs, () =>
            connection.workflowService.describeNamespace({ namespace: config.temporal.namespace }),
          ),
        `Temporal does not answer for the namespace ${config.temporal.namespace}`,
      ),
      worker:
        workers && !workers.running()
          ? { ok: false, missing: 'the workers have not connected to Temporal yet' }
          : { ok: true },
    });
    const mail = templates && openMail(config, await templates, { files, statements }, database, logger);
    const served = mail
      ? await serveApi(options, {
          database,
          secrets,
          poke,
          files,
          documents,
          reports,
          statements,
          mail,
          readiness,
        })
      : null;
    if (served) {
      stops.push(() => served.stop());
      lock.announce(served.url);
      mail?.start(served.url);
      stops.push(() => mail?.stop());
    }
    return {
      url: served?.url ?? null,
      database,
      secrets,
      temporal,
      relay,
      lost: lost.promise,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function answers(
  ask: () => Promise<unknown>,
  missing: string,
): Promise<{ ok: boolean; missing?: string }> {
  return ask().then(
    () => ({ ok: true }),
    () => ({ ok: false, missing }),
  );
}

/** Keeps the workers of this process running: connects when Temporal is there, and again after it was away. */
async function startWorkerLoop(
  options: HubOptions,
  address: string,
  {
    database,
    secrets,
    documents,
    reports,
  }: { database: Database; secrets: SecretBox; documents: DocumentKeeper; reports: ReportKeeper },
) {
  const { config, logger, onProgress } = options;
  const bundlePath = await workflowBundle(join(config.dataDir, 'cache'), onProgress);
  const calls = watchVendorCalls({ database, logger, archiveDays: config.rawPagesDays });
  const activities = createActivities({
    database,
    secrets,
    logger,
    documents,
    reports,
    hookBase: () => config.publicUrl,
    noteCall: calls.noteCall,
    vendor: {
      allowLoopback: config.allowLoopbackVendors,
      allowedHosts: config.vendorHosts,
      timeoutMs: options.vendorTimeoutMs ?? null,
    },
  });
  const stopping = new AbortController();
  const { signal } = stopping;
  const asked = new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  let current: Workers | null = null;
  const tried = Promise.withResolvers<void>();
  const runOnce = async () => {
    const workers = await startWorkers({ config, address, bundlePath, activities, logger });
    try {
      current = workers;
      tried.resolve();
      await Promise.race([workers.ended, asked]);
    } finally {
      current = null;
      await workers.stop();
    }
  };
  const loop = (async () => {
    while (!signal.aborted) {
      await runOnce().catch((error: unknown) =>
        logger.warn({ err: error }, 'the workers could not run; trying again'),
      );
      tried.resolve();
      await sleep(workerRetryMs, undefined, { signal }).catch(() => undefined);
    }
  })();
  // The API serves meanwhile: whatever commands leave behind is carried once the workers have connected.
  await Promise.race([tried.promise, sleep(workerStartMs, undefined, { ref: false })]);
  return {
    running: () => current !== null,
    stop: async () => {
      stopping.abort();
      await loop;
      await calls.stop();
    },
  };
}

async function serveApi(
  options: HubOptions,
  parts: {
    database: Database;
    secrets: SecretBox;
    poke: ReturnType<typeof startPoke>;
    files: FileStore;
    documents: DocumentKeeper;
    reports: ReportKeeper;
    statements: StatementKeeper;
    mail: Mail;
    readiness: () => Promise<Readiness>;
  },
): Promise<{ url: string; stop: () => Promise<void> }> {
  const { config, logger } = options;
  const shutdown = new AbortController();
  const feed = startEventFeed(parts.poke);
  const importer = createImporter({
    database: parts.database,
    spoolDir: join(config.dataDir, 'uploads'),
    logger,
  });
  const rematcher = createRematcher({ database: parts.database, logger });
  let url: string | null = null;
  const publicUrl = () => {
    const known = config.publicUrl ?? url;
    if (known === null) throw new Error('asked for the address before the API listens');
    return known;
  };
  const connectionSetup = createConnectionSetup({
    database: parts.database,
    secrets: parts.secrets,
    logger,
    documents: parts.documents,
    connectors,
    vendor: {
      allowLoopback: config.allowLoopbackVendors,
      allowedHosts: config.vendorHosts,
      timeoutMs: options.vendorTimeoutMs ?? null,
    },
  });
  const app = createApp({
    database: parts.database,
    feed,
    secrets: parts.secrets,
    signIn: { secret: deriveSecret(loadSecretKey(config), 'sign-in'), publicUrl, oidc: config.oidc },
    connectors,
    connectionSetup,
    logger,
    readiness: parts.readiness,
    version: options.version,
    allowBaseUrlOverride: config.allowLoopbackVendors,
    shutdown: shutdown.signal,
    importFile: (upload) => importer.importFile(upload),
    files: parts.files,
    documents: parts.documents,
    reports: parts.reports,
    statements: parts.statements,
    rematcher,
    takeHook: createHookIntake({ database: parts.database, connectors }),
    showMail: async (content) => parts.mail.show(content),
  });
  const http = createServer(app);
  http.requestTimeout = 0;
  http.headersTimeout = 30_000;
  http.keepAliveTimeout = 65_000;
  const port = await choosePort(config.port, 'SLIPWAY_PORT', config.host);
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(port, config.host, resolve);
  });
  const bound = (http.address() as AddressInfo).port;
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  url = `http://${host}:${bound}`;
  return {
    url,
    stop: async () => {
      shutdown.abort();
      feed.stop();
      await Promise.all([importer.stop(), rematcher.stop(), connectionSetup.idle()]);
      const closed = new Promise<void>((resolve) => http.close(() => resolve()));
      // A connection whose stream or answer has just ended is idle from then on, and would be kept alive.
      const tidying = setInterval(() => http.closeIdleConnections(), 20);
      const cutting = setTimeout(() => http.closeAllConnections(), 3_000);
      await closed;
      clearInterval(tidying);
      clearTimeout(cutting);
    },
  };
}
