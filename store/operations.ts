/** Owns operations: asynchronous commands with progress, a result, and a way to cancel them. */
import type { WorkspaceTx } from './database.ts';
import { newId } from './new-id.ts';

export const operationStatuses = ['queued', 'running', 'done', 'failed', 'cancelled'] as const;

export interface Operation {
  id: string;
  kind: string;
  subjectId: string | null;
  status: (typeof operationStatuses)[number];
  done: number;
  total: number | null;
  message: string | null;
  result: Record<string, unknown> | null;
  error: Record<string, unknown> | null;
  cancelRequested: boolean;
  startedBy: string;
  createdAt: string;
  finishedAt: string | null;
}

const columns =
  'id, kind, subject_id, status, done, total, message, result, error, cancel_requested, started_by, created_at, finished_at';

/** `queued`: a workflow takes it up, and carries it on after a restart. */
export async function startOperation(
  tx: WorkspaceTx,
  operation: { kind: string; subjectId: string | null; total: number | null; startedBy: string },
  status: 'running' | 'queued' = 'running',
): Promise<Operation> {
  const row = await tx.row<Operation>(
    `insert into operations (workspace_id, id, kind, subject_id, status, total, started_by) values ($1, $2, $3, $4, $7, $5, $6) returning ${columns}`,
    [
      tx.workspaceId,
      newId(),
      operation.kind,
      operation.subjectId,
      operation.total,
      operation.startedBy,
      status,
    ],
  );
  return row!;
}

/** What a queued operation is about, once that is there. */
export async function attachOperation(tx: WorkspaceTx, id: string, subjectId: string): Promise<Operation> {
  const row = await tx.row<Operation>(
    `update operations set subject_id = $3 where workspace_id = $1 and id = $2 returning ${columns}`,
    [tx.workspaceId, id, subjectId],
  );
  return row!;
}

export async function beginOperation(tx: WorkspaceTx, id: string): Promise<void> {
  await tx.run(
    `update operations set status = 'running' where workspace_id = $1 and id = $2 and status = 'queued'`,
    [tx.workspaceId, id],
  );
}

/** Adds to what an operation has done and to the counts in its result, in the transaction that did it. */
export async function countOperation(
  tx: WorkspaceTx,
  id: string,
  message: string,
  done: number,
  counts: Record<string, number>,
): Promise<void> {
  await tx.run(
    `update operations o set done = o.done + $3, message = $4, result = coalesce((
       select jsonb_object_agg(k, coalesce((o.result ->> k)::numeric, 0) + coalesce(($5::jsonb ->> k)::numeric, 0))
       from (select jsonb_object_keys(coalesce(o.result, '{}') || $5::jsonb) as k) keys), '{}')
     where o.workspace_id = $1 and o.id = $2`,
    [tx.workspaceId, id, done, message, JSON.stringify(counts)],
  );
}

export async function readOperation(tx: WorkspaceTx, id: string): Promise<Operation | null> {
  return tx.row<Operation>(`select ${columns} from operations where workspace_id = $1 and id = $2`, [
    tx.workspaceId,
    id,
  ]);
}

/** Newest first, before the id that the last page ended with; up to limit + 1 rows. */
export function listOperations(
  tx: WorkspaceTx,
  filter: { status?: Operation['status'] | undefined; kind?: string | undefined },
  page: { before: string | null; limit: number },
): Promise<Operation[]> {
  return tx.rows<Operation>(
    `select ${columns} from operations
     where workspace_id = $1 and ($2::text is null or status = $2) and ($3::text is null or kind = $3)
       and ($4::uuid is null or id < $4)
     order by id desc limit $5`,
    [tx.workspaceId, filter.status ?? null, filter.kind ?? null, page.before, page.limit + 1],
  );
}

/** Notes progress; answers false when a cancel was asked for, so the worker stops at a chunk's edge. */
export async function progressOperation(
  tx: WorkspaceTx,
  id: string,
  progress: { done: number; message: string; result: object },
): Promise<boolean> {
  const row = await tx.row<{ cancelRequested: boolean }>(
    `update operations set done = $3, message = $4, result = $5 where workspace_id = $1 and id = $2 returning cancel_requested`,
    [tx.workspaceId, id, progress.done, progress.message, JSON.stringify(progress.result)],
  );
  return row ? !row.cancelRequested : false;
}

export async function finishOperation(
  tx: WorkspaceTx,
  id: string,
  outcome: { status: 'done' | 'failed' | 'cancelled'; result?: object | null; error?: object | null },
): Promise<void> {
  await tx.run(
    `update operations set status = $3, result = coalesce($4, result), error = $5, finished_at = now()
     where workspace_id = $1 and id = $2 and status in ('queued', 'running')`,
    [
      tx.workspaceId,
      id,
      outcome.status,
      outcome.result ? JSON.stringify(outcome.result) : null,
      outcome.error ? JSON.stringify(outcome.error) : null,
    ],
  );
}

/** Ends what is still marked as running for a subject, as failed: nobody works on it any more. */
export async function endRunningOperations(
  tx: WorkspaceTx,
  ended: { kind: string; subjectId: string; message: string },
): Promise<void> {
  await tx.run(
    `update operations set status = 'failed', error = $4, finished_at = now()
     where workspace_id = $1 and kind = $2 and subject_id = $3 and status in ('queued', 'running')`,
    [tx.workspaceId, ended.kind, ended.subjectId, JSON.stringify({ message: ended.message })],
  );
}

export async function requestOperationCancel(tx: WorkspaceTx, id: string): Promise<boolean> {
  return (
    (await tx.run(
      `update operations set cancel_requested = true where workspace_id = $1 and id = $2 and status in ('queued', 'running')`,
      [tx.workspaceId, id],
    )) > 0
  );
}

/** Operations that a billing run carries: it goes on after a restart, whoever did its last chunk. */
export const runOperations = ['compile', 'undo_compile', 'draft'] as const;

/** Operations that a workflow carries on after a restart, by themselves or in a run. */
const carriedOperations = [...runOperations, 'move_clock', 'resync'];

/** Ends what a killed process left running; an import is repeated by its person, a sync by its workflow. */
export async function failInterruptedOperations(tx: WorkspaceTx): Promise<number> {
  return tx.run(
    `update operations set status = 'failed', finished_at = now(), error = jsonb_build_object('message',
       'the hub stopped in the middle; do it again, what was taken in already is not taken in twice')
     where workspace_id = $1 and status in ('queued', 'running') and kind <> all($2::text[])`,
    [tx.workspaceId, carriedOperations],
  );
}
