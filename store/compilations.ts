/** Owns compiling as a command of its own: a run that ends at its items, shown as an operation; a double click is one. */
import { Refusal } from '../domain/refusal.ts';
import type { Day } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import { wakeClock } from './clock-moves.ts';
import type { RunScope } from './contract-scope.ts';
import type { WorkspaceTx } from './database.ts';
import { attachOperation, type Operation, readOperation, startOperation } from './operations.ts';
import { requestCancel, requestRun } from './runs.ts';

export const mostTasks = 500;

export interface WantedCompilation {
  scope: RunScope;
  /** Work dated before this day. */
  cutoffOn: Day;
  /** Only entries of these tasks; null: all of the scope, and what is on no task. */
  taskIds: readonly string[] | null;
  reason: string | null;
  actor: string;
}

/**
 * Asks for a compilation, or answers the one that is under way for the same scope, cut-off and tasks. Refuses with 422 tasks
 * that this workspace does not have.
 */
export async function requestCompilation(tx: WorkspaceTx, wanted: WantedCompilation): Promise<Operation> {
  const taskIds = wanted.taskIds === null ? null : [...new Set(wanted.taskIds)].sort();
  if (taskIds) await requireTasks(tx, taskIds);
  await tx.run('select pg_advisory_xact_lock(hashtextextended($1, 6))', [tx.workspaceId]);
  const same = await tx.row<{ operationId: string }>(
    `select operation_id from runs
     where workspace_id = $1 and status in ('queued', 'running') and finish_at = 'compile' and not cancel_requested
       and scope_type = $2 and scope_id = $3 and cutoff_on = $4 and task_ids is not distinct from $5::uuid[]
       and operation_id is not null order by id limit 1`,
    [
      tx.workspaceId,
      wanted.scope.type,
      wanted.scope.id,
      wanted.cutoffOn,
      taskIds === null ? null : plainArray(taskIds),
    ],
  );
  if (same) return (await readOperation(tx, same.operationId))!;
  const operation = await startOperation(
    tx,
    { kind: 'compile', subjectId: null, total: null, startedBy: wanted.actor },
    'queued',
  );
  const run = await requestRun(tx, {
    scope: wanted.scope,
    trigger: 'by_hand',
    pulledBy: wanted.actor,
    reason: wanted.reason,
    cutoffOn: wanted.cutoffOn,
    finishAt: 'compile',
    taskIds,
    operationId: operation.id,
  });
  return attachOperation(tx, operation.id, run.id);
}

async function requireTasks(tx: WorkspaceTx, taskIds: readonly string[]): Promise<void> {
  const known = await tx.rows<{ id: string }>(
    'select id from tasks where workspace_id = $1 and id = any($2::uuid[])',
    [tx.workspaceId, plainArray(taskIds)],
  );
  const ids = new Set(known.map(({ id }) => id));
  const missing = taskIds.filter((id) => !ids.has(id));
  if (missing.length === 0) return;
  throw new Refusal({
    code: 'reference.unknown',
    status: 422,
    message: 'Some of these tasks are not in this workspace.',
    whatToDo: 'Name tasks of this workspace.',
    errors: [{ pointer: '/taskIds', detail: 'There is no task with one of these ids in this workspace.' }],
    details: { missing: missing.slice(0, 20) },
  });
}

/** Passes on that an operation is to stop to the run or the clock that carries it; nothing for operations without one. */
export async function cancelRunOf(tx: WorkspaceTx, operation: Operation, actor: string): Promise<void> {
  if (operation.kind === 'undo_compile')
    throw new Refusal({
      code: 'operation.not_cancellable',
      message: 'Undoing a compilation is not stopped half way.',
      whatToDo: 'Wait until it has ended, then compile again.',
    });
  if (operation.subjectId === null) return;
  if (operation.kind === 'move_clock') await wakeClock(tx, 'cancel requested');
  if (operation.kind === 'compile' || operation.kind === 'draft')
    await requestCancel(tx, operation.subjectId, actor);
}
