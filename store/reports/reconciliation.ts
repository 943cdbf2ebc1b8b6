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

function readHours(tx: WorkspaceTx, { startsOn, endsBefore, sourceId }: ReconciliationFilter) {
  return tx.rows<FoundRow>(
    // Each table is reached by its key (lateral, not flattened), whatever the statistics know of a new workspace yet.
    `with present as materialized (
       select e.id, e.source_id, v.project_id, v.work_date, v.billable, v.settled_elsewhere,
         case when e.deleted_at is null then v.quantity else 0 end as quantity
       from work_entries e
       cross join lateral (
         select x.project_id, x.work_date, x.quantity, x.billable, x.settled_elsewhere from entry_versions x
         where x.workspace_id = $1 and x.entry_id = e.id and x.version = e.current_version and x.kind = 'labor'
           and ($2::date is null or x.work_date >= $2) and ($3::date is null or x.work_date < $3) offset 0) v
       where e.workspace_id = $1 and ($4::uuid is null or e.source_id = $4)),
     by_entry as (
       select p.source_id, p.project_id, p.work_date, p.quantity as source, o.open, i.*,
         case when not p.billable then p.quantity else 0 end as non_billable,
         case when p.billable and p.settled_elsewhere then p.quantity else 0 end as settled_elsewhere
       from present p
       cross join lateral (
         select coalesce(sum(x.quantity - x.claimed), 0) as open from entry_balance x
         where x.workspace_id = $1 and x.entry_id = p.id offset 0) o
       cross join lateral (
         select coalesce(sum(c.raw * s.billed), 0) as billed, coalesce(sum(c.raw * s.drafted), 0) as drafted,
           coalesce(sum(c.raw * s.written_off), 0) as written_off, coalesce(sum(c.raw * s.included), 0) as included,
           coalesce(sum(c.raw * s.pending), 0) as pending
         from (
           select x.item_id, sum(x.quantity) as raw from claims x
           where x.workspace_id = $1 and x.entry_id = p.id group by 1 having sum(x.quantity) <> 0 offset 0) c
         cross join lateral (
           select x.quantity, x.included, x.write_off_id from billable_items x where x.workspace_id = $1 and x.id = c.item_id offset 0) i
         cross join lateral (
           select coalesce(sum(x.quantity) filter (where n.number is not null), 0) as billed,
             coalesce(sum(x.quantity) filter (where n.number is null and x.invoice_id is not null), 0) as drafted,
             coalesce(sum(x.quantity) filter (where x.kind in ('write_off', 'write_off_reversal')), 0) as written_off,
             coalesce(sum(x.quantity) filter (where x.kind in ('retainer', 'retainer_reversal')), 0) as drawn
           from allocations x left join client_invoices n on n.workspace_id = $1 and n.id = x.invoice_id
           where x.workspace_id = $1 and x.item_id = c.item_id offset 0) a
         -- Shares of the item. What is included, or was too small to show and so has no quantity, is in one place whole.
         cross join lateral (
           select
             case when whole then 0 else a.billed / divisor end as billed,
             case when whole then 0 else a.drafted / divisor end as drafted,
             case when whole then (not i.included and i.write_off_id is not null)::int else a.written_off / divisor end as written_off,
             case when whole then i.included::int else a.drawn / divisor end as included,
             case when whole then (not i.included and i.write_off_id is null)::int
               else (i.quantity - a.billed - a.drafted - a.written_off - a.drawn) / divisor end as pending
           from (select i.included or i.quantity = 0 as whole, nullif(i.quantity, 0) as divisor) w) s) i)
     select s.id as source_id, s.name as source_name, s.kind as source_kind, s.connection_id, j.code as project_code, j.cost_centre,
       to_char(b.work_date, 'YYYY-MM') as period, count(*)::int as entries, 0 as quarantined_rows,
       jsonb_build_object('source', sum(b.source)::text, 'billed', sum(b.billed)::text, 'drafted', sum(b.drafted)::text,
         'unbilled', sum(b.open + b.pending + b.drafted)::text, 'nonBillable', sum(b.non_billable)::text,
         'settledElsewhere', sum(b.settled_elsewhere)::text, 'writtenOff', sum(b.written_off)::text,
         'included', sum(b.included)::text, 'quarantined', '0') as exact
     from by_entry b
     join sources s on s.workspace_id = $1 and s.id = b.source_id
     left join projects j on j.workspace_id = $1 and j.id = b.project_id
     group by s.id, s.name, s.kind, s.connection_id, j.code, j.cost_centre, 7 limit $5`,
    [tx.workspaceId, startsOn, endsBefore, sourceId, maxRows + 1],
  );
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
