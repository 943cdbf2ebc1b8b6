/** Owns paying contractors: applied = paid + withheld + credit netted, never beyond what is due; reversed by rows of its own. */
import { createHash } from 'node:crypto';
import { isPayable, statusByApplied } from '../domain/contractor-invoice.ts';
import { addDays, localDay } from '../domain/day.ts';
import { type Conflict, type Doer, keepApart } from '../domain/duties.ts';
import { Decimal, fixed, minorPlaces } from '../domain/money.ts';
import { found, invalidField, Refusal } from '../domain/refusal.ts';
import { netCredits, type WantedWithholding, withhold } from '../domain/withholding.ts';
import type { Day, DecimalText, Instant } from '../domain/work-entry.ts';
import { asRows } from './arrays.ts';
import { type CreditEntry, lockOpenCredits, moveCredits, nettedBy } from './contractor-credits.ts';
import { payTickets } from './contractor-invoice-decisions.ts';
import { tellOfPayment, tellOfReversal } from './contractor-invoice-notices.ts';
import {
  type ContractorInvoice,
  lockContractorInvoices,
  readInvoicedTickets,
  recordInvoiceEvent,
} from './contractor-invoices.ts';
import type { WorkspaceTx } from './database.ts';
import { requireCompliant } from './documents.ts';
import { dutyRule, recordDutyExceptions } from './duties.ts';
import { recordEvents } from './events.ts';
import { newId } from './new-id.ts';
import { readReleased } from './pay-when-paid.ts';
import { confirmedAccount } from './payee-accounts.ts';
import { requireOpenPeriods } from './periods.ts';
import { queueDocument } from './pushed-documents.ts';
import { sellers } from './sellers.ts';
import { readSyncRecord } from './sync.ts';
import { markTicketsUnpaid } from './tickets.ts';
import { workspaceNow } from './workspaces.ts';

export const paymentMethods = ['wire', 'ach', 'check', 'card', 'other'] as const;
export type PaymentMethod = (typeof paymentMethods)[number];

export interface ContractorPayment {
  id: string;
  personId: string;
  personName: string;
  sellerId: string | null;
  method: PaymentMethod;
  currency: string;
  /** Cash. */
  amount: DecimalText;
  /** Settled of invoices: cash, withheld and netted. */
  applied: DecimalText;
  withheld: DecimalText;
  netted: DecimalText;
  /** Cash that is on no invoice yet. */
  onAccount: DecimalText;
  valueDate: Day;
  status: 'cleared' | 'reversed';
  /** Reference or confirmation number. */
  reference: string | null;
  note: string | null;
  payeeAccountId: string | null;
  recordedBy: string;
  createdAt: Instant;
  reversedAt: Instant | null;
}

const sumOf = (kind: string, sign: '' | '-' = '') =>
  `round(coalesce((select ${sign}sum(a.amount) from payment_applications a where a.workspace_id = p.workspace_id and a.payment_id = p.id
    and a.kind = '${kind}'), 0), scale(p.amount))`;
const columns = `p.id, p.person_id, h.name as person_name, p.seller_id, p.method, p.currency, p.amount, ${sumOf('contractor_invoice')} as applied,
  ${sumOf('tax_withheld', '-')} as withheld, ${sumOf('contractor_credit', '-')} as netted, ${sumOf('on_account')} as on_account, p.value_date, p.status,
  p.reference, p.note, p.payee_account_id, p.recorded_by, p.created_at, p.reversed_at`;
const tables = 'payments p join people h on h.workspace_id = p.workspace_id and h.id = p.person_id';

/** `ownPersonId`: only if it went to that person. */
export function readContractorPayment(
  tx: WorkspaceTx,
  id: string,
  ownPersonId: string | null = null,
): Promise<ContractorPayment | null> {
  return tx.row<ContractorPayment>(
    `select ${columns} from ${tables}
     where p.workspace_id = $1 and p.id = $2 and p.direction = 'outgoing' and ($3::uuid is null or p.person_id = $3)`,
    [tx.workspaceId, id, ownPersonId],
  );
}

