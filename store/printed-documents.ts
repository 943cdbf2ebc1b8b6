/** Owns reading a document as it is printed: an issued one from what it froze, a draft from the rows of today. */
import { type InvoiceSnapshot, invoiceSnapshot } from '../domain/invoice-snapshot.ts';
import { Decimal } from '../domain/money.ts';
import {
  type CreditNoteFacts,
  type InvoiceFacts,
  maxAppendixEntries,
  maxPrintedLines,
  type PrintedDocument,
  type PrintedEntry,
  type PrintedLine,
  requirePrintable,
  toCreditNote,
  toPrintedInvoice,
} from '../domain/printed-document.ts';
import { lateFeeSnapshot } from '../domain/printed-late-fee.ts';
import { Refusal } from '../domain/refusal.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import type { DocumentType } from './document-files.ts';
import { printTerms, snapshotColumn, termsTemplateColumn, type Unfinished } from './invoice-snapshot.ts';
import { paymentLinkColumn } from './payment-links.ts';
import { readPrintedContractorInvoice } from './printed-contractor-invoice.ts';
import { readPrintedLateFee } from './printed-late-fee.ts';

interface InvoiceRow extends InvoiceFacts {
  lineCount: number;
  snapshot: Record<string, unknown> | null;
  taxSubtotals: unknown[];
  allowances: unknown[];
  numberGivenBy: 'series' | 'platform' | 'opening';
}

const facts = `i.number, i.currency, i.issue_date, i.due_date, i.tax_point, i.service_from, i.service_to, i.issued_at, i.net, i.tax, i.rounding,
  i.total, i.tax_currency, i.tax_in_tax_currency, i.line_count, i.tax_subtotals, i.allowances, i.number_given_by, ${paymentLinkColumn} as payment_link,
  (select sum(x.amount) from retentions x where x.workspace_id = $1 and x.invoice_id = i.id) as retained`;

/** Null where there is none; refuses with 409 one that another system printed, or that is too long. */
export async function readPrintedInvoice(tx: WorkspaceTx, id: string): Promise<PrintedDocument | null> {
  const row = await tx.row<InvoiceRow>(
    `select ${facts}, i.snapshot from client_invoices i where i.workspace_id = $1 and i.id = $2`,
    [tx.workspaceId, id],
  );
  if (!row) return null;
  if (row.numberGivenBy === 'opening') throw printedElsewhere(row.number);
  requirePrintable(row.lineCount);
  const snapshot = row.number === null ? await draftSnapshot(tx, id) : invoiceSnapshot.parse(row.snapshot);
  if (snapshot.seller === null) throw printedElsewhere(row.number);
  // The columns are frozen as the snapshot is; a draft has nothing but them.
  const kept = invoiceSnapshot.parse({ taxSubtotals: row.taxSubtotals, allowances: row.allowances });
  const { taxSubtotals, allowances } = kept;
  return toPrintedInvoice(
    row,
    {
      ...snapshot,
      ...(taxSubtotals.length > 0 && { taxSubtotals }),
      ...(allowances.length > 0 && { allowances }),
    },
    await readLines(tx, id),
    snapshot.appendix ? await readAppendix(tx, id) : [],
  );
}

const printedElsewhere = (number: string | null) =>
  new Refusal({
    code: 'document.printed_elsewhere',
    message: `${number ?? 'It'} was issued by another system, which has its document.`,
    whatToDo: 'Take the document from there.',
  });

/** What would be frozen if the draft were issued now, but for number and dates. */
async function draftSnapshot(tx: WorkspaceTx, id: string): Promise<InvoiceSnapshot> {
  const row = await tx.row<Unfinished>(
    `select ${snapshotColumn} as snapshot, ${termsTemplateColumn} as terms_template, i.currency, i.net, i.tax, i.total,
       coalesce((i.terms ->> 'paymentTermsDays')::int, c.payment_terms_days) as terms_days
     from client_invoices i
     join clients c on c.workspace_id = $1 and c.id = i.client_id
     join contracts k on k.workspace_id = $1 and k.id = i.contract_id
     join sellers s on s.workspace_id = $1 and s.id = i.seller_id
     where i.workspace_id = $1 and i.id = $2`,
    [tx.workspaceId, id],
  );
  if (!row) return invoiceSnapshot.parse({});
  const terms = printTerms(row, { number: '…', issueDate: null, dueDate: null });
  return invoiceSnapshot.parse({ ...row.snapshot, terms });
}

function readLines(tx: WorkspaceTx, invoiceId: string): Promise<PrintedLine[]> {
  return tx.rows<PrintedLine>(
    `select line_no, kind, description, quantity, unit, unit_price, amount, discount, tax_category, tax_rate, service_from, service_to
     from invoice_lines where workspace_id = $1 and invoice_id = $2 order by line_no limit $3`,
    [tx.workspaceId, invoiceId, maxPrintedLines],
  );
}

