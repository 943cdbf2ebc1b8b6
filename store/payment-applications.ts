/** Owns what payments settle: the ledger of applications, and the balances of invoices and late fees that move with it. */
import { type InvoiceStatus, openBalance, statusByBalance, takesPayment } from '../domain/invoice.ts';
import { Decimal, minorPlaces } from '../domain/money.ts';
import {
  cashOf,
  documentOf,
  inCurrency,
  ledgerRows,
  settledBy,
  type WantedApplication,
} from '../domain/payment.ts';
import { Refusal } from '../domain/refusal.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { asRows, plainArray } from './arrays.ts';
import { recoverBadDebt } from './bad-debt-entries.ts';
import { sqlNow } from './clock.ts';
import type { WorkspaceTx } from './database.ts';
import { enqueueLooks } from './outbox.ts';
import {
  type Converted,
  differenceInBooks,
  gainOf,
  inDocumentCurrency,
  worthInBooks,
} from './payment-currencies.ts';
import { tellOfSettled } from './payment-notices.ts';
import { addDeltas } from './totals.ts';

/** A document that money may settle, held until the transaction ends. */
export interface Payable {
  kind: 'invoice' | 'late_fee';
  id: string;
  sellerId: string;
  clientId: string;
  number: string;
  currency: string;
  status: InvoiceStatus;
  total: DecimalText;
  applied: DecimalText;
  credited: DecimalText;
  badDebt: DecimalText;
  /** What it stands for in the seller's books; null: it is in their currency, or nobody has said. */
  functionalTotal: DecimalText | null;
  wasDelivered: boolean;
}

/** Numbered invoices first, then issued late fees, each in the order of their ids. Lock order: documents, then payments. */
export async function lockPayables(
  tx: WorkspaceTx,
  documentIds: readonly string[],
): Promise<Map<string, Payable>> {
  if (documentIds.length === 0) return new Map();
  const ids = plainArray([...new Set(documentIds)]);
  const invoices = await tx.rows<Payable>(
    `select 'invoice' as kind, i.id, i.seller_id, i.client_id, i.number, i.currency, i.status, i.total, i.applied, i.credited, i.bad_debt,
       i.functional_total, exists (select from document_deliveries d where d.workspace_id = $1 and d.document_type = 'client_invoice'
         and d.document_id = i.id and d.status in ('delivered', 'cleared')) as was_delivered
     from client_invoices i where i.workspace_id = $1 and i.id = any($2::uuid[]) and i.number is not null order by i.id for no key update of i`,
    [tx.workspaceId, ids],
  );
  const fees =
    invoices.length === new Set(documentIds).size
      ? []
      : await tx.rows<Payable>(
          `select 'late_fee' as kind, id, seller_id, client_id, number, currency, case status when 'waived' then 'credited' else status end as status,
             amount as total, applied, '0' as credited, '0' as bad_debt, null as functional_total, false as was_delivered
           from late_fees where workspace_id = $1 and id = any($2::uuid[]) and number is not null order by id for no key update`,
          [tx.workspaceId, ids],
        );
  return new Map([...invoices, ...fees].map((row) => [row.id, row]));
}

/** A payment as its applications need it. */
export interface PaymentHead {
  id: string;
  clientId: string | null;
  sellerId: string | null;
  currency: string;
  valueDate: Day;
  /** The rate into the seller's books, taken once; null where the payment is in their currency, or nobody knows one. */
  functionalCurrency: string | null;
  functionalRate: DecimalText | null;
  functionalConversionId: string | null;
}

interface Row {
  kind: string;
  documentId: string | null;
  amount: Decimal;
  documentCurrency: string | null;
  documentAmount: DecimalText | null;
  documentConversionId: string | null;
  exchangeDifference: DecimalText | null;
}
const plainRow = (kind: string, amount: Decimal, documentId: string | null = null): Row => ({
  kind,
  documentId,
  amount,
  documentCurrency: null,
  documentAmount: null,
  documentConversionId: null,
  exchangeDifference: null,
});

/**
 * Settles documents that the caller has locked, with cash that `from` names: new cash of the payment, or what of it is on
 * account. Refuses whole what is not issued, another's, or would be paid beyond its open balance. What was written off as bad
 * debt is recovered as far as the money needs.
 */
