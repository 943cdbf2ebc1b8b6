/** Owns clients' payments (those to contractors are in contractor-payments.ts): recording, clearing, applying what is on account. */
import { localDay } from '../domain/day.ts';
import { Decimal } from '../domain/money.ts';
import {
  cashOf,
  documentOf,
  type PaymentMethod,
  type PaymentStatus,
  type WantedApplication,
} from '../domain/payment.ts';
import { Refusal } from '../domain/refusal.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { applyWanted, lockWanted } from './netted-credits.ts';
import { newId } from './new-id.ts';
import {
  applyToDocuments,
  keepOnAccount,
  lockPayables,
  type Payable,
  type PaymentHead,
  readHead,
} from './payment-applications.ts';
import { rateIntoBooks } from './payment-currencies.ts';
import { requireOpenPeriods } from './periods.ts';
import { sellers } from './sellers.ts';
import { workspaceNow } from './workspaces.ts';

export interface PaymentRow {
  id: string;
  /** Outgoing: a refund. */
  direction: 'incoming' | 'outgoing';
  clientId: string | null;
  sellerId: string | null;
  method: PaymentMethod | null;
  currency: string;
  amount: DecimalText;
  valueDate: Day;
  status: PaymentStatus;
  reference: string | null;
  note: string | null;
  connectionId: string | null;
  externalId: string | null;
  recordedBy: string;
  createdAt: string;
  /** Of it on documents or refunded; the rest is on account. */
  applied: DecimalText;
  onAccount: DecimalText;
}
export interface NewPayment {
  clientId: string | null;
  sellerId?: string | null | undefined;
  method?: PaymentMethod | null | undefined;
  /** Pending: it settles nothing before it clears. */
  status?: 'pending' | 'cleared' | undefined;
  currency: string;
  amount: DecimalText;
  valueDate: Day;
  /** The day in the seller's books; the value date unless said otherwise. */
  postingDate?: Day | undefined;
  reference: string | null;
  note?: string | null | undefined;
  connectionId: string | null;
  externalId: string | null;
  actor: string;
  /** What of it settles which document; the rest stays on account. */
  applications: readonly WantedApplication[];
}

const onAccount = `coalesce((select sum(a.amount) from payment_applications a where a.workspace_id = p.workspace_id and a.payment_id = p.id
    and a.kind = 'on_account'), 0)`;
const columns = `p.id, p.direction, p.client_id, p.seller_id, p.method, p.currency, p.amount, p.value_date, p.status, p.reference, p.note, p.connection_id,
  p.external_id, p.recorded_by, p.created_at, round(${onAccount}, scale(p.amount)) as on_account,
  case p.status when 'cleared' then round(p.amount - ${onAccount}, scale(p.amount)) else round(0, scale(p.amount)) end as applied`;

export async function listPayments(
  tx: WorkspaceTx,
  filter: {
    clientId?: string | undefined;
    /** Only what has money left on account. */
    unapplied?: boolean | undefined;
    cursor?: string | undefined;
    limit: number;
  },
): Promise<PaymentRow[]> {
  return tx.rows<PaymentRow>(
    // The page first: applications are summed for its rows only.
    `select ${columns} from payments p where p.workspace_id = $1 and p.id = any(array(
       select x.id from payments x where x.workspace_id = $1 and x.person_id is null and ($2::uuid is null or x.id < $2)
         and ($4::uuid is null or x.client_id = $4)
         and (not $5 or x.status = 'cleared' and (select sum(a.amount) from payment_applications a
           where a.workspace_id = $1 and a.payment_id = x.id and a.kind = 'on_account') > 0)
       order by x.id desc limit $3))
     order by p.id desc`,
    [tx.workspaceId, filter.cursor ?? null, filter.limit, filter.clientId ?? null, filter.unapplied ?? false],
  );
}

export function readPayment(tx: WorkspaceTx, id: string): Promise<PaymentRow | null> {
  return tx.row<PaymentRow>(
    `select ${columns} from payments p where p.workspace_id = $1 and p.id = $2 and p.person_id is null`,
    [tx.workspaceId, id],
  );
}

/** Holds the payment until the transaction ends; documents are held before. */
export function lockPayment(
  tx: WorkspaceTx,
  id: string,
): Promise<
  | (Pick<PaymentRow, 'id' | 'status' | 'direction' | 'currency' | 'recordedBy' | 'valueDate'> & {
      wantedApplications: WantedApplication[];
    })
  | null
> {
  return tx.row(
    `select id, status, direction, currency, recorded_by, value_date, wanted_applications from payments
     where workspace_id = $1 and id = $2 and person_id is null for no key update`,
    [tx.workspaceId, id],
  );
}

