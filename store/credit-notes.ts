/** Owns reading credit notes, and what of an invoice is left to credit. */
import type {
  CreditableLine,
  CreditNoteStatus,
  Disposition,
  ItemPart,
  WantedCredit,
} from '../domain/credit-note.ts';
import type { InvoiceStatus } from '../domain/invoice.ts';
import type { InvoiceSnapshot, TaxSubtotal } from '../domain/invoice-snapshot.ts';
import type { Rounding } from '../domain/money.ts';
import { found, Refusal } from '../domain/refusal.ts';
import type { Day, DecimalText, Instant } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';

export interface CreditNote {
  id: string;
  status: CreditNoteStatus;
  number: string | null;
  invoiceId: string;
  invoiceNumber: string;
  clientId: string;
  clientName: string;
  sellerId: string;
  reason: string;
  currency: string;
  net: DecimalText;
  tax: DecimalText;
  /** Of prices with tax; part of the total. */
  rounding: DecimalText;
  total: DecimalText;
  issueDate: Day | null;
  taxPoint: Day | null;
  postingDate: Day | null;
  createdBy: string;
  issuedBy: string | null;
  createdAt: Instant;
  issuedAt: Instant | null;
  /** The run that drafts its items anew. */
  replacementRunId: string | null;
  wanted: WantedCredit & {
    writeOffReason?: string | undefined;
    /** Items below zero that it stands for: written off with the hours that it takes back. */
    corrections?: readonly ItemPart[] | undefined;
  };
}
export interface CreditNoteLine {
  id: string;
  lineNo: number;
  invoiceLineId: string;
  kind: 'quantity' | 'price';
  disposition: Disposition | null;
  description: string;
  quantity: DecimalText;
  unit: string;
  amount: DecimalText;
  tax: DecimalText;
  taxCategory: string;
  taxRate: DecimalText;
}

const select = `select n.id, n.status, n.number, n.invoice_id, i.number as invoice_number, n.client_id, c.name as client_name, n.seller_id, n.reason,
  n.currency, n.net, n.tax, n.rounding, n.total, n.issue_date, n.tax_point, n.posting_date, n.created_by, n.issued_by, n.created_at, n.issued_at,
  n.replacement_run_id, n.wanted
  from credit_notes n
  join client_invoices i on i.workspace_id = $1 and i.id = n.invoice_id
  join clients c on c.workspace_id = $1 and c.id = n.client_id
  where n.workspace_id = $1`;

/** Newest first. */
export function listCreditNotes(
  tx: WorkspaceTx,
  filter: {
    invoiceId?: string | undefined;
    clientId?: string | undefined;
    status?: CreditNoteStatus | undefined;
    after: string | null;
    limit: number;
  },
): Promise<CreditNote[]> {
  return tx.rows<CreditNote>(
    `${select} and ($2::uuid is null or n.invoice_id = $2) and ($3::uuid is null or n.client_id = $3)
       and ($4::text is null or n.status = $4) and ($5::uuid is null or n.id < $5) order by n.id desc limit $6`,
    [
      tx.workspaceId,
      filter.invoiceId ?? null,
      filter.clientId ?? null,
      filter.status ?? null,
      filter.after,
      filter.limit,
    ],
  );
}

export function readCreditNote(tx: WorkspaceTx, id: string): Promise<CreditNote | null> {
  return tx.row<CreditNote>(`${select} and n.id = $2`, [tx.workspaceId, id]);
}

/** Holds the note until the transaction ends. */
export async function lockCreditNote(tx: WorkspaceTx, id: string): Promise<CreditNote | null> {
  await tx.run('select 1 from credit_notes where workspace_id = $1 and id = $2 for no key update', [
    tx.workspaceId,
    id,
  ]);
  return readCreditNote(tx, id);
}

/** As many as an invoice can have lines. */
const maxLines = 100_000;
export function readCreditNoteLines(tx: WorkspaceTx, creditNoteId: string): Promise<CreditNoteLine[]> {
  return tx.rows<CreditNoteLine>(
    `select id, line_no, invoice_line_id, kind, disposition, description, quantity, unit, amount, tax, tax_category, tax_rate
     from credit_note_lines where workspace_id = $1 and credit_note_id = $2 order by line_no limit $3`,
    [tx.workspaceId, creditNoteId, maxLines],
  );
}

