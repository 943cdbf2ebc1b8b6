/** Owns the reconciliation report: the hours that sources have against the ledgers, and issued money against the platforms. */
import { Decimal } from '../../domain/money.ts';
import {
  type ExactHours,
  type ReconciledHours,
  reconcileHours,
  sumHours,
} from '../../domain/reconciliation.ts';
import { Refusal } from '../../domain/refusal.ts';
import type { Day, DecimalText } from '../../domain/work-entry.ts';
import type { WorkspaceTx } from '../database.ts';

export interface ReconciliationFilter {
  /** Work, and documents issued, from this day on; null: from the beginning. */
  startsOn: Day | null;
  /** Half-open. */
  endsBefore: Day | null;
  sourceId: string | null;
}

export interface HoursRow extends ReconciledHours {
  sourceId: string;
  sourceName: string;
  sourceKind: 'connection' | 'file' | 'ticket' | 'timer';
  connectionId: string | null;
  /** Null: no project is known, as of what could not be read. */
  projectCode: string | null;
  costCentre: string | null;
  /** The month of the work, `2026-03`; null of what could not be read. */
  period: string | null;
  entries: number;
  /** Rows in quarantine; those whose hours cannot be read are in no sum. */
  quarantinedRows: number;
}
export interface MoneyRow {
  connectionId: string;
  connectionName: string;
  /** The month of issue. */
  period: string;
  currency: string;
  /** Invoices, and credit notes with their sign turned. */
  documents: number;
  net: DecimalText;
  total: DecimalText;
  /** What the platform has, by its own word. */
  remoteTotal: DecimalText;
  /** Of documents that are on their way, and of those that failed on it. */
  waitingTotal: DecimalText;
  failedTotal: DecimalText;
  /** Total less all three. */
  difference: DecimalText;
}
export interface Reconciliation {
  hours: HoursRow[];
  all: ReconciledHours & { entries: number; quarantinedRows: number };
  money: MoneyRow[];
  /** No difference anywhere. */
  balanced: boolean;
}

/** A report is read by people: beyond this it is asked for in a narrower way, and never cut silently. */
const maxRows = 10_000;

/**
 * The source's side comes from the current versions of its entries and from the quarantine; the other from claims, items and
 * allocations. Both go by the project and month that the entry has now. What a source deleted after it was billed is a
 * difference. Refuses more than 10,000 rows.
 */
export async function readReconciliation(
  tx: WorkspaceTx,
  filter: ReconciliationFilter,
): Promise<Reconciliation> {
  const found = [...(await readHours(tx, filter)), ...(await readQuarantined(tx, filter))];
  const money = await readMoney(tx, filter);
  if (found.length > maxRows || money.length > maxRows)
    throw new Refusal({
      code: 'report.too_large',
      message: `The reconciliation has more than ${maxRows.toLocaleString('en')} rows.`,
      whatToDo: 'Ask for a shorter period, or for one source.',
      details: { limit: maxRows },
    });
  const hours = found.map(({ exact, ...row }) => ({ ...row, ...reconcileHours(exact) })).sort(byPlace);
  const count = (of: 'entries' | 'quarantinedRows') => hours.reduce((sum, row) => sum + row[of], 0);
  return {
    hours,
    all: {
      ...reconcileHours(sumHours(found.map((row) => row.exact))),
      entries: count('entries'),
      quarantinedRows: count('quarantinedRows'),
    },
    money,
    balanced:
      hours.every((row) => row.difference === 0) &&
      money.every((row) => new Decimal(row.difference).isZero()),
  };
}

/** What tells a row from the others, in the order of the report. */
export const placeOfRow = (row: HoursRow): [string, string, string, string] => [
  row.sourceId,
  row.projectCode ?? '',
  row.costCentre ?? '',
  row.period ?? '',
];
function byPlace(a: HoursRow, b: HoursRow): number {
  return comparePlaces(placeOfRow(a), placeOfRow(b));
}
export function comparePlaces(a: readonly string[], b: readonly string[]): number {
  const at = a.findIndex((part, index) => part !== b[index]);
  return at === -1 ? 0 : a[at]! < b[at]! ? -1 : 1;
}

type FoundRow = Omit<HoursRow, keyof ReconciledHours> & { exact: ExactHours };

