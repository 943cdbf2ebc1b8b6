/** Owns reading a late fee as it is printed: from what was frozen with its number. */
import { type InvoiceSnapshot, invoiceSnapshot } from '../domain/invoice-snapshot.ts';
import { type PrintedDocument, type PrintedLine, toPrintedInvoice } from '../domain/printed-document.ts';
import {
  invoiceFactsOf,
  type LateFeeFacts,
  lateFeeSnapshot,
  toPrintedLateFee,
} from '../domain/printed-late-fee.ts';
import type { WorkspaceTx } from './database.ts';

interface Row extends LateFeeFacts {
  snapshot: Record<string, unknown> | null;
  /** Of one from before parties were frozen with the fee: those of its invoice. */
  invoiceSnapshot: Record<string, unknown> | null;
}

/** Null where there is none; refuses with 404 one whose invoice another system printed, from before it had parties of its own. */
export async function readPrintedLateFee(tx: WorkspaceTx, id: string): Promise<PrintedDocument | null> {
  const row = await tx.row<Row>(
    `select f.number, f.currency, f.amount, f.issue_date, f.due_date, f.created_at as issued_at, f.base, f.percentage, f.starts_on, f.ends_before,
       f.snapshot, i.number as invoice_number, i.issue_date as invoice_issue_date, i.due_date as invoice_due_date, i.snapshot as invoice_snapshot
     from late_fees f join client_invoices i on i.workspace_id = $1 and i.id = f.invoice_id where f.workspace_id = $1 and f.id = $2`,
    [tx.workspaceId, id],
  );
  if (!row) return null;
  const frozen = lateFeeSnapshot.safeParse(row.snapshot);
  const snapshot = frozen.success
    ? frozen.data
    : { ...invoiceSnapshot.parse(row.invoiceSnapshot ?? {}), terms: null };
  const invoice = toPrintedInvoice(invoiceFactsOf(row), withoutSums(snapshot), [lineOf(row)], []);
  return toPrintedLateFee(invoice, row, frozen.data?.lateFee.policy ?? null);
}

/** What the invoice was about, and its sums, are not the fee's. */
const withoutSums = (snapshot: InvoiceSnapshot): InvoiceSnapshot => ({
  ...snapshot,
  taxSubtotals: [],
  allowances: [],
  rates: [],
  appendix: false,
});

const lineOf = ({ amount }: LateFeeFacts): PrintedLine => ({
  lineNo: 1,
  kind: 'late_fee',
  description: '',
  quantity: '1',
  unit: 'unit',
  unitPrice: amount,
  amount,
  discount: '0',
  taxCategory: 'none',
  taxRate: '0',
  serviceFrom: null,
  serviceTo: null,
});
