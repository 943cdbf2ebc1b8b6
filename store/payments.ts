/** Owns clients' payments (those to contractors are in contractor-payments.ts); the invoice's balance moves with them, under its lock. */
import { localDay } from '../domain/day.ts';
import { type InvoiceStatus, openBalance, statusByBalance, takesPayment } from '../domain/invoice.ts';
import { Decimal } from '../domain/money.ts';
import { Refusal } from '../domain/refusal.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { raiseFindings } from './exceptions.ts';
import { newId } from './new-id.ts';
import { enqueueLooks } from './outbox.ts';
import { requireOpenPeriods, shutPeriods } from './periods.ts';
import { sellers } from './sellers.ts';
import { addDeltas } from './totals.ts';
import { workspaceNow } from './workspaces.ts';

export interface PaymentRow {
  id: string;
  direction: 'incoming' | 'outgoing';
  clientId: string | null;
  currency: string;
  amount: DecimalText;
  valueDate: Day;
  status: 'pending' | 'cleared' | 'reversed';
  reference: string | null;
  connectionId: string | null;
  externalId: string | null;
  recordedBy: string;
  createdAt: string;
  applied: DecimalText;
}
export interface NewPayment {
  clientId: string | null;
  currency: string;
  amount: DecimalText;
  valueDate: Day;
  /** The day in the seller's books; the value date unless said otherwise. */
  postingDate?: Day | undefined;
  reference: string | null;
  connectionId: string | null;
  externalId: string | null;
  actor: string;
  /** What of it settles which invoice; the rest stays on account. */
  applications: { invoiceId: string; amount: DecimalText }[];
}

const columns = `p.id, p.direction, p.client_id, p.currency, p.amount, p.value_date, p.status, p.reference, p.connection_id, p.external_id, p.recorded_by,
  p.created_at, coalesce((select sum(a.amount) from payment_applications a where a.workspace_id = p.workspace_id and a.payment_id = p.id
    and a.kind <> 'on_account'), 0) as applied`;

export async function listPayments(
  tx: WorkspaceTx,
  filter: { clientId?: string | undefined; cursor?: string | undefined; limit: number },
): Promise<PaymentRow[]> {
  return tx.rows<PaymentRow>(
    // The page first: applications are summed for its rows only.
    `select ${columns} from payments p where p.workspace_id = $1 and p.id = any(array(
       select x.id from payments x where x.workspace_id = $1 and x.person_id is null and ($2::uuid is null or x.id < $2)
         and ($4::uuid is null or x.client_id = $4) order by x.id desc limit $3))
     order by p.id desc`,
    [tx.workspaceId, filter.cursor ?? null, filter.limit, filter.clientId ?? null],
  );
}

export function readPayment(tx: WorkspaceTx, id: string): Promise<PaymentRow | null> {
  return tx.row<PaymentRow>(
    `select ${columns} from payments p where p.workspace_id = $1 and p.id = $2 and p.person_id is null`,
    [tx.workspaceId, id],
  );
}

/** Holds the payment until the transaction ends. */
export function lockPayment(tx: WorkspaceTx, id: string): Promise<Pick<PaymentRow, 'id' | 'status'> | null> {
  return tx.row(
    `select id, status from payments where workspace_id = $1 and id = $2 and person_id is null for no key update`,
    [tx.workspaceId, id],
  );
}

export interface ApplicationRow {
  kind: string;
  documentId: string | null;
  /** Null where it is applied to no invoice. */
  invoiceNumber: string | null;
  /** Signed: a reversal is a row of its own. */
  amount: DecimalText;
  postingDate: Day;
  createdAt: string;
}
const maxApplications = 1_000;
/** In the order they were made. */
export function readApplications(tx: WorkspaceTx, paymentId: string): Promise<ApplicationRow[]> {
  return tx.rows<ApplicationRow>(
    `select a.kind, a.document_id, i.number as invoice_number, a.amount, a.posting_date, a.created_at
     from payment_applications a
     left join client_invoices i on i.workspace_id = a.workspace_id and i.id = a.document_id
     where a.workspace_id = $1 and a.payment_id = $2 order by a.id limit $3`,
    [tx.workspaceId, paymentId, maxApplications],
  );
}

interface LockedInvoice {
  id: string;
  sellerId: string;
  clientId: string;
  status: InvoiceStatus;
  number: string;
  currency: string;
  total: DecimalText;
  applied: DecimalText;
  credited: DecimalText;
  badDebt: DecimalText;
}