/** Newest first, after `after` (an id). */
export function listContractorPayments(
  tx: WorkspaceTx,
  personId: string | null,
  page: { after: string | null; limit: number },
): Promise<ContractorPayment[]> {
  return tx.rows<ContractorPayment>(
    // The page first: applications are summed for its rows only.
    `select ${columns} from ${tables} where p.workspace_id = $1 and p.id = any(array(
       select x.id from payments x where x.workspace_id = $1 and x.direction = 'outgoing' and x.person_id is not null and ($2::uuid is null or x.person_id = $2)
         and ($3::uuid is null or x.id < $3) order by x.id desc limit $4)) order by p.id desc`,
    [tx.workspaceId, personId, page.after, page.limit],
  );
}

export interface ContractorApplication {
  kind: 'contractor_invoice' | 'tax_withheld' | 'contractor_credit' | 'on_account';
  documentId: string | null;
  invoiceNumber: string | null;
  /** Signed: what is withheld or netted is less cash; a reversal is a row of its own. */
  amount: DecimalText;
  postingDate: Day;
}
const maxApplicationRows = 2_000;
/** In the order they were made. */
export function readContractorApplications(
  tx: WorkspaceTx,
  paymentId: string,
): Promise<ContractorApplication[]> {
  return tx.rows<ContractorApplication>(
    `select a.kind, a.document_id, i.number as invoice_number, a.amount, a.posting_date from payment_applications a
     left join contractor_invoices i on i.workspace_id = a.workspace_id and i.id = a.document_id
     where a.workspace_id = $1 and a.payment_id = $2 order by a.id limit $3`,
    [tx.workspaceId, paymentId, maxApplicationRows],
  );
}

export interface WantedApplication {
  contractorInvoiceId: string;
  /** Cash for it. */
  amount: DecimalText;
  withholdings: readonly WantedWithholding[];
}
export interface NewContractorPayment {
  personId: string;
  method: PaymentMethod;
  valueDate: Day;
  currency: string;
  /** Cash; 0.00 where a credit or withheld tax settles all of it. */
  amount: DecimalText;
  reference: string | null;
  note: string | null;
  applications: readonly WantedApplication[];
  /** What no application takes: refused, or kept on account for a later invoice. */
  rest: 'refuse' | 'on_account';
  /** Takes open credits first, the oldest before the others. Off only where somebody says so. */
  netCredits: boolean;
  ownReason: string | null;
}

/** What one invoice gets of a payment. */
interface Settled {
  invoice: ContractorInvoice;
  cash: Decimal;
  withheld: ReturnType<typeof withhold>;
  credits: { creditId: string; amount: Decimal }[];
  /** cash + withheld + credits. */
  applied: Decimal;
}

/**
 * Records one transfer and what it settles. Lock order: invoices by id, credits by id, tickets by id; the payment is new.
 * Refused whole where an invoice is another's, not approved, disputed, or would get more than is due; where the payee's
 * account is new, or the books are closed; and where the payer approved what they pay.
 */
