/** Owns tasks: what the work of a project is recorded against, and who is on it. */
import { invalidField } from '../domain/refusal.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { notify } from './notifications.ts';
import { type ListOptions, type NewRow, tenantTable } from './tenant-table.ts';

export const taskStatuses = ['draft', 'open', 'done'] as const;

export interface Task {
  id: string;
  projectId: string;
  phaseId: string | null;
  name: string;
  status: (typeof taskStatuses)[number];
  billable: boolean;
  unit: string | null;
  unitPrice: DecimalText | null;
}
export type NewTask = NewRow<Task, 'projectId' | 'name'>;
export interface AssignedTask extends Task {
  /** People who are on it, by id. */
  assigneeIds: string[];
}

export const tasks = tenantTable<Task>('tasks', {
  projectId: 'plain',
  phaseId: 'plain',
  name: 'plain',
  status: 'plain',
  billable: 'plain',
  unit: 'plain',
  unitPrice: 'plain',
});

export const mostAssignees = 100;

export async function withAssignees(tx: WorkspaceTx, rows: readonly Task[]): Promise<AssignedTask[]> {
  if (rows.length === 0) return [];
  const assignments = await tx.rows<{ taskId: string; personId: string }>(
    `select task_id, person_id from task_assignments
     where workspace_id = $1 and task_id = any($2::uuid[]) order by task_id, person_id`,
    [tx.workspaceId, plainArray(rows.map(({ id }) => id))],
  );
  const byTask = Map.groupBy(assignments, ({ taskId }) => taskId);
  return rows.map((task) => ({
    ...task,
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
    `select t.id, t.project_id, t.phase_id, t.name, t.status, t.billable, t.unit, t.unit_price from task_assignments a
     join tasks t on t.workspace_id = a.workspace_id and t.id = a.task_id
     where a.workspace_id = $1 and a.person_id = $2 and ($3::uuid is null or t.project_id = $3)
       and ($4::text is null or t.status = $4) and ($5::uuid is null or t.id > $5)
     order by t.id limit $6`,
    [tx.workspaceId, assigneeId, where.projectId ?? null, where.status ?? null, after, limit + 1],
  );
  return withAssignees(tx, rows);
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
