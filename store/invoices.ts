/** Owns reading client invoices: lists, one with its lines, and what explains each line. */
import type { InvoiceStatus } from '../domain/invoice.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';

export interface InvoiceRow {
  id: string;
  status: InvoiceStatus;
  holdReason: string | null;
  number: string | null;
  clientId: string;
  clientName: string;
  contractId: string;
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
  /** State at the accounting platform; null when the contract names none. */
  sync: {
    status: string;
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
  taxCategory: string;
  taxRate: DecimalText;
  serviceFrom: Day | null;
  serviceTo: Day | null;
  itemCount: number;
  formula: Record<string, unknown>;
}

const select = `select i.id, i.status, i.hold_reason, i.number, i.client_id, c.name as client_name, i.contract_id, i.run_id, i.currency, i.issue_date,
  i.due_date, i.service_from, i.service_to, i.net, i.tax, i.total, i.applied, i.credited, i.bad_debt, i.quantity_seconds, i.line_count, i.item_count,
  i.created_at, i.issued_at, i.settled_at,
  (select jsonb_build_object('status', s.status, 'failedStep', s.failed_step, 'reason', s.reason, 'externalId', s.external_id, 'connectionId', s.connection_id)
   from sync_records s where s.workspace_id = i.workspace_id and s.subject_id = i.id and s.subject_type = 'client_invoice' limit 1) as sync
  from client_invoices i join clients c on c.workspace_id = i.workspace_id and c.id = i.client_id`;

/** Newest first; `cursor` is the id the last page ended with. */
export async function listInvoices(
  tx: WorkspaceTx,
  filter: {
    status?: string | undefined;
    clientId?: string | undefined;
    runId?: string | undefined;
    cursor?: string | undefined;
    limit: number;
  },
): Promise<InvoiceRow[]> {
  return tx.rows<InvoiceRow>(
    `${select} where i.workspace_id = $1 and ($2::text is null or i.status = $2) and ($3::uuid is null or i.client_id = $3)
       and ($4::uuid is null or i.run_id = $4) and ($5::uuid is null or i.id < $5)
     order by i.id desc limit $6`,
    [
      tx.workspaceId,
      filter.status ?? null,
      filter.clientId ?? null,
      filter.runId ?? null,
      filter.cursor ?? null,
      filter.limit,
    ],
  );
}

export async function readInvoice(tx: WorkspaceTx, id: string): Promise<InvoiceRow | null> {
  return tx.row<InvoiceRow>(`${select} where i.workspace_id = $1 and i.id = $2`, [tx.workspaceId, id]);
}

/** Lines in order, after `afterLineNo`. */
export async function readInvoiceLines(
  tx: WorkspaceTx,
  invoiceId: string,
  afterLineNo: number,
  limit: number,
): Promise<InvoiceLineRow[]> {
  return tx.rows<InvoiceLineRow>(
    `select id, line_no, kind, description, project_id, quantity, unit, unit_price, amount, tax_category, tax_rate, service_from, service_to, item_count, formula
     from invoice_lines where workspace_id = $1 and invoice_id = $2 and line_no > $3 order by line_no limit $4`,
    [tx.workspaceId, invoiceId, afterLineNo, limit],
  );
}
