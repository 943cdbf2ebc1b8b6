/** Owns what a run bills as it is held against limits: what is owed back by one invoice makes no other one smaller. */
import { Decimal, fixed, minorPlaces } from '../domain/money.ts';
import type { BilledFigures } from '../domain/run-approval.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';

/**
 * What the run's drafts and invoices bill by currency, with tax. A draft below zero counts as nothing; where its corrections are
 * credited beside it, as what is left on it then, since that is billed in full.
 */
export async function sumToBill(tx: WorkspaceTx, runId: string): Promise<BilledFigures[]> {
  const rows = await tx.rows<BilledFigures>(
    `select d.currency, count(*)::int as invoices, sum(d.net) as net, sum(d.total) as total, sum(d.seconds)::bigint as seconds from (
       select i.currency, i.quantity_seconds as seconds, case when i.total < 0 then b.net else i.net end as net,
         case when i.total < 0 then b.total else i.total end as total
       from client_invoices i
       cross join lateral (
         select coalesce(sum(t.net), 0) as net, coalesce(sum(t.net + round(t.net * t.rate / 100, t.places)), 0) as total from (
           select l.tax_rate as rate, r.places, round(sum(a.amount), r.places) as net
           from (select (i.terms #>> '{rounding,moneyPlaces}')::int as places) r
           cross join allocations a
           join billable_items x on x.workspace_id = $1 and x.id = a.item_id and x.quantity > 0
           join invoice_lines l on l.workspace_id = $1 and l.id = a.target_id
           where i.total < 0 and i.terms ->> 'belowZero' = 'credit_note' and a.workspace_id = $1 and a.invoice_id = i.id
           group by 1, 2) t) b
       where i.workspace_id = $1 and i.run_id = $2 and i.status <> 'discarded') d
     group by 1 order by 1`,
    [tx.workspaceId, runId],
  );
  return rows.map((row) => ({
    ...row,
    net: inFull(row.net, row.currency),
    total: inFull(row.total, row.currency),
  }));
}

function inFull(amount: DecimalText, currency: string): DecimalText {
  const exact = new Decimal(amount);
  return fixed(exact, Math.max(minorPlaces(currency), exact.decimalPlaces()));
}