export interface CreditableInvoice {
  id: string;
  status: InvoiceStatus;
  number: string;
  numberGivenBy: 'series' | 'platform' | 'opening';
  sellerId: string;
  clientId: string;
  clientCode: string;
  contractId: string | null;
  internal: boolean;
  currency: string;
  issueDate: Day;
  taxPoint: Day | null;
  postingDate: Day;
  net: DecimalText;
  total: DecimalText;
  applied: DecimalText;
  credited: DecimalText;
  badDebt: DecimalText;
  zone: string;
  rounding: Rounding;
  taxSubtotals: TaxSubtotal[];
  snapshot: InvoiceSnapshot;
  functionalCurrency: string | null;
  functionalConversionId: string | null;
  functionalRate: DecimalText | null;
}

/** Holds the invoice until the transaction ends; null where it has no number. Lock order: contract, invoice, items, payments, series. */
export async function lockCreditable(tx: WorkspaceTx, invoiceId: string): Promise<CreditableInvoice | null> {
  await tx.run('select 1 from client_invoices where workspace_id = $1 and id = $2 for no key update', [
    tx.workspaceId,
    invoiceId,
  ]);
  return tx.row<CreditableInvoice>(
    `select i.id, i.status, i.number, i.number_given_by, i.seller_id, i.client_id, c.code as client_code, i.contract_id, i.internal, i.currency,
       i.issue_date, i.tax_point, i.posting_date, i.net, i.total, i.applied, i.credited, i.bad_debt, s.zone, i.snapshot,
       coalesce(i.snapshot #> '{contract,rounding}', i.terms -> 'rounding') as rounding, case when i.tax_subtotals = '[]' then coalesce(i.snapshot -> 'taxSubtotals', '[]') else i.tax_subtotals end as tax_subtotals,
       i.functional_currency, i.functional_conversion_id, v.rate as functional_rate
     from client_invoices i
     join clients c on c.workspace_id = $1 and c.id = i.client_id
     join sellers s on s.workspace_id = $1 and s.id = i.seller_id
     left join conversions v on v.workspace_id = $1 and v.id = i.functional_conversion_id
     where i.workspace_id = $1 and i.id = $2 and i.number is not null`,
    [tx.workspaceId, invoiceId],
  );
}

/** As `lockCreditable`, and refuses with 409 what has no number yet. */
export async function lockIssued(tx: WorkspaceTx, invoiceId: string): Promise<CreditableInvoice> {
  const invoice = await lockCreditable(tx, invoiceId);
  if (invoice) return invoice;
  const draft = await tx.row<{ id: string }>(
    'select id from client_invoices where workspace_id = $1 and id = $2',
    [tx.workspaceId, invoiceId],
  );
  found(draft, 'invoice');
  throw new Refusal({
    code: 'invoice.not_issued',
    message: 'This invoice has no number yet.',
    whatToDo: 'Discard it instead.',
  });
}

/** Each line of the invoice with what earlier credit notes took and which items still stand on it, in the order of their days. */
export async function readCreditable(tx: WorkspaceTx, invoiceId: string): Promise<CreditableLine[]> {
  const lines = await tx.rows<Omit<CreditableLine, 'items'>>(
    `select l.id, l.line_no, l.description, l.unit, l.amount - l.discount - l.allowance as net, coalesce(c.amount, 0) as credited_net, l.tax_category, l.tax_rate,
       -- What of the price with tax its discounts left.
       case when l.amount = 0 then l.gross_amount else l.gross_amount * (l.amount - l.discount - l.allowance) / l.amount end as gross_amount
     from invoice_lines l
     left join lateral (
       select sum(x.amount) as amount from credit_note_lines x
       join credit_notes n on n.workspace_id = $1 and n.id = x.credit_note_id and n.status = 'issued'
       where x.workspace_id = $1 and x.invoice_line_id = l.id) c on true
     where l.workspace_id = $1 and l.invoice_id = $2 order by l.line_no`,
    [tx.workspaceId, invoiceId],
  );
  const standing = await tx.rows<{
    lineId: string;
    itemId: string;
    quantity: DecimalText;
    amount: DecimalText;
  }>(
    `select a.target_id as line_id, a.item_id, a.quantity, a.amount
     from (select target_id, item_id, sum(quantity) as quantity, sum(amount) as amount from allocations
           where workspace_id = $1 and invoice_id = $2 group by 1, 2 having sum(quantity) <> 0) a
     join billable_items i on i.workspace_id = $1 and i.id = a.item_id
     order by i.work_date, a.item_id`,
    [tx.workspaceId, invoiceId],
  );
  const itemsOf = Map.groupBy(standing, (row) => row.lineId);
  return lines.map((line) => ({
    ...line,
    items: (itemsOf.get(line.id) ?? []).map(({ itemId, quantity, amount }) => ({ itemId, quantity, amount })),
  }));
}
