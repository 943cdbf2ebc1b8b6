/** Owns one workspace of a running hub as a test works on it: over HTTP, with a look behind the scenes. */
import type { WorkflowExecutionStatusName, WorkflowHandle } from '@temporalio/client';
import type { Hub } from '../../cli/hub.ts';
import { subjectWorkflowId } from '../../runtime/temporal-signals.ts';
import type { Database, WorkspaceTx } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import type { SubjectType } from '../../store/outbox.ts';
import { verifyWorkspace } from '../../store/verify.ts';
import { createWorkspace } from '../../store/workspaces.ts';
import { until } from './loops.ts';
import type { Answered } from './start-api.ts';

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
interface CallOptions {
  body?: unknown;
  key?: string;
  headers?: Record<string, string>;
}

/** Makes a workspace, or another admin key for the one that is there. */
export async function openTestWorkspace(
  hub: Pick<Hub, 'url' | 'temporal'>,
  database: Database,
  id?: string,
): Promise<TestWorkspace> {
  const { workspace, key } = await createWorkspace(database, {
    ...(id !== undefined && { id }),
    name: 'Harbour Works',
  });
  const workspaceId = workspace.id;
  const inside: TestWorkspace['in'] = (work) => database.inWorkspace(workspaceId, work);
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
    idle: async (timeoutMs = 90_000) => {
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
      const { checks } = await verifyWorkspace(database, workspaceId);
      const off = checks.filter((check) => !check.ok).map(({ name, detail }) => `${name}: ${detail}`);
      if (off.length > 0) throw new Error(`the books do not balance:\n${off.join('\n')}`);
    },
  };
}

/** What is neither done nor waiting for a person, a payment or a mended connection; null when nothing is. */
function underWay(tx: WorkspaceTx): Promise<unknown> {
  return tx.row(
    `select * from (
       select 'look' as kind, subject_id as id, reason as what from outbox where workspace_id = $1
       union all
       select 'run', id, status from runs where workspace_id = $1 and (status = 'running' or status = 'queued' and approval is distinct from 'asked')
       union all
       select 'operation', id, kind from operations where workspace_id = $1 and status in ('queued', 'running')
       union all
       select 'push', s.subject_id, s.status from sync_records s join connections c on c.workspace_id = $1 and c.id = s.connection_id
         where s.workspace_id = $1 and c.status = 'active' and s.subject_type = 'client_invoice' and s.status in ('queued', 'syncing')
       union all
       select 'poll', c.id, c.connector from connections c left join checkpoints k on k.workspace_id = $1 and k.connection_id = c.id and k.stream <> 'window'
         where c.workspace_id = $1 and c.status = 'active'
           and (k.connection_id is null or k.updated_at = 'epoch' or c.sync_requested_at > k.updated_at
             or greatest(c.last_success_at, (c.last_error ->> 'at')::timestamptz, '-infinity') < k.updated_at)
     ) open limit 1`,
    [tx.workspaceId],
  );
}
