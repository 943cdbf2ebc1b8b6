/** Owns billing runs: asking for one, where it stands, cancelling it. */
import type { Grouping } from '../domain/grouping/group-keys.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { RunScope } from './contract-scope.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { newId } from './new-id.ts';
import { beginOperation, countOperation, finishOperation } from './operations.ts';
import { enqueueLook } from './outbox.ts';
import { tellFailedRun } from './run-notices.ts';
import { findRunBefore, passTurn } from './run-turns.ts';

export const triggers = ['entry', 'period_end', 'ready_for_billing', 'by_hand', 'threshold'] as const;
export type Trigger = (typeof triggers)[number];
export const runStatuses = ['queued', 'running', 'done', 'failed', 'cancelled', 'undone'] as const;
/** A run ends at items, at drafts, or at issued invoices. */
export const finishes = ['compile', 'draft', 'issue'] as const;
export type FinishAt = (typeof finishes)[number];
/** `undo` is asked for apart, of a run that has ended. */
export const runSteps = ['compile', 'draft', 'issue', 'undo'] as const;
export type RunStep = (typeof runSteps)[number];
/** The steps of a run, in their order. Chosen items are there already: nothing is compiled for them. */
export const stepsOf = ({ finishAt, itemCount }: Pick<Run, 'finishAt' | 'itemCount'>): readonly FinishAt[] =>
  finishes
    .slice(0, finishes.indexOf(finishAt) + 1)
    .filter((step) => itemCount === null || step !== 'compile');

export interface Run {
  id: string;
  scopeType: RunScope['type'];
  scopeId: string;
  trigger: Trigger;
  pulledBy: string;
  reason: string | null;
  cutoffOn: Day;
  finishAt: FinishAt;
  /** Only entries of these tasks are compiled; null: of all, and of none. */
  taskIds: string[] | null;
  /** Of how many chosen items drafts are made; null: of all that is open. */
  itemCount: number | null;
  /** Stands in for that of the contracts. */
  grouping: Grouping | null;
  status: (typeof runStatuses)[number];
  cancelRequested: boolean;
  undoRequested: boolean;
  /** As what it shows to whoever asked for it so. */
  operationId: string | null;
  /** The run that it is asked for again of. */
  againOf: string | null;
  /** Whose end it waits for. */
  waitsForRunId: string | null;
  /** Above the limit of whoever asked; null: nobody else is asked. */
  approval: 'asked' | 'approved' | 'rejected' | null;
  error: string | null;
  counts: Record<string, number>;
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
}
export interface RunStepRow {
  step: RunStep;
  status: 'running' | 'done' | 'failed' | 'cancelled';
  done: number;
  amount: Record<string, string>;
  retries: number;
  startedAt: string;
  finishedAt: string | null;
}

/** Events and their readers stay small; the run itself holds all of them. */
const mostTold = 100;

const columns = `id, scope_type, scope_id, trigger, pulled_by, reason, cutoff_on, finish_at, task_ids, cardinality(item_ids) as item_count, grouping, status, cancel_requested,
  undo_requested, operation_id, again_of, waits_for_run_id, approval, error, counts, created_at, started_at, finished_at`;

export async function requestRun(
  tx: WorkspaceTx,
  wanted: {
    scope: RunScope;
    trigger: Trigger;
    pulledBy: string;
    reason: string | null;
    cutoffOn: Day;
    finishAt: FinishAt;
    taskIds?: readonly string[] | null;
    itemIds?: readonly string[] | null;
    grouping?: Grouping | null;
    paymentTermsId?: string | null;
    operationId?: string | null;
    againOf?: string | null;
    /** Asked: it begins once somebody else agreed. Approved: its drafts are held against what was agreed to (run-approvals.ts). */
    approval?: 'asked' | 'approved' | null;
    askedByMember?: string | null;
    /** Whoever asks carries it out, if it is its turn: it is under way with this transaction, and its workflow only begins if nobody ends it. */
    isInPlace?: boolean;
  },
): Promise<Run> {
  const { isInPlace = false, ...asked } = wanted;
  const run = await tx.row<Run>(
    `insert into runs (workspace_id, id, scope_type, scope_id, trigger, pulled_by, reason, cutoff_on, finish_at, task_ids, operation_id, item_ids, grouping, payment_terms_id,
       again_of, approval, asked_by_member, contract_ids)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::uuid[], $11, $12::uuid[], $13, $14, $15, $16, $17, case when $12::uuid[] is not null then array(
       select distinct i.contract_id from billable_items i where i.workspace_id = $1 and i.id = any($12::uuid[])) end) returning ${columns}`,
    [
      tx.workspaceId,
      newId(),
      wanted.scope.type,
      wanted.scope.id,
      wanted.trigger,
      wanted.pulledBy,
      wanted.reason,
      wanted.cutoffOn,
      wanted.finishAt,
      wanted.taskIds ? plainArray(wanted.taskIds) : null,
      wanted.operationId ?? null,
      wanted.itemIds ? plainArray(wanted.itemIds) : null,
      wanted.grouping ? JSON.stringify(wanted.grouping) : null,
      wanted.paymentTermsId ?? null,
      wanted.againOf ?? null,
      wanted.approval ?? null,
      wanted.askedByMember ?? null,
    ],
  );
  await recordEvents(tx, [
    {
      type: 'billing_run.requested',
      subjectType: 'billing_run',
      subjectId: run!.id,
      actor: wanted.pulledBy,
      permission: 'runs.read',
      payload: { ...asked, ...(wanted.itemIds && { itemIds: wanted.itemIds.slice(0, mostTold) }) },
    },
  ]);
  const isBegun = isInPlace && (await findRunBefore(tx, run!)) === null;
  if (isBegun) await beginRun(tx, run!.id);
  await enqueueLook(tx, {
    subjectType: 'billing_run',
    subjectId: run!.id,
    lane: 'interactive',
    reason: wanted.trigger,
    isSignalled: isBegun,
  });
  return isBegun ? { ...run!, status: 'running' } : run!;
}

