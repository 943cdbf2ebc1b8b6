/** Owns what is recorded on tasks: written, changed and deleted under its lock, and handed to the intake each time. */
import { localDay } from '../domain/day.ts';
import { found, invalidField, Refusal } from '../domain/refusal.ts';
import type { TaskStatus } from '../domain/task.ts';
import {
  checkTaskEntry,
  externalIdsOf,
  requireTakesWork,
  type TaskEntryContent,
  workEntriesOf,
} from '../domain/task-entry.ts';
import type { Day, Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { newId } from './new-id.ts';
import { requireActiveProduct } from './products.ts';
import { deleteWork, takeInWork, timerSource } from './recorded-work.ts';
import { tellApprovers } from './task-entry-notices.ts';
import { getWorkspace, workspaceNow, zoneOf } from './workspaces.ts';

export const taskEntryApprovals = ['submitted', 'approved', 'rejected'] as const;
export type TaskEntryApproval = (typeof taskEntryApprovals)[number];

export interface TaskEntry extends TaskEntryContent {
  id: string;
  taskName: string;
  projectId: string;
  clientId: string;
  personName: string;
  timerId: string | null;
  /** How often it was written. */
  revision: number;
  approval: TaskEntryApproval;
  decidedBy: string | null;
  decidedAt: Instant | null;
  decisionReason: string | null;
  /** The work entries that it became. */
  entryIds: string[];
  /** Priced by a compile: from here on a change asks a person. */
  claimed: boolean;
  createdBy: string;
  createdAt: Instant;
}

const contentColumns = [
  'kind',
  'task_id',
  'person_id',
  'work_date',
  'zone',
  'started_at',
  'ended_at',
  'seconds',
  'metres',
  'transport_seconds',
  'amount',
  'receipt_on',
  'input_tax',
  'currency',
  'count',
  'unit_price',
  'unit_cost',
  'product_id',
  'position',
  'billable',
  'note',
] as const;
/** In the order of the columns above. */
const contentValues = (row: TaskEntryContent): unknown[] => [
  row.kind,
  row.taskId,
  row.personId,
  row.workDate,
  row.zone,
  row.startedAt,
  row.endedAt,
  row.seconds,
  row.metres,
  row.transportSeconds,
  row.amount,
  row.receiptOn,
  row.inputTax,
  row.currency,
  row.count,
  row.unitPrice,
  row.unitCost,
  row.productId,
  row.position,
  row.billable,
  row.note,
];

const selectEntries = (where: string) => `
  select t.id, ${contentColumns.map((column) => `t.${column}`).join(', ')}, k.name as task_name, k.project_id, j.client_id,
    p.name as person_name, t.timer_id, t.revision, t.approval, t.decided_by, t.decided_at, t.decision_reason,
    w.entry_ids, w.claimed, t.created_by, t.created_at
  from (select * from task_entries t where t.workspace_id = $1 and t.deleted_at is null and ${where}) t
  join tasks k on k.workspace_id = $1 and k.id = t.task_id
  join projects j on j.workspace_id = $1 and j.id = k.project_id
  join people p on p.workspace_id = $1 and p.id = t.person_id
  cross join lateral (
    select coalesce(jsonb_agg(e.id order by e.external_id), '[]') as entry_ids, coalesce(bool_or(b.claimed <> 0), false) as claimed
    from sources s join work_entries e on e.workspace_id = $1 and e.source_id = s.id and e.external_id in (t.id::text, t.id || ':time')
    cross join lateral (select coalesce(sum(x.claimed), 0) as claimed from entry_balance x where x.workspace_id = $1 and x.entry_id = e.id) b
    where s.workspace_id = $1 and s.kind = '${timerSource.kind}' and s.name = '${timerSource.name}') w`;

export interface TaskEntryFilter {
  taskId?: string | undefined;
  personId?: string | undefined;
  approval?: TaskEntryApproval | undefined;
  /** First day, and first day that is no longer wanted. */
  from?: Day | undefined;
  before?: Day | undefined;
}

/** Newest first, before the id that the last page ended with; up to limit + 1 rows. */
export function listTaskEntries(
  tx: WorkspaceTx,
  { taskId, personId, approval, from, before }: TaskEntryFilter,
  page: { after: string | null; limit: number },
): Promise<TaskEntry[]> {
  return tx.rows<TaskEntry>(
    `${selectEntries(`($2::uuid is null or t.task_id = $2) and ($3::uuid is null or t.person_id = $3) and ($4::text is null or t.approval = $4)
       and ($5::date is null or t.work_date >= $5) and ($6::date is null or t.work_date < $6) and ($7::uuid is null or t.id < $7)
       order by t.id desc limit $8`)}
     order by t.id desc`,
    [
      tx.workspaceId,
      taskId ?? null,
      personId ?? null,
      approval ?? null,
      from ?? null,
      before ?? null,
      page.after,
      page.limit + 1,
    ],
  );
}

/** Null where there is none, or where it is not this person's. */
export function readTaskEntry(
  tx: WorkspaceTx,
  id: string,
  ownPersonId: string | null = null,
): Promise<TaskEntry | null> {
  return tx.row<TaskEntry>(selectEntries('t.id = $2 and ($3::uuid is null or t.person_id = $3)'), [
    tx.workspaceId,
    id,
    ownPersonId,
  ]);
}

/** Holds the rows to the commit, in the order of their ids; answers them as they are then. */
export async function lockTaskEntries(
  tx: WorkspaceTx,
  ids: readonly string[],
  ownPersonId: string | null = null,
): Promise<TaskEntry[]> {
  await tx.run(
    `select 1 from task_entries where workspace_id = $1 and id = any($2::uuid[]) order by id for no key update`,
    [tx.workspaceId, plainArray(ids)],
  );
  return tx.rows<TaskEntry>(
    `${selectEntries('t.id = any($2::uuid[]) and ($3::uuid is null or t.person_id = $3)')} order by t.id`,
    [tx.workspaceId, plainArray(ids), ownPersonId],
  );
}

export interface TaskForWork {
  id: string;
  name: string;
  status: TaskStatus;
  projectId: string;
  projectCode: string;
  projectStatus: string;
  clientId: string;
}

/** Refuses with 422 an unknown task or person, with 409 a task that takes no work. Holds the task against being marked done. */
export async function requireWorkable(
  tx: WorkspaceTx,
  taskId: string,
  personId: string,
): Promise<TaskForWork & { zone: string | null }> {
  const task = await tx.row<TaskForWork>(
    `select t.id, t.name, t.status, t.project_id, j.code as project_code, j.status as project_status, j.client_id
     from tasks t join projects j on j.workspace_id = $1 and j.id = t.project_id
     where t.workspace_id = $1 and t.id = $2 for share of t`,
    [tx.workspaceId, taskId],
  );
  if (!task)
    throw invalidField('/taskId', 'reference.unknown', 'There is no task with this id in this workspace.');
  const person = await tx.row<{ active: boolean; zone: string | null }>(
    'select active, zone from people where workspace_id = $1 and id = $2',
    [tx.workspaceId, personId],
  );
  if (!person?.active)
    throw invalidField(
      '/personId',
      'reference.unknown',
      'There is no active person with this id in this workspace.',
    );
  requireTakesWork(task);
  return { ...task, zone: person.zone };
}

/** The zone in which a person's days are. */
export async function zoneOfPerson(tx: WorkspaceTx, zone: string | null): Promise<string> {
  return zone ?? zoneOf(await getWorkspace(tx));
}

export interface NewTaskEntry extends TaskEntryContent {
  timerId: string | null;
}

/** Records work on tasks that take it; the caller has asked `requireWorkable`. Answers the rows, by id. */
export async function insertTaskEntries(
  tx: WorkspaceTx,
  rows: readonly NewTaskEntry[],
  zone: string,
  actor: string,
): Promise<TaskEntry[]> {
  const today = localDay(await workspaceNow(tx), zone);
  const ids: string[] = [];
  for (const row of rows) {
    checkTaskEntry(row, today);
    await requireActiveProduct(tx, row.productId, '/productId');
    const id = newId();
    ids.push(id);
    await tx.run(
      `insert into task_entries (workspace_id, id, created_by, timer_id, ${contentColumns.join(', ')})
       values ($1, $2, $3, $4, ${contentColumns.map((_, index) => `$${index + 5}`).join(', ')})`,
      [tx.workspaceId, id, actor, row.timerId, ...contentValues(row)],
    );
  }
  const made = await handIn(tx, await lockTaskEntries(tx, ids), actor);
  await tellApprovers(tx, made, actor);
  return made;
}

/**
 * Writes new content; an approval is of what was seen, so it is asked for anew. What a compile has claimed of it becomes an
 * exception. The caller holds the row and has asked `requireWorkable` of the task it is on then.
 */
export async function changeTaskEntry(
  tx: WorkspaceTx,
  before: TaskEntry,
  content: TaskEntryContent,
  zone: string,
  actor: string,
): Promise<TaskEntry> {
  checkTaskEntry(content, localDay(await workspaceNow(tx), zone));
  await requireActiveProduct(tx, content.productId, '/productId', before.productId);
  await tx.run(
    `update task_entries set (${contentColumns.join(', ')}) = row(${contentColumns.map((_, index) => `$${index + 3}`).join(', ')}),
       revision = revision + 1, approval = 'submitted', decided_by = null, decided_at = null, decision_reason = null
     where workspace_id = $1 and id = $2`,
    [tx.workspaceId, before.id, ...contentValues(content)],
  );
  const [after] = await handIn(tx, await lockTaskEntries(tx, [before.id]), actor);
  const kept = new Set(workEntriesOf(after!, after!, after!.approval).map(({ entry }) => entry.externalId));
  await deleteWork(
    tx,
    externalIdsOf(before.id).filter((externalId) => !kept.has(externalId)),
    actor,
  );
  // While it waits they know of it.
  if (before.approval !== 'submitted') await tellApprovers(tx, [after!], actor);
  return found(await readTaskEntry(tx, before.id), 'task_entry');
}

/** The caller holds the row. */
export async function removeTaskEntry(tx: WorkspaceTx, row: TaskEntry, actor: string): Promise<void> {
  await tx.run('update task_entries set deleted_at = now() where workspace_id = $1 and id = $2', [
    tx.workspaceId,
    row.id,
  ]);
  await deleteWork(tx, externalIdsOf(row.id), actor);
}

/** Hands the rows as they are to the intake, and reads them anew with the entries that they became. */
export async function handIn(
  tx: WorkspaceTx,
  rows: readonly TaskEntry[],
  actor: string,
): Promise<TaskEntry[]> {
  await takeInWork(
    tx,
    rows.flatMap((row) => workEntriesOf(row, row, row.approval)),
    actor,
  );
  return tx.rows<TaskEntry>(`${selectEntries('t.id = any($2::uuid[])')} order by t.id`, [
    tx.workspaceId,
    plainArray(rows.map(({ id }) => id)),
  ]);
}

/** Whoever records their own work changes it until it is priced; from then on somebody who may change everybody's does. */
export function requireUnclaimed(row: TaskEntry): void {
  if (!row.claimed) return;
  throw new Refusal({
    code: 'task_entry.claimed',
    message: 'It is priced for the client already.',
    whatToDo:
      'Ask who may change all entries: their change is billed as a difference, or undo the compilation.',
    details: { entryIds: row.entryIds },
  });
}
