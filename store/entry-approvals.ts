/** Owns who approved an entry and when: on its ticket, on its task, or at the platform or file that it came from. */
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';

export interface EntryApproval {
  entryId: string;
  /** A name; of work from elsewhere the source, which approved it there. Null: nobody has. */
  approvedBy: string | null;
  /** When it was approved; of work from elsewhere, when we learned of it. */
  approvedAt: string | null;
}

/** Of these versions, where they are approved. */
export async function readApprovals(
  tx: WorkspaceTx,
  entries: readonly { entryId: string; version: number }[],
): Promise<Map<string, EntryApproval>> {
  if (entries.length === 0) return new Map();
  const rows = await tx.rows<EntryApproval>(
    `select r.entry_id, case when a.decided_by is null then s.name else coalesce(
         (select m.name from members m where m.workspace_id = $1 and 'member:' || m.id = a.decided_by),
         (select k.name from api_keys k where k.workspace_id = $1 and 'key:' || k.id = a.decided_by), a.decided_by) end as approved_by,
       coalesce(a.decided_at, v.created_at) as approved_at
     from unnest($2::uuid[], $3::int[]) as r(entry_id, version)
     join entry_versions v on v.workspace_id = $1 and v.entry_id = r.entry_id and v.version = r.version and v.approval = 'approved'
     join work_entries e on e.workspace_id = $1 and e.id = r.entry_id
     join sources s on s.workspace_id = $1 and s.id = e.source_id
     left join lateral (
       select t.decided_by, t.decided_at from ticket_entries x join tickets t on t.workspace_id = $1 and t.id = x.ticket_id
       where x.workspace_id = $1 and x.entry_id = r.entry_id and t.decided_by is not null
       union all
       -- A task entry may bring several work entries: what each is called begins with its id.
       select k.decided_by, k.decided_at from task_entries k
       where k.workspace_id = $1 and k.id::text = left(e.external_id, 36) and k.decided_by is not null
       order by decided_at desc limit 1) a on true`,
    [
      tx.workspaceId,
      plainArray(entries.map((entry) => entry.entryId)),
      plainArray(entries.map((entry) => entry.version)),
    ],
  );
  return new Map(rows.map((row) => [row.entryId, row]));
}