/** Whole tables are read and hashed: looked up by key, entry by entry, the same takes ten times as long. */
async function readHours(tx: WorkspaceTx, { startsOn, endsBefore, sourceId }: ReconciliationFilter) {
  // Statistics know little of a new workspace, and nested loops over what they take for a few rows never end.
  await tx.run('set local enable_nestloop = off');
  const rows = await tx.rows<FoundRow>(
    `with present as materialized (
       select e.id, e.source_id, v.project_id, v.work_date, v.billable, v.settled_elsewhere,
         case when e.deleted_at is null then v.quantity else 0 end as quantity
       from work_entries e
       join entry_versions v on v.workspace_id = $1 and v.entry_id = e.id and v.version = e.current_version and v.kind = 'labor'
         and ($2::date is null or v.work_date >= $2) and ($3::date is null or v.work_date < $3)
       where e.workspace_id = $1 and ($4::uuid is null or e.source_id = $4)),
     opened as materialized (
       select entry_id, sum(quantity - claimed) as open from entry_balance where workspace_id = $1 and quantity <> claimed group by 1),
     claimed as materialized (
       select entry_id, item_id, sum(quantity) as raw from claims where workspace_id = $1 group by 1, 2 having sum(quantity) <> 0),
     allocated as materialized (
       select x.item_id,
         coalesce(sum(x.quantity) filter (where n.number is not null), 0) as billed,
         coalesce(sum(x.quantity) filter (where n.number is null and x.invoice_id is not null), 0) as drafted,
         coalesce(sum(x.quantity) filter (where x.kind in ('write_off', 'write_off_reversal')), 0) as written_off,
         coalesce(sum(x.quantity) filter (where x.kind in ('retainer', 'retainer_reversal')), 0) as drawn
       from allocations x left join client_invoices n on n.workspace_id = $1 and n.id = x.invoice_id
       where x.workspace_id = $1 group by 1),
     -- Parts of the item. What is included, or was too small to show and so has no quantity, is in one place whole.
     parts as materialized (
       select c.entry_id, c.raw, i.included as is_included, i.write_off_id is not null as is_written_off, i.included or i.quantity = 0 as whole,
         nullif(i.quantity, 0) as quantity, coalesce(a.billed, 0) as billed, coalesce(a.drafted, 0) as drafted,
         coalesce(a.written_off, 0) as written_off, coalesce(a.drawn, 0) as drawn
       from claimed c
       join billable_items i on i.workspace_id = $1 and i.id = c.item_id
       left join allocated a on a.item_id = c.item_id),
     placed as materialized (
       select entry_id,
         sum(case when whole then 0 else raw * billed / quantity end) as billed,
         sum(case when whole then 0 else raw * drafted / quantity end) as drafted,
         sum(case when not whole then raw * written_off / quantity when not is_included and is_written_off then raw else 0 end) as written_off,
         sum(case when not whole then raw * drawn / quantity when is_included then raw else 0 end) as included,
         sum(case when not whole then raw * (quantity - billed - drafted - written_off - drawn) / quantity
           when not is_included and not is_written_off then raw else 0 end) as pending
       from parts group by 1)
     select s.id as source_id, s.name as source_name, s.kind as source_kind, s.connection_id, j.code as project_code, j.cost_centre,
       to_char(p.work_date, 'YYYY-MM') as period, count(*)::int as entries, 0 as quarantined_rows,
       jsonb_build_object('source', sum(p.quantity)::text, 'billed', coalesce(sum(l.billed), 0)::text, 'drafted', coalesce(sum(l.drafted), 0)::text,
         'unbilled', (coalesce(sum(o.open), 0) + coalesce(sum(l.pending), 0) + coalesce(sum(l.drafted), 0))::text,
         'nonBillable', coalesce(sum(p.quantity) filter (where not p.billable), 0)::text,
         'settledElsewhere', coalesce(sum(p.quantity) filter (where p.billable and p.settled_elsewhere), 0)::text,
         'writtenOff', coalesce(sum(l.written_off), 0)::text, 'included', coalesce(sum(l.included), 0)::text, 'quarantined', '0') as exact
     from present p
     join sources s on s.workspace_id = $1 and s.id = p.source_id
     left join projects j on j.workspace_id = $1 and j.id = p.project_id
     left join opened o on o.entry_id = p.id
     left join placed l on l.entry_id = p.id
     group by s.id, s.name, s.kind, s.connection_id, j.code, j.cost_centre, 7 limit $5`,
    [tx.workspaceId, startsOn, endsBefore, sourceId, maxRows + 1],
  );
  await tx.run('set local enable_nestloop = on');
  return rows;
}

