/** Owns a whole hub under test: startHub as the command line composes it, on the test run's Postgres and Temporal. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowExecutionStatusName, WorkflowHandle } from '@temporalio/client';
import { inject } from 'vitest';
import { type Hub, type HubOptions, startHub } from '../../cli/hub.ts';
import { readConfig } from '../../config.ts';
import { subjectWorkflowId } from '../../runtime/temporal-signals.ts';
import type { WorkspaceTx } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import type { SubjectType } from '../../store/outbox.ts';
import { verifyWorkspace } from '../../store/verify.ts';
import { createWorkspace, listWorkspaces } from '../../store/workspaces.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { makeTestDirectory } from './directory.ts';
import { keepLog, until } from './loops.ts';
import type { Answered } from './start-api.ts';
import { createTestNamespace, type TestNamespace } from './temporal.ts';

/** One workspace of a hub, worked on over HTTP with an admin key. */
export interface TestWorkspace {
  workspaceId: string;
  key: string;
  /** The answer whatever its status; `path` below /api/v1, or /healthz and /readyz. */
  call(method: string, path: string, options?: CallOptions): Promise<Answered>;
  /** These throw with the whole answer unless it is a success. Commands get a new Idempotency-Key each. */
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown, idempotencyKey?: string): Promise<T>;
  patch<T>(path: string, body: unknown): Promise<T>;
  in<T>(work: (tx: WorkspaceTx) => Promise<T>): Promise<T>;
  /** Resolves when nothing is under way: no look, run, operation, poll or push that could go on now. */
  idle(timeoutMs?: number): Promise<void>;
  workflow(type: SubjectType, subjectId: string): WorkflowHandle;
  /** `NONE` where it never ran, or Temporal forgot it. */
  workflowStatus(type: SubjectType, subjectId: string): Promise<WorkflowExecutionStatusName | 'NONE'>;
  /** Throws with what is off, when the books do not balance. */
  verify(): Promise<void>;
}
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
interface CallOptions {
  body?: unknown;
  key?: string;
  headers?: Record<string, string>;
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
const shortDurations = { client_invoice: { connectionRetryMs: 500, syncRetryMs: 1_000 } };
const secretKey = Buffer.alloc(32, 7).toString('base64');

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
    // Hubs that follow one another on a database read the same secrets.
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
  const openWorkspace = async (id?: string) => {
    const { workspace, key } = await createWorkspace(test.database, {
      ...(id !== undefined && { id }),
      name: 'Harbour Works',
    });
    return workspaceOf(hub, test, workspace.id, key);
  };
  return {
    ...(await openWorkspace(known?.id)),
    hub,
    test,
    temporal,
    warnings,
    newWorkspace: () => openWorkspace(),
    stop: async () => {
      await hub.stop();
      if (!options.test) await test.drop();
    },
  };
}

function workspaceOf(hub: Hub, test: TestDatabase, workspaceId: string, key: string): TestWorkspace {
  const inside: TestWorkspace['in'] = (work) => test.database.inWorkspace(workspaceId, work);
  const call: TestWorkspace['call'] = async (method, path, { body, key: other, headers } = {}) => {
    const outside = /^\/(healthz|readyz)/.test(path);
    const response = await fetch(outside ? `${hub.url}${path}` : `${hub.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${other ?? key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    let json: unknown = null;
    try {
      json = JSON.parse(text);
    } catch {
      // Not JSON: the text is there.
    }
    return { status: response.status, headers: response.headers, text, json };
  };
  const succeed = async <T>(method: string, path: string, init: CallOptions = {}): Promise<T> => {
    const answer = await call(method, path, init);
    if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`);
    return answer.json as T;
  };
  const workflow: TestWorkspace['workflow'] = (subjectType, subjectId) =>
    hub.temporal.workflow.getHandle(subjectWorkflowId({ workspaceId, subjectType, subjectId }));
  return {
    workspaceId,
    key,
    call,
    get: (path) => succeed('GET', path),
    post: (path, body, idempotencyKey = newId()) =>
      succeed('POST', path, { body, headers: { 'idempotency-key': idempotencyKey } }),
    patch: (path, body) => succeed('PATCH', path, { body }),
    in: inside,
    idle: async (timeoutMs = 30_000) => {
      let open: unknown = null;
      const isIdle = async () => {
        open = await inside(underWay);
        return open === null;
      };
      await until('the hub is idle', isIdle, timeoutMs).catch((error: Error) => {
        throw new Error(`${error.message}; still under way: ${JSON.stringify(open)}`);
      });
    },
    workflow,
    workflowStatus: (subjectType, subjectId) =>
      workflow(subjectType, subjectId)
        .describe()
        .then(
          (described) => described.status.name,
          () => 'NONE' as const,
        ),
    verify: async () => {
      const isNumbered = async () =>
        (await inside((tx) =>
          tx.row('select 1 from events where workspace_id = $1 and seq is null limit 1', [workspaceId]),
        )) === null;
      await until('every event has its number', isNumbered);
      const { checks } = await verifyWorkspace(test.database, workspaceId);
      const off = checks.filter((check) => !check.ok).map(({ name, detail }) => `${name}: ${detail}`);
      if (off.length > 0) throw new Error(`the books do not balance:\n${off.join('\n')}`);
    },
  };
}

/** Building the workflow bundle takes three seconds: hubs of one test run share it. */
function shareBundles(dataDir: string): void {
  const shared = join(inject('servers').directory, 'workflow-bundles');
  mkdirSync(shared, { recursive: true });
  symlinkSync(shared, join(dataDir, 'cache'));
}

/** What is neither done nor waiting for a person, a payment or a mended connection; null when nothing is. */
function underWay(tx: WorkspaceTx): Promise<unknown> {
  return tx.row(
    `select * from (
       select 'look' as kind, subject_id as id, reason as what from outbox where workspace_id = $1
       union all
       select 'run', id, status from runs where workspace_id = $1 and status in ('queued', 'running')
       union all
       select 'operation', id, kind from operations where workspace_id = $1 and status in ('queued', 'running')
       union all
       select 'push', s.subject_id, s.status from sync_records s join connections c on c.workspace_id = $1 and c.id = s.connection_id
         where s.workspace_id = $1 and c.status = 'active' and s.subject_type = 'client_invoice' and s.status in ('queued', 'syncing')
       union all
       select 'poll', c.id, c.connector from connections c left join checkpoints k on k.workspace_id = $1 and k.connection_id = c.id
         where c.workspace_id = $1 and c.status = 'active'
           and (k.connection_id is null or k.updated_at = 'epoch' or c.sync_requested_at > k.updated_at
             or greatest(c.last_success_at, (c.last_error ->> 'at')::timestamptz, '-infinity') < k.updated_at)
     ) open limit 1`,
    [tx.workspaceId],
  );
}