async function lockInvoices(tx: WorkspaceTx, ids: string[]): Promise<Map<string, LockedInvoice>> {
  const rows = await tx.rows<LockedInvoice>(
    `select id, seller_id, client_id, status, number, currency, total, applied, credited, bad_debt from client_invoices
     where workspace_id = $1 and id = any($2::uuid[]) and number is not null order by id for no key update`,
    [tx.workspaceId, ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/**
 * Records one incoming payment with its applications. Refuses when an invoice is not issued, of another currency, or would
 * be paid beyond its open balance; the caller (a read-back) may instead pass only what fits. Refuses too where the seller's
 * payments are closed for the posting date.
 */
export async function recordPayment(tx: WorkspaceTx, payment: NewPayment): Promise<string> {
  if (payment.applications.some((application) => new Decimal(application.amount).lte(0))) {
    throw new Refusal({
      code: 'payment.application_not_positive',
      status: 422,
      message: 'An application takes more than nothing of the payment.',
      whatToDo: 'Leave out what takes nothing; reverse a payment to take it back from an invoice.',
    });
  }
  const sum = payment.applications.reduce(
    (total, application) => total.plus(application.amount),
    new Decimal(0),
  );
  if (sum.gt(payment.amount)) {
    throw new Refusal({
      code: 'payment.applied_beyond_amount',
      message: `The applications add up to ${sum.toFixed()} but the payment is ${payment.amount}.`,
      whatToDo: 'Lower an application, or record the full amount that arrived.',
    });
  }
  const id = newId();
  await tx.run(
    `insert into payments (workspace_id, id, direction, client_id, currency, amount, value_date, reference, connection_id, external_id, recorded_by)
     values ($1, $2, 'incoming', $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      tx.workspaceId,
      id,
      payment.clientId,
      payment.currency,
      payment.amount,
      payment.valueDate,
      payment.reference,
      payment.connectionId,
      payment.externalId,
      payment.actor,
    ],
  );
  const rest = new Decimal(payment.amount).minus(sum);
  await applyPayment(tx, id, payment, rest);
  await recordEvents(tx, [
    {
      type: 'payment.recorded',
      subjectType: 'payment',
      subjectId: id,
      actor: payment.actor,
      permission: 'payments.read',
      payload: {
        amount: payment.amount,
        currency: payment.currency,
        valueDate: payment.valueDate,
        externalId: payment.externalId,
      },
    },
  ]);
  return id;
}

async function applyPayment(
  tx: WorkspaceTx,
  paymentId: string,
  payment: NewPayment,
  rest: Decimal,
): Promise<void> {
  const invoices = await lockInvoices(
    tx,
    payment.applications.map((application) => application.invoiceId),
  );
  const postingDate = payment.postingDate ?? payment.valueDate;
  await requireOpenPeriods(
    tx,
    'payments',
    (await sellersPaid(tx, invoices)).map((sellerId) => ({ sellerId, day: postingDate })),
    payment.actor,
    await workspaceNow(tx),
  );
  const perInvoice = new Map<string, Decimal>();
  for (const { invoiceId, amount } of payment.applications) {
    perInvoice.set(invoiceId, (perInvoice.get(invoiceId) ?? new Decimal(0)).plus(amount));
  }
  for (const [invoiceId, amount] of perInvoice) {
    const invoice = invoices.get(invoiceId);
    if (!invoice) {
      throw new Refusal({
        code: 'payment.invoice_not_issued',
        message: `Invoice ${invoiceId} is not issued, so nothing can be paid on it.`,
        whatToDo: 'Issue the invoice first, or record the payment on account.',
      });
    }
    if (!takesPayment(invoice.status)) {
      throw new Refusal({
        code: 'payment.invoice_closed',
        message: `Invoice ${invoice.number} is ${invoice.status}, so nothing can be paid on it.`,
        whatToDo: 'Apply the payment to another invoice, or record it on account.',
      });
    }
    if (payment.clientId !== null && invoice.clientId !== payment.clientId) {
      throw new Refusal({
        code: 'payment.invoice_of_other_client',
        message: `Invoice ${invoice.number} is another client's than the payment.`,
        whatToDo: "Apply the payment to its own client's invoices, or record it without a client.",
      });
    }
    if (invoice.currency !== payment.currency) {
      throw new Refusal({
        code: 'payment.currency_differs',
        message: `Invoice ${invoice.number} is in ${invoice.currency}, the payment in ${payment.currency}.`,
        whatToDo:
          'Record the payment in the invoice currency, with the exchange difference as an application of its own.',
      });
    }
    if (amount.gt(openBalance(invoice))) {
      throw new Refusal({
        code: 'payment.beyond_balance',
        message: `Invoice ${invoice.number} has ${openBalance(invoice).toFixed()} open; ${amount.toFixed()} would overpay it.`,
        whatToDo: 'Apply at most the open balance and leave the rest on account.',
      });
    }
    await moveApplied(tx, paymentId, invoice, amount, postingDate);
  }
  if (rest.gt(0)) {
    await tx.run(
      `insert into payment_applications (workspace_id, payment_id, kind, amount, posting_date) values ($1, $2, 'on_account', $3, $4)`,
      [tx.workspaceId, paymentId, rest.toFixed(payment.amount.split('.')[1]?.length ?? 0), postingDate],
    );
  }
  await enqueueLooks(
    tx,
    [...perInvoice.keys()].map((invoiceId) => ({
      subjectType: 'client_invoice' as const,
      subjectId: invoiceId,
      lane: 'interactive' as const,
      reason: 'payment',
    })),
  );
}

