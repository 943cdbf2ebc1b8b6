/** Owns refunds: money on account that goes back to its client, as a payment of its own. */
import { type Conflict, type Doer, keepApart, requireWithinLimit } from '../domain/duties.ts';
import { Decimal, minorPlaces } from '../domain/money.ts';
import type { PaymentMethod } from '../domain/payment.ts';
import { Refusal } from '../domain/refusal.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { connectionOfPayment } from './documents-to-push.ts';
import { approvalLimits, dutyRule, recordDutyExceptions } from './duties.ts';
import { dutyLimit } from './duty-limits.ts';
import { recordEvents } from './events.ts';
import { requireWithin } from './item-duties.ts';
import { newId } from './new-id.ts';
import { enqueueLook } from './outbox.ts';
import { readHead, takeFromAccount } from './payment-applications.ts';
import { rateIntoBooks } from './payment-currencies.ts';
import { lockPayment, readOnAccount, requireOpen } from './payments.ts';
import { queueDocument } from './pushed-documents.ts';

export interface WantedRefund {
  amount: DecimalText;
  method: PaymentMethod;
  valueDate: Day;
  reference: string | null;
  reason: string;
  ownReason: string | null;
}

/**
 * Gives back what is on account of an incoming payment. Refuses more than that, and books that are closed; who recorded the
 * payment does not refund it. Answers the id of the outgoing payment; null: no such payment.
 */
export async function refundPayment(
  tx: WorkspaceTx,
  paymentId: string,
  wanted: WantedRefund,
  doer: Doer,
): Promise<string | null> {
  const payment = await lockPayment(tx, paymentId);
  if (payment?.direction !== 'incoming') return null;
  const head = await readHead(tx, paymentId);
  await requireRefundable(tx, paymentId, head.clientId, wanted.amount, head.currency);
  requireWithinLimit(doer, await approvalLimits(tx), wanted.amount, head.currency);
  const limit = await dutyLimit(tx, 'pay', doer.memberId, head.currency);
  requireWithin(limit, new Decimal(wanted.amount), head.currency);
  const conflict: Conflict = {
    code: 'recorded_it',
    message: 'You recorded this payment: somebody else refunds it.',
    always: false,
  };
  const taken = keepApart(
    payment.recordedBy === doer.id ? [conflict] : [],
    await dutyRule(tx, 'payments.refund', doer),
    wanted.ownReason,
  );
  await requireOpen(tx, head, wanted.valueDate, doer.id);
  const refund = {
    ...head,
    id: newId(),
    valueDate: wanted.valueDate,
    ...(await rateIntoBooks(tx, head.sellerId, head.currency, wanted.valueDate)),
  };
  await tx.run(
    `insert into payments (workspace_id, id, direction, client_id, seller_id, method, currency, amount, value_date, cleared_at, reference, note,
       recorded_by, functional_currency, functional_conversion_id)
     values ($1, $2, 'outgoing', $3, $4, $5, $6, $7, $8, now(), $9, $10, $11, $12, $13)`,
    [
      tx.workspaceId,
      refund.id,
      refund.clientId,
      refund.sellerId,
      wanted.method,
      refund.currency,
      wanted.amount,
      wanted.valueDate,
      wanted.reference,
      wanted.reason,
      doer.id,
      refund.functionalCurrency,
      refund.functionalConversionId,
    ],
  );
  const amount = new Decimal(wanted.amount);
  await takeFromAccount(tx, head, { kind: 'refund', documentId: refund.id, amount }, wanted.valueDate);
  await writeRefunded(tx, refund, paymentId, amount, wanted.valueDate);
  await recordEvents(tx, [
    {
      type: 'payment.refunded',
      subjectType: 'payment',
      subjectId: paymentId,
      actor: doer.id,
      permission: 'payments.read',
      payload: { refundId: refund.id, amount: wanted.amount, currency: head.currency, reason: wanted.reason },
    },
  ]);
  await queueRefund(tx, paymentId, refund.id);
  const subject = { type: 'payment', id: refund.id, action: 'refund' };
  await recordDutyExceptions(tx, doer, subject, taken, wanted.ownReason);
  return refund.id;
}

/** Whoever keeps the books of this money has to know that it went back. */
async function queueRefund(tx: WorkspaceTx, paymentId: string, refundId: string): Promise<void> {
  const connectionId = await connectionOfPayment(tx, paymentId);
  if (connectionId === null) return;
  const owner = { ownerType: 'connection', ownerId: connectionId } as const;
  await queueDocument(tx, { connectionId, subjectType: 'refund', subjectId: refundId, ...owner });
  await enqueueLook(tx, {
    subjectType: 'connection',
    subjectId: connectionId,
    lane: 'interactive',
    reason: 'refunded',
  });
}

async function requireRefundable(
  tx: WorkspaceTx,
  paymentId: string,
  clientId: string | null,
  amount: DecimalText,
  currency: string,
): Promise<void> {
  if (new Decimal(amount).decimalPlaces() > minorPlaces(currency))
    throw new Refusal({
      code: 'payment.finer_than_currency',
      status: 422,
      message: `${amount} is finer than ${currency} goes.`,
      whatToDo: `Refund an amount of at most ${minorPlaces(currency)} decimals.`,
    });
  const left = await readOnAccount(tx, paymentId);
  if (left.lt(amount))
    throw new Refusal({
      code: 'payment.beyond_account',
      message: `${left.toFixed(minorPlaces(currency))} ${currency} of the payment is on account; ${amount} is more.`,
      whatToDo: 'Refund at most what is on account. What settled an invoice is credited first.',
      details: { onAccount: left.toFixed() },
    });
  if (clientId === null)
    throw new Refusal({
      code: 'payment.client_unknown',
      message: 'Nobody knows whose money this is, so it goes back to nobody.',
      whatToDo: 'Record it anew with its client.',
    });
}

/** The other side: the outgoing payment settles the credit of the incoming one. */
async function writeRefunded(
  tx: WorkspaceTx,
  refund: { id: string },
  paymentId: string,
  amount: Decimal,
  postingDate: Day,
): Promise<void> {
  await tx.run(
    `insert into payment_applications (workspace_id, payment_id, kind, document_id, amount, posting_date) values ($1, $2, 'refund', $3, $4, $5)`,
    [tx.workspaceId, refund.id, paymentId, amount.toFixed(), postingDate],
  );
}