/** What of it is on account, under the payment's lock. */
export async function readOnAccount(tx: WorkspaceTx, paymentId: string): Promise<Decimal> {
  const row = await tx.row<{ left: DecimalText }>(
    `select coalesce(sum(amount), 0) as left from payment_applications where workspace_id = $1 and payment_id = $2 and kind = 'on_account'`,
    [tx.workspaceId, paymentId],
  );
  return new Decimal(row!.left);
}

export interface ApplicationRow {
  kind: string;
  documentId: string | null;
  /** Of the invoice, late fee or credit note; null where it is applied to none. */
  invoiceNumber: string | null;
  /** Signed: what was no cash is below zero, and a reversal is a row of its own. */
  amount: DecimalText;
  /** What it settles in the document's own currency, where that is another. */
  documentCurrency: string | null;
  documentAmount: DecimalText | null;
  rate: DecimalText | null;
  rateSource: string | null;
  /** In the seller's books; above zero is a gain. */
  exchangeDifference: DecimalText | null;
  postingDate: Day;
  createdAt: string;
}
const maxApplications = 1_000;
/** In the order they were made. */
export function readApplications(tx: WorkspaceTx, paymentId: string): Promise<ApplicationRow[]> {
  return tx.rows<ApplicationRow>(
    `select a.kind, a.document_id, coalesce(i.number, f.number, n.number) as invoice_number, a.amount, a.document_currency, a.document_amount, c.rate,
       c.source as rate_source, a.exchange_difference, a.posting_date, a.created_at
     from payment_applications a
     left join client_invoices i on i.workspace_id = a.workspace_id and i.id = a.document_id
     left join late_fees f on f.workspace_id = a.workspace_id and f.id = a.document_id
     left join credit_notes n on n.workspace_id = a.workspace_id and n.id = a.document_id
     left join conversions c on c.workspace_id = a.workspace_id and c.id = a.document_conversion_id
     where a.workspace_id = $1 and a.payment_id = $2 order by a.id limit $3`,
    [tx.workspaceId, paymentId, maxApplications],
  );
}

/**
 * Records one incoming payment with its applications. Refuses when an invoice is not issued, or would be paid beyond its open
 * balance; the caller (a read-back) may instead pass only what fits. Refuses too where the seller's payments are closed for
 * the posting date.
 */
export async function recordPayment(tx: WorkspaceTx, payment: NewPayment): Promise<string> {
  const isPending = payment.status === 'pending';
  const rest = restOf(payment.amount, payment.applications);
  const wanted = await lockWanted(tx, payment.applications);
  const { payables } = wanted;
  const head = await openHead(tx, payment, payables);
  const postingDate = payment.postingDate ?? payment.valueDate;
  if (!isPending) await requireOpen(tx, head, postingDate, payment.actor);
  await insertPayment(tx, head, payment);
  if (!isPending) {
    await applyWanted(tx, head, wanted, { postingDate, actor: payment.actor });
    await keepOnAccount(tx, head, rest, postingDate);
  }
  await recordEvents(tx, [
    {
      type: isPending ? 'payment.announced' : 'payment.recorded',
      subjectType: 'payment',
      subjectId: head.id,
      actor: payment.actor,
      permission: 'payments.read',
      payload: {
        amount: payment.amount,
        currency: payment.currency,
        valueDate: payment.valueDate,
        externalId: payment.externalId,
        invoices: [...payables.values()].map(({ number }) => number),
        creditNotes: [...wanted.notes.values()].map(({ number }) => number),
      },
    },
  ]);
  return head.id;
}

/** What no application takes. */
export function restOf(amount: DecimalText, applications: readonly WantedApplication[]): Decimal {
  const sum = cashOf(applications);
  if (sum.gt(amount))
    throw new Refusal({
      code: 'payment.applied_beyond_amount',
      message: `The applications add up to ${sum.toFixed()} but the payment is ${amount}.`,
      whatToDo: 'Lower an application, or record the full amount that arrived.',
    });
  return new Decimal(amount).minus(sum);
}

/** Whose money it is: as said, else by the documents, where they agree; the only seller there is, where nobody says. */
async function openHead(
  tx: WorkspaceTx,
  payment: NewPayment,
  payables: ReadonlyMap<string, Payable>,
): Promise<PaymentHead> {
  const only = (ids: Iterable<string>): string | null => {
    const distinct = [...new Set(ids)];
    return distinct.length === 1 ? distinct[0]! : null;
  };
  const documents = [...payables.values()];
  const owners = new Set(documents.map((document) => document.sellerId));
  if (owners.size > 1)
    throw new Refusal({
      code: 'payment.sellers_differ',
      message: 'These invoices are of different sellers, and the money went to one.',
      whatToDo: 'Record what each seller got as a payment of its own.',
    });
  const sellerId = payment.sellerId ?? only(owners) ?? (await onlySeller(tx));
  return {
    id: newId(),
    clientId: payment.clientId ?? only(documents.map((document) => document.clientId)),
    sellerId,
    currency: payment.currency,
    valueDate: payment.valueDate,
    ...(await rateIntoBooks(tx, sellerId, payment.currency, payment.valueDate)),
  };
}

