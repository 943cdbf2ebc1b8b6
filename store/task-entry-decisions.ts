/** Owns deciding on what is recorded on tasks: approved or rejected, each by itself, by somebody else than whose work it is. */
import { type Conflict, type Doer, keepApart } from '../domain/duties.ts';
import { Refusal } from '../domain/refusal.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { dutyRule, recordDutyExceptions } from './duties.ts';
import { recordEvents } from './events.ts';
import { handIn, lockTaskEntries, type TaskEntry } from './task-entries.ts';
import { tellRejected } from './task-entry-notices.ts';
import { workspaceNow } from './workspaces.ts';

/** As many as one call may bring. */
export const mostDecided = 500;

export type TaskEntryDecision =
  /** `ownReason`: why an admin on their own approves what is their own. */
  { to: 'approved'; ownReason: string | null } | { to: 'rejected'; reason: string };

export interface DecidedEntry {
  id: string;
  outcome: 'approved' | 'rejected' | 'unchanged' | 'refused';
  refusal: Refusal | null;
}

/**
 * Decides on each entry by itself: what is refused keeps none of the others. Refuses with 404 where none of them is here.
 * What is rejected after it was priced becomes an exception, as with every source.
 */
export async function decideTaskEntries(
  tx: WorkspaceTx,
  ids: readonly string[],
  decision: TaskEntryDecision,
  decider: Doer,
): Promise<DecidedEntry[]> {
  const rows = await lockTaskEntries(tx, [...new Set(ids)]);
  if (rows.length === 0) throw notFound();
  const rule = await dutyRule(tx, 'entries.approve', decider);
  const refusals = new Map<string, Refusal>();
  const conflicts = new Map<string, readonly Conflict[]>();
  const decided = rows.filter((row) => {
    if (row.approval === decision.to) return false;
    if (decision.to === 'rejected') return true;
    try {
      conflicts.set(row.id, keepApart(conflictsOf(row, decider), rule, decision.ownReason));
      return true;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refusals.set(row.id, error);
      return false;
    }
  });
  await tx.run(
    `update task_entries set approval = $3, decided_by = $4, decided_at = $5, decision_reason = $6
     where workspace_id = $1 and id = any($2::uuid[])`,
    [
      tx.workspaceId,
      plainArray(decided.map(({ id }) => id)),
      decision.to,
      decider.id,
      await workspaceNow(tx),
      decision.to === 'rejected' ? decision.reason : null,
    ],
  );
  await handIn(
    tx,
    decided.map((row) => ({ ...row, approval: decision.to })),
    decider.id,
  );
  await record(tx, decided, decision, decider, conflicts);
  if (decision.to === 'rejected') await tellRejected(tx, decided, decider, decision.reason);
  const done = new Set(decided.map(({ id }) => id));
  const known = new Set(rows.map(({ id }) => id));
  return ids.map((id) => ({
    id,
    outcome: done.has(id) ? decision.to : refusals.has(id) || !known.has(id) ? 'refused' : 'unchanged',
    refusal: refusals.get(id) ?? (known.has(id) ? null : notFound()),
  }));
}

/** Nobody approves their own hours, nor what they wrote for somebody else. */
function conflictsOf(row: TaskEntry, decider: Doer): Conflict[] {
  const own = row.personId === decider.personId || row.createdBy === decider.id;
  return own ? [{ code: 'own_entry', message: 'It is your own record.', always: false }] : [];
}

async function record(
  tx: WorkspaceTx,
  rows: readonly TaskEntry[],
  decision: TaskEntryDecision,
  decider: Doer,
  conflicts: ReadonlyMap<string, readonly Conflict[]>,
): Promise<void> {
  await recordEvents(
    tx,
    rows.map((row) => ({
      type: `task_entry.${decision.to}`,
      subjectType: 'task_entry',
      subjectId: row.id,
      actor: decider.id,
      permission: 'entries.read' as const,
      payload: { personId: row.personId, workDate: row.workDate },
      before: { approval: row.approval },
      after: { approval: decision.to },
    })),
  );
  if (decision.to === 'rejected') return;
  for (const { id } of rows)
    await recordDutyExceptions(
      tx,
      decider,
      { type: 'task_entry', id, action: 'approve' },
      conflicts.get(id) ?? [],
      decision.ownReason,
    );
}

const notFound = () =>
  new Refusal({
    code: 'task_entry.not_found',
    status: 404,
    message: 'There is no such task entry in this workspace.',
    whatToDo: 'List the task entries and name ids from there.',
  });
