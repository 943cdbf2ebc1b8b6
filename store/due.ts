/** Owns due rows: what must happen by when, once per subject, kind and period, however long the hub was down. */
import { plainArray } from './arrays.ts';
import type { Tx, WorkspaceTx } from './database.ts';
import { type SubjectType, subjectTypes } from './outbox.ts';

/** The key of a due row: a subject does one kind of thing once per period. */
export interface DueKey {
  subjectType: SubjectType;
  subjectId: string;
  /** What is due: `bill`, `remind`, … */
  kind: string;
  /** Which one: `2026-01`, `first`, … */
  period: string;
}

export interface Due extends DueKey {
  /** ISO 8601, UTC. */
  dueAt: string;
}

/**
 * Sets or moves when something is due. Answers false, and changes nothing, when it was already done: a period that was
 * billed does not come up again.
 */
export async function setDue(tx: WorkspaceTx, due: Due): Promise<boolean> {
  const changed = await tx.run(
    `insert into due as d (workspace_id, subject_type, subject_id, kind, period, due_at) values ($1, $2, $3, $4, $5, $6)
     on conflict (workspace_id, subject_type, subject_id, kind, period)
     do update set due_at = excluded.due_at where d.done_at is null`,
    [tx.workspaceId, due.subjectType, due.subjectId, due.kind, due.period, due.dueAt],
  );
  return changed === 1;
}

/** Marks it done; true for the one call that did, so the work may hang on it within the same transaction. */
export async function doneDue(tx: WorkspaceTx, key: DueKey): Promise<boolean> {
  const changed = await tx.run(
    `update due set done_at = now()
     where workspace_id = $1 and subject_type = $2 and subject_id = $3 and kind = $4 and period = $5 and done_at is null`,
    [tx.workspaceId, key.subjectType, key.subjectId, key.kind, key.period],
  );
  return changed === 1;
}

/** Nothing is waited for any more: what was still due of these subjects is done with. */
export async function closeDue(
  tx: WorkspaceTx,
  subjectType: SubjectType,
  subjectIds: readonly string[],
): Promise<void> {
  await tx.run(
    `update due set done_at = now()
     where workspace_id = $1 and subject_type = $2 and subject_id = any($3::uuid[]) and done_at is null`,
    [tx.workspaceId, subjectType, plainArray(subjectIds)],
  );
}

/** What is not due after all, as if it never had been; of a kind, and but for one period, where they are named. */
export async function dropDue(
  tx: WorkspaceTx,
  subjectType: SubjectType,
  subjectId: string,
  { kind = null, except = null }: { kind?: string | null; except?: string | null } = {},
): Promise<void> {
  await tx.run(
    `delete from due where workspace_id = $1 and subject_type = $2 and subject_id = $3 and done_at is null
       and ($4::text is null or kind = $4) and ($5::text is null or period <> $5)`,
    [tx.workspaceId, subjectType, subjectId, kind, except],
  );
}

/** What the subject has to do next, or null; a look sleeps until then. */
export function nextDue(tx: WorkspaceTx, subjectType: SubjectType, subjectId: string): Promise<Due | null> {
  return tx.row<Due>(
    `select subject_type, subject_id, kind, period, due_at from due
     where workspace_id = $1 and subject_type = $2 and subject_id = $3 and done_at is null
     order by due_at, kind, period limit 1`,
    [tx.workspaceId, subjectType, subjectId],
  );
}

export interface OverdueOptions {
  /** At most this many due rows. */
  limit: number;
  /** Spares a live subject whose own timer is only just firing. */
  graceMs: number;
}

// Due by the workspace's own clock: the real one, or a sandbox's. A subject with a row in the outbox is already on its
// way; leaving it out keeps a stuck one from filling the outbox and from hiding those behind it.
const overdueRows = `
  select d.workspace_id, d.subject_type, d.subject_id, d.kind, d.period, d.due_at
  from due d join workspaces w on w.id = d.workspace_id
  where d.done_at is null and d.subject_type = any($1::text[])
    and (w.clock_at is null and d.due_at <= now() - $2::interval or w.clock_at is not null and d.due_at <= w.clock_at)
    and not exists (select from outbox o where o.workspace_id = d.workspace_id
      and o.subject_type = d.subject_type and o.subject_id = d.subject_id)
  order by d.due_at limit $3`;

const overdueParams = ({ limit, graceMs }: OverdueOptions) => [
  subjectTypes,
  `${graceMs} milliseconds`,
  limit,
];

/** The rows whose time has passed and whose subject nobody has woken, of all workspaces, the longest overdue first. */
export function overdue(tx: Tx, options: OverdueOptions): Promise<(Due & { workspaceId: string })[]> {
  return tx.rows(overdueRows, overdueParams(options));
}

/** Asks the subjects of overdue rows to look; answers how many subjects. Bulk: a month's end must not delay people. */
export function enqueueOverdue(tx: Tx, options: OverdueOptions): Promise<number> {
  return tx.run(
    `insert into outbox (workspace_id, subject_type, subject_id, lane, reason)
     select distinct workspace_id, subject_type, subject_id, 'bulk', 'overdue' from (${overdueRows}) o`,
    overdueParams(options),
  );
}

/** What was due of these subjects was called off, and may be set again. */
export async function forgetDue(
  tx: WorkspaceTx,
  subjectType: SubjectType,
  subjectIds: readonly string[],
): Promise<void> {
  await tx.run(
    `delete from due where workspace_id = $1 and subject_type = $2 and subject_id = any($3::uuid[]) and done_at is null`,
    [tx.workspaceId, subjectType, plainArray(subjectIds)],
  );
}