async function onlySeller(tx: WorkspaceTx): Promise<string | null> {
  const all = await tx.rows<{ id: string }>('select id from sellers where workspace_id = $1 limit 2', [
    tx.workspaceId,
  ]);
  return all.length === 1 ? all[0]!.id : null;
}

async function insertPayment(tx: WorkspaceTx, head: PaymentHead, payment: NewPayment): Promise<void> {
  const status = payment.status ?? 'cleared';
  await tx.run(
    `insert into payments (workspace_id, id, direction, client_id, seller_id, method, currency, amount, value_date, status, cleared_at, reference, note,
       connection_id, external_id, recorded_by, wanted_applications, functional_currency, functional_conversion_id)
     values ($1, $2, 'incoming', $3, $4, $5, $6, $7, $8, $9, case when $9 = 'cleared' then now() end, $10, $11, $12, $13, $14, $15, $16, $17)`,
    [
      tx.workspaceId,
      head.id,
      head.clientId,
      head.sellerId,
      payment.method ?? null,
      payment.currency,
      payment.amount,
      payment.valueDate,
      status,
      payment.reference,
      payment.note ?? null,
      payment.connectionId,
      payment.externalId,
      payment.actor,
      JSON.stringify(status === 'pending' ? payment.applications : []),
      head.functionalCurrency,
      head.functionalConversionId,
    ],
  );
}

export async function requireOpen(
  tx: WorkspaceTx,
  head: PaymentHead,
  postingDate: Day,
  actor: string,
): Promise<void> {
  const postings = head.sellerId === null ? [] : [{ sellerId: head.sellerId, day: postingDate }];
  await requireOpenPeriods(tx, 'payments', postings, actor, await workspaceNow(tx));
}

/** Puts money that is on account on documents of the same client, seller and currency books. Null: no such payment. */
export async function applyOnAccount(
  tx: WorkspaceTx,
  paymentId: string,
  wanted: readonly WantedApplication[],
  { actor, ...asked }: { postingDate?: Day | undefined; actor: string },
): Promise<string | null> {
  const payables = await lockPayables(tx, wanted.map(documentOf));
  const payment = await lockPayment(tx, paymentId);
  if (payment?.direction !== 'incoming') return null;
  if (payment.status !== 'cleared')
    throw new Refusal({
      code: 'payment.not_cleared',
      message: `This payment is ${payment.status}: nothing of it can be applied.`,
      whatToDo: payment.status === 'pending' ? 'Say that it has cleared first.' : 'Record what arrived anew.',
    });
  const left = await readOnAccount(tx, paymentId);
  const cash = cashOf(wanted);
  if (cash.gt(left))
    throw new Refusal({
      code: 'payment.beyond_account',
      message: `${left.toFixed()} ${payment.currency} of the payment is on account; ${cash.toFixed()} is more.`,
      whatToDo: 'Apply at most what is on account.',
      details: { onAccount: left.toFixed() },
    });
  const stored = await readHead(tx, paymentId);
  const first = wanted[0] && payables.get(documentOf(wanted[0]));
  // Money of nobody yet is whose documents it settles first.
  const head = {
    ...stored,
    clientId: stored.clientId ?? first?.clientId ?? null,
    sellerId: stored.sellerId ?? first?.sellerId ?? null,
  };
  const postingDate = asked.postingDate ?? (await todayOf(tx, head.sellerId));
  await requireOpen(tx, head, postingDate, actor);
  await tx.run('update payments set client_id = $3, seller_id = $4 where workspace_id = $1 and id = $2', [
    tx.workspaceId,
    paymentId,
    head.clientId,
    head.sellerId,
  ]);
  await applyToDocuments(tx, head, wanted, payables, { postingDate, actor, from: 'account' });
  await recordEvents(tx, [
    {
      type: 'payment.applied',
      subjectType: 'payment',
      subjectId: paymentId,
      actor,
      permission: 'payments.read',
      payload: {
        applied: cash.toFixed(),
        currency: payment.currency,
        invoices: [...payables.values()].map(({ number }) => number),
      },
    },
  ]);
  return paymentId;
}

/** The seller's day; that of UTC where nobody's books are known. */
export async function todayOf(tx: WorkspaceTx, sellerId: string | null): Promise<Day> {
  const seller = sellerId === null ? null : await sellers.find(tx, sellerId);
  return localDay(await workspaceNow(tx), seller?.zone ?? 'UTC');
}
