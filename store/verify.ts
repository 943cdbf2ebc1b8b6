/** Owns proving the books: everything that is stored twice, or derived, is recomputed from the ledgers and compared. */
import { Decimal, type Rounding } from '../domain/money.ts';
import { type TaxedLine, taxTotals } from '../domain/tax.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import type { Database, WorkspaceTx } from './database.ts';
import { verifyChain } from './events.ts';
import { type Comparison, correctionComparisons, creditedTotals } from './verify-corrections.ts';
import { journalComparisons } from './verify-journal.ts';
import { recordedWork } from './verify-recorded-work.ts';

export interface Check {
  name: string;
  ok: boolean;
  /** One line for a person: what was compared, and the first places where it is off. */
  detail: string;
}
export interface Verification {
  checks: Check[];
  ok: boolean;
}

/** What one comparison in SQL answers: how many were compared, how many are off, and where. */
interface Compared {
  checked: number;
  wrong: number;
  /** At most `maxSamples` places, readable. */
  sample: string | null;
}
const maxSamples = 3;
const invoicePage = 2_000;

/**
 * Recomputes ledgers, documents, cash, totals and the event chain of one workspace. Writes nothing and locks nothing; each
 * comparison is one statement, so it is right while others write. `ok` when every check is.
 */
export async function verifyWorkspace(database: Database, workspaceId: string): Promise<Verification> {
  const inOne = (work: (tx: WorkspaceTx) => Promise<Check>) => database.inWorkspace(workspaceId, work);
  const checks: Check[] = [];
  for (const { name, says, sql } of [
    ...comparisons,
    recordedWork,
    ...correctionComparisons,
    ...journalComparisons,
  ]) {
    checks.push(await inOne(async (tx) => toCheck(name, says, await compare(tx, sql))));
  }
  checks.push(await inOne(checkInvoiceTotals));
  checks.push(await inOne(checkBilledOnce));
  checks.push(await inOne(checkEvents));
  return { checks, ok: checks.every((check) => check.ok) };
}

/** Wraps a query that answers one row per thing compared: (place text, broken boolean). */
async function compare(tx: WorkspaceTx, sql: string): Promise<Compared> {
  const row = await tx.row<Compared>(
    `with compared as (${sql})
     select count(*) as checked, count(*) filter (where broken) as wrong,
       (select string_agg(place, '; ') from (select place from compared where broken limit ${maxSamples}) s) as sample
     from compared`,
    [tx.workspaceId],
  );
  return row!;
}

function toCheck(name: string, says: string, { checked, wrong, sample }: Compared): Check {
  const counted = checked.toLocaleString('en');
  if (wrong === 0) return { name, ok: true, detail: `${counted} ${says}` };
  const rest = wrong > maxSamples ? ' …' : '';
  return { name, ok: false, detail: `${wrong.toLocaleString('en')} of ${counted} ${says}: ${sample}${rest}` };
}

