/** Owns reading client invoices: lists, one with its lines, and what explains each line. */
import type { InvoiceStatus } from '../domain/invoice.ts';
import { explainLine, type LineToExplain } from '../domain/pricing/explain-line.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { paymentLinkColumn } from './payment-links.ts';
import type { SyncRecord } from './sync.ts';

export interface InvoiceRow {
  id: string;
  status: InvoiceStatus;
  holdReason: string | null;
  number: string | null;
  clientId: string;
  clientName: string;
  /** Null of an opening receivable, and of those only. */
  contractId: string | null;
  runId: string | null;
  currency: string;
  issueDate: Day | null;
  dueDate: Day | null;
  serviceFrom: Day;
  serviceTo: Day;
  net: DecimalText;
  tax: DecimalText;
  total: DecimalText;
  applied: DecimalText;
  credited: DecimalText;
  badDebt: DecimalText;
  quantitySeconds: number;
  lineCount: number;
  itemCount: number;
  createdAt: string;
  issuedAt: string | null;
  settledAt: string | null;
  /** When the client said that they paid. */
  confirmedAt: string | null;
  /** Settled by money, or so says the client; null: neither. */
  paidBy: 'money' | 'client' | null;
  /** With tax, in open disputes: a badge. */
  disputedAmount: DecimalText;
  /** Off: the client wants no mail, so none is sent of this invoice. As it was at issue; before, as it is. */
  mail: 'on' | 'off';
  /** To the own company: in no revenue. */
  internal: boolean;
  /** Page of the platform at which its client pays; null: there is none, or nothing to pay. */
  paymentLink: string | null;
  /** State at the accounting platform; null when the contract names none. */
  sync: {
    status: SyncRecord['status'];
    failedStep: string | null;
    reason: string | null;
    externalId: string | null;
    connectionId: string;
  } | null;
}
export interface InvoiceLineRow {
  id: string;
  lineNo: number;
  kind: string;
  description: string;
  projectId: string | null;
  quantity: DecimalText;
  unit: string;
  unitPrice: DecimalText;
  amount: DecimalText;
  /** Its own, and its share of those on the document. */
  discount: DecimalText;
  allowance: DecimalText;
  /** With tax, where prices contain it. */
  grossAmount: DecimalText | null;
  taxCategory: string;
  taxRate: DecimalText;
  serviceFrom: Day | null;
  serviceTo: Day | null;
  itemCount: number;
  formula: Record<string, unknown>;
  /** The same in words. */
  formulaText: string;
}

// The page first, then what hangs on it: joined at once, every invoice of the workspace is read and sorted.
const select = (
  chosen: string,
) => `select i.id, i.status, i.hold_reason, i.number, i.client_id, c.name as client_name, i.contract_id, i.run_id,
  i.currency, i.issue_date, i.due_date, i.service_from, i.service_to, i.net, i.tax, i.total, i.applied, i.credited, i.bad_debt,
  i.quantity_seconds, i.line_count, i.item_count, i.created_at, i.issued_at, i.settled_at, i.confirmed_at,
  case when i.status = 'settled' and i.applied > 0 then 'money' when i.confirmed_at is not null then 'client' end as paid_by, s.sync, d.disputed_amount,
  ${paymentLinkColumn} as payment_link,
  coalesce(i.snapshot ->> 'mail', case when c.mail_notifications then 'on' else 'off' end) as mail,
  case when i.number is null then c.internal else i.internal end as internal
  from (select * from client_invoices x where x.workspace_id = $1 and ${chosen}) i
  cross join lateral (
    select x.name, x.mail_notifications, x.internal from clients x where x.workspace_id = $1 and x.id = i.client_id offset 0) c
  cross join lateral (
    select coalesce(sum(x.amount), 0.00) as disputed_amount from disputes x
    where x.workspace_id = $1 and x.invoice_id = i.id and x.status = 'open') d
  left join lateral (
    select jsonb_build_object('status', x.status, 'failedStep', x.failed_step, 'reason', x.reason, 'externalId', x.external_id,
      'connectionId', x.connection_id) as sync
    from sync_records x where x.workspace_id = $1 and x.subject_id = i.id and x.subject_type = 'client_invoice' limit 1) s on true`;

/** Newest first; `cursor` is the id the last page ended with. */
export async function listInvoices(
  tx: WorkspaceTx,
  filter: {
    status?: string | undefined;
    clientId?: string | undefined;
    /** Only what this client may see: what has a number, or waits for their sign-off, or has it. */
    issuedTo?: string | undefined;
    runId?: string | undefined;
    cursor?: string | undefined;
    limit: number;
  },
): Promise<InvoiceRow[]> {
  return tx.rows<InvoiceRow>(
    `${select(`($2::text is null or x.status = $2) and ($3::uuid is null or x.client_id = $3)
       and ($4::uuid is null or x.run_id = $4) and ($5::uuid is null or x.id < $5)
       and ($7::uuid is null or x.client_id = $7 and (x.number is not null or x.status in ('in_sign_off', 'ready'))) order by x.id desc limit $6`)}
     order by i.id desc`,
    [
      tx.workspaceId,
      filter.status ?? null,
      filter.clientId ?? null,
      filter.runId ?? null,
      filter.cursor ?? null,
      filter.limit,
      filter.issuedTo ?? null,
    ],
  );
}