export async function recordContractorPayment(
  tx: WorkspaceTx,
  wanted: NewContractorPayment,
  doer: Doer,
): Promise<string> {
  const now = await workspaceNow(tx);
  requireAmountsFit(wanted);
  const rest = restOf(wanted);
  const invoices = await lockPayables(tx, wanted);
  const sellerId = onlySeller(invoices);
  const seller = sellerId === null ? null : found(await sellers.find(tx, sellerId), 'seller');
  requireDateFits(wanted.valueDate, localDay(now, seller?.zone ?? 'UTC'));
  if (sellerId !== null)
    await requireOpenPeriods(tx, 'payments', [{ sellerId, day: wanted.valueDate }], doer.id, now);
  await requireCompliant(tx, wanted.personId, 'payment');
  const accountId = await usableAccount(tx, wanted, now);
  const taken = keepApart(
    paymentConflicts(invoices, await enteredAccount(tx, wanted.personId, doer), wanted.personId, doer),
    await dutyRule(tx, 'contractor_payments.create', doer),
    wanted.ownReason,
  );
  const settled = await settle(tx, wanted, invoices);
  const paymentId = newId();
  await tx.run(
    `insert into payments (workspace_id, id, direction, person_id, seller_id, currency, amount, value_date, method, reference, note,
       payee_account_id, recorded_by)
     values ($1, $2, 'outgoing', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    [
      tx.workspaceId,
      paymentId,
      wanted.personId,
      sellerId,
      wanted.currency,
      fixed(wanted.amount, minorPlaces(wanted.currency)),
      wanted.valueDate,
      wanted.method,
      wanted.reference,
      wanted.note,
      accountId,
      doer.id,
    ],
  );
  await writeApplications(tx, { id: paymentId, currency: wanted.currency }, settled, rest, wanted.valueDate);
  await recordEvents(tx, [
    {
      type: 'contractor_payment.recorded',
      subjectType: 'contractor_payment',
      subjectId: paymentId,
      actor: doer.id,
      permission: 'contractor_payments.read',
      payload: {
        personId: wanted.personId,
        method: wanted.method,
        amount: wanted.amount,
        currency: wanted.currency,
        valueDate: wanted.valueDate,
        reference: wanted.reference,
        invoices: settled.map(({ invoice, applied }) => ({
          number: invoice.number,
          applied: applied.toFixed(),
        })),
      },
    },
  ]);
  await moveSettled(tx, paymentId, settled, doer.id, now);
  await recordDutyExceptions(
    tx,
    doer,
    { type: 'contractor_payment', id: paymentId, action: 'pay' },
    taken,
    wanted.ownReason,
  );
  return paymentId;
}

function requireAmountsFit({ amount, applications, currency }: NewContractorPayment): void {
  const places = minorPlaces(currency);
  const amounts = [
    ['/amount', amount] as const,
    ...applications.map((one, index) => [`/applications/${index}/amount`, one.amount] as const),
  ];
  for (const [pointer, text] of amounts) {
    const value = new Decimal(text);
    if (value.isNegative() || value.decimalPlaces() > places)
      throw invalidField(
        pointer,
        'contractor_payment.amount_invalid',
        `${text} is below zero, or finer than ${currency} goes.`,
      );
  }
  const ids = new Set(applications.map((one) => one.contractorInvoiceId));
  if (ids.size < applications.length)
    throw invalidField(
      '/applications',
      'contractor_payment.invoice_twice',
      'Each invoice is named once; add its amounts up.',
    );
}

/** What no application takes. */
function restOf({ amount, applications, rest, currency }: NewContractorPayment): Decimal {
  const sum = applications.reduce((total, one) => total.plus(one.amount), new Decimal(0));
  const left = new Decimal(amount).minus(sum);
  if (left.isNegative())
    throw new Refusal({
      code: 'contractor_payment.applied_beyond_amount',
      message: `The applications add up to ${fixed(sum, minorPlaces(currency))}, but the payment is ${amount}.`,
      whatToDo: 'Lower an application, or record the full amount.',
    });
  if (left.gt(0) && rest === 'refuse')
    throw new Refusal({
      code: 'contractor_payment.rest_unapplied',
      message: `${fixed(left, minorPlaces(currency))} of the payment is on no invoice.`,
      whatToDo: 'Apply it, or say that the rest is kept on account.',
      details: { rest: fixed(left, minorPlaces(currency)) },
    });
  return left;
}

const maxDaysAhead = 31;
const maxDaysBack = 3_660;
function requireDateFits(valueDate: Day, today: Day): void {
  if (valueDate <= addDays(today, maxDaysAhead) && valueDate >= addDays(today, -maxDaysBack)) return;
  throw invalidField(
    '/valueDate',
    'contractor_payment.date_far_away',
    `${valueDate} is more than ${maxDaysAhead} days ahead or ${maxDaysBack} days back.`,
  );
}

async function lockPayables(
  tx: WorkspaceTx,
  { personId, currency, applications }: Pick<NewContractorPayment, 'personId' | 'currency' | 'applications'>,
): Promise<ContractorInvoice[]> {
  const rows = await lockContractorInvoices(
    tx,
    applications.map((one) => one.contractorInvoiceId),
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return applications.map(({ contractorInvoiceId }, index) => {
    const invoice = byId.get(contractorInvoiceId);
    if (!invoice || invoice.personId !== personId)
      throw invalidField(
        `/applications/${index}/contractorInvoiceId`,
        'reference.unknown',
        'There is no such invoice of this contractor.',
      );
    const name = `Contractor invoice ${invoice.number ?? invoice.id}`;
    if (!isPayable(invoice.status))
      throw new Refusal({
        code: 'contractor_payment.invoice_not_approved',
        message: `${name} is ${invoice.status}, so nothing can be paid on it.`,
        whatToDo: 'Have it approved first.',
        details: { contractorInvoiceId, status: invoice.status },
      });
    if (invoice.disputedAt !== null)
      throw new Refusal({
        code: 'contractor_payment.invoice_disputed',
        message: `${name} is disputed by its contractor: ${invoice.disputeReason}`,
        whatToDo: 'Have the dispute settled first.',
      });
    if (invoice.currency !== currency)
      throw new Refusal({
        code: 'contractor_payment.currency_differs',
        message: `${name} is in ${invoice.currency}, the payment in ${currency}.`,
        whatToDo: "Record a payment in the invoice's currency.",
      });
    return invoice;
  });
}

/** `payer`: whose money it is already, where that is known. */
function onlySeller(invoices: readonly ContractorInvoice[], payer: string | null = null): string | null {
  const ids = new Set([...(payer === null ? [] : [payer]), ...invoices.map((invoice) => invoice.sellerId)]);
  if (ids.size > 1)
    throw new Refusal({
      code: 'contractor_payment.sellers_differ',
      message: 'These invoices are owed by different sellers.',
      whatToDo: 'Record a payment for each seller.',
    });
  return [...ids][0] ?? null;
}

/** The account that it goes to, once its days of waiting are over. */
async function usableAccount(
  tx: WorkspaceTx,
  { personId, method }: NewContractorPayment,
  now: Instant,
): Promise<string | null> {
  const account = await confirmedAccount(tx, personId);
  if (account && account.usableFrom !== null && account.usableFrom > now)
    throw new Refusal({
      code: 'contractor_payment.payouts_blocked',
      message: `The account of ${account.personName} was changed; nothing is paid out before ${account.usableFrom}.`,
      whatToDo: 'Wait until then, so that a change that nobody wanted is noticed in time.',
      details: { usableFrom: account.usableFrom },
    });
  if (account === null && (method === 'wire' || method === 'ach'))
    throw new Refusal({
      code: 'contractor_payment.no_account',
      message: 'No confirmed account of this person is known.',
      whatToDo: 'Enter one and have a second person confirm it.',
    });
  return account?.id ?? null;
}

async function enteredAccount(tx: WorkspaceTx, personId: string, doer: Doer): Promise<boolean> {
  const row = await tx.row<{ entered: boolean }>(
    `select exists (select from payee_accounts where workspace_id = $1 and person_id = $2 and status = 'confirmed'
       and proposed_by_actor = $3) as entered`,
    [tx.workspaceId, personId, doer.id],
  );
  return row?.entered ?? false;
}

/** Who approves does not pay; nobody pays themselves. */
function paymentConflicts(
  invoices: readonly ContractorInvoice[],
  entered: boolean,
  personId: string,
  doer: Doer,
): Conflict[] {
  const approved = invoices.find((invoice) => invoice.approvedBy === doer.id);
  const conflicts: [boolean, Conflict][] = [
    [
      doer.personId === personId,
      { code: 'own_payment', message: 'Nobody records a payment to themselves.', always: true },
    ],
    [
      approved !== undefined,
      {
        code: 'approved_it',
        message: `You approved ${approved?.number}: who approves does not pay.`,
        always: false,
      },
    ],
    [entered, { code: 'edited_account', message: 'You entered the account that it goes to.', always: false }],
  ];
  return conflicts.filter(([stands]) => stands).map(([, conflict]) => conflict);
}

/** Of each invoice: credits first, then cash and what is withheld, at most what is due. */
async function settle(
  tx: WorkspaceTx,
  { personId, currency, valueDate, applications, netCredits: nets }: NewContractorPayment,
  invoices: readonly ContractorInvoice[],
): Promise<Settled[]> {
  const credits = nets
    ? (await lockOpenCredits(tx, personId, currency)).map((credit) => ({ ...credit }))
    : [];
  const released = await readReleased(tx, invoices, valueDate);
  return applications.map((application, index) => {
    const invoice = invoices[index]!;
    const due = new Decimal(invoice.total).minus(invoice.applied);
    const netted = netCredits(credits, due);
    for (const { credit, amount } of netted)
      credit.netted = new Decimal(credit.netted).plus(amount).toFixed();
    const credit = netted.reduce((sum, { amount }) => sum.plus(amount), new Decimal(0));
    const withheld = withhold(application.withholdings, currency, valueDate);
    const cash = new Decimal(application.amount);
    const applied = cash.plus(withheld.sum).plus(credit);
    if (applied.gt(due)) throw beyondDue(invoice, due, credit, applied);
    const free = released.get(invoice.id);
    if (free !== undefined && applied.plus(invoice.applied).gt(free)) throw notReleased(invoice, free);
    if (applied.isZero())
      throw invalidField(
        `/applications/${index}/amount`,
        'contractor_payment.nothing_applied',
        'Nothing is paid, withheld or netted on this invoice.',
      );
    return {
      invoice,
      cash,
      withheld,
      credits: netted.map(({ credit: { id }, amount }) => ({ creditId: id, amount })),
      applied,
    };
  });
}

function notReleased(invoice: ContractorInvoice, released: DecimalText): Refusal {
  const left = Decimal.max(new Decimal(released).minus(invoice.applied), 0);
  return new Refusal({
    code: 'contractor_payment.not_released',
    message: `Of contractor invoice ${invoice.number}, ${fixed(left, minorPlaces(invoice.currency))} may be paid now: the rest waits for its client's money.`,
    whatToDo:
      'Pay at most that. The rest is released as the client pays, and on the long-stop day of its contract whatever they do.',
    details: { payableNow: fixed(left, minorPlaces(invoice.currency)) },
  });
}