// $1 is the workspace. Row-level security alone would do; the plain condition lets the indexes serve it.
const comparisons: Comparison[] = [
  {
    name: 'claims',
    says: 'entry versions, claimed = Σ claims and within the entry',
    sql: `select 'entry ' || coalesce(b.entry_id, c.entry_id) || ' version ' || coalesce(b.version, c.version)
            || ' holds ' || coalesce(b.claimed::text, 'no balance') || ', claims say ' || coalesce(c.quantity, 0) as place,
          coalesce(b.claimed <> coalesce(c.quantity, 0) or b.claimed not between least(0, b.quantity) and greatest(0, b.quantity), true) as broken
        from (select entry_id, version, quantity, claimed from entry_balance where workspace_id = $1) b
        full join (select entry_id, version, sum(quantity) as quantity from claims where workspace_id = $1 group by 1, 2) c using (entry_id, version)`,
  },
  {
    name: 'entries complete',
    says: 'billable entries, claimed + open = their current quantity',
    // Nothing lost, nothing twice: all versions together offer exactly what the current one says.
    sql: `select 'entry ' || e.id || ' has ' || v.quantity || ', claimed and open make '
            || sum(case when b.version = e.current_version then b.quantity else b.claimed end) as place,
          v.quantity <> sum(case when b.version = e.current_version then b.quantity else b.claimed end)
            or coalesce(bool_or(b.version <> e.current_version and b.quantity <> b.claimed), true) as broken
        from work_entries e
        join entry_versions v on v.workspace_id = $1 and v.entry_id = e.id and v.version = e.current_version
        left join entry_balance b on b.workspace_id = $1 and b.entry_id = e.id
        where e.workspace_id = $1 and e.deleted_at is null and v.billable and not v.settled_elsewhere group by e.id, v.quantity`,
  },
  {
    name: 'allocations',
    says: 'items, allocated = Σ allocations and within the item',
    sql: `select 'item ' || coalesce(b.item_id, a.item_id) || ' holds ' || coalesce(b.allocated::text, 'no balance')
            || ', allocations say ' || coalesce(a.quantity, 0) as place,
          coalesce(b.allocated <> coalesce(a.quantity, 0) or b.allocated not between least(0, b.quantity) and greatest(0, b.quantity), true) as broken
        from (select item_id, quantity, allocated from item_balance where workspace_id = $1) b
        full join (select item_id, sum(quantity) as quantity from allocations where workspace_id = $1 group by 1) a using (item_id)`,
  },
  {
    name: 'allocations by line',
    says: 'pairs of item and line, nothing returned beyond what was taken',
    sql: `select 'item ' || a.item_id || ' on ' || a.target_id || ' sums to ' || a.quantity || ' of ' || b.quantity as place,
          a.quantity not between least(0, b.quantity) and greatest(0, b.quantity) as broken
        from (select item_id, target_id, sum(quantity) as quantity from allocations where workspace_id = $1 group by 1, 2) a
        join item_balance b on b.workspace_id = $1 and b.item_id = a.item_id`,
  },
  {
    name: 'items',
    says: 'items, made by their claim and quantity × price = amount, and without one once withdrawn',
    sql: `select 'item ' || coalesce(i.id, c.item_id) as place,
          coalesce(case when i.withdrawn then c.item_id is not null or b.quantity <> 0 else
              i.entry_id is not null and (c.quantity is null or c.quantity <> i.raw_quantity or c.entry_id <> i.entry_id or c.version <> i.entry_version)
              or b.quantity <> i.quantity end
            or i.quantity <> i.rounded_quantity + i.adjusted_quantity or i.amount <> i.quantity * i.unit_price, true) as broken
        from (select id, entry_id, entry_version, raw_quantity, rounded_quantity, adjusted_quantity, quantity, unit_price, amount,
                withdrawn_at is not null as withdrawn
              from billable_items where workspace_id = $1) i
        full join (select item_id, entry_id, version, sum(quantity) as quantity from claims where workspace_id = $1 group by 1, 2, 3
                   having sum(quantity) <> 0) c on c.item_id = i.id
        left join item_balance b on b.workspace_id = $1 and b.item_id = i.id`,
  },
  {
    name: 'lines',
    says: 'invoice lines, amount and quantity = Σ allocations, and quantity × price = amount',
    // A void, credit or write-off returns quantity later; what the line says was made by draft − discard.
    sql: `select 'line ' || l.line_no || ' of ' || coalesce(i.number, 'draft ' || i.id) || ' says ' || l.quantity || ' for ' || l.amount
            || ', its items ' || coalesce(a.quantity, 0) || ' for ' || coalesce(a.amount, 0) as place,
          coalesce(a.amount, 0) <> l.amount
            or l.kind <> 'lump_sum' and coalesce(a.quantity, 0) <> l.quantity
            or abs(l.quantity * l.unit_price - l.amount) >= power(10::numeric, -coalesce((l.formula ->> 'moneyPlaces')::int, 2)) as broken
        from invoice_lines l
        join client_invoices i on i.workspace_id = $1 and i.id = l.invoice_id and i.status <> 'discarded'
        left join (select target_id, sum(quantity) as quantity, sum(amount) as amount from allocations
                   where workspace_id = $1 and kind in ('draft', 'discard') group by 1) a on a.target_id = l.id
        where l.workspace_id = $1 and l.kind in ('time', 'expense', 'mileage', 'goods', 'milestone', 'lump_sum')`,
  },
  {
    name: 'invoice hours',
    says: 'invoices and drafts, hours = those of the items on them',
    sql: `select coalesce(i.number, 'draft ' || i.id) || ' says ' || i.quantity_seconds || ' s, its items ' || coalesce(a.seconds, 0) as place,
          i.quantity_seconds <> coalesce(a.seconds, 0) as broken
        from client_invoices i
        left join (
          select x.invoice_id, sum(round(b.raw_quantity * x.quantity / b.quantity)) as seconds
          from (select invoice_id, item_id, sum(quantity) as quantity from allocations
                where workspace_id = $1 and kind in ('draft', 'discard') group by 1, 2 having sum(quantity) <> 0) x
          join billable_items b on b.workspace_id = $1 and b.id = x.item_id and b.kind in ('labor', 'labor_overtime') group by 1) a on a.invoice_id = i.id
        where i.workspace_id = $1 and i.status <> 'discarded'`,
  },
  {
    name: 'discarded drafts',
    says: 'discarded drafts, all of it returned',
    sql: `select 'draft ' || i.id || ' still holds ' || coalesce(a.quantity, 0) as place, coalesce(a.quantity, 0) <> 0 as broken
        from client_invoices i
        left join (select invoice_id, sum(quantity) as quantity from (
            select invoice_id, item_id, abs(sum(quantity)) as quantity from allocations where workspace_id = $1 and invoice_id is not null group by 1, 2) x
          group by 1) a on a.invoice_id = i.id
        where i.workspace_id = $1 and i.status = 'discarded'`,
  },
  {
    name: 'series',
    says: 'numbered documents, no gap and no date going back',
    sql: `with numbered as (
          select series_id, sequence, number, issue_date from client_invoices where workspace_id = $1 and sequence is not null
          union all select series_id, sequence, number, issue_date from credit_notes where workspace_id = $1 and sequence is not null
          union all select series_id, sequence, number, issue_date from contractor_invoices where workspace_id = $1 and sequence is not null
          union all select series_id, sequence, number, issue_date from late_fees where workspace_id = $1 and sequence is not null),
        ordered as (
          select n.*, s.next_number, s.last_issue_date, lag(sequence) over w as before, lag(issue_date) over w as date_before,
            lead(sequence) over w as after
          from numbered n join series s on s.workspace_id = $1 and s.id = n.series_id window w as (partition by series_id order by sequence))
        select number || ' (sequence ' || sequence || ', ' || issue_date || ') follows ' || coalesce(before::text, 'none') || ', ' || coalesce(date_before::text, 'none') as place,
          before is not null and (sequence <> before + 1 or issue_date < date_before)
            or after is null and (next_number <> sequence + 1 or last_issue_date <> issue_date) as broken
        from ordered`,
  },
  {
    name: 'receivables',
    says: 'numbered invoices, applied = Σ applications, credited and bad debt = their documents, never beyond the total',
    sql: `select i.number || ' says applied ' || i.applied || ', applications ' || coalesce(p.amount, 0) as place,
          i.applied <> coalesce(p.amount, 0) or i.credited <> coalesce(c.amount, 0) or i.bad_debt <> coalesce(d.amount, 0)
            or i.total >= 0 and i.applied + i.credited + i.bad_debt > i.total
            or i.status = 'settled' and i.applied + i.credited + i.bad_debt <> i.total
            or i.status in ('issued', 'sent') and i.applied > 0 as broken
        from client_invoices i
        left join (select document_id, sum(coalesce(document_amount, amount)) as amount from payment_applications where workspace_id = $1 and kind = 'invoice' group by 1) p
          on p.document_id = i.id
        left join (select invoice_id, sum(total) as amount from credit_notes where workspace_id = $1 and status = 'issued' group by 1) c on c.invoice_id = i.id
        left join (select invoice_id, sum(amount) as amount from bad_debts where workspace_id = $1 group by 1) d on d.invoice_id = i.id
        where i.workspace_id = $1 and i.number is not null`,
  },
  {
    name: 'payments',
    says: 'payments, Σ applications = the payment, and 0 while pending or once reversed',
    sql: `select 'payment ' || p.id || ' of ' || p.amount || ' has ' || coalesce(a.amount, 0) || ' applied' as place,
          coalesce(a.amount, 0) <> case when p.status = 'cleared' then p.amount else 0 end as broken
        from payments p
        left join (select payment_id, sum(amount) as amount from payment_applications where workspace_id = $1 group by 1) a on a.payment_id = p.id
        where p.workspace_id = $1`,
  },
  {
    name: 'late fees',
    says: 'late fees and interest, applied = Σ applications, settled exactly when nothing is open',
    sql: `select 'late fee ' || coalesce(f.number, f.id::text) || ' of ' || f.amount || ' says applied ' || f.applied || ', applications ' || coalesce(p.amount, 0) as place,
          f.applied <> coalesce(p.amount, 0) or (f.status = 'settled') <> (f.applied = f.amount) or f.status = 'waived' and f.applied <> 0 as broken
        from late_fees f
        left join (select document_id, sum(coalesce(document_amount, amount)) as amount from payment_applications
                   where workspace_id = $1 and kind = 'late_fee' group by 1) p on p.document_id = f.id
        where f.workspace_id = $1`,
  },
  {
    name: 'payables',
    says: 'contractor invoices, net = their lines (but of opening ones), applied = Σ applications, withheld = Σ its lines',
    sql: `select 'contractor invoice ' || coalesce(i.number, i.id::text) || ' says net ' || i.net || ', applied ' || i.applied || ', withheld ' || i.withheld
            || '; found ' || coalesce(l.amount, 0) || ', ' || coalesce(p.amount, 0) || ', ' || coalesce(w.amount, 0) as place,
          i.net <> coalesce(l.amount, 0) and i.number_given_by <> 'opening' or i.applied <> coalesce(p.amount, 0) or i.withheld <> coalesce(w.amount, 0) or i.applied > i.total and i.total >= 0
            or i.withheld <> coalesce(p.withheld, 0) as broken
        from contractor_invoices i
        left join (select contractor_invoice_id, sum(amount) as amount from contractor_invoice_lines where workspace_id = $1 group by 1) l
          on l.contractor_invoice_id = i.id
        left join (select document_id, coalesce(sum(amount) filter (where kind = 'contractor_invoice'), 0) as amount,
            coalesce(-sum(amount) filter (where kind = 'tax_withheld'), 0) as withheld
          from payment_applications where workspace_id = $1 and kind in ('contractor_invoice', 'tax_withheld') group by 1) p on p.document_id = i.id
        left join (select contractor_invoice_id, sum(amount) as amount from withholding_lines where workspace_id = $1 group by 1) w
          on w.contractor_invoice_id = i.id
        where i.workspace_id = $1`,
  },
  {
    name: 'contractor credits',
    says: 'contractor credits, netted = Σ their entries = Σ applications, and within the credit',
    sql: `select 'credit ' || c.id || ' of ' || c.amount || ' says netted ' || c.netted || ', entries ' || coalesce(e.amount, 0) as place,
          c.netted <> coalesce(e.amount, 0) or c.netted <> coalesce(p.amount, 0) or c.netted > c.amount as broken
        from contractor_credits c
        left join (select credit_id, sum(amount) as amount from contractor_credit_entries where workspace_id = $1 group by 1) e on e.credit_id = c.id
        left join (select document_id, -sum(amount) as amount from payment_applications where workspace_id = $1 and kind = 'contractor_credit' group by 1) p
          on p.document_id = c.id
        where c.workspace_id = $1`,
  },
  {
    name: 'bundles',
    says: 'tickets, bundled or paid exactly while one contractor invoice or credit holds them, and paid as that is',
    sql: `select 'ticket ' || coalesce(t.number, t.id::text) || ' is ' || t.status || ', held by ' || coalesce(i.number, i.id::text, c.id::text, 'nothing') as place,
          (t.status in ('bundled', 'paid')) <> (i.id is not null or c.id is not null) or i.id is not null and c.id is not null
            or (t.status = 'paid') <> (coalesce(i.status = 'paid', false) or coalesce(c.netted = c.amount, false)) as broken
        from tickets t
        left join contractor_invoice_tickets x on x.workspace_id = $1 and x.ticket_id = t.id
        left join contractor_invoices i on i.workspace_id = $1 and i.id = x.contractor_invoice_id
        left join contractor_credits c on c.workspace_id = $1 and c.ticket_id = t.id
        where t.workspace_id = $1`,
  },
  {
    name: 'retainers',
    says: 'periods of retainers, balance = Σ entries, what was drawn = what its draws took, and each fee one item of its own',
    sql: `select 'retainer from ' || r.starts_on || ' says ' || r.balance || ', its entries ' || coalesce(e.quantity, 0) || ', with '
            || coalesce(e.drawn, 0) || ' drawn by ' || coalesce(d.draws, 0) || ' draws' as place,
          r.balance <> coalesce(e.quantity, 0) or coalesce(d.wrong, 0) > 0
            or r.fee_item_id is not null and (i.kind is distinct from 'retainer' or count(*) over (partition by r.fee_item_id) > 1) as broken
        from retainers r
        left join billable_items i on i.workspace_id = $1 and i.id = r.fee_item_id
        left join (select retainer_id, sum(quantity) as quantity, -sum(quantity) filter (where kind in ('draw', 'return')) as drawn
                   from retainer_entries where workspace_id = $1 group by 1) e on e.retainer_id = r.id
        left join (
          select w.retainer_id, count(*) as draws,
            count(*) filter (where (a.quantity <> 0) <> (w.returned_at is null) or x.expected is not null and x.expected <> x.used) as wrong
          from retainer_draws w
          left join lateral (select coalesce(sum(a.quantity), 0) as quantity from allocations a
            where a.workspace_id = $1 and a.target_id = w.id and a.invoice_id is null) a on true
          left join lateral (
            -- Days and shifts have their hours in the terms, and are not compared.
            select case when max(p.measure) = 'money' then sum(z.quantity * y.unit_price)
                when bool_and(y.unit in ('hour', 'standby')) then sum(z.quantity) end as expected,
              (select coalesce(-sum(q.quantity), 0) from retainer_entries q where q.workspace_id = $1 and q.retainer_id = w.retainer_id and q.reference = w.id::text) as used
            from allocations z join billable_items y on y.workspace_id = $1 and y.id = z.item_id
            join retainers p on p.workspace_id = $1 and p.id = w.retainer_id
            where z.workspace_id = $1 and z.target_id = w.id and z.invoice_id is null) x on true
          where w.workspace_id = $1 group by 1) d on d.retainer_id = r.id
        where r.workspace_id = $1`,
  },
  {
    name: 'fixed prices',
    says: 'fixed prices, price = Σ amendments, billed = Σ entries = its items, and within the price',
    sql: `select 'price of ' || s.price || ' with ' || s.billed || ' billed; its entries say ' || coalesce(e.price, 0) || ' and ' || coalesce(e.billed, 0)
            || ', its items ' || coalesce(e.items, 0) as place,
          s.price <> coalesce(e.price, 0) or s.billed <> coalesce(e.billed, 0) or s.billed <> coalesce(e.items, 0) or s.billed > s.price as broken
        from price_schedules s
        left join (
          select x.schedule_id, sum(x.amount) filter (where x.kind = 'amendment') as price, sum(x.amount) filter (where x.kind <> 'amendment') as billed,
            sum(i.amount) filter (where x.kind = 'billed' and i.withdrawn_at is null) as items
          from price_schedule_entries x left join billable_items i on i.workspace_id = $1 and i.id = x.item_id
          where x.workspace_id = $1 group by 1) e on e.schedule_id = s.id
        where s.workspace_id = $1`,
  },
  {
    name: 'milestones',
    says: 'milestones that were billed, each by one item of its price',
    sql: `select 'milestone ' || m.name || ' of ' || m.price || ' has an item of ' || coalesce(i.amount::text, 'nothing') as place,
          i.amount is distinct from m.price or i.kind <> 'milestone' or count(*) over (partition by m.item_id) > 1 as broken
        from milestones m left join billable_items i on i.workspace_id = $1 and i.id = m.item_id
        where m.workspace_id = $1 and m.item_id is not null`,
  },
  {
    name: 'opening balances',
    says: 'control totals and documents of opening balances, as they were signed off',
    sql: `with in_effect as (select * from opening_batches where workspace_id = $1 and status = 'in_effect'),
          stated as (
            select b.id, t.kind, coalesce(t.currency, '') as currency, t.count, t.amount
            from in_effect b cross join lateral jsonb_to_recordset(b.control_totals) as t(kind text, currency text, count int, amount numeric)),
          brought as (
            select o.batch_id as id, o.kind, coalesce(o.currency, '') as currency, count(*)::int as count, sum(o.amount) as amount
            from in_effect b join opening_balances o on o.workspace_id = $1 and o.batch_id = b.id group by 1, 2, 3)
        select 'batch ' || id || ' has ' || coalesce(r.amount, 0) || ' of ' || kind || ', signed off were ' || coalesce(t.amount, 0) as place,
          (t.count, t.amount) is distinct from (r.count, r.amount) as broken
        from stated t full join brought r using (id, kind, currency) where t.count > 0 or r.count > 0
        union all
        select 'document ' || o.number || ' comes to ' || coalesce(i.total, p.total, 0) || ', brought in were ' || o.amount,
          coalesce(i.total, p.total) is distinct from o.amount
            or coalesce(i.number_given_by, p.number_given_by) <> 'opening'
            or coalesce(i.status = 'void', p.status = 'cancelled') <> (c.id is not null)
        from in_effect b
        join opening_balances o on o.workspace_id = $1 and o.batch_id = b.id and o.kind in ('receivable', 'payable')
        left join in_effect c on c.counters_batch_id = b.id
        left join client_invoices i on i.workspace_id = $1 and o.kind = 'receivable' and i.id = o.subject_id
        left join contractor_invoices p on p.workspace_id = $1 and o.kind = 'payable' and p.id = o.subject_id
        where b.counters_batch_id is null`,
  },
  {
    name: 'synced documents',
    says: 'documents at platforms, each with an id of its own and our total',
    sql: `select s.subject_type || ' ' || s.subject_id || ' is ' || coalesce(s.external_id, 'without an id') || ' there' as place,
          s.external_id is null or count(*) over (partition by s.connection_id, s.subject_type, s.external_id) > 1
            or s.subject_type = 'client_invoice' and s.remote_total is distinct from case when i.status <> 'void' then i.total end as broken
        from sync_records s left join client_invoices i on i.workspace_id = $1 and i.id = s.subject_id
        where s.workspace_id = $1 and (s.external_id is not null or s.status = 'synced') and s.status <> 'failed' and s.status <> 'drifted'`,
  },
  {
    name: 'totals',
    says: 'totals, folded + open = recomputed',
    sql: `with expected as (
          select 'entries' as metric, '' as key, count(*)::numeric as value from work_entries where workspace_id = $1
          union all
          select 'entry_seconds', '', coalesce(sum(v.quantity), 0) from work_entries e
            join entry_versions v on v.workspace_id = $1 and v.entry_id = e.id and v.version = e.current_version
            where e.workspace_id = $1 and v.kind = 'labor'
          union all
          select 'open_seconds', coalesce(b.project_id::text, 'unmatched'), sum(b.quantity - b.claimed) from entry_balance b
            join entry_versions v on v.workspace_id = $1 and v.entry_id = b.entry_id and v.version = b.version
            where b.workspace_id = $1 and v.kind = 'labor' group by 2
          union all
          select 'pending_amount', i.currency, sum((b.quantity - b.allocated) * i.unit_price) from item_balance b
            join billable_items i on i.workspace_id = $1 and i.id = b.item_id where b.workspace_id = $1 group by 2
          union all
          select m.metric, i.contract_id || ':' || case i.kind when 'labor_overtime' then 'labor' else i.kind end,
            case m.metric when 'item_count' then count(*)::numeric else sum(i.amount) end
            from billable_items i cross join (values ('item_count'), ('item_amount')) as m(metric)
            where i.workspace_id = $1 and i.withdrawn_at is null and i.amount <> 0 and i.entry_id is not null group by 1, 2
          union all
          select 'drafted_net', currency, sum(net) from client_invoices
            where workspace_id = $1 and number is null and status <> 'discarded' group by 2
          union all
          select case when internal then 'internal_net' else 'issued_net' end, currency, sum(net) from client_invoices
            where workspace_id = $1 and number is not null and status <> 'void' and number_given_by <> 'opening' group by 1, 2
          union all
          ${creditedTotals}
          union all
          select 'receivable', currency, sum(total - applied - credited - bad_debt) from client_invoices
            where workspace_id = $1 and number is not null and status <> 'void' group by 2
          union all
          select 'paid', currency, sum(applied) from client_invoices where workspace_id = $1 and number is not null group by 2
          union all
          select 'issued_invoices', '', count(*) from client_invoices
            where workspace_id = $1 and number is not null and status <> 'void' and number_given_by <> 'opening'),
        kept as (
          select metric, key, sum(value) as value from (
            select metric, key, value from totals where workspace_id = $1
            union all select metric, key, value from total_deltas where workspace_id = $1) t
          where metric in ('entries', 'entry_seconds', 'open_seconds', 'pending_amount', 'item_count', 'item_amount', 'drafted_net', 'issued_net', 'internal_net', 'credited_net', 'internal_credited_net', 'receivable', 'paid', 'issued_invoices')
          group by 1, 2)
        select metric || coalesce(' ' || nullif(key, ''), '') || ' is ' || coalesce(k.value, 0) || ', recomputed ' || coalesce(e.value, 0) as place,
          coalesce(k.value, 0) <> coalesce(e.value, 0) as broken
        from expected e full join kept k using (metric, key)`,
  },
];

