/** Owns margins: what lines, invoices and clients bring, less what the work on them cost, in the invoice's currency. */
import { fixed, minorPlaces, round } from '../domain/money.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';

export interface Margin {
  currency: string;
  /** Net, after discounts and issued credits. */
  revenue: DecimalText;
  /** Of the items whose cost is known here. */
  cost: DecimalText;
  margin: DecimalText;
  /** Of the revenue, to a tenth; null where there is none. */
  percentage: DecimalText | null;
  /** Work whose cost is not known, or not in this currency: the margin is less than it says. */
  itemsWithoutCost: number;
}
export interface LineMargin extends Margin {
  lineId: string;
  lineNo: number;
  description: string;
}

/** What an item `b` cost in the currency of its contract, null where that is not known. */
const knownCost = `case when b.cost_amount is null then null when coalesce(b.cost_currency, b.currency) = b.currency then b.cost_amount
  else b.cost_amount * (select c.rate from conversions c where c.workspace_id = $1 and c.id = b.cost_conversion_id) end`;

/** Of the chosen invoices `n`, what is on their lines now: what a void or credit returned costs elsewhere. */
const lineSums = (chosen: string) => `
  select n.currency, l.id as line_id, l.line_no, l.description,
    case when n.status = 'void' then 0 else l.amount - l.discount - l.allowance - coalesce(r.credited, 0) end as revenue,
    coalesce(k.cost, 0) as cost, coalesce(k.unknown, 0)::int as items_without_cost
  from (select * from client_invoices x where x.workspace_id = $1 and ${chosen}) n
  cross join lateral (select * from invoice_lines x where x.workspace_id = $1 and x.invoice_id = n.id offset 0) l
  left join lateral (
    select sum(x.amount) as credited from credit_note_lines x join credit_notes c on c.workspace_id = $1 and c.id = x.credit_note_id and c.number is not null
    where x.workspace_id = $1 and x.invoice_line_id = l.id) r on true
  left join lateral (
    select sum(i.cost * h.quantity / nullif(i.quantity, 0)) as cost, count(*) filter (where i.cost is null) as unknown
    from (select a.item_id, sum(a.quantity) as quantity from allocations a
      where a.workspace_id = $1 and a.invoice_id = n.id and a.target_id = l.id group by 1 having sum(a.quantity) <> 0) h
    -- What is agreed as a whole has no cost of its own: its hours are included, and counted apart.
    cross join lateral (select b.quantity, ${knownCost} as cost from billable_items b
      where b.workspace_id = $1 and b.id = h.item_id and b.entry_id is not null offset 0) i) k on true`;

interface Sums {
  currency: string;
  revenue: DecimalText;
  cost: DecimalText;
  itemsWithoutCost: number;
}
const sums = 'sum(revenue) as revenue, sum(cost) as cost, sum(items_without_cost)::int as items_without_cost';

/** Rounded as money of the currency; the margin is what the two rounded figures leave. */
function toMargin({ currency, revenue, cost, itemsWithoutCost }: Sums): Margin {
  const places = minorPlaces(currency);
  const brought = round(revenue, places, 'half_up');
  const spent = round(cost, places, 'half_up');
  const margin = brought.minus(spent);
  return {
    currency,
    revenue: fixed(brought, places),
    cost: fixed(spent, places),
    margin: fixed(margin, places),
    percentage: brought.isZero() ? null : fixed(round(margin.times(100).div(brought), 1, 'half_up'), 1),
    itemsWithoutCost,
  };
}

/** Null where there is no such invoice, or nothing is on it. */
export async function readInvoiceMargin(tx: WorkspaceTx, invoiceId: string): Promise<Margin | null> {
  const row = await tx.row<Sums>(
    `select currency, ${sums} from (${lineSums('x.id = $2')}) s group by currency`,
    [tx.workspaceId, invoiceId],
  );
  return row && toMargin(row);
}

/** Lines in order, after `afterLineNo`. */
export async function readLineMargins(
  tx: WorkspaceTx,
  invoiceId: string,
  afterLineNo: number,
  limit: number,
): Promise<LineMargin[]> {
  const rows = await tx.rows<Sums & Pick<LineMargin, 'lineId' | 'lineNo' | 'description'>>(
    `select line_id, line_no, description, currency, revenue, cost, items_without_cost
     from (${lineSums('x.id = $2')}) s where line_no > $3 order by line_no limit $4`,
    [tx.workspaceId, invoiceId, afterLineNo, limit],
  );
  return rows.map((row) => ({
    lineId: row.lineId,
    lineNo: row.lineNo,
    description: row.description,
    ...toMargin(row),
  }));
}

/**
 * Of the client's invoices that were posted in the days (half-open), by currency, with what the hours under fixed prices and
 * retainers worked in those days cost: they earn through other lines. Two currencies are never added.
 */
export async function readClientMargins(
  tx: WorkspaceTx,
  clientId: string,
  days: { from: Day; before: Day },
): Promise<(Margin & { includedCost: DecimalText })[]> {
  const rows = await tx.rows<Sums & { includedCost: DecimalText }>(
    `with billed as (
       select currency, revenue, cost, items_without_cost
       from (${lineSums('x.client_id = $2 and x.number is not null and x.posting_date >= $3 and x.posting_date < $4')}) s),
     included as (
       select b.currency, ${knownCost} as cost from billable_items b
       where b.workspace_id = $1 and b.client_id = $2 and b.included and b.withdrawn_at is null and b.work_date >= $3 and b.work_date < $4),
     summed as (
       select currency, revenue, cost, items_without_cost, 0::numeric as included_cost from billed
       union all
       select currency, 0, coalesce(cost, 0), (cost is null)::int, coalesce(cost, 0) from included)
     select currency, ${sums}, sum(included_cost) as included_cost from summed group by currency order by currency`,
    [tx.workspaceId, clientId, days.from, days.before],
  );
  return rows.map((row) => {
    const places = minorPlaces(row.currency);
    return { ...toMargin(row), includedCost: fixed(round(row.includedCost, places, 'half_up'), places) };
  });
}