function beyondDue(invoice: ContractorInvoice, due: Decimal, credit: Decimal, applied: Decimal): Refusal {
  const name = `Contractor invoice ${invoice.number}`;
  const shown = (amount: Decimal) => fixed(amount, minorPlaces(invoice.currency));
  return new Refusal({
    code: credit.gt(0) ? 'contractor_payment.credit_open' : 'contractor_payment.beyond_due',
    message: credit.gt(0)
      ? `${name} has ${shown(due)} due, of which a credit covers ${shown(credit)}; with it ${shown(applied)} would overpay it.`
      : `${name} has ${shown(due)} due; ${shown(applied)} would overpay it.`,
    whatToDo: `Pay and withhold at most ${shown(due.minus(credit))} on it${credit.gt(0) ? ', or say that credits are not netted' : ', and keep the rest on account'}.`,
    details: { due: shown(due), credit: shown(credit), applied: shown(applied) },
  });
}

/** In one statement: withheld and netted amounts make up for what is applied above the cash. */
async function writeApplications(
  tx: WorkspaceTx,
  payment: { id: string; currency: string },
  settled: readonly Settled[],
  rest: Decimal,
  postingDate: Day,
): Promise<void> {
  const rows = settled.flatMap(({ invoice, withheld, credits, applied }) => [
    { kind: 'contractor_invoice', documentId: invoice.id, amount: applied },
    ...(withheld.sum.isZero()
      ? []
      : [{ kind: 'tax_withheld', documentId: invoice.id, amount: withheld.sum.negated() }]),
    ...credits.map(({ creditId, amount }) => ({
      kind: 'contractor_credit',
      documentId: creditId,
      amount: amount.negated(),
    })),
  ]);
  const all = [...rows, ...(rest.isZero() ? [] : [{ kind: 'on_account', documentId: null, amount: rest }])];
  if (all.length === 0)
    throw invalidField('/amount', 'contractor_payment.empty', 'Nothing is paid, and nothing is settled.');
  const places = minorPlaces(payment.currency);
  const { from, params } = asRows(
    {
      kind: { type: 'text', values: all.map((row) => row.kind) },
      document_id: { type: 'uuid', values: all.map((row) => row.documentId) },
      amount: { type: 'numeric', values: all.map((row) => fixed(row.amount, places)) },
    },
    4,
  );
  await tx.run(
    `insert into payment_applications (workspace_id, payment_id, kind, document_id, amount, posting_date)
     select $1, $2, r.kind, r.document_id, r.amount, $3 from ${from}`,
    [tx.workspaceId, payment.id, postingDate, ...params],
  );
}

