/** Owns who is told what of work on tasks: whoever may approve when it waits for them, its person when it is rejected. */
import type { Doer } from '../domain/duties.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { notify } from './notifications.ts';
import type { TaskEntry } from './task-entries.ts';

/** What the words of both kinds name. */
async function paramsOf(tx: WorkspaceTx, rows: readonly TaskEntry[]) {
  const projects = await tx.rows<{ id: string; name: string }>(
    'select id, name from projects where workspace_id = $1 and id = any($2::uuid[])',
    [tx.workspaceId, plainArray([...new Set(rows.map(({ projectId }) => projectId))])],
  );
  const names = new Map(projects.map(({ id, name }) => [id, name]));
  return (row: TaskEntry) => ({
    person: row.personName,
    task: row.taskName,
    project: names.get(row.projectId) ?? '',
    workDate: row.workDate,
  });
}

/** Members who have a hand in the entries, and so are not asked to decide: whose work it is, and who wrote it. */
async function partiesOf(
  tx: WorkspaceTx,
  rows: readonly TaskEntry[],
  actor: string,
): Promise<(row: TaskEntry) => string[]> {
  const members = await tx.rows<{ id: string; personId: string | null }>(
    `select id, person_id from members where workspace_id = $1 and (person_id = any($2::uuid[]) or 'member:' || id = any($3::text[]))`,
    [
      tx.workspaceId,
      plainArray([...new Set(rows.map(({ personId }) => personId))]),
      plainArray([...new Set([actor, ...rows.map(({ createdBy }) => createdBy)])]),
    ],
  );
  return (row) =>
    members
      .filter(
        ({ id, personId }) => personId === row.personId || [actor, row.createdBy].includes(`member:${id}`),
      )
      .map(({ id }) => id);
}

/** It waits: told once a writing of it. */
export async function tellApprovers(
  tx: WorkspaceTx,
  rows: readonly TaskEntry[],
  actor: string,
): Promise<void> {
  if (rows.length === 0) return;
  const params = await paramsOf(tx, rows);
  const parties = await partiesOf(tx, rows, actor);
  await notify(
    tx,
    rows.map((row) => ({
      kind: 'task_entry.submitted' as const,
      to: { permission: 'entries.approve' as const },
      except: parties(row),
      key: `task_entry.submitted:${row.id}:${row.revision}`,
      subjectType: 'task_entry',
      subjectId: row.id,
      params: params(row),
    })),
  );
}

/** Many at once become one mail. */
export async function tellRejected(
  tx: WorkspaceTx,
  rows: readonly TaskEntry[],
  decider: Doer,
  reason: string,
): Promise<void> {
  if (rows.length === 0) return;
  const params = await paramsOf(tx, rows);
  await notify(
    tx,
    rows.map((row) => ({
      kind: 'task_entry.rejected' as const,
      to: { personId: row.personId },
      except: decider.memberId === null ? [] : [decider.memberId],
      key: `task_entry.rejected:${row.id}:${row.revision}`,
      subjectType: 'task_entry',
      subjectId: row.id,
      params: { ...params(row), approver: decider.name, reason },
    })),
  );
}
