/** Owns what a client may see of the work done for them: approved entries, without cost, price or notes. */
import type { Day, EntryKind } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';

export interface ApprovedWork {
  /** The entry's. */
  id: string;
  workDate: Day;
  kind: EntryKind;
  /** Raw units by kind: seconds, metres, cents, counts. */
  quantity: number;
  billable: boolean;
  position: string | null;
  personName: string | null;
  clientId: string;
  projectId: string;
  projectName: string;
  taskName: string | null;
}
export interface WorkFilter {
  /** Whose projects; null: everybody's. */
  clientId: string | null;
  projectId?: string | undefined;
  from?: Day | undefined;
  /** First day that is no longer wanted. */
  before?: Day | undefined;
}

/** A page looks at no more entries than this, so that a filter that hardly anything passes gives short pages. */
const maxLookedAt = 5_000;

/** Newest first, after the id that the last page ended with; `next` is where to go on, or null at the end. */
export async function listApprovedWork(
  tx: WorkspaceTx,
  filter: WorkFilter,
  page: { after: string | null; limit: number },
): Promise<{ work: ApprovedWork[]; next: string | null }> {
  const looked = `select o.entry_id as id from entry_versions o
    where o.workspace_id = $1 and ($2::uuid is null or o.project_id = any(array(
        select id from projects where workspace_id = $1 and client_id = $2)))
      and ($3::uuid is null or o.project_id = $3) and ($4::uuid is null or o.entry_id < $4)
    group by 1 order by 1 desc limit ${maxLookedAt}`;
  const params = [tx.workspaceId, filter.clientId, filter.projectId ?? null, page.after];
  const rows = await tx.rows<ApprovedWork>(
    `select e.id, v.work_date, v.kind, v.quantity, v.billable, v.position, p.name as person_name, j.client_id, v.project_id,
       j.name as project_name, t.name as task_name
     from (${looked}) w
     join work_entries e on e.workspace_id = $1 and e.id = w.id and e.deleted_at is null
     join entry_versions v on v.workspace_id = $1 and v.entry_id = e.id and v.version = e.current_version and v.approval = 'approved'
     join projects j on j.workspace_id = $1 and j.id = v.project_id
     left join people p on p.workspace_id = $1 and p.id = v.person_id
     left join tasks t on t.workspace_id = $1 and t.id = v.task_id
     where ($2::uuid is null or j.client_id = $2) and ($3::uuid is null or v.project_id = $3)
       and ($5::date is null or v.work_date >= $5) and ($6::date is null or v.work_date < $6)
     order by e.id desc limit $7`,
    [...params, filter.from ?? null, filter.before ?? null, page.limit + 1],
  );
  const work = rows.slice(0, page.limit);
  if (rows.length > page.limit) return { work, next: work.at(-1)!.id };
  const last = await tx.row<{ id: string }>(
    `select l.id from (${looked}) l offset ${maxLookedAt - 1}`,
    params,
  );
  return { work, next: last?.id ?? null };
}
