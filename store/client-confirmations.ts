/** Owns what clients say in the portal about having paid: shown with its time, and no money until money is recorded. */
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { sqlNow } from './clock.ts';
import type { WorkspaceTx } from './database.ts';
import { raiseFindings } from './exceptions.ts';

export interface ClientConfirmation {
  id: string;
  invoiceId: string;
  paidOn: Day | null;
  amount: DecimalText | null;
  reference: string | null;
  /** `waiting` for an admin, where the workspace asks for one. */
  status: 'waiting' | 'shown' | 'refused' | 'matched' | 'unmatched';
  confirmedAt: string;
}
const columns = 'id, invoice_id, paid_on, amount, reference, status, confirmed_at';

/** The one that stands; a refused one does not. */
export function readConfirmation(tx: WorkspaceTx, invoiceId: string): Promise<ClientConfirmation | null> {
  return tx.row<ClientConfirmation>(
    `select ${columns} from client_confirmations where workspace_id = $1 and invoice_id = $2 and status <> 'refused'
     order by id limit 1`,
    [tx.workspaceId, invoiceId],
  );
}

/** Holds the invoice until the transaction ends, so that two clicks are one confirmation. */
export function lockInvoice(tx: WorkspaceTx, invoiceId: string): Promise<{ id: string } | null> {
  return tx.row('select id from client_invoices where workspace_id = $1 and id = $2 for no key update', [
    tx.workspaceId,
    invoiceId,
  ]);
}

/** The caller holds the invoice. With `shown`, the invoice says so from now on. */
export async function writeConfirmation(
  tx: WorkspaceTx,
  given: {
    invoiceId: string;
    memberId: string;
    paidOn: Day | null;
    amount: DecimalText | null;
    reference: string | null;
    status: 'waiting' | 'shown';
  },
): Promise<ClientConfirmation> {
  const row = await tx.row<ClientConfirmation>(
    `insert into client_confirmations (workspace_id, invoice_id, member_id, paid_on, amount, reference, status, confirmed_at)
     values ($1, $2, $3, $4, $5, $6, $7, ${sqlNow}) returning ${columns}`,
    [
      tx.workspaceId,
      given.invoiceId,
      given.memberId,
      given.paidOn,
      given.amount,
      given.reference,
      given.status,
    ],
  );
  if (!row) throw new Error('insert into client_confirmations returned no row');
  if (row.status === 'shown') await showConfirmation(tx, row.invoiceId, row.confirmedAt);
  return row;
}

async function showConfirmation(tx: WorkspaceTx, invoiceId: string, at: string | null): Promise<void> {
  await tx.run('update client_invoices set confirmed_at = $3 where workspace_id = $1 and id = $2', [
    tx.workspaceId,
    invoiceId,
    at,
  ]);
}

/** An admin's word on a confirmation that waits; null when none does. The caller holds the invoice. */
export async function decideConfirmation(
  tx: WorkspaceTx,
  decision: { invoiceId: string; memberId: string | null; status: 'shown' | 'refused' },
): Promise<ClientConfirmation | null> {
  const row = await tx.row<ClientConfirmation>(
    `update client_confirmations set status = $3, decided_by = $4, decided_at = now()
     where workspace_id = $1 and invoice_id = $2 and status = 'waiting' returning ${columns}`,
    [tx.workspaceId, decision.invoiceId, decision.status, decision.memberId],
  );
  if (row?.status === 'shown') await showConfirmation(tx, row.invoiceId, row.confirmedAt);
  return row;
}

/** A client's word that they paid is asked after when no money has come for so many days. */
export function confirmationDays(settings: Readonly<Record<string, unknown>>): number {
  const { clientConfirmationDays } = settings;
  return typeof clientConfirmationDays === 'number' ? clientConfirmationDays : 10;
}

/**
 * Follows what clients said: matched once money has settled the invoice; where none came for so many days, an exception for
 * a person (BILLING §6). Answers how many are new exceptions. Doing it again changes nothing.
 */
export async function followConfirmations(tx: WorkspaceTx, days: number): Promise<number> {
  await tx.run(
    `update client_confirmations c set status = 'matched' from client_invoices i
     where c.workspace_id = $1 and c.status in ('shown', 'unmatched') and i.workspace_id = $1 and i.id = c.invoice_id and i.status = 'settled'`,
    [tx.workspaceId],
  );
  // The money went back: the word stands alone again.
  await tx.run(
    `update client_confirmations c set status = 'shown' from client_invoices i
     where c.workspace_id = $1 and c.status = 'matched' and i.workspace_id = $1 and i.id = c.invoice_id
       and i.status in ('issued', 'sent', 'partially_paid')`,
    [tx.workspaceId],
  );
  const missing = await tx.rows<{ id: string; invoiceId: string; number: string; confirmedAt: string }>(
    `update client_confirmations c set status = 'unmatched' from client_invoices i
     where c.workspace_id = $1 and c.status = 'shown' and c.confirmed_at < ${sqlNow} - $2 * interval '1 day'
       and i.workspace_id = $1 and i.id = c.invoice_id
     returning c.id, c.invoice_id, i.number, c.confirmed_at`,
    [tx.workspaceId, days],
  );
  return raiseFindings(
    tx,
    missing.map(({ id, invoiceId, number, confirmedAt }) => ({
      rule: 'payment.confirmed_not_received',
      severity: 'W' as const,
      subjectKey: `confirmation:${id}`,
      fingerprint: id,
      subjectType: 'client_invoice' as const,
      subjectId: invoiceId,
      detail: { number, confirmedAt },
      entries: [],
    })),
  );
}