/** Whose books the money goes into: the invoices' sellers', else those of the only seller there is; else nobody's yet. */
async function sellersPaid(tx: WorkspaceTx, invoices: ReadonlyMap<string, LockedInvoice>): Promise<string[]> {
  if (invoices.size > 0) return [...new Set([...invoices.values()].map((invoice) => invoice.sellerId))];
  const all = await tx.rows<{ id: string }>('select id from sellers where workspace_id = $1 limit 2', [
    tx.workspaceId,
  ]);
  return all.length === 1 ? [all[0]!.id] : [];
}

/**
 * The day on which what belongs to `day` is posted without anybody choosing: that day while its period takes it, else today,
 * since a correction of closed books posts today (BILLING §3). Refuses where today is closed too.
 */
async function openPostingDate(
  tx: WorkspaceTx,
  invoices: ReadonlyMap<string, LockedInvoice>,
  day: Day,
  actor: string,
): Promise<Day> {
  const sellerIds = await sellersPaid(tx, invoices);
  const now = await workspaceNow(tx);
  const postingsOn = (on: Day) => sellerIds.map((sellerId) => ({ sellerId, day: on }));
  const shut = await shutPeriods(tx, 'payments', postingsOn(day), actor, now);
  if (shut.length === 0) return day;
  const { zone } = (await sellers.find(tx, shut[0]!.sellerId))!;
  const today = localDay(now, zone);
  await requireOpenPeriods(tx, 'payments', postingsOn(today), actor, now);
  return today;
}

async function moveApplied(
  tx: WorkspaceTx,
  paymentId: string,
  invoice: LockedInvoice,
  amount: Decimal,
  postingDate: Day,
): Promise<void> {
  // Shown beside the total: with the same decimals.
  const places = invoice.total.split('.')[1]?.length ?? 0;
  await tx.run(
    `insert into payment_applications (workspace_id, payment_id, kind, document_id, amount, posting_date) values ($1, $2, 'invoice', $3, $4, $5)`,
    [tx.workspaceId, paymentId, invoice.id, amount.toFixed(places), postingDate],
  );
  const applied = new Decimal(invoice.applied).plus(amount).toFixed(places);
  const status = statusByBalance(invoice.status, openBalance({ ...invoice, applied }), applied);
  await tx.run(
    `update client_invoices set applied = $3, status = $4, settled_at = case when $4 = 'settled' then now() end where workspace_id = $1 and id = $2`,
    [tx.workspaceId, invoice.id, applied, status],
  );
  await addDeltas(tx, [
    { metric: 'receivable', key: invoice.currency, value: amount.negated().toFixed() },
    { metric: 'paid', key: invoice.currency, value: amount.toFixed() },
  ]);
}

/**
 * Takes a payment read back from a platform in, once: known ids are compared, not added. What the platform applied beyond
 * our open balance, or to an invoice that is not ours, stays on account and becomes an exception for a person.
 */
