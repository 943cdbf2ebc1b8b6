/** Owns tasks: what the work of a project is recorded against, what they bill by themselves, and who is on them. */
import { localDay } from '../domain/day.ts';
import { found, invalidField, Refusal } from '../domain/refusal.ts';
import { measureOf, moveTask, type TaskStatus } from '../domain/task.ts';
import { workEntryOfTask } from '../domain/task-entry.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { notify } from './notifications.ts';
import { requireActiveProduct } from './products.ts';
import { deleteWork, takeInWork } from './recorded-work.ts';
import { type ListOptions, type NewRow, tenantTable, type Values } from './tenant-table.ts';
import { getWorkspace, workspaceNow, zoneOf } from './workspaces.ts';

export interface Task {
  id: string;
  projectId: string;
  phaseId: string | null;
  name: string;
  status: TaskStatus;
  billable: boolean;
  /** What its work is sold as, before the client's default. */
  productId: string | null;
  /** What prices it where it has no unit price. */
  priceListId: string | null;
  /** Of the quantity; null: the hour. */
  unit: string | null;
  unitPrice: DecimalText | null;
  /** What it bills by itself once it is done, in raw units (domain/task.ts); null: only what is recorded on it. */
  quantity: number | null;
}
export type NewTask = NewRow<Task, 'projectId' | 'name'>;
export interface AssignedTask extends Task {
  /** Of its project. */
  clientId: string;
  /** People who are on it, by id. */
  assigneeIds: string[];
}

export const tasks = tenantTable<Task>('tasks', {
  projectId: 'plain',
  phaseId: 'plain',
  name: 'plain',
  status: 'plain',
  billable: 'plain',
  productId: 'plain',
  priceListId: 'plain',
  unit: 'plain',
  unitPrice: 'plain',
  quantity: 'plain',
});

export const mostAssignees = 100;

export async function withAssignees(tx: WorkspaceTx, rows: readonly Task[]): Promise<AssignedTask[]> {
  if (rows.length === 0) return [];
  const assignments = await tx.rows<{ taskId: string; personId: string }>(
    `select task_id, person_id from task_assignments
     where workspace_id = $1 and task_id = any($2::uuid[]) order by task_id, person_id`,
    [tx.workspaceId, plainArray(rows.map(({ id }) => id))],
  );
  const clients = await tx.rows<{ id: string; clientId: string }>(
    'select id, client_id from projects where workspace_id = $1 and id = any($2::uuid[])',
    [tx.workspaceId, plainArray([...new Set(rows.map(({ projectId }) => projectId))])],
  );
  const clientOf = new Map(clients.map(({ id, clientId }) => [id, clientId]));
  const byTask = Map.groupBy(assignments, ({ taskId }) => taskId);
  return rows.map((task) => ({
    ...task,
    clientId: clientOf.get(task.projectId)!,
    assigneeIds: (byTask.get(task.id) ?? []).map(({ personId }) => personId),
  }));
}

/** With who is on it; null when there is none. */
export async function findTask(tx: WorkspaceTx, id: string, hold = false): Promise<AssignedTask | null> {
  const task = await (hold ? tasks.lock(tx, id) : tasks.find(tx, id));
  return task && (await withAssignees(tx, [task]))[0]!;
}

/** By id; of one person only where `assigneeId` names them. Up to limit + 1 rows. */
export async function listTasks(
  tx: WorkspaceTx,
  { limit, after, where = {}, assigneeId }: ListOptions<Task> & { assigneeId?: string | undefined },
): Promise<AssignedTask[]> {
  if (assigneeId === undefined) return withAssignees(tx, await tasks.list(tx, { limit, after, where }));
  const rows = await tx.rows<Task>(
    `select t.id, t.project_id, t.phase_id, t.name, t.status, t.billable, t.product_id, t.price_list_id, t.unit, t.unit_price, t.quantity
     from task_assignments a
     join tasks t on t.workspace_id = a.workspace_id and t.id = a.task_id
     where a.workspace_id = $1 and a.person_id = $2 and ($3::uuid is null or t.project_id = $3)
       and ($4::text is null or t.status = $4) and ($5::uuid is null or t.id > $5)
     order by t.id limit $6`,
    [tx.workspaceId, assigneeId, where.projectId ?? null, where.status ?? null, after, limit + 1],
  );
  return withAssignees(tx, rows);
}

/** Refuses with 409 to begin as done without a quantity of its own. */
export async function insertTask(tx: WorkspaceTx, values: NewTask, actor: string): Promise<Task> {
  await requireActiveProduct(tx, values.productId, '/productId');
  const task = await tasks.insert(tx, values);
  const facts = { ...task, status: 'draft' as const, hasEntries: false };
  moveTask(facts, task.status === 'draft' ? 'open' : task.status);
  await billOwnQuantity(tx, null, task, actor);
  return task;
}

