/** Owns reading what clients have paid of the work on contractor invoices, where a contract pays when it is paid. */

import { fixed, minorPlaces } from '../domain/money.ts';
import { releasedTotal, type TiedLine, waitingOf } from '../domain/pay-when-paid.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';

interface Claim {
  id: string;
  net: DecimalText;
  total: DecimalText;
  currency: string;
}

export interface ReleasedLine extends TiedLine {
  contractorInvoiceId: string;
  lineNo: number;
  description: string;
}

const maxLines = 100_000;
/**
 * The lines of these invoices, where any is under a contract that pays when it is paid; else none. A share is what money has
 * paid of the client's bill for the entry: part payments count pro rata, what a retainer covered is paid, and work under a
 * fixed price waits for nothing.
 */
async function readTiedLines(tx: WorkspaceTx, invoiceIds: readonly string[]): Promise<ReleasedLine[]> {
  const ids = plainArray(invoiceIds);
  const tied = await tx.row(
    `select 1 from contractor_invoice_lines l join tickets t on t.workspace_id = $1 and t.id = l.ticket_id
     join projects p on p.workspace_id = $1 and p.id = t.project_id
     join contracts k on k.workspace_id = $1 and k.id = p.contract_id and k.pay_when_paid
     where l.workspace_id = $1 and l.contractor_invoice_id = any($2::uuid[]) limit 1`,
    [tx.workspaceId, ids],
  );
  if (!tied) return [];
  return tx.rows<ReleasedLine>(
    `select l.contractor_invoice_id, l.line_no, l.description, l.amount, coalesce(k.pay_when_paid and v.billable, false) as tied,
       k.long_stop_on, coalesce(x.share, 0)::text as paid_share
     from contractor_invoice_lines l
     join tickets t on t.workspace_id = $1 and t.id = l.ticket_id
     join projects p on p.workspace_id = $1 and p.id = t.project_id
     left join contracts k on k.workspace_id = $1 and k.id = p.contract_id
     left join entry_versions v on v.workspace_id = $1 and v.entry_id = l.entry_id and v.version = l.entry_version
     left join lateral (
       select sum(abs(i.raw_quantity) * case when i.included then 1 else coalesce(a.paid, 0) end) / nullif(sum(abs(i.raw_quantity)), 0) as share
       from (select distinct c.item_id from claims c where c.workspace_id = $1 and c.entry_id = l.entry_id) c
       join billable_items i on i.workspace_id = $1 and i.id = c.item_id and i.withdrawn_at is null
       left join lateral (
         select sum(y.quantity / nullif(i.quantity, 0) * case when y.kind in ('retainer', 'retainer_reversal') or n.total = 0 then 1
           when n.total > n.credited then least(1, n.applied / (n.total - n.credited)) else 0 end) as paid
         from allocations y left join client_invoices n on n.workspace_id = $1 and n.id = y.invoice_id and n.number is not null
         where y.workspace_id = $1 and y.item_id = i.id and (n.id is not null or y.kind in ('retainer', 'retainer_reversal'))) a on true) x on true
     where l.workspace_id = $1 and l.contractor_invoice_id = any($2::uuid[]) order by l.contractor_invoice_id, l.line_no limit $3`,
    [tx.workspaceId, ids, maxLines],
  );
}

/** By invoice, what may be paid of it on the day; invoices that are not tied to a client's money are left out. */
export async function readReleased(
  tx: WorkspaceTx,
  invoices: readonly Claim[],
  today: Day,
): Promise<Map<string, DecimalText>> {
  const lines = await readTiedLines(
    tx,
    invoices.map(({ id }) => id),
  );
  const byInvoice = Map.groupBy(lines, (line) => line.contractorInvoiceId);
  return new Map(
    invoices.flatMap((invoice) => {
      const ofInvoice = byInvoice.get(invoice.id);
      if (!ofInvoice?.some(({ tied }) => tied)) return [];
      return [[invoice.id, releasedTotal(invoice, ofInvoice, today).toFixed()] as const];
    }),
  );
}

export interface WaitingLine {
  lineNo: number;
  description: string;
  amount: DecimalText;
  /** Of it, what waits for the client's money. */
  waiting: DecimalText;
  /** The day from which it is paid whatever the client does. */
  longStopOn: Day | null;
}
export interface Payable {
  /** May be paid of the whole, payments included. */
  released: DecimalText;
  waiting: WaitingLine[];
}

export async function readPayable(tx: WorkspaceTx, invoice: Claim, today: Day): Promise<Payable> {
  const lines = await readTiedLines(tx, [invoice.id]);
  const places = minorPlaces(invoice.currency);
  return {
    released: fixed(releasedTotal(invoice, lines, today), places),
    waiting: lines.flatMap((line) => {
      const waiting = waitingOf(line, today);
      if (waiting.isZero()) return [];
      const { lineNo, description, amount, longStopOn } = line;
      return [
        { lineNo, description, amount, waiting: fixed(waiting.toDecimalPlaces(places), places), longStopOn },
      ];
    }),
  };
}

const maxReleased = 1_000;
/** Contractor invoices that are to be paid, for work that a client's invoice bills: money on that may release them. */
export async function claimsBehind(tx: WorkspaceTx, clientInvoiceId: string): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>(
    `select distinct n.id from client_invoices i
     join contractor_invoices n on n.workspace_id = $1 and n.status in ('approved', 'partially_paid')
     join contractor_invoice_lines l on l.workspace_id = $1 and l.contractor_invoice_id = n.id
     join tickets t on t.workspace_id = $1 and t.id = l.ticket_id
     join projects p on p.workspace_id = $1 and p.id = t.project_id and p.contract_id = i.contract_id
     -- From the entry to its items: neither ledger can be asked the other way.
     join claims c on c.workspace_id = $1 and c.entry_id = l.entry_id
     where i.workspace_id = $1 and i.id = $2
       and c.item_id in (select y.item_id from allocations y where y.workspace_id = $1 and y.invoice_id = $2) order by n.id limit $3`,
    [tx.workspaceId, clientInvoiceId, maxReleased],
  );
  return rows.map(({ id }) => id);
}