export async function applyToDocuments(
  tx: WorkspaceTx,
  payment: PaymentHead,
  wanted: readonly WantedApplication[],
  payables: ReadonlyMap<string, Payable>,
  { postingDate, actor, from }: { postingDate: Day; actor: string; from: 'payment' | 'account' },
): Promise<void> {
  requirePositive(wanted);
  const rows: Row[] = [];
  const settled: { payable: Payable; amount: Decimal }[] = [];
  const left = new Map<string, Decimal>();
  for (const application of wanted) {
    const payable = requirePayable(payment, application, payables);
    const conversion = await inDocumentCurrency(tx, payment, payable, application);
    requireWholeUnits(payment, payable, application, conversion.amount);
    const open = left.get(payable.id) ?? openBalance(payable).plus(payable.badDebt);
    if (conversion.amount.gt(open)) throw beyondBalance(payable, open, conversion.amount);
    left.set(payable.id, open.minus(conversion.amount));
    settled.push({ payable, amount: conversion.amount });
    rows.push(...toRows(payment, payable, application, conversion));
  }
  const cash = cashOf(wanted);
  if (from === 'account' && !cash.isZero()) rows.push(plainRow('on_account', cash.negated()));
  await writeApplications(tx, payment, rows, postingDate);
  for (const { payable, amount } of settled)
    await moveApplied(tx, payable, amount, { paymentId: payment.id, postingDate, actor });
  await wake(tx, payables, 'payment');
  await tellOfSettled(
    tx,
    payment.id,
    settled.map(({ payable }) => payable),
  );
}

function requirePositive(wanted: readonly WantedApplication[]): void {
  if (wanted.every((one) => !new Decimal(one.amount).isNegative() && settledBy(one).gt(0))) return;
  throw new Refusal({
    code: 'payment.application_not_positive',
    status: 422,
    message: 'An application settles more than nothing.',
    whatToDo: 'Leave out what settles nothing; reverse a payment to take it back from an invoice.',
  });
}

/** What a ledger keeps is money that there is: no part of a cent, and nothing that converts to nothing. */
function requireWholeUnits(
  payment: PaymentHead,
  payable: Payable,
  { amount, deductions = {} }: WantedApplication,
  ofDocument: Decimal,
): void {
  const ofPayment = payment.currency === payable.currency ? placesOf(payable) : minorPlaces(payment.currency);
  const given = [amount, ...Object.values(deductions)].map((text) => new Decimal(text ?? 0));
  const isWhole =
    given.every((value) => value.decimalPlaces() <= ofPayment) &&
    ofDocument.decimalPlaces() <= placesOf(payable);
  if (isWhole && ofDocument.gt(0)) return;
  throw new Refusal({
    code: 'payment.finer_than_currency',
    status: 422,
    message: isWhole
      ? `What is applied to invoice ${payable.number} comes to nothing in ${payable.currency}.`
      : `What is applied to invoice ${payable.number} is finer than its currency goes.`,
    whatToDo: `Apply amounts of at most ${ofPayment} decimals in ${payment.currency}, and ${placesOf(payable)} in ${payable.currency}.`,
  });
}

/** Decimals that its amounts have: those of its currency, unless its contract bills finer. */
export const placesOf = ({ currency, total }: Pick<Payable, 'currency' | 'total'>): number =>
  Math.max(minorPlaces(currency), total.split('.')[1]?.length ?? 0);

function requirePayable(
  payment: PaymentHead,
  application: WantedApplication,
  payables: ReadonlyMap<string, Payable>,
): Payable {
  const payable = payables.get(documentOf(application));
  if (!payable)
    throw new Refusal({
      code: 'payment.invoice_not_issued',
      message: `Invoice ${documentOf(application)} is not issued, so nothing can be paid on it.`,
      whatToDo: 'Issue the invoice first, or record the payment on account.',
    });
  if (!takesPayment(payable.status))
    throw new Refusal({
      code: 'payment.invoice_closed',
      message: `Invoice ${payable.number} is ${payable.status}, so nothing can be paid on it.`,
      whatToDo: 'Apply the payment to another invoice, or record it on account.',
    });
  if (payment.clientId !== null && payable.clientId !== payment.clientId)
    throw new Refusal({
      code: 'payment.invoice_of_other_client',
      message: `Invoice ${payable.number} is another client's than the payment.`,
      whatToDo: "Apply the payment to its own client's invoices, or record it without a client.",
    });
  if (payment.sellerId !== null && payable.sellerId !== payment.sellerId)
    throw new Refusal({
      code: 'payment.sellers_differ',
      message: `Invoice ${payable.number} is another seller's than the money.`,
      whatToDo: 'Record what each seller got as a payment of its own.',
    });
  return payable;
}

