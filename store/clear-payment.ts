/** Owns clearing a pending payment: the money is there, and settles what it was announced for. */
import type { WantedApplication } from '../domain/payment.ts';
import { Refusal } from '../domain/refusal.ts';
import type { Day } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { applyWanted, type LockedWanted, lockWanted } from './netted-credits.ts';
import { keepOnAccount, readHead } from './payment-applications.ts';
import { rateIntoBooks } from './payment-currencies.ts';
import { lockPayment, readPayment, requireOpen, restOf } from './payments.ts';

/** The money is there: what it was announced for is applied, unless `applications` say otherwise. Null: no such payment. */
export async function clearPayment(
  tx: WorkspaceTx,
  paymentId: string,
  change: {
    applications?: readonly WantedApplication[] | undefined;
    valueDate?: Day | undefined;
    actor: string;
  },
): Promise<string | null> {
  const before = await readPayment(tx, paymentId);
  if (!before) return null;
  const announced = await lockAnnounced(tx, paymentId, change.applications);
  const payment = (await lockPayment(tx, paymentId))!;
  if (payment.status !== 'pending')
    throw new Refusal({
      code: 'payment.not_pending',
      message: `This payment is ${payment.status}: only a pending one clears.`,
    });
  const valueDate = change.valueDate ?? payment.valueDate;
  const stored = await readHead(tx, paymentId);
  const books = await rateIntoBooks(tx, stored.sellerId, stored.currency, valueDate);
  const head = { ...stored, ...books, valueDate };
  await requireOpen(tx, head, valueDate, change.actor);
  await tx.run(
    `update payments set status = 'cleared', cleared_at = now(), value_date = $3, wanted_applications = '[]', functional_currency = $4,
       functional_conversion_id = $5 where workspace_id = $1 and id = $2`,
    [tx.workspaceId, paymentId, valueDate, head.functionalCurrency, head.functionalConversionId],
  );
  const rest = restOf(before.amount, announced.wanted);
  await applyWanted(tx, head, announced, { postingDate: valueDate, actor: change.actor });
  await keepOnAccount(tx, head, rest, valueDate);
  await recordEvents(tx, [
    {
      type: 'payment.cleared',
      subjectType: 'payment',
      subjectId: paymentId,
      actor: change.actor,
      permission: 'payments.read',
      payload: { amount: before.amount, currency: before.currency, valueDate },
      before: { status: 'pending' },
      after: { status: 'cleared' },
    },
  ]);
  return paymentId;
}

async function lockAnnounced(
  tx: WorkspaceTx,
  paymentId: string,
  given: readonly WantedApplication[] | undefined,
): Promise<LockedWanted> {
  const row = await tx.row<{ wantedApplications: WantedApplication[] }>(
    'select wanted_applications from payments where workspace_id = $1 and id = $2',
    [tx.workspaceId, paymentId],
  );
  return lockWanted(tx, given ?? row?.wantedApplications ?? []);
}