export async function takeInRemotePayment(
  tx: WorkspaceTx,
  connectionId: string,
  remote: {
    externalId: string;
    amount: DecimalText;
    currency: string | null;
    valueDate: Day;
    reference: string | null;
    deleted: boolean;
    applications: { invoiceId: string | null; amount: DecimalText }[];
  },
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
    if (remote.deleted)
      return known.status === 'reversed'
        ? 'known'
        : reversePayment(tx, known.id, actor, 'deleted at the platform');
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
  if (ours.length === 0) return 'ignored';
  const invoices = await lockInvoices(
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
          takesPayment(invoice.status),
      )
      .map((invoice) => [invoice.id, openBalance(invoice)]),
  );
  const fitting = ours.flatMap(({ invoiceId, amount }) => {
    const open = left.get(invoiceId) ?? new Decimal(0);
    const fits = Decimal.min(open, amount);
    left.set(invoiceId, open.minus(fits));
    return fits.gt(0) ? [{ invoiceId, amount: fits.toFixed() }] : [];
  });
  const id = await recordPayment(tx, {
    clientId: first?.clientId ?? null,
    currency,
    amount: remote.amount,
    valueDate: remote.valueDate,
    // Nobody can be asked: money of a closed month is posted today.
    postingDate: await openPostingDate(tx, invoices, remote.valueDate, actor),
    reference: remote.reference,
    connectionId,
    externalId: remote.externalId,
    actor,
    applications: fitting,
  });
  const applied = fitting.reduce((sum, application) => sum.plus(application.amount), new Decimal(0));
  const meant = ours.reduce((sum, application) => sum.plus(application.amount), new Decimal(0));
  if (!applied.eq(meant)) {
    await raisePaymentException(tx, id, 'payment.beyond_balance', {
      applied: applied.toFixed(),
      appliedThere: meant.toFixed(),
      externalId: remote.externalId,
    });
  }
  return 'recorded';
}

/**
 * What the platform says otherwise of a payment that we know; null: nothing. Less applied here than there is a difference
 * only while the invoice is open, since what was beyond its balance stayed on account.
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
       (select coalesce(sum(a.amount), 0) from payment_applications a
        where a.workspace_id = $1 and a.payment_id = $2 and a.document_id = i.id and a.kind = 'invoice') as applied
     from client_invoices i
     where i.workspace_id = $1 and i.number is not null and (i.id = any($3::uuid[]) or i.id in (
       select document_id from payment_applications where workspace_id = $1 and payment_id = $2 and kind = 'invoice'))
     order by i.number`,
    [tx.workspaceId, known.id, [...theirs.keys()]],
  );
  const unequal = rows.filter(({ invoiceId, applied, open }) => {
    const there = theirs.get(invoiceId) ?? new Decimal(0);
    return there.lt(applied) || (there.gt(applied) && new Decimal(open).gt(0));
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

/**
 * Takes a payment back: every application is countered by its own row, the invoices are open again. It is posted with the
 * payment, or today where the payment's period is closed.
 */
export async function reversePayment(
  tx: WorkspaceTx,
  paymentId: string,
  actor: string,
  reason: string,
): Promise<'reversed'> {
  const payment = await tx.row<{ valueDate: Day; was: string }>(
    `update payments set status = 'reversed', reversed_at = now() where workspace_id = $1 and id = $2 and status <> 'reversed'
     returning value_date, old.status as was`,
    [tx.workspaceId, paymentId],
  );
  if (!payment) return 'reversed';
  const applications = await tx.rows<{ documentId: string; amount: DecimalText }>(
    `select document_id, sum(amount) as amount from payment_applications where workspace_id = $1 and payment_id = $2 and kind = 'invoice'
     group by 1 having sum(amount) <> 0`,
    [tx.workspaceId, paymentId],
  );
  const invoices = await lockInvoices(
    tx,
    applications.map((application) => application.documentId),
  );
  const postingDate = await openPostingDate(tx, invoices, payment.valueDate, actor);
  await tx.run(
    `insert into payment_applications (workspace_id, payment_id, kind, amount, posting_date)
     select workspace_id, payment_id, kind, -sum(amount), $3 from payment_applications
     where workspace_id = $1 and payment_id = $2 and kind = 'on_account' group by 1, 2, 3 having sum(amount) <> 0`,
    [tx.workspaceId, paymentId, postingDate],
  );
  for (const { documentId, amount } of applications) {
    const invoice = invoices.get(documentId);
    if (invoice) await moveApplied(tx, paymentId, invoice, new Decimal(amount).negated(), postingDate);
  }
  await recordEvents(tx, [
    {
      type: 'payment.reversed',
      subjectType: 'payment',
      subjectId: paymentId,
      actor,
      permission: 'payments.read',
      payload: { reason },
      before: { status: payment.was },
      after: { status: 'reversed' },
    },
  ]);
  await enqueueLooks(
    tx,
    applications.map(({ documentId }) => ({
      subjectType: 'client_invoice' as const,
      subjectId: documentId,
      lane: 'interactive' as const,
      reason: 'payment reversed',
    })),
  );
  return 'reversed';
}
