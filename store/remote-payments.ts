/** Owns payments that are read back from a platform: each taken in once, compared after, and taken back when it is gone there. */
import { openBalance, takesPayment } from '../domain/invoice.ts';
import { Decimal } from '../domain/money.ts';
import { Refusal } from '../domain/refusal.ts';
import type { Day, DecimalText, UnreadableRow } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { raiseFindings } from './exceptions.ts';
import { lockPayables } from './payment-applications.ts';
import { proposeMatches } from './payment-matches.ts';
import { readOnAccount, recordPayment } from './payments.ts';
import { openPostingDate, reversePayment } from './reverse-payment.ts';

/** As a platform tells of it, with our ids. */
export interface ReadBackPayment {
  externalId: string;
  amount: DecimalText;
  currency: string | null;
  valueDate: Day;
  reference: string | null;
  deleted: boolean;
  applications: { invoiceId: string | null; amount: DecimalText }[];
  /** The client, where it is applied to nothing there. */
  onAccountOf?: string | null;
}

/** Ends by itself: the reading is tried again. */
const passing: readonly string[] = ['period.closed', 'payment.applied_meanwhile'];

/** Takes each in. Answers, for the quarantine, those that our books refuse: one odd payment must not hold up all others for ever. */
export async function takeInRemotePayments(
  tx: WorkspaceTx,
  connectionId: string,
  payments: readonly ReadBackPayment[],
  actor: string,
): Promise<UnreadableRow[]> {
  const refused: UnreadableRow[] = [];
  for (const payment of payments) {
    await tx.run('savepoint payment');
    try {
      await takeInRemotePayment(tx, connectionId, payment, actor);
      await tx.run('release savepoint payment');
    } catch (problem) {
      const why = whyRefused(problem);
      if (why === null) throw problem;
      await tx.run('rollback to savepoint payment');
      const position = `payment ${payment.externalId}`;
      refused.push({ position, raw: JSON.stringify(payment), truncated: false, ...why });
    }
  }
  return refused;
}