export async function readRun(
  tx: WorkspaceTx,
  runId: string,
  lock: '' | 'for no key update' = '',
): Promise<Run | null> {
  return tx.row<Run>(`select ${columns} from runs where workspace_id = $1 and id = $2 ${lock}`, [
    tx.workspaceId,
    runId,
  ]);
}

/** The items that the run was asked to draft; null: all that are open. */
export async function readRunItems(tx: WorkspaceTx, runId: string): Promise<string[] | null> {
  const row = await tx.row<{ itemIds: string[] | null }>(
    'select item_ids from runs where workspace_id = $1 and id = $2',
    [tx.workspaceId, runId],
  );
  return row?.itemIds ?? null;
}

export async function listRuns(
  tx: WorkspaceTx,
  filter: {
    status?: Run['status'] | undefined;
    trigger?: Trigger | undefined;
    approval?: NonNullable<Run['approval']> | undefined;
    cursor?: string | undefined;
    limit: number;
  },
): Promise<Run[]> {
  const { status = null, trigger = null, approval = null, cursor = null, limit } = filter;
  return tx.rows<Run>(
    `select ${columns} from runs where workspace_id = $1 and ($2::uuid is null or id < $2) and ($4::text is null or status = $4)
       and ($5::text is null or trigger = $5) and ($6::text is null or approval = $6)
     order by id desc limit $3`,
    [tx.workspaceId, cursor, limit, status, trigger, approval],
  );
}

export async function readRunSteps(tx: WorkspaceTx, runId: string): Promise<RunStepRow[]> {
  return tx.rows<RunStepRow>(
    `select step, status, done, amount, retries, started_at, finished_at from run_steps where workspace_id = $1 and run_id = $2
     order by array_position(array['compile', 'draft', 'issue', 'undo'], step)`,
    [tx.workspaceId, runId],
  );
}

/** Marks a queued run as running: from here on no other of an overlapping scope begins (run-turns.ts). */
export async function beginRun(tx: WorkspaceTx, runId: string): Promise<void> {
  const begun = await tx.row<{ operationId: string | null }>(
    `update runs set status = 'running', waits_for_run_id = null, started_at = coalesce(started_at, now())
     where workspace_id = $1 and id = $2 and status = 'queued' returning operation_id`,
    [tx.workspaceId, runId],
  );
  if (begun?.operationId) await beginOperation(tx, begun.operationId);
}

/** Marks the step as begun; a step begun before counts a retry. */
export async function beginStep(tx: WorkspaceTx, runId: string, step: RunStep): Promise<void> {
  await beginRun(tx, runId);
  await tx.run(
    `insert into run_steps (workspace_id, run_id, step) values ($1, $2, $3)
     on conflict (workspace_id, run_id, step) do update set retries = run_steps.retries + 1`,
    [tx.workspaceId, runId, step],
  );
}

/**
 * Adds to what a step has done, in the transaction that did it, so that a repeat counts nothing twice. Throws, and so undoes
 * that work, when the run has ended: an activity that was given up on may still be at it.
 */
export async function progressStep(
  tx: WorkspaceTx,
  runId: string,
  step: RunStep,
  added: {
    done: number;
    amount?: Record<string, string>;
    counts?: Record<string, number>;
    /** Says on the stream how far the step is. */
    tell?: boolean;
  },
): Promise<void> {
  // Holds the run until the commit: a cancel waits for this chunk and takes it back, or this chunk finds the run ended.
  const live = await tx.row<{ operationId: string | null }>(
    `select operation_id from runs where workspace_id = $1 and id = $2 and status = 'running' for no key update`,
    [tx.workspaceId, runId],
  );
  if (!live) throw new Error(`billing run ${runId} has ended; nothing more is done for it`);
  if (live.operationId) await countOperation(tx, live.operationId, step, added.done, added.counts ?? {});
  const now = await tx.row<Pick<RunStepRow, 'done' | 'amount'>>(
    `update run_steps s set done = s.done + $4, amount = (
       select coalesce(jsonb_object_agg(k, (coalesce((s.amount ->> k)::numeric, 0) + coalesce(($5::jsonb ->> k)::numeric, 0))::text), '{}')
       from (select jsonb_object_keys(s.amount || $5::jsonb) as k) keys)
     where s.workspace_id = $1 and s.run_id = $2 and s.step = $3 returning done, amount`,
    [tx.workspaceId, runId, step, added.done, JSON.stringify(added.amount ?? {})],
  );
  if (added.tell && now) await tellProgress(tx, runId, { step, status: 'running', ...now });
  if (!added.counts) return;
  await tx.run(
    `update runs r set counts = (
       select jsonb_object_agg(k, coalesce((r.counts ->> k)::numeric, 0) + coalesce(($3::jsonb ->> k)::numeric, 0))
       from (select jsonb_object_keys(r.counts || $3::jsonb) as k) keys)
     where r.workspace_id = $1 and r.id = $2`,
    [tx.workspaceId, runId, JSON.stringify(added.counts)],
  );
}