const beyondBalance = (payable: Payable, open: Decimal, amount: Decimal) =>
  new Refusal({
    code: 'payment.beyond_balance',
    message: `Invoice ${payable.number} has ${open.toFixed(minorPlaces(payable.currency))} ${payable.currency} open; ${amount.toFixed()} would overpay it.`,
    whatToDo: 'Apply at most the open balance and leave the rest on account.',
    details: { open: open.toFixed(), currency: payable.currency },
  });

function toRows(
  payment: PaymentHead,
  payable: Payable,
  application: WantedApplication,
  { amount, conversionId }: Converted,
): Row[] {
  const converted = payable.currency !== payment.currency;
  return ledgerRows(application).map((row): Row => {
    if (row.kind !== 'document')
      return { ...plainRow(row.kind, row.amount, payable.id), exchangeDifference: gainOf(payment, row) };
    return {
      kind: payable.kind,
      documentId: payable.id,
      amount: row.amount,
      documentCurrency: converted ? payable.currency : null,
      documentAmount: converted ? inCurrency(amount, payable.currency) : null,
      documentConversionId: conversionId,
      exchangeDifference: differenceInBooks(payment, payable, row.amount, amount),
    };
  });
}

/** In one statement, so that what makes up for another row stands beside it. */
async function writeApplications(
  tx: WorkspaceTx,
  payment: PaymentHead,
  rows: readonly Row[],
  postingDate: Day,
): Promise<void> {
  if (rows.length === 0) return;
  const worth = (row: Row) => worthInBooks(payment, row.amount)?.toFixed() ?? null;
  const { from, params } = asRows(
    {
      kind: { type: 'text', values: rows.map((row) => row.kind) },
      document_id: { type: 'uuid', values: rows.map((row) => row.documentId) },
      amount: { type: 'numeric', values: rows.map((row) => inCurrency(row.amount, payment.currency)) },
      document_currency: { type: 'text', values: rows.map((row) => row.documentCurrency) },
      document_amount: { type: 'numeric', values: rows.map((row) => row.documentAmount) },
      document_conversion_id: { type: 'uuid', values: rows.map((row) => row.documentConversionId) },
      functional_amount: { type: 'numeric', values: rows.map(worth) },
      exchange_difference: { type: 'numeric', values: rows.map((row) => row.exchangeDifference) },
    },
    6,
  );
  await tx.run(
    `insert into payment_applications (workspace_id, payment_id, kind, document_id, amount, posting_date, document_currency, document_amount,
       document_conversion_id, functional_currency, functional_amount, functional_conversion_id, exchange_difference)
     select $1, $2, r.kind, r.document_id, r.amount, $3, r.document_currency, r.document_amount, r.document_conversion_id,
       $4::text, r.functional_amount, $5::uuid, r.exchange_difference
     from ${from}`,
    [
      tx.workspaceId,
      payment.id,
      postingDate,
      payment.functionalCurrency,
      payment.functionalConversionId,
      ...params,
    ],
  );
}

/** What no document takes stays on account, and is applied later. */
export function keepOnAccount(
  tx: WorkspaceTx,
  payment: PaymentHead,
  amount: Decimal,
  postingDate: Day,
): Promise<void> {
  return writeApplications(tx, payment, amount.isZero() ? [] : [plainRow('on_account', amount)], postingDate);
}

/** Takes cash that is on account for something else: a refund, or below another payment's documents by a credit note. */
export function takeFromAccount(
  tx: WorkspaceTx,
  payment: PaymentHead,
  taken: { kind: 'refund' | 'credit_note'; documentId: string; amount: Decimal },
  postingDate: Day,
): Promise<void> {
  const rows = [
    plainRow(taken.kind, taken.amount, taken.documentId),
    plainRow('on_account', taken.amount.negated()),
  ];
  return writeApplications(tx, payment, rows, postingDate);
}