/** The entries of each line in the order of their days: the first 5,000, as the document then says. */
function readAppendix(tx: WorkspaceTx, invoiceId: string): Promise<PrintedEntry[]> {
  return tx.rows<PrintedEntry>(
    `with held as (
       select a.target_id, a.item_id, sum(a.quantity) as quantity, sum(a.amount) as amount from allocations a
       where a.workspace_id = $1 and a.invoice_id = $2 and a.kind in ('draft', 'discard')
       group by 1, 2 having sum(a.quantity) <> 0)
     select l.line_no, i.work_date, p.name as person_name, i.description, h.quantity, i.unit, h.amount
     from held h
     join invoice_lines l on l.workspace_id = $1 and l.id = h.target_id
     join billable_items i on i.workspace_id = $1 and i.id = h.item_id
     left join people p on p.workspace_id = $1 and p.id = i.person_id
     order by l.line_no, i.work_date, i.id limit $3`,
    [tx.workspaceId, invoiceId, maxAppendixEntries],
  );
}

interface CreditNoteRow extends CreditNoteFacts {
  invoiceId: string;
  snapshot: Record<string, unknown> | null;
}
interface CreditLine extends PrintedLine {
  /** Of the line that it corrects. */
  originalPrice: DecimalText;
}

export async function readPrintedCreditNote(tx: WorkspaceTx, id: string): Promise<PrintedDocument | null> {
  const note = await tx.row<CreditNoteRow>(
    `select invoice_id, number, issue_date, issued_at, reason, net, tax, rounding, total, snapshot
     from credit_notes where workspace_id = $1 and id = $2`,
    [tx.workspaceId, id],
  );
  const invoice = note && (await readPrintedInvoice(tx, note.invoiceId));
  if (!note || !invoice) return null;
  const lines = await tx.rows<CreditLine>(
    `select n.line_no, n.kind, n.description, n.quantity, n.unit, n.amount, 0::numeric as discount, n.tax_category, n.tax_rate,
       n.amount as unit_price, l.unit_price as original_price, l.service_from, l.service_to
     from credit_note_lines n join invoice_lines l on l.workspace_id = $1 and l.id = n.invoice_line_id
     where n.workspace_id = $1 and n.credit_note_id = $2 order by n.line_no limit $3`,
    [tx.workspaceId, id, maxPrintedLines + 1],
  );
  requirePrintable(lines.length);
  const { invoiceId: _, snapshot, ...facts } = note;
  const { taxSubtotals } = invoiceSnapshot.parse(snapshot ?? {});
  return toCreditNote(invoice, { ...facts, taxSubtotals, lines: lines.map(atItsPrice) });
}

/** Quantity × price where that is what is credited; else one lump sum. A price is never negative. */
function atItsPrice({ originalPrice, ...line }: CreditLine): PrintedLine {
  const isWhole = new Decimal(line.quantity).times(originalPrice).eq(line.amount);
  if (isWhole) return { ...line, unitPrice: originalPrice };
  const amount = new Decimal(line.amount);
  return { ...line, quantity: amount.lt(0) ? '-1' : '1', unit: 'unit', unitPrice: amount.abs().toFixed() };
}

export function readPrinted(
  tx: WorkspaceTx,
  type: DocumentType,
  id: string,
): Promise<PrintedDocument | null> {
  switch (type) {
    case 'client_invoice':
      return readPrintedInvoice(tx, id);
    case 'credit_note':
      return readPrintedCreditNote(tx, id);
    case 'contractor_invoice':
      return readPrintedContractorInvoice(tx, id);
    case 'late_fee':
      return readPrintedLateFee(tx, id);
  }
}

/** Of an issued document to a client; null of a draft and of a contractor's. */
export async function readSnapshot(
  tx: WorkspaceTx,
  type: DocumentType,
  id: string,
): Promise<InvoiceSnapshot | null> {
  const table = {
    client_invoice: 'client_invoices',
    credit_note: 'credit_notes',
    late_fee: 'late_fees',
    contractor_invoice: null,
  }[type];
  if (table === null) return null;
  const row = await tx.row<{ snapshot: Record<string, unknown> | null }>(
    `select snapshot from ${table} where workspace_id = $1 and id = $2 and number is not null`,
    [tx.workspaceId, id],
  );
  if (!row?.snapshot) return null;
  // A late fee from before it was printed has but names: its letter went out by itself.
  if (type === 'late_fee') return lateFeeSnapshot.safeParse(row.snapshot).data ?? null;
  return invoiceSnapshot.parse(row.snapshot);
}