/** Invoices, withholding lines, credits and tickets follow the applications; everybody concerned is told. */
async function moveSettled(
  tx: WorkspaceTx,
  paymentId: string,
  settled: readonly Settled[],
  actor: string,
  now: Instant,
): Promise<void> {
  const paid: { invoice: ContractorInvoice; amount: Decimal }[] = [];
  const entries: CreditEntry[] = [];
  for (const { invoice, cash, withheld, credits, applied } of settled) {
    await writeWithholdings(tx, invoice.id, paymentId, withheld.lines);
    const after = await moveApplied(tx, invoice, applied, withheld.sum, actor, now);
    await queueBillPayment(tx, invoice.id, paymentId, cash);
    paid.push({ invoice: after, amount: cash });
    entries.push(...credits.map((credit) => ({ ...credit, contractorInvoiceId: invoice.id, paymentId })));
  }
  await moveCredits(tx, entries, actor);
  await tellOfPayment(tx, paymentId, paid);
}

/** Where the invoice is a bill at a platform, or on its way there. One payment may settle several, and one invoice has several. */
async function queueBillPayment(
  tx: WorkspaceTx,
  invoiceId: string,
  paymentId: string,
  cash: Decimal,
): Promise<void> {
  const bill = await readSyncRecord(tx, 'contractor_invoice', invoiceId);
  if (!bill) return;
  const hash = createHash('sha256').update(`${paymentId}:${invoiceId}`).digest('hex');
  await queueDocument(tx, {
    connectionId: bill.connectionId,
    subjectType: 'contractor_payment',
    subjectId: `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`,
    ownerType: 'contractor_invoice',
    ownerId: invoiceId,
    facts: { paymentId, cash: cash.toFixed(2) },
  });
}