/** What a credit note takes off the payment's documents: `source` gives as much of what the credit put on its account. */
export async function netCredit(
  tx: WorkspaceTx,
  payment: PaymentHead,
  source: PaymentHead,
  { creditNoteId, amount }: { creditNoteId: string; amount: Decimal },
  postingDate: Day,
): Promise<void> {
  await takeFromAccount(tx, source, { kind: 'credit_note', documentId: creditNoteId, amount }, postingDate);
  const [given, taken] = [worthInBooks(source, amount), worthInBooks(payment, amount)];
  const exchangeDifference = given === null || taken === null ? null : given.minus(taken).toFixed();
  const row = { ...plainRow('credit_note', amount.negated(), creditNoteId), exchangeDifference };
  await writeApplications(tx, payment, [row], postingDate);
}

/**
 * Counters all that a payment has applied, each by a row of its own: documents are open again, and what was on account is
 * gone. The caller holds the documents and the payment.
 */
export async function counterApplications(
  tx: WorkspaceTx,
  paymentId: string,
  payables: Map<string, Payable>,
  { postingDate, actor }: { postingDate: Day; actor: string },
): Promise<void> {
  const countered = await tx.rows<{ kind: string; documentId: string | null; settled: DecimalText }>(
    `insert into payment_applications (workspace_id, payment_id, kind, document_id, amount, posting_date, document_currency, document_amount,
       document_conversion_id, functional_currency, functional_amount, functional_conversion_id, exchange_difference)
     select workspace_id, payment_id, kind, document_id, -sum(amount), $3, document_currency, -sum(document_amount), document_conversion_id,
       functional_currency, -sum(functional_amount), functional_conversion_id, -sum(exchange_difference)
     from payment_applications where workspace_id = $1 and payment_id = $2
     group by workspace_id, payment_id, kind, document_id, document_currency, document_conversion_id, functional_currency, functional_conversion_id
     having sum(amount) <> 0
     returning kind, document_id, coalesce(document_amount, amount) as settled`,
    [tx.workspaceId, paymentId, postingDate],
  );
  for (const { kind, documentId, settled } of countered) {
    const payable = documentId === null ? undefined : payables.get(documentId);
    if (payable && (kind === 'invoice' || kind === 'late_fee'))
      await moveApplied(tx, payable, new Decimal(settled), { paymentId, postingDate, actor });
  }
  await wake(tx, payables, 'payment reversed');
}

/** By a signed amount of the document's currency. The row given moves along, for whoever moves it again. */
async function moveApplied(
  tx: WorkspaceTx,
  payable: Payable,
  amount: Decimal,
  by: { paymentId: string; postingDate: Day; actor: string },
): Promise<void> {
  const places = placesOf(payable);
  const applied = new Decimal(payable.applied).plus(amount).toFixed(places);
  if (payable.kind === 'late_fee') {
    payable.applied = applied;
    await tx.run(
      `update late_fees set applied = $3, status = case when amount = $3::numeric then 'settled' else 'issued' end where workspace_id = $1 and id = $2`,
      [tx.workspaceId, payable.id, applied],
    );
    return;
  }
  const missing = amount.minus(openBalance(payable));
  if (missing.gt(0)) {
    await recoverBadDebt(tx, payable, missing, by);
    payable.badDebt = new Decimal(payable.badDebt).minus(missing).toFixed(places);
  }
  payable.applied = applied;
  const byBalance = statusByBalance(payable.status, openBalance(payable), applied, payable.badDebt);
  payable.status = byBalance === 'issued' && payable.wasDelivered ? 'sent' : byBalance;
  await tx.run(
    `update client_invoices set applied = $3, bad_debt = $4, status = $5, settled_at = case when $5 = 'settled' then ${sqlNow} end
     where workspace_id = $1 and id = $2`,
    [tx.workspaceId, payable.id, applied, payable.badDebt, payable.status],
  );
  const recovered = Decimal.max(missing, 0);
  await addDeltas(tx, [
    { metric: 'receivable', key: payable.currency, value: recovered.minus(amount).toFixed() },
    { metric: 'paid', key: payable.currency, value: amount.toFixed() },
  ]);
}

