/** Owns the leakage report: work that was done and has earned nothing yet, by the reason why, as of a day. */
import { billableApprovals } from '../../domain/approval.ts';
import { Refusal } from '../../domain/refusal.ts';
import type { Day } from '../../domain/work-entry.ts';
import type { WorkspaceTx } from '../database.ts';

/**
 * Why work earns nothing. An open entry is under exactly one: the first that holds, in this order. Priced items without a rate,
 * on no document, come from claimed entries and are beside them.
 */
export const leakageReasons = [
  'no_contract',
  'after_contract_end',
  'never_approved',
  'unbilled',
  'no_rate',
] as const;
export type LeakageReason = (typeof leakageReasons)[number];
/** Days since the work. */
export const leakageAges = ['0-30', '31-60', '61-90', 'over_90'] as const;

export interface LeakageRow {
  reason: LeakageReason;
  age: (typeof leakageAges)[number];
  clientName: string | null;
  projectCode: string | null;
  entries: number;
  /** Labor only, signed. */
  seconds: number;
}
export interface Leakage {
  /** Work of this day and before, by what is known of it now. */
  asOf: Day;
  rows: LeakageRow[];
  entries: number;
  /** Without `no_rate` this is the open labor that `slipway verify` proves, as far as it is dated to the day. */
  seconds: number;
}

/** A report is read by people: beyond this it is asked for in a narrower way, and never cut silently. */
const maxRows = 10_000;

/** Refuses more than 10,000 rows. */
export async function readLeakage(tx: WorkspaceTx, asOf: Day): Promise<Leakage> {
  const rows = await tx.rows<LeakageRow>(
    `with open as materialized (
       select b.project_id, b.work_date, case when v.kind = 'labor' then b.quantity - b.claimed else 0 end as seconds,
         case when j.contract_id is null then 'no_contract'
           when b.work_date >= j.ends_before then 'after_contract_end'
           when not $3::jsonb -> j.approval_policy ? v.approval then 'never_approved'
           else 'unbilled' end as reason
       from entry_balance b
       cross join lateral (
         select x.current_version from work_entries x where x.workspace_id = $1 and x.id = b.entry_id and x.deleted_at is null offset 0) e
       cross join lateral (
         select x.kind, x.approval from entry_versions x where x.workspace_id = $1 and x.entry_id = b.entry_id and x.version = b.version offset 0) v
       left join lateral (
         select p.contract_id, k.ends_before, k.approval_policy from projects p
         left join contracts k on k.workspace_id = $1 and k.id = p.contract_id
         where p.workspace_id = $1 and p.id = b.project_id offset 0) j on true
       where b.workspace_id = $1 and b.claimed <> b.quantity and e.current_version = b.version and b.work_date <= $2
       union all
       select i.project_id, i.work_date, case when i.kind in ('labor', 'labor_overtime') then i.raw_quantity else 0 end, 'no_rate'
       from item_balance b
       cross join lateral (
         select x.project_id, x.work_date, x.kind, x.raw_quantity from billable_items x
         where x.workspace_id = $1 and x.id = b.item_id and x.flagged and not x.included and x.withdrawn_at is null
           and x.entry_id is not null and x.work_date <= $2 offset 0) i
       where b.workspace_id = $1 and b.allocated = 0 and b.quantity <> 0)
     select o.reason, c.name as client_name, p.code as project_code,
       case when $2::date - o.work_date <= 30 then '0-30' when $2::date - o.work_date <= 60 then '31-60'
         when $2::date - o.work_date <= 90 then '61-90' else 'over_90' end as age,
       count(*)::int as entries, sum(o.seconds)::bigint as seconds
     from open o
     left join projects p on p.workspace_id = $1 and p.id = o.project_id
     left join clients c on c.workspace_id = $1 and c.id = p.client_id
     group by 1, 2, 3, 4 order by array_position($4::text[], o.reason), 4, 2, 3 limit $5`,
    [tx.workspaceId, asOf, JSON.stringify(billableApprovals), [...leakageReasons], maxRows + 1],
  );
  if (rows.length > maxRows)
    throw new Refusal({
      code: 'report.too_large',
      message: `More than ${maxRows.toLocaleString('en')} rows have work that earns nothing.`,
      whatToDo: 'Ask for an earlier day.',
      details: { limit: maxRows },
    });
  return {
    asOf,
    rows,
    entries: rows.reduce((sum, row) => sum + row.entries, 0),
    seconds: rows.reduce((sum, row) => sum + row.seconds, 0),
  };
}
