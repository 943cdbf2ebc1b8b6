/** Owns undoing what a run compiled: asked for while no document holds any of it, carried by the run's own workflow. */
import { Refusal } from '../domain/refusal.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import {
  beginOperation,
  countOperation,
  finishOperation,
  type Operation,
  startOperation,
} from './operations.ts';
import { enqueueLook } from './outbox.ts';
import { type Run, readRun } from './runs.ts';
import { countAllocated, type UndonePage } from './uncompile.ts';

/**
 * Asks for the items of an ended run to go back to their entries. Refuses with 409 while it runs, when it was undone, and
 * where a document holds any of its items. Null when there is no such run.
 */
export async function requestUndo(tx: WorkspaceTx, runId: string, actor: string): Promise<Operation | null> {
  const run = await readRun(tx, runId, 'for no key update');
  if (!run) return null;
  requireUndoable(run);
  const allocated = await countAllocated(tx, run);
  if (allocated > 0)
    throw new Refusal({
      code: 'compilation.allocated',
      message: `${allocated} of its items are on documents.`,
      whatToDo: 'Discard the drafts that hold them first; what is issued is credited, not undone.',
      details: { allocated },
    });
  const operation = await startOperation(
    tx,
    { kind: 'undo_compile', subjectId: run.id, total: run.counts.items ?? null, startedBy: actor },
    'queued',
  );
  await tx.run(
    'update runs set undo_requested = true, operation_id = $3 where workspace_id = $1 and id = $2',
    [tx.workspaceId, run.id, operation.id],
  );
  await recordEvents(tx, [
    {
      type: 'billing_run.undo_requested',
      subjectType: 'billing_run',
      subjectId: run.id,
      actor,
      permission: 'runs.read',
      payload: { items: run.counts.items ?? 0 },
    },
  ]);
  await enqueueLook(tx, {
    subjectType: 'billing_run',
    subjectId: run.id,
    lane: 'interactive',
    reason: 'undo requested',
  });
  return operation;
}

function requireUndoable({ status, undoRequested, counts }: Run): void {
  if (status === 'queued' || status === 'running')
    throw new Refusal({
      code: 'compilation.running',
      message: 'It is still compiling.',
      whatToDo: 'Cancel it, or wait until it has ended.',
    });
  if (status === 'undone' || undoRequested)
    throw new Refusal({
      code: 'compilation.undone',
      message: undoRequested ? 'It is being undone.' : 'It was undone already.',
      whatToDo: 'Compile again where the entries should become items.',
    });
  if (!counts.items)
    throw new Refusal({
      code: 'compilation.empty',
      message: 'It compiled nothing.',
      whatToDo: 'Undo the run that made the items: runId of GET /billable-items/:itemId.',
    });
}

export async function beginUndo(tx: WorkspaceTx, runId: string): Promise<void> {
  const run = await undoing(tx, runId);
  await tx.run(
    `insert into run_steps (workspace_id, run_id, step) values ($1, $2, 'undo')
     on conflict (workspace_id, run_id, step) do update set retries = run_steps.retries + 1`,
    [tx.workspaceId, runId],
  );
  await beginOperation(tx, run.operationId!);
}

/** In the transaction that took the page back, so that a repeat counts nothing twice. */
export async function progressUndo(
  tx: WorkspaceTx,
  runId: string,
  { withdrawn, left }: UndonePage,
): Promise<void> {
  const run = await undoing(tx, runId);
  await tx.run(
    `update run_steps set done = done + $3 where workspace_id = $1 and run_id = $2 and step = 'undo'`,
    [tx.workspaceId, runId, withdrawn],
  );
  await countOperation(tx, run.operationId!, 'undo', withdrawn, { withdrawn, left });
}

/** The run counts as undone, or with an error stays what it was, to be undone again. */
export async function finishUndo(tx: WorkspaceTx, runId: string, error: string | null): Promise<void> {
  const before = await readRun(tx, runId, 'for no key update');
  if (!before?.undoRequested) return;
  const status = error === null ? 'undone' : before.status;
  await tx.run(`update runs set undo_requested = false, status = $3 where workspace_id = $1 and id = $2`, [
    tx.workspaceId,
    runId,
    status,
  ]);
  await tx.run(
    `update run_steps set status = $3, finished_at = now() where workspace_id = $1 and run_id = $2 and step = 'undo'`,
    [tx.workspaceId, runId, error === null ? 'done' : 'failed'],
  );
  await finishOperation(tx, before.operationId!, {
    status: error === null ? 'done' : 'failed',
    error: error === null ? null : { message: error },
  });
  await recordEvents(tx, [
    {
      type: error === null ? 'billing_run.undone' : 'billing_run.undo_failed',
      subjectType: 'billing_run',
      subjectId: runId,
      actor: `billing-run:${runId}`,
      permission: 'runs.read',
      payload: { error },
      before: { status: before.status },
      after: { status },
    },
  ]);
}

async function undoing(tx: WorkspaceTx, runId: string): Promise<Run> {
  const run = await readRun(tx, runId, 'for no key update');
  if (!run?.undoRequested) throw new Error(`billing run ${runId} is not being undone`);
  return run;
}
