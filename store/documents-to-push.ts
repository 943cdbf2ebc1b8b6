/** Owns reading what follows an invoice or a bill to a platform, with the records there that it refers to. */
import type { Day, DecimalText } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import type { SyncedSubject } from './sync.ts';

/** The platform's record of one of our documents; null: it is not there. */
export function readRemoteRef(
  tx: WorkspaceTx,
  connectionId: string,
  subjectType: SyncedSubject,
  subjectId: string,
): Promise<{ externalId: string; versionToken: string | null } | null> {
  return tx.row(
    `select external_id, version_token from sync_records
     where workspace_id = $1 and connection_id = $2 and subject_type = $3 and subject_id = $4 and external_id is not null and status in ('synced', 'drifted')`,
    [tx.workspaceId, connectionId, subjectType, subjectId],
  );
}

export interface CreditNoteToPush {
  id: string;
  number: string;
  invoiceId: string;
  invoiceNumber: string;
  clientId: string;
  currency: string;
  issueDate: Day;
  net: DecimalText;
  tax: DecimalText;
  total: DecimalText;
  /** Went on account of the invoice's payments: not applied to it. */
  freed: DecimalText;
  lines: {
    kind: string;
    projectId: string | null;
    description: string;
    quantity: DecimalText;
    amount: DecimalText;
    taxCategory: string;
    taxRate: DecimalText;
  }[];
}
const mostLines = 10_000;
export async function readCreditNoteToPush(tx: WorkspaceTx, id: string): Promise<CreditNoteToPush | null> {
  const note = await tx.row<Omit<CreditNoteToPush, 'lines'>>(
    `select n.id, n.number, n.invoice_id, i.number as invoice_number, n.client_id, n.currency, n.issue_date, n.net, n.tax, n.total, n.freed
     from credit_notes n join client_invoices i on i.workspace_id = $1 and i.id = n.invoice_id
     where n.workspace_id = $1 and n.id = $2 and n.status = 'issued'`,
    [tx.workspaceId, id],
  );
  if (!note) return null;
  const lines = await tx.rows<CreditNoteToPush['lines'][number]>(
    `select l.kind, l.project_id, x.description, x.quantity, x.amount, x.tax_category, x.tax_rate
     from credit_note_lines x join invoice_lines l on l.workspace_id = $1 and l.id = x.invoice_line_id
     where x.workspace_id = $1 and x.credit_note_id = $2 and x.amount <> 0 order by x.line_no limit $3`,
    [tx.workspaceId, id, mostLines],
  );
  return { ...note, lines };
}

export interface BadDebtToPush {
  invoiceId: string;
  invoiceNumber: string;
  amount: DecimalText;
  reason: string;
  postingDate: Day;
}
export function readBadDebtToPush(tx: WorkspaceTx, id: string): Promise<BadDebtToPush | null> {
  return tx.row(
    `select b.invoice_id, i.number as invoice_number, b.amount, b.reason, b.posting_date from bad_debts b
     join client_invoices i on i.workspace_id = $1 and i.id = b.invoice_id where b.workspace_id = $1 and b.id = $2`,
    [tx.workspaceId, id],
  );
}

export interface RefundToPush {
  clientId: string;
  amount: DecimalText;
  currency: string;
  valueDate: Day;
  reference: string | null;
  /** The platform's id of the payment that it gives back, where it came from there. */
  paymentExternalId: string | null;
}
export function readRefundToPush(
  tx: WorkspaceTx,
  id: string,
  connectionId: string,
): Promise<RefundToPush | null> {
  return tx.row(
    `select r.client_id, r.amount, r.currency, r.value_date, r.reference, p.external_id as payment_external_id
     from payments r
     left join payment_applications a on a.workspace_id = $1 and a.payment_id = r.id and a.kind = 'refund'
     left join payments p on p.workspace_id = $1 and p.id = a.document_id and p.connection_id = $3
     where r.workspace_id = $1 and r.id = $2 order by a.id limit 1`,
    [tx.workspaceId, id, connectionId],
  );
}

/** Where money of this payment's client is kept books of: where the payment came from, else where their invoices are. */
export async function connectionOfPayment(tx: WorkspaceTx, paymentId: string): Promise<string | null> {
  const row = await tx.row<{ connectionId: string | null }>(
    `select coalesce(p.connection_id, (
       select s.connection_id from client_invoices i join sync_records s on s.workspace_id = $1 and s.subject_type = 'client_invoice' and s.subject_id = i.id
       where i.workspace_id = $1 and i.client_id = p.client_id and s.external_id is not null order by s.id desc limit 1)) as connection_id
     from payments p where p.workspace_id = $1 and p.id = $2`,
    [tx.workspaceId, paymentId],
  );
  return row?.connectionId ?? null;
}

/** The connection whose ownership card books this seller's contractor invoices as bills; the oldest of several. */
export async function connectionOfBills(tx: WorkspaceTx, sellerId: string): Promise<string | null> {
  const row = await tx.row<{ id: string }>(
    `select id from connections where workspace_id = $1 and status <> 'disconnected' and ownership -> 'billsOf' ? $2::text order by id limit 1`,
    [tx.workspaceId, sellerId],
  );
  return row?.id ?? null;
}
