/** Owns bad debt: the rest of an invoice that will not be paid, and what of it came back; a signed ledger beside the invoice. */
import { localDay } from '../domain/day.ts';
import { openBalance, statusByBalance } from '../domain/invoice.ts';
import { Decimal, minorPlaces } from '../domain/money.ts';
import { Refusal } from '../domain/refusal.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { recordBadDebt, writeBadDebt } from './bad-debt-entries.ts';
import type { WorkspaceTx } from './database.ts';
import { enqueueLook } from './outbox.ts';
import { lockPayables, type Payable } from './payment-applications.ts';
import { requireOpenPeriods } from './periods.ts';
import { sellers } from './sellers.ts';
import { addDeltas } from './totals.ts';
import { workspaceNow } from './workspaces.ts';

export interface BadDebt {
  id: string;
  invoiceId: string;
  /** Signed: a recovery is below zero. */
  amount: DecimalText;
  reason: string;
  /** The money that recovered it. */
  paymentId: string | null;
  postingDate: Day;
  author: string;
  createdAt: string;
}
const maxBadDebts = 200;
/** Oldest first. */
export function listBadDebts(tx: WorkspaceTx, invoiceId: string): Promise<BadDebt[]> {
  return tx.rows<BadDebt>(
    `select id, invoice_id, amount, reason, payment_id, posting_date, author, created_at from bad_debts
     where workspace_id = $1 and invoice_id = $2 order by id limit $3`,
    [tx.workspaceId, invoiceId, maxBadDebts],
  );
}

async function requireInvoice(
  tx: WorkspaceTx,
  invoiceId: string,
  actor: string,
): Promise<{ invoice: Payable; today: Day } | null> {
  const invoice = (await lockPayables(tx, [invoiceId])).get(invoiceId);
  if (invoice?.kind !== 'invoice') {
    const draft = await tx.row('select 1 from client_invoices where workspace_id = $1 and id = $2', [
      tx.workspaceId,
      invoiceId,
    ]);
    if (draft)
      throw new Refusal({
        code: 'bad_debt.nothing_open',
        message: 'This invoice has no number: nobody owes it.',
        whatToDo: 'Discard the draft.',
      });
    return null;
  }
  const now = await workspaceNow(tx);
  const { zone } = (await sellers.find(tx, invoice.sellerId))!;
  const today = localDay(now, zone);
  await requireOpenPeriods(tx, 'billing', [{ sellerId: invoice.sellerId, day: today }], actor, now);
  return { invoice, today };
}

/** Gives up the whole rest of an invoice, posted today: it is uncollectible until money comes. Null: no such invoice. */
export async function writeOffBadDebt(
  tx: WorkspaceTx,
  invoiceId: string,
  { reason, actor }: { reason: string; actor: string },
  allow: (invoice: Payable, amount: Decimal) => Promise<void>,
): Promise<Payable | null> {
  const known = await requireInvoice(tx, invoiceId, actor);
  if (!known) return null;
  const { invoice, today } = known;
  const open = openBalance(invoice);
  if (open.lte(0) || !['issued', 'sent', 'partially_paid'].includes(invoice.status))
    throw new Refusal({
      code: 'bad_debt.nothing_open',
      message: `Invoice ${invoice.number} is ${invoice.status.replaceAll('_', ' ')}: nothing of it can be written off.`,
    });
  await allow(invoice, open);
  await writeBadDebt(tx, invoiceId, { amount: open, reason, postingDate: today, actor });
  await recordBadDebt(tx, invoice, 'written_off', actor, { amount: open.toFixed(), reason });
  return move(tx, invoice, open);
}

/** Takes a write-off back that was wrong, posted today: the invoice is open again. Null: no such invoice. */
export async function reverseBadDebt(
  tx: WorkspaceTx,
  invoiceId: string,
  { reason, actor }: { reason: string; actor: string },
): Promise<Payable | null> {
  const known = await requireInvoice(tx, invoiceId, actor);
  if (!known) return null;
  const { invoice, today } = known;
  const lost = new Decimal(invoice.badDebt);
  if (lost.isZero())
    throw new Refusal({
      code: 'bad_debt.none',
      message: `Nothing of invoice ${invoice.number} is written off.`,
    });
  await writeBadDebt(tx, invoiceId, { amount: lost.negated(), reason, postingDate: today, actor });
  await recordBadDebt(tx, invoice, 'write_off_reversed', actor, { amount: lost.toFixed(), reason });
  return move(tx, invoice, lost.negated());
}

async function move(tx: WorkspaceTx, invoice: Payable, amount: Decimal): Promise<Payable> {
  const places = Math.max(minorPlaces(invoice.currency), new Decimal(invoice.total).decimalPlaces());
  const badDebt = new Decimal(invoice.badDebt).plus(amount).toFixed(places);
  const after = { ...invoice, badDebt };
  const byBalance = statusByBalance(invoice.status, openBalance(after), invoice.applied, badDebt);
  after.status = byBalance === 'issued' && invoice.wasDelivered ? 'sent' : byBalance;
  await tx.run(
    `update client_invoices set bad_debt = $3, status = $4, settled_at = case when $4 = 'settled' then settled_at end
     where workspace_id = $1 and id = $2`,
    [tx.workspaceId, invoice.id, badDebt, after.status],
  );
  await addDeltas(tx, [{ metric: 'receivable', key: invoice.currency, value: amount.negated().toFixed() }]);
  // Reminders stop for what is given up, and go on where that was wrong.
  await enqueueLook(tx, {
    subjectType: 'client_invoice',
    subjectId: invoice.id,
    lane: 'interactive',
    reason: 'bad debt',
  });
  return after;
}