async function writeWithholdings(
  tx: WorkspaceTx,
  invoiceId: string,
  paymentId: string,
  lines: Settled['withheld']['lines'],
): Promise<void> {
  for (const line of lines)
    await tx.run(
      `insert into withholding_lines (workspace_id, contractor_invoice_id, scheme, tax_year, base, percentage, amount, payment_id)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        tx.workspaceId,
        invoiceId,
        line.scheme,
        line.taxYear,
        line.base,
        line.percentage,
        line.amount,
        paymentId,
      ],
    );
}

/** By a signed amount; the status and the tickets follow. The caller holds the invoice. */
async function moveApplied(
  tx: WorkspaceTx,
  invoice: ContractorInvoice,
  amount: Decimal,
  withheldBy: Decimal,
  actor: string,
  now: Instant,
): Promise<ContractorInvoice> {
  const places = minorPlaces(invoice.currency);
  const applied = fixed(new Decimal(invoice.applied).plus(amount), places);
  const withheld = fixed(new Decimal(invoice.withheld).plus(withheldBy), places);
  const status = statusByApplied(invoice.total, applied);
  await tx.run(
    `update contractor_invoices set applied = $3, withheld = $4, status = $5, paid_at = case when $5 = 'paid' then $6::timestamptz end
     where workspace_id = $1 and id = $2`,
    [tx.workspaceId, invoice.id, applied, withheld, status, now],
  );
  const after = { ...invoice, applied, withheld, status, paidAt: status === 'paid' ? now : null };
  if (status === 'paid' && invoice.status !== 'paid') await payTickets(tx, invoice.id, actor);
  if (status !== 'paid' && invoice.status === 'paid') {
    const tickets = await readInvoicedTickets(tx, invoice.id);
    await markTicketsUnpaid(
      tx,
      tickets.map((ticket) => ticket.ticketId),
      { actor, contractorInvoiceId: invoice.id },
    );
  }
  await recordInvoiceEvent(tx, invoice, amount.isNegative() ? 'payment_reversed' : status, actor, {
    before: { status: invoice.status, applied: invoice.applied },
    after: { status, applied },
  });
  return after;
}

const alreadyReversed = () =>
  new Refusal({
    code: 'contractor_payment.already_reversed',
    message: 'This payment was reversed before.',
    whatToDo: 'Nothing: its invoices are open again.',
  });

/** The payment first, then its invoices and those named: while it is held nothing more of it is applied elsewhere. */
async function lockWithInvoices(
  tx: WorkspaceTx,
  paymentId: string,
  more: readonly string[],
): Promise<{ payment: ContractorPayment; invoices: Map<string, ContractorInvoice> }> {
  await tx.run(
    `select 1 from payments where workspace_id = $1 and id = $2 and person_id is not null and direction = 'outgoing' for no key update`,
    [tx.workspaceId, paymentId],
  );
  const payment = found(await readContractorPayment(tx, paymentId), 'contractor_payment');
  if (payment.status === 'reversed') throw alreadyReversed();
  const named = await tx.rows<{ id: string }>(
    `select distinct document_id as id from payment_applications
     where workspace_id = $1 and payment_id = $2 and kind = 'contractor_invoice'`,
    [tx.workspaceId, paymentId],
  );
  const rows = await lockContractorInvoices(tx, [...new Set([...named.map((row) => row.id), ...more])]);
  return { payment, invoices: new Map(rows.map((row) => [row.id, row])) };
}

/** Takes a payment back: every row is countered by another, posted today; invoices, credits and tickets follow. */
export async function reverseContractorPayment(
  tx: WorkspaceTx,
  paymentId: string,
  reason: string,
  doer: Doer,
): Promise<void> {
  const { payment, invoices } = await lockWithInvoices(tx, paymentId, []);
  const now = await workspaceNow(tx);
  const seller = payment.sellerId === null ? null : await sellers.find(tx, payment.sellerId);
  const today = localDay(now, seller?.zone ?? 'UTC');
  if (seller) await requireOpenPeriods(tx, 'payments', [{ sellerId: seller.id, day: today }], doer.id, now);
  const applied = await tx.rows<{ invoiceId: string; amount: DecimalText; withheld: DecimalText }>(
    `select document_id as invoice_id, sum(amount) filter (where kind = 'contractor_invoice') as amount,
       coalesce(-sum(amount) filter (where kind = 'tax_withheld'), 0) as withheld
     from payment_applications where workspace_id = $1 and payment_id = $2 and kind in ('contractor_invoice', 'tax_withheld')
     group by 1 having coalesce(sum(amount) filter (where kind = 'contractor_invoice'), 0) <> 0 order by 1`,
    [tx.workspaceId, paymentId],
  );
  const netted = await nettedBy(tx, paymentId);
  await tx.run(
    `update payments set status = 'reversed', reversed_at = now() where workspace_id = $1 and id = $2`,
    [tx.workspaceId, paymentId],
  );
  await tx.run(
    `insert into payment_applications (workspace_id, payment_id, kind, document_id, amount, posting_date)
     select workspace_id, payment_id, kind, document_id, -sum(amount), $3 from payment_applications
     where workspace_id = $1 and payment_id = $2 group by 1, 2, 3, 4 having sum(amount) <> 0`,
    [tx.workspaceId, paymentId, today],
  );
  await tx.run(
    `insert into withholding_lines (workspace_id, contractor_invoice_id, scheme, tax_year, base, percentage, amount, payment_id)
     select workspace_id, contractor_invoice_id, scheme, tax_year, -base, percentage, -amount, payment_id from withholding_lines
     where workspace_id = $1 and payment_id = $2`,
    [tx.workspaceId, paymentId],
  );
  for (const { invoiceId, amount, withheld } of applied)
    await moveApplied(
      tx,
      invoices.get(invoiceId)!,
      new Decimal(amount).negated(),
      new Decimal(withheld).negated(),
      doer.id,
      now,
    );
  await tx.run(
    `update sync_records set status = 'queued', wanted = 'void', generation = generation + 1, updated_at = now()
     where workspace_id = $1 and subject_type = 'contractor_payment' and facts ->> 'paymentId' = $2 and external_id is not null`,
    [tx.workspaceId, paymentId],
  );
  await moveCredits(
    tx,
    netted.map((entry) => ({ ...entry, paymentId, amount: new Decimal(entry.amount).negated() })),
    doer.id,
  );
  await recordEvents(tx, [
    {
      type: 'contractor_payment.reversed',
      subjectType: 'contractor_payment',
      subjectId: paymentId,
      actor: doer.id,
      permission: 'contractor_payments.read',
      payload: { personId: payment.personId, amount: payment.amount, currency: payment.currency, reason },
    },
  ]);
  await tellOfReversal(tx, payment, reason);
}

/** Puts cash that a payment left on account on invoices of the same person and currency. */
export async function applyOnAccount(
  tx: WorkspaceTx,
  paymentId: string,
  applications: readonly { contractorInvoiceId: string; amount: DecimalText }[],
  doer: Doer,
): Promise<void> {
  const { payment } = await lockWithInvoices(
    tx,
    paymentId,
    applications.map((one) => one.contractorInvoiceId),
  );
  const wanted: NewContractorPayment = {
    ...payment,
    applications: applications.map((one) => ({ ...one, withholdings: [] })),
    rest: 'on_account',
    netCredits: false,
    ownReason: null,
  };
  requireAmountsFit(wanted);
  const sum = applications.reduce((total, one) => total.plus(one.amount), new Decimal(0));
  if (sum.gt(payment.onAccount))
    throw new Refusal({
      code: 'contractor_payment.beyond_account',
      message: `${payment.onAccount} of the payment is on account; ${fixed(sum, minorPlaces(payment.currency))} is more.`,
      whatToDo: 'Apply at most that.',
    });
  const now = await workspaceNow(tx);
  const invoices = await lockPayables(tx, wanted);
  const sellerId = onlySeller(invoices, payment.sellerId);
  const seller = sellerId === null ? null : await sellers.find(tx, sellerId);
  const today = localDay(now, seller?.zone ?? 'UTC');
  if (sellerId !== null) await requireOpenPeriods(tx, 'payments', [{ sellerId, day: today }], doer.id, now);
  keepApart(
    paymentConflicts(invoices, false, payment.personId, doer),
    await dutyRule(tx, 'contractor_payments.create', doer),
    null,
  );
  const settled = await settle(tx, wanted, invoices);
  // With its first invoice it is known whose money it was.
  if (payment.sellerId === null)
    await tx.run('update payments set seller_id = $3 where workspace_id = $1 and id = $2', [
      tx.workspaceId,
      paymentId,
      sellerId,
    ]);
  await writeApplications(tx, payment, settled, sum.negated(), today);
  await recordEvents(tx, [
    {
      type: 'contractor_payment.applied',
      subjectType: 'contractor_payment',
      subjectId: paymentId,
      actor: doer.id,
      permission: 'contractor_payments.read',
      payload: {
        invoices: settled.map(({ invoice, applied }) => ({
          number: invoice.number,
          applied: applied.toFixed(),
        })),
      },
    },
  ]);
  await moveSettled(tx, paymentId, settled, doer.id, now);
}

export interface WithholdingTotal {
  scheme: string;
  currency: string;
  base: DecimalText;
  amount: DecimalText;
}
/** What was withheld from a contractor in a tax year, reversals taken off, by scheme and currency. */
export function sumWithholding(tx: WorkspaceTx, personId: string, year: number): Promise<WithholdingTotal[]> {
  return tx.rows<WithholdingTotal>(
    `select w.scheme, i.currency, sum(w.base) as base, sum(w.amount) as amount from withholding_lines w
     join contractor_invoices i on i.workspace_id = w.workspace_id and i.id = w.contractor_invoice_id
     where w.workspace_id = $1 and w.tax_year = $2 and i.person_id = $3 group by 1, 2 order by 1, 2 limit 1000`,
    [tx.workspaceId, year, personId],
  );
}