interface InvoiceSums {
  id: string;
  number: string | null;
  net: DecimalText;
  tax: DecimalText;
  rounding: DecimalText;
  total: DecimalText;
  lineCount: number;
  itemCount: number;
  modes: Rounding;
  lines: number;
  items: number;
  discounted: DecimalText;
  taken: DecimalText;
  byTax: TaxedLine[];
}

/** Net, tax and total by the same rule that made them, over the lines as they stand; page by page, since every invoice is read. */
async function checkInvoiceTotals(tx: WorkspaceTx): Promise<Check> {
  const compared: Compared = { checked: 0, wrong: 0, sample: null };
  for (let after: string | null = null; ; ) {
    const page: InvoiceSums[] = await tx.rows<InvoiceSums>(
      // Lines of one tax are added up first, but for those that round by themselves.
      `select i.id, i.number, i.net, i.tax, i.rounding, i.total, i.discounted, i.line_count, i.item_count,
         i.modes, coalesce(sum(l.lines), 0)::int as lines, coalesce(sum(l.items), 0)::int as items, coalesce(sum(l.discount + l.allowance), 0) as taken,
         coalesce(jsonb_agg(jsonb_build_object('amount', l.amount::text, 'discount', l.discount::text, 'allowance', l.allowance::text,
           'grossAmount', l.gross_amount::text, 'taxCategory', l.tax_category, 'taxRate', l.tax_rate::text)) filter (where l.amount is not null), '[]') as by_tax
       from (
         select n.*, coalesce(n.snapshot #> '{contract,rounding}', n.terms -> 'rounding', k.rounding) as modes
         from client_invoices n join contracts k on k.workspace_id = $1 and k.id = n.contract_id
         where n.workspace_id = $1 and n.status <> 'discarded' and ($2::uuid is null or n.id > $2) order by n.id limit $3) i
       left join lateral (
         select tax_category, tax_rate, sum(amount) as amount, sum(discount) as discount, sum(allowance) as allowance, sum(gross_amount) as gross_amount,
           count(*) as lines, sum(item_count) as items
         from invoice_lines where workspace_id = $1 and invoice_id = i.id
         group by 1, 2, case when gross_amount is not null or i.modes ->> 'taxPer' = 'line' then id end) l on true
       group by i.id, i.number, i.net, i.tax, i.rounding, i.total, i.discounted, i.line_count, i.item_count, i.modes order by i.id`,
      [tx.workspaceId, after, invoicePage],
    );
    const off = page.flatMap(whatIsOff);
    compared.checked += page.length;
    compared.wrong += off.length;
    compared.sample ??= off.slice(0, maxSamples).join('; ') || null;
    if (page.length < invoicePage) break;
    after = page[page.length - 1]!.id;
  }
  return toCheck('invoice totals', 'invoices and drafts, net, tax and total = their lines', compared);
}