/** Null: a failure of ours or a passing one. Classes 22 and 23 of Postgres say that the figures or words themselves cannot be kept. */
function whyRefused(problem: unknown): { reason: string; detail: string } | null {
  if (problem instanceof Refusal)
    return passing.includes(problem.code)
      ? null
      : { reason: problem.code, detail: `${problem.message} ${problem.whatToDo ?? ''}`.trim() };
  const code = (problem as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^2[23]/.test(code)
    ? {
        reason: 'payment.unkeepable',
        detail: 'This payment holds what our books cannot keep. Record it by hand.',
      }
    : null;
}

/**
 * Takes a payment read back from a platform in, once: known ids are compared, not added. What the platform applied beyond
 * our open balance or the money itself, or to an invoice that is not ours, stays on account and becomes an exception for a person.
 */
export async function takeInRemotePayment(
  tx: WorkspaceTx,
  connectionId: string,
  remote: ReadBackPayment,
  actor: string,
): Promise<'recorded' | 'known' | 'reversed' | 'ignored' | 'differs'> {
  await tx.run('select pg_advisory_xact_lock(hashtextextended($1, 3))', [
    `${connectionId}:${remote.externalId}`,
  ]);
  const known = await tx.row<{ id: string; status: string; amount: DecimalText; recordedBy: string }>(
    `select id, status, amount, recorded_by from payments where workspace_id = $1 and connection_id = $2 and external_id = $3`,
    [tx.workspaceId, connectionId, remote.externalId],
  );
  if (known) {
    if (remote.deleted) return known.status === 'reversed' ? 'known' : takeBack(tx, known.id, actor);
    const difference = await differenceAtPlatform(tx, known, remote);
    if (difference === null) return 'known';
    await raisePaymentException(tx, known.id, 'payment.changed_at_platform', {
      was: known.amount,
      is: remote.amount,
      externalId: remote.externalId,
      difference,
    });
    return 'differs';
  }
  if (remote.deleted || new Decimal(remote.amount).lte(0)) return 'ignored';
  const ours = remote.applications.filter(
    (application): application is { invoiceId: string; amount: DecimalText } =>
      application.invoiceId !== null,
  );
  if (ours.length === 0)
    return remote.applications.length === 0 && remote.onAccountOf && remote.currency !== null
      ? propose(tx, connectionId, remote.onAccountOf, { ...remote, currency: remote.currency }, actor)
      : 'ignored';
  const invoices = await lockPayables(
    tx,
    ours.map((application) => application.invoiceId),
  );
  const first = invoices.get(ours[0]!.invoiceId);
  const currency = remote.currency ?? first?.currency ?? 'XXX';
  // What cannot take this money has nothing open for it: another client's, another currency's, or a closed invoice.
  const left = new Map(
    [...invoices.values()]
      .filter(
        (invoice) =>
          invoice.currency === currency &&
          invoice.clientId === first?.clientId &&
          invoice.sellerId === first.sellerId &&
          takesPayment(invoice.status),
      )
      .map((invoice) => [invoice.id, openBalance(invoice).plus(invoice.badDebt)]),
  );
  // A credit that is applied with it there makes the applications more than the money.
  let money = new Decimal(remote.amount);
  const fitting = ours.flatMap(({ invoiceId, amount }) => {
    const open = left.get(invoiceId) ?? new Decimal(0);
    const fits = Decimal.min(open, amount, money);
    left.set(invoiceId, open.minus(fits));
    money = money.minus(fits);
    return fits.gt(0) ? [{ invoiceId, amount: fits.toFixed() }] : [];
  });
  const id = await recordPayment(tx, {
    clientId: first?.clientId ?? null,
    currency,
    amount: remote.amount,
    valueDate: remote.valueDate,
    // Nobody can be asked: money of a closed month is posted today.
    postingDate: await openPostingDate(tx, first?.sellerId ?? null, remote.valueDate, actor),
    reference: remote.reference,
    connectionId,
    externalId: remote.externalId,
    actor,
    applications: fitting,
  });
  const applied = fitting.reduce((sum, application) => sum.plus(application.amount), new Decimal(0));
  const meant = remote.applications.reduce((sum, { amount }) => sum.plus(amount), new Decimal(0));
  if (!applied.eq(meant)) {
    await raisePaymentException(tx, id, 'payment.beyond_balance', {
      applied: applied.toFixed(),
      appliedThere: meant.toFixed(),
      externalId: remote.externalId,
    });
  }
  return 'recorded';
}

/** Nobody said there what it is for: it is on account here, with what it is probably for, until a person confirms it. */
async function propose(
  tx: WorkspaceTx,
  connectionId: string,
  clientId: string,
  remote: {
    externalId: string;
    amount: DecimalText;
    currency: string;
    valueDate: Day;
    reference: string | null;
  },
  actor: string,
): Promise<'recorded'> {
  const { externalId, amount, currency, valueDate, reference } = remote;
  const postingDate = await openPostingDate(tx, null, valueDate, actor);
  const facts = { clientId, currency, amount, valueDate, postingDate, reference, connectionId, externalId };
  const id = await recordPayment(tx, { ...facts, actor, applications: [] });
  await proposeMatches(tx, { id, reference });
  return 'recorded';
}

/**
 * What the platform says otherwise of a payment that we know; null: nothing. Less applied here than there is a difference
 * only while the invoice is open and money of it on account, since what was beyond its balance stayed there.
 */
async function differenceAtPlatform(
  tx: WorkspaceTx,
  known: { id: string; status: string; amount: DecimalText },
  remote: { amount: DecimalText; applications: { invoiceId: string | null; amount: DecimalText }[] },
): Promise<string | null> {
  if (known.status === 'reversed') return 'reversed here, not there';
  if (!new Decimal(known.amount).eq(remote.amount)) return 'the amount';
  const theirs = new Map<string, Decimal>();
  for (const { invoiceId, amount } of remote.applications)
    if (invoiceId !== null) theirs.set(invoiceId, (theirs.get(invoiceId) ?? new Decimal(0)).plus(amount));
  const rows = await tx.rows<{ invoiceId: string; number: string; applied: DecimalText; open: DecimalText }>(
    `select i.id as invoice_id, i.number, i.total - i.applied - i.credited - i.bad_debt as open,
       (select coalesce(sum(coalesce(a.document_amount, a.amount)), 0) from payment_applications a
        where a.workspace_id = $1 and a.payment_id = $2 and a.document_id = i.id and a.kind = 'invoice') as applied
     from client_invoices i
     where i.workspace_id = $1 and i.number is not null and (i.id = any($3::uuid[]) or i.id in (
       select document_id from payment_applications where workspace_id = $1 and payment_id = $2 and kind = 'invoice'))
     order by i.number`,
    [tx.workspaceId, known.id, [...theirs.keys()]],
  );
  const left = await readOnAccount(tx, known.id);
  const unequal = rows.filter(({ invoiceId, applied, open }) => {
    const there = theirs.get(invoiceId) ?? new Decimal(0);
    return there.lt(applied) || (there.gt(applied) && new Decimal(open).gt(0) && left.gt(0));
  });
  return unequal.length === 0 ? null : `applied otherwise to ${unequal.map((row) => row.number).join(', ')}`;
}

async function raisePaymentException(
  tx: WorkspaceTx,
  paymentId: string,
  rule: string,
  detail: Record<string, string>,
): Promise<void> {
  await raiseFindings(tx, [
    {
      rule,
      severity: 'W',
      subjectKey: `payment:${paymentId}`,
      fingerprint: JSON.stringify(detail),
      subjectType: 'payment',
      subjectId: paymentId,
      detail,
      entries: [],
    },
  ]);
}

/** It is gone at the platform. What was refunded from here meanwhile stays, and a person is asked. */
async function takeBack(tx: WorkspaceTx, paymentId: string, actor: string): Promise<'reversed' | 'differs'> {
  const refunded = await tx.row(
    `select 1 from payment_applications where workspace_id = $1 and payment_id = $2 and kind = 'refund' having sum(amount) <> 0`,
    [tx.workspaceId, paymentId],
  );
  if (refunded) {
    await raisePaymentException(tx, paymentId, 'payment.changed_at_platform', {
      difference: 'deleted there, refunded here',
    });
    return 'differs';
  }
  await reversePayment(tx, paymentId, actor, 'deleted at the platform');
  return 'reversed';
}