export async function readInvoice(tx: WorkspaceTx, id: string): Promise<InvoiceRow | null> {
  return tx.row<InvoiceRow>(select('x.id = $2'), [tx.workspaceId, id]);
}

/** Lines `l` with what explains them; of a line that is made of one item, the numbers that priced it. */
const selectLines = (chosen: string) => `select l.*, i.currency, p.item from (
    select id, invoice_id, line_no, kind, description, project_id, quantity, unit, unit_price, amount, gross_amount, discount, allowance, tax_category,
      tax_rate, service_from, service_to, item_count, formula
    from invoice_lines where workspace_id = $1 and invoice_id = $2 and ${chosen}) l
  cross join lateral (select x.currency from client_invoices x where x.workspace_id = $1 and x.id = l.invoice_id offset 0) i
  left join lateral (
    select jsonb_build_object('rule', b.price_rule, 'roundedQuantity', b.rounded_quantity::text, 'adjustedQuantity', b.adjusted_quantity::text) as item
    from (select a.item_id from allocations a where l.item_count = 1 and a.workspace_id = $1 and a.invoice_id = l.invoice_id and a.target_id = l.id
      order by a.id limit 1) a
    cross join lateral (select x.* from billable_items x where x.workspace_id = $1 and x.id = a.item_id offset 0) b) p on true
  order by l.line_no`;

type StoredLine = Omit<InvoiceLineRow, 'formulaText'> & LineToExplain;

const toLineRow = (stored: StoredLine): InvoiceLineRow => ({
  id: stored.id,
  lineNo: stored.lineNo,
  kind: stored.kind,
  description: stored.description,
  projectId: stored.projectId,
  quantity: stored.quantity,
  unit: stored.unit,
  unitPrice: stored.unitPrice,
  amount: stored.amount,
  discount: stored.discount,
  allowance: stored.allowance,
  grossAmount: stored.grossAmount,
  taxCategory: stored.taxCategory,
  taxRate: stored.taxRate,
  serviceFrom: stored.serviceFrom,
  serviceTo: stored.serviceTo,
  itemCount: stored.itemCount,
  formula: stored.formula,
  formulaText: explainLine(stored),
});

/** Lines in order, after `afterLineNo`. */
export async function readInvoiceLines(
  tx: WorkspaceTx,
  invoiceId: string,
  afterLineNo: number,
  limit: number,
): Promise<InvoiceLineRow[]> {
  const rows = await tx.rows<StoredLine>(selectLines('line_no > $3 order by line_no limit $4'), [
    tx.workspaceId,
    invoiceId,
    afterLineNo,
    limit,
  ]);
  return rows.map(toLineRow);
}

export interface LineEntryRow {
  itemId: string;
  /** What of the item is on this line, in item units, and the share of the line's rounded amount that it carries. */
  quantity: DecimalText;
  amount: DecimalText;
  itemQuantity: DecimalText;
  itemAmount: DecimalText;
  unit: string;
  unitPrice: DecimalText;
  kind: string;
  position: string | null;
  priceSource: string;
  priceRule: Record<string, unknown>;
  flagged: boolean;
  description: string;
  entryId: string | null;
  entryVersion: number | null;
  externalId: string | null;
  workDate: Day;
  /** Raw units as billed: seconds, metres, cents, counts. */
  rawQuantity: number;
  personId: string | null;
  personName: string | null;
  /** Of a correction: the version that was billed before, and its day. */
  replacesVersion: number | null;
  replacedWorkDate: Day | null;
}

/** What a line is made of, by item, as it was billed; up to `limit` items after `afterItemId`. Nothing for a discarded draft. */
export function readLineEntries(
  tx: WorkspaceTx,
  line: { invoiceId: string; lineId: string },
  afterItemId: string | null,
  limit: number,
): Promise<LineEntryRow[]> {
  return tx.rows<LineEntryRow>(
    `with held as (
       select item_id, sum(quantity) as quantity, sum(amount) as amount from allocations
       where workspace_id = $1 and target_id = $2 and invoice_id = $3 and kind in ('draft', 'discard') and ($4::uuid is null or item_id > $4)
       group by item_id having sum(quantity) <> 0 order by item_id limit $5)
     select h.item_id, h.quantity, h.amount, i.quantity as item_quantity, i.amount as item_amount, i.unit, i.unit_price, i.kind, i.position,
       i.price_source, i.price_rule, i.flagged, i.description, i.entry_id, i.entry_version, e.external_id, i.work_date, i.raw_quantity,
       i.person_id, p.name as person_name, i.replaces_version, w.work_date as replaced_work_date
     from held h
     join billable_items i on i.workspace_id = $1 and i.id = h.item_id
     left join work_entries e on e.workspace_id = $1 and e.id = i.entry_id
     left join people p on p.workspace_id = $1 and p.id = i.person_id
     left join entry_versions w on w.workspace_id = $1 and w.entry_id = i.entry_id and w.version = i.replaces_version
     order by h.item_id`,
    [tx.workspaceId, line.lineId, line.invoiceId, afterItemId, limit],
  );
}

/** One line of the invoice; null when it has none of that id. */
export async function readInvoiceLine(
  tx: WorkspaceTx,
  invoiceId: string,
  lineId: string,
): Promise<InvoiceLineRow | null> {
  const row = await tx.row<StoredLine>(selectLines('id = $3'), [tx.workspaceId, invoiceId, lineId]);
  return row && toLineRow(row);
}
