/** Owns the entries of the bad-debt ledger: what was given up of an invoice, and what came back. */
import type { Decimal } from '../domain/money.ts';
import type { Day } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { newId } from './new-id.ts';
import { queueOfInvoice } from './pushed-documents.ts';

interface NamedInvoice {
  id: string;
  number: string;
  currency: string;
}

/** `amount` is signed: a recovery is below zero. The caller moves the invoice. */
export async function writeBadDebt(
  tx: WorkspaceTx,
  invoiceId: string,
  row: { amount: Decimal; reason: string; postingDate: Day; actor: string; paymentId?: string },
): Promise<void> {
  const id = newId();
  await tx.run(
    `insert into bad_debts (workspace_id, id, invoice_id, amount, reason, posting_date, author, payment_id) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      tx.workspaceId,
      id,
      invoiceId,
      row.amount.toFixed(),
      row.reason,
      row.postingDate,
      row.actor,
      row.paymentId ?? null,
    ],
  );
  await queueOfInvoice(tx, invoiceId, 'bad_debt', id);
}

export function recordBadDebt(
  tx: WorkspaceTx,
  invoice: NamedInvoice,
  what: 'written_off' | 'write_off_reversed' | 'bad_debt_recovered',
  actor: string,
  payload: Record<string, string>,
): Promise<void> {
  return recordEvents(tx, [
    {
      type: `client_invoice.${what}`,
      subjectType: 'client_invoice',
      subjectId: invoice.id,
      actor,
      permission: 'invoices.read',
      payload: { number: invoice.number, currency: invoice.currency, ...payload },
    },
  ]);
}

/** Money came for what was given up: as much of the write-off is taken back as the money needs. */
export async function recoverBadDebt(
  tx: WorkspaceTx,
  invoice: NamedInvoice,
  amount: Decimal,
  { paymentId, postingDate, actor }: { paymentId: string; postingDate: Day; actor: string },
): Promise<void> {
  const reason = 'recovered by a payment';
  await writeBadDebt(tx, invoice.id, { amount: amount.negated(), reason, postingDate, actor, paymentId });
  await recordBadDebt(tx, invoice, 'bad_debt_recovered', actor, { amount: amount.toFixed(), paymentId });
}