function whatIsOff(invoice: InvoiceSums): string[] {
  const { net, tax, rounding, total } = taxTotals(invoice.byTax, invoice.modes);
  const agrees =
    new Decimal(total).eq(invoice.total) &&
    new Decimal(rounding).eq(invoice.rounding) &&
    new Decimal(invoice.taken).eq(invoice.discounted) &&
    new Decimal(net).eq(invoice.net) &&
    new Decimal(tax).eq(invoice.tax) &&
    invoice.lines === invoice.lineCount &&
    invoice.items === invoice.itemCount;
  const name = invoice.number ?? `draft ${invoice.id}`;
  return agrees ? [] : [`${name} says ${invoice.net} + ${invoice.tax}, its lines ${net} + ${tax}`];
}

/** The figure everybody asks for: each entry version on issued invoices at most once, and the hours of it. */
async function checkBilledOnce(tx: WorkspaceTx): Promise<Check> {
  const row = await tx.row<{
    entries: number;
    billedSeconds: number;
    claimedSeconds: number;
    twice: number;
    sample: string | null;
  }>(
    // Allocated on numbered invoices, net of what voids and credits gave back.
    `with billed as (
       select a.item_id, sum(a.quantity) as quantity from allocations a
       join client_invoices n on n.workspace_id = $1 and n.id = a.invoice_id and n.number is not null
       where a.workspace_id = $1 group by 1 having sum(a.quantity) <> 0),
     by_version as (
       select i.entry_id, i.entry_version, bool_or(i.kind in ('labor', 'labor_overtime')) as labor, sum(round(i.raw_quantity * b.quantity / i.quantity)) as raw
       from billed b join billable_items i on i.workspace_id = $1 and i.id = b.item_id where i.entry_id is not null group by 1, 2),
     checked as (
       select v.*, abs(v.raw) > abs(coalesce(c.claimed, 0)) as twice from by_version v
       left join entry_balance c on c.workspace_id = $1 and c.entry_id = v.entry_id and c.version = v.entry_version)
     select count(distinct entry_id) as entries, coalesce(sum(raw) filter (where labor), 0)::bigint as billed_seconds,
       count(*) filter (where twice) as twice,
       (select coalesce(sum(c.quantity), 0)::bigint from claims c
          join entry_versions v on v.workspace_id = $1 and v.entry_id = c.entry_id and v.version = c.version and v.kind = 'labor'
          where c.workspace_id = $1) as claimed_seconds,
       (select string_agg('entry ' || entry_id || ' version ' || entry_version, '; ') from (select * from checked where twice limit ${maxSamples}) s) as sample
     from checked`,
    [tx.workspaceId],
  );
  const { entries, billedSeconds, claimedSeconds, twice, sample } = row!;
  const hours = (seconds: number) =>
    `${new Decimal(seconds).div(3600).toNumber().toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })} h`;
  const figures = `${entries.toLocaleString('en')} entries, ${hours(claimedSeconds)} claimed, ${hours(billedSeconds)} on issued invoices`;
  return {
    name: 'billed exactly once',
    ok: twice === 0,
    detail: twice === 0 ? `${figures}, none of it twice` : `${figures}; twice: ${sample}`,
  };
}

async function checkEvents(tx: WorkspaceTx): Promise<Check> {
  const { events, ok, firstBrokenSeq } = await verifyChain(tx);
  const good = `${events.toLocaleString('en')} events, numbered without a gap and chained`;
  return {
    name: 'event chain',
    ok,
    detail: ok ? good : `${good}, then broken at number ${firstBrokenSeq}`,
  };
}