async function wake(tx: WorkspaceTx, payables: ReadonlyMap<string, Payable>, reason: string): Promise<void> {
  const invoices = [...payables.values()].filter((payable) => payable.kind === 'invoice');
  await enqueueLooks(
    tx,
    invoices.map(({ id }) => ({
      subjectType: 'client_invoice' as const,
      subjectId: id,
      lane: 'interactive' as const,
      reason,
    })),
  );
}

/**
 * Money that an invoice no longer needs, since it was credited after it had been paid: goes back on account of its payments,
 * the latest first, to be applied elsewhere or refunded. The caller holds the invoice, lowers its `applied` by the amount
 * answered through this, and writes its credit. Refuses where less was applied.
 */
export async function returnToAccount(
  tx: WorkspaceTx,
  invoiceId: string,
  amount: Decimal,
  { postingDate, actor }: { postingDate: Day; actor: string },
): Promise<void> {
  const payables = await lockPayables(tx, [invoiceId]);
  const invoice = payables.get(invoiceId);
  if (!invoice || new Decimal(invoice.applied).lt(amount))
    throw new Error(`invoice ${invoiceId} has less than ${amount.toFixed()} applied`);
  const paid = await tx.rows<{ paymentId: string; settled: DecimalText }>(
    `select payment_id, sum(coalesce(document_amount, amount)) as settled from payment_applications
     where workspace_id = $1 and document_id = $2 and kind = 'invoice' group by 1 having sum(amount) <> 0 order by max(id) desc`,
    [tx.workspaceId, invoiceId],
  );
  let rest = amount;
  for (const { paymentId, settled } of paid) {
    const returned = Decimal.min(rest, settled);
    if (returned.lte(0)) break;
    const payment = await readHead(tx, paymentId);
    const made = await tx.row<{
      amount: DecimalText;
      conversionId: string | null;
      difference: DecimalText | null;
    }>(
      `select sum(amount) as amount, max(document_conversion_id::text)::uuid as conversion_id, sum(exchange_difference) as difference
       from payment_applications
       where workspace_id = $1 and payment_id = $2 and document_id = $3 and kind = 'invoice'`,
      [tx.workspaceId, paymentId, invoiceId],
    );
    const inPayment =
      payment.currency === invoice.currency
        ? returned
        : new Decimal(made!.amount)
            .times(returned)
            .div(settled)
            .toDecimalPlaces(minorPlaces(payment.currency));
    const converted = payment.currency !== invoice.currency;
    const back: Row = {
      ...plainRow('invoice', inPayment.negated(), invoiceId),
      documentCurrency: converted ? invoice.currency : null,
      documentAmount: converted ? returned.negated().toFixed() : null,
      documentConversionId: made!.conversionId,
      exchangeDifference: partOf(made!.difference, returned.div(settled), payment.functionalCurrency),
    };
    await writeApplications(tx, payment, [back, plainRow('on_account', inPayment)], postingDate);
    await moveApplied(tx, invoice, returned.negated(), { paymentId, postingDate, actor });
    rest = rest.minus(returned);
  }
}

/** What was gained or lost on what goes back is taken back in proportion. */
function partOf(difference: DecimalText | null, share: Decimal, currency: string | null): DecimalText | null {
  if (difference === null || currency === null) return null;
  return new Decimal(difference).times(share).negated().toDecimalPlaces(minorPlaces(currency)).toFixed();
}

export async function readHead(tx: WorkspaceTx, paymentId: string): Promise<PaymentHead> {
  const row = await tx.row<PaymentHead>(
    `select p.id, p.client_id, p.seller_id, p.currency, p.value_date, p.functional_currency, c.rate as functional_rate, p.functional_conversion_id
     from payments p left join conversions c on c.workspace_id = $1 and c.id = p.functional_conversion_id
     where p.workspace_id = $1 and p.id = $2`,
    [tx.workspaceId, paymentId],
  );
  if (!row) throw new Error(`payment ${paymentId} does not exist`);
  return row;
}