/**
 * Rows that nobody could read belong to no project or month. Where a row was readable and stood in the file twice, its hours
 * are known, and are the source's too.
 */
function readQuarantined(tx: WorkspaceTx, { startsOn, endsBefore, sourceId }: ReconciliationFilter) {
  return tx.rows<FoundRow>(
    `with set_aside as (
       select q.source_id, case when q.reason = 'key.duplicate' and not q.truncated then q.raw::jsonb end as entry
       from quarantine q
       where q.workspace_id = $1 and q.status = 'open' and ($4::uuid is null or q.source_id = $4)),
     known as (
       select source_id, (entry ->> 'workDate')::date as work_date,
         case when entry ->> 'kind' = 'labor' then (entry ->> 'quantity')::numeric else 0 end as seconds
       from set_aside)
     select s.id as source_id, s.name as source_name, s.kind as source_kind, s.connection_id, null as project_code, null as cost_centre,
       null as period, 0 as entries, count(*)::int as quarantined_rows,
       jsonb_build_object('source', sum(k.seconds)::text, 'quarantined', sum(k.seconds)::text, 'billed', '0', 'drafted', '0', 'unbilled', '0',
         'nonBillable', '0', 'settledElsewhere', '0', 'writtenOff', '0', 'included', '0') as exact
     from known k join sources s on s.workspace_id = $1 and s.id = k.source_id
     where ($2::date is null or k.work_date is null or k.work_date >= $2) and ($3::date is null or k.work_date is null or k.work_date < $3)
     group by s.id, s.name, s.kind, s.connection_id`,
    [tx.workspaceId, startsOn, endsBefore, sourceId],
  );
}

/** Of contracts that send their documents somewhere; a source that is no connection has none. */
function readMoney(tx: WorkspaceTx, { startsOn, endsBefore, sourceId }: ReconciliationFilter) {
  return tx.rows<MoneyRow>(
    `with documents as (
       select 'client_invoice' as type, i.id, i.contract_id, i.currency, i.issue_date, i.status <> 'void' as stands, i.net, i.total, 1 as sign
       from client_invoices i where i.workspace_id = $1 and i.number is not null and i.contract_id is not null
       union all
       select 'credit_note', n.id, i.contract_id, n.currency, n.issue_date, true, n.net, n.total, -1
       from credit_notes n join client_invoices i on i.workspace_id = $1 and i.id = n.invoice_id
       where n.workspace_id = $1 and n.status = 'issued' and i.contract_id is not null),
     sent as (
       select c.id as connection_id, c.name as connection_name, to_char(d.issue_date, 'YYYY-MM') as period, d.currency,
         d.sign * case when d.stands then d.net else 0 end as net, d.sign * case when d.stands then d.total else 0 end as total,
         d.sign * r.remote_total as remote_total, r.status
       from documents d
       join contracts k on k.workspace_id = $1 and k.id = d.contract_id
       left join sync_records r on r.workspace_id = $1 and r.subject_type = d.type and r.subject_id = d.id
       join connections c on c.workspace_id = $1 and c.id = coalesce(r.connection_id, k.target_connection_id)
       where (d.stands or r.remote_total is not null)
         and ($2::date is null or d.issue_date >= $2) and ($3::date is null or d.issue_date < $3)
         and ($4::uuid is null or c.id = (select s.connection_id from sources s where s.workspace_id = $1 and s.id = $4)))
     select connection_id, connection_name, period, currency, count(*)::int as documents, sum(net) as net, sum(total) as total,
       coalesce(sum(remote_total), 0) as remote_total,
       coalesce(sum(total) filter (where remote_total is null and status is distinct from 'failed'), 0) as waiting_total,
       coalesce(sum(total) filter (where remote_total is null and status = 'failed'), 0) as failed_total,
       coalesce(sum(total - remote_total) filter (where remote_total is not null), 0) as difference
     from sent group by 1, 2, 3, 4 order by 2, 1, 3, 4 limit $5`,
    [tx.workspaceId, startsOn, endsBefore, sourceId, maxRows + 1],
  );
}
