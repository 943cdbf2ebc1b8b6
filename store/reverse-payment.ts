/** Owns taking a payment back: what it applied is open again, by rows of its own, posted where the books are open. */
import { localDay } from '../domain/day.ts';
import { paymentTransitions } from '../domain/payment.ts';
import { Refusal } from '../domain/refusal.ts';
import type { Day } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { lockNotes, requireNotNetted, returnNetted } from './netted-credits.ts';
import { counterApplications, lockPayables, readHead } from './payment-applications.ts';
import { supersedeProposals } from './payment-matches.ts';
import { lockPayment } from './payments.ts';
import { requireOpenPeriods, shutPeriods } from './periods.ts';
import { sellers } from './sellers.ts';
import { workspaceNow } from './workspaces.ts';

/**
 * The day on which what belongs to `day` is posted without anybody choosing: that day while its period takes it, else today,
 * since a correction of closed books posts today (BILLING §3). Refuses where today is closed too.
 */
export async function openPostingDate(
  tx: WorkspaceTx,
  sellerId: string | null,
  day: Day,
  actor: string,
): Promise<Day> {
  if (sellerId === null) return day;
  const now = await workspaceNow(tx);
  if ((await shutPeriods(tx, 'payments', [{ sellerId, day }], actor, now)).length === 0) return day;
  const { zone } = (await sellers.find(tx, sellerId))!;
  const today = localDay(now, zone);
  await requireOpenPeriods(tx, 'payments', [{ sellerId, day: today }], actor, now);
  return today;
}

/**
 * Every application is countered by its own row: invoices are open again with the status they had, and what was on account is
 * gone. It is posted with the payment, or today where the payment's period is closed. A refund that is reversed is on account
 * again, and so is what credit notes took off. Refuses while a refund of the payment stands, or a credit of it nets another. Doing it again changes nothing; null: no such payment.
 */
export async function reversePayment(
  tx: WorkspaceTx,
  paymentId: string,
  actor: string,
  reason: string,
): Promise<'reversed' | 'already_reversed' | null> {
  const notes = await lockNotes(tx, await documentsOf(tx, paymentId, ['credit_note']));
  const payables = await lockPayables(tx, await documentsOf(tx, paymentId, ['invoice', 'late_fee']));
  const payment = await lockPayment(tx, paymentId);
  if (!payment) return null;
  // Documents are held before payments, so money may have gone to another one in between.
  const isComplete = (await documentsOf(tx, paymentId, ['invoice', 'late_fee', 'credit_note'])).every(
    (id) => payables.has(id) || notes.has(id),
  );
  if (!isComplete)
    throw new Refusal({
      code: 'payment.applied_meanwhile',
      message: 'Somebody applied this payment to another document at the same moment.',
      whatToDo: 'Look at it again, then reverse it.',
    });
  if (!paymentTransitions[payment.status].includes('reversed')) return 'already_reversed';
  await requireNotRefunded(tx, paymentId);
  await requireNotNetted(tx, paymentId);
  const head = await readHead(tx, paymentId);
  const postingDate = await openPostingDate(tx, head.sellerId, payment.valueDate, actor);
  if (payment.direction === 'outgoing') await returnRefund(tx, paymentId, postingDate);
  await tx.run(
    `update payments set status = 'reversed', reversed_at = now() where workspace_id = $1 and id = $2`,
    [tx.workspaceId, paymentId],
  );
  await supersedeProposals(tx, paymentId);
  await returnNetted(tx, paymentId, postingDate);
  await counterApplications(tx, paymentId, payables, { postingDate, actor });
  await recordEvents(tx, [
    {
      type: 'payment.reversed',
      subjectType: 'payment',
      subjectId: paymentId,
      actor,
      permission: 'payments.read',
      payload: { reason },
      before: { status: payment.status },
      after: { status: 'reversed' },
    },
  ]);
  return 'reversed';
}

async function documentsOf(tx: WorkspaceTx, paymentId: string, kinds: readonly string[]): Promise<string[]> {
  const rows = await tx.rows<{ documentId: string }>(
    `select distinct document_id from payment_applications where workspace_id = $1 and payment_id = $2 and kind = any($3::text[])`,
    [tx.workspaceId, paymentId, plainArray(kinds)],
  );
  return rows.map((row) => row.documentId);
}

async function requireNotRefunded(tx: WorkspaceTx, paymentId: string): Promise<void> {
  const refund = await tx.row<{ documentId: string }>(
    `select document_id from payment_applications a where workspace_id = $1 and payment_id = $2 and kind = 'refund'
       and exists (select from payments p where p.workspace_id = $1 and p.id = a.payment_id and p.direction = 'incoming')
     group by 1 having sum(amount) <> 0 limit 1`,
    [tx.workspaceId, paymentId],
  );
  if (refund)
    throw new Refusal({
      code: 'payment.refunded',
      message: 'Some of this payment was refunded.',
      whatToDo: 'Reverse the refund first.',
      details: { refundId: refund.documentId },
    });
}

/** What went out came back: it is on account of the payments that it was taken from. */
async function returnRefund(tx: WorkspaceTx, refundId: string, postingDate: Day): Promise<void> {
  await tx.run(
    `with given_back as (
       select payment_id, document_id, functional_currency, functional_conversion_id, sum(amount) as amount, sum(functional_amount) as functional_amount
       from payment_applications
       where workspace_id = $1 and kind = 'refund' and document_id = $2 and payment_id <> $2
       group by 1, 2, 3, 4 having sum(amount) <> 0)
     insert into payment_applications (workspace_id, payment_id, kind, document_id, amount, posting_date, functional_currency, functional_amount, functional_conversion_id)
     select $1, g.payment_id, r.kind, r.document_id, r.sign * g.amount, $3, g.functional_currency, r.sign * g.functional_amount, g.functional_conversion_id
     from given_back g cross join lateral (values ('refund', g.document_id, -1), ('on_account', null::uuid, 1)) as r(kind, document_id, sign)`,
    [tx.workspaceId, refundId, postingDate],
  );
}