/** The caller holds the task. Refuses with 409 a move that its status or its work does not allow. */
export async function changeTask(
  tx: WorkspaceTx,
  before: Task,
  change: Values<Task>,
  actor: string,
): Promise<Task> {
  await requireActiveProduct(tx, change.productId, '/productId', before.productId);
  const after = found(await tasks.update(tx, before.id, change), 'task');
  moveTask({ ...before, quantity: after.quantity, hasEntries: await hasEntries(tx, after.id) }, after.status);
  if (after.status === 'done' && before.status !== 'done') await refuseRunningTimer(tx, after);
  await billOwnQuantity(tx, before, after, actor);
  return after;
}

/** What a done task bills by itself is work like any other; opened again, or without a quantity, it offers nothing any more. */
async function billOwnQuantity(
  tx: WorkspaceTx,
  before: Task | null,
  after: Task,
  actor: string,
): Promise<void> {
  const isBilled = after.status === 'done' && after.quantity !== null;
  if (!isBilled) {
    if (before?.status === 'done' && before.quantity !== null)
      await deleteWork(tx, [`task:${after.id}`], actor);
    return;
  }
  if (before?.status === 'done' && before.quantity === after.quantity && before.unit === after.unit) return;
  const place = await tx.row<{ clientId: string; projectId: string }>(
    'select client_id, id as project_id from projects where workspace_id = $1 and id = $2',
    [tx.workspaceId, after.projectId],
  );
  const workDate = localDay(await workspaceNow(tx), zoneOf(await getWorkspace(tx)));
  const { kind } = measureOf(after.unit);
  await takeInWork(
    tx,
    [workEntryOfTask({ ...after, quantity: after.quantity!, kind, workDate }, place!)],
    actor,
  );
}

async function hasEntries(tx: WorkspaceTx, taskId: string): Promise<boolean> {
  const row = await tx.row<{ found: boolean }>(
    `select exists (select from task_entries where workspace_id = $1 and task_id = $2 and deleted_at is null)
       or exists (select from entry_versions v join work_entries e on e.workspace_id = $1 and e.id = v.entry_id
         and e.current_version = v.version and e.deleted_at is null
         where v.workspace_id = $1 and v.project_id = (select project_id from tasks where workspace_id = $1 and id = $2)
           and v.task_id = $2 and v.quantity <> 0) as found`,
    [tx.workspaceId, taskId],
  );
  return row!.found;
}

async function refuseRunningTimer(tx: WorkspaceTx, task: Task): Promise<void> {
  const timer = await tx.row<{ id: string }>(
    'select id from timers where workspace_id = $1 and task_id = $2 and stopped_at is null limit 1',
    [tx.workspaceId, task.id],
  );
  if (timer)
    throw new Refusal({
      code: 'task.timer_running',
      message: `A timer is running on task ${task.name}.`,
      whatToDo: 'Stop or discard it, then mark the task done.',
      details: { timerId: timer.id },
    });
}

/**
 * Puts exactly these people on the task, and tells those who are new to it. Refuses with 422 who is not an active person here.
 * The caller holds the task.
 */
export async function assignTask(
  tx: WorkspaceTx,
  task: Task,
  personIds: readonly string[],
): Promise<AssignedTask> {
  const wanted = [...new Set(personIds)];
  const known = await tx.rows<{ id: string }>(
    'select id from people where workspace_id = $1 and id = any($2::uuid[]) and active',
    [tx.workspaceId, plainArray(wanted)],
  );
  if (known.length < wanted.length) {
    const missing = wanted.filter((id) => !known.some((person) => person.id === id));
    throw invalidField(
      '/assigneeIds',
      'task.assignee_unknown',
      'Somebody named here is no active person of this workspace.',
      'Name people of this workspace.',
      { missing },
    );
  }
  await tx.run(
    'delete from task_assignments where workspace_id = $1 and task_id = $2 and person_id <> all($3::uuid[])',
    [tx.workspaceId, task.id, plainArray(wanted)],
  );
  const added = await tx.rows<{ personId: string; project: string }>(
    `with added as (
       insert into task_assignments (workspace_id, task_id, person_id) select $1, $2, unnest($3::uuid[])
       on conflict do nothing returning person_id)
     select a.person_id, p.name as project from added a join projects p on p.workspace_id = $1 and p.id = $4`,
    [tx.workspaceId, task.id, plainArray(wanted), task.projectId],
  );
  await notify(
    tx,
    added.map(({ personId, project }) => ({
      kind: 'task.assigned' as const,
      to: { personId },
      key: `task.assigned:${task.id}:${personId}`,
      subjectType: 'project',
      subjectId: task.projectId,
      params: { task: task.name, project },
    })),
  );
  return (await withAssignees(tx, [task]))[0]!;
}
