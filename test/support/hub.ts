/** Owns a whole hub under test: startHub as the command line composes it, on the test run's Postgres and Temporal. */
import { type Hub, type HubOptions, startHub } from '../../cli/hub.ts';
import { readConfig } from '../../config.ts';
import type { SubjectType } from '../../store/outbox.ts';
import { listWorkspaces } from '../../store/workspaces.ts';
import { shareBundles } from './cli.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { makeTestDirectory } from './directory.ts';
import { keepLog } from './loops.ts';
import { createTestNamespace, type TestNamespace } from './temporal.ts';
import { openTestWorkspace, type TestWorkspace } from './workspace.ts';

export interface TestHub extends TestWorkspace {
  hub: Hub;
  test: TestDatabase;
  temporal: TestNamespace;
  /** Messages at warn and above so far. */
  warnings(): string[];
  newWorkspace(): Promise<TestWorkspace>;
  /** Ends the hub, and drops the database unless it was given. */
  stop(): Promise<void>;
}
export interface TestHubOptions {
  test?: TestDatabase;
  temporal?: TestNamespace;
  parts?: HubOptions['parts'];
  /** Milliseconds by name, per subject type, over the short ones of tests. */
  durations?: Partial<Record<SubjectType, Record<string, number>>>;
  vendorTimeoutMs?: number;
}

/** Long waits between tries, shortened: tests wait for what happens, not for the clock. */
export const shortDurations = { client_invoice: { connectionRetryMs: 500, syncRetryMs: 1_000 } };
/** Processes that share a database read the same secrets. */
export const secretKey = Buffer.alloc(32, 7).toString('base64');

export async function startTestHub(options: TestHubOptions = {}): Promise<TestHub> {
  const test = options.test ?? (await createTestDatabase());
  const temporal = options.temporal ?? (await createTestNamespace());
  const dataDir = makeTestDirectory('hub');
  shareBundles(dataDir);
  const { logger, warnings } = keepLog();
  const config = readConfig({
    DATABASE_URL: test.url,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    SLIPWAY_DATA_DIR: dataDir,
    SLIPWAY_PORT: '0',
    SLIPWAY_SECRET_KEY: secretKey,
    SLIPWAY_ALLOW_LOOPBACK_VENDORS: 'true',
    SLIPWAY_DATABASE_CONNECTIONS: '8',
  });
  const hub = await startHub({
    config,
    logger,
    version: '0.0.0-test',
    ...(options.parts && { parts: options.parts }),
    durations: { durations: { ...shortDurations, ...options.durations } },
    vendorTimeoutMs: options.vendorTimeoutMs ?? 2_000,
  });
  const [known] = await listWorkspaces(test.database);
  const open = (id?: string) => openTestWorkspace(hub, test.database, id);
  return {
    ...(await open(known?.id)),
    hub,
    test,
    temporal,
    warnings,
    newWorkspace: () => open(),
    stop: async () => {
      await hub.stop();
      if (!options.test) await test.drop();
    },
  };
}
