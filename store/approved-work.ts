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

/** A page looks at no more entries than this: where hardly anything passes the filter, pages are short and not slow. */
const maxLookedAt = 10_000;
const looked = `select x.id, x.current_version, x.deleted_at from work_entries x
  where x.workspace_id = $1 and ($2::uuid is null or x.id < $2) order by x.id desc limit ${maxLookedAt}`;

/** Newest first, after the id that the last page ended with; `next` is where to go on, or null at the end. */
export async function listApprovedWork(
  tx: WorkspaceTx,
  filter: WorkFilter,
  page: { after: string | null; limit: number },
): Promise<{ work: ApprovedWork[]; next: string | null }> {
  const rows = await tx.rows<ApprovedWork>(
    `select w.id, v.work_date, v.kind, v.quantity, v.billable, v.position, p.name as person_name, j.client_id, v.project_id,
       j.name as project_name, t.name as task_name
     from (${looked}) w
     cross join lateral (select x.* from entry_versions x
       where x.workspace_id = $1 and x.entry_id = w.id and x.version = w.current_version and x.approval = 'approved' offset 0) v
     join projects j on j.workspace_id = $1 and j.id = v.project_id
     left join people p on p.workspace_id = $1 and p.id = v.person_id
     left join tasks t on t.workspace_id = $1 and t.id = v.task_id
     where w.deleted_at is null and ($3::uuid is null or j.client_id = $3) and ($4::uuid is null or v.project_id = $4)
       and ($5::date is null or v.work_date >= $5) and ($6::date is null or v.work_date < $6)
     order by w.id desc limit $7`,
    [
      tx.workspaceId,
      page.after,
      filter.clientId,
      filter.projectId ?? null,
      filter.from ?? null,
      filter.before ?? null,
      page.limit + 1,
    ],
  );
  const work = rows.slice(0, page.limit);
  if (rows.length > page.limit) return { work, next: work.at(-1)!.id };
  const last = await tx.row<{ id: string }>(`select l.id from (${looked}) l offset ${maxLookedAt - 1}`, [
    tx.workspaceId,
    page.after,
  ]);
  return { work, next: last?.id ?? null };
}