export async function endStep(tx: WorkspaceTx, runId: string, step: RunStep): Promise<void> {
  const ended = await tx.row<Pick<RunStepRow, 'status' | 'done' | 'amount'>>(
    `update run_steps set status = 'done', finished_at = now() where workspace_id = $1 and run_id = $2 and step = $3 and status = 'running'
     returning status, done, amount`,
    [tx.workspaceId, runId, step],
  );
  if (ended) await tellProgress(tx, runId, { step, ...ended });
}

export const tellProgress = (
  tx: WorkspaceTx,
  runId: string,
  progress: Pick<RunStepRow, 'step' | 'status' | 'done' | 'amount'>,
): Promise<void> =>
  recordEvents(tx, [
    {
      type: 'billing_run.progressed',
      subjectType: 'billing_run',
      subjectId: runId,
      actor: `billing-run:${runId}`,
      permission: 'runs.read',
      payload: { ...progress },
    },
  ]);

export async function finishRun(
  tx: WorkspaceTx,
  runId: string,
  outcome: { status: 'done' | 'failed' | 'cancelled'; error: string | null },
): Promise<void> {
  const run = await tx.row<{ was: string; operationId: string | null }>(
    `update runs set status = $3, error = $4, waits_for_run_id = null, finished_at = now()
     where workspace_id = $1 and id = $2 and status in ('queued', 'running') returning old.status as was, operation_id`,
    [tx.workspaceId, runId, outcome.status, outcome.error],
  );
  if (!run) return;
  if (run.operationId)
    await finishOperation(tx, run.operationId, {
      status: outcome.status,
      error: outcome.error === null ? null : { message: outcome.error },
    });
  if (outcome.status !== 'done') {
    await tx.run(
      `update run_steps set status = $3, finished_at = now() where workspace_id = $1 and run_id = $2 and status = 'running'`,
      [tx.workspaceId, runId, outcome.status],
    );
  }
  await recordEvents(tx, [
    {
      type: `billing_run.${outcome.status}`,
      subjectType: 'billing_run',
      subjectId: runId,
      actor: `billing-run:${runId}`,
      permission: 'runs.read',
      payload: { error: outcome.error },
      before: { status: run.was },
      after: { status: outcome.status },
    },
  ]);
  if (outcome.status === 'failed') await tellFailedRun(tx, runId, outcome.error);
  await passTurn(tx, runId);
}

/** Asks a run to stop; it discards its own drafts at its next look. False when it already ended. */
export async function requestCancel(tx: WorkspaceTx, runId: string, actor: string): Promise<boolean> {
  const changed = await tx.run(
    `update runs set cancel_requested = true where workspace_id = $1 and id = $2 and status in ('queued', 'running')`,
    [tx.workspaceId, runId],
  );
  if (changed === 0) return false;
  await recordEvents(tx, [
    {
      type: 'billing_run.cancel_requested',
      subjectType: 'billing_run',
      subjectId: runId,
      actor,
      permission: 'runs.read',
      payload: {},
    },
  ]);
  await enqueueLook(tx, {
    subjectType: 'billing_run',
    subjectId: runId,
    lane: 'interactive',
    reason: 'cancel requested',
  });
  return true;
}

/** The run's invoices by status and currency. */
export function sumRunInvoices(
  tx: WorkspaceTx,
  runId: string,
): Promise<
  {
    status: string;
    currency: string;
    invoices: number;
    net: DecimalText;
    total: DecimalText;
    seconds: number;
  }[]
> {
  return tx.rows(
    `select status, currency, count(*)::int as invoices, sum(net) as net, sum(total) as total, sum(quantity_seconds)::bigint as seconds
     from client_invoices where workspace_id = $1 and run_id = $2 group by 1, 2 order by 1, 2`,
    [tx.workspaceId, runId],
  );
}

/** The run's drafts that have no number: what a cancelled run takes back. */
export async function openDraftsOfRun(tx: WorkspaceTx, runId: string): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>(
    `select id from client_invoices where workspace_id = $1 and run_id = $2 and status in ('draft', 'in_sign_off', 'ready', 'held') order by id limit 1000`,
    [tx.workspaceId, runId],
  );
  return rows.map((row) => row.id);
}
