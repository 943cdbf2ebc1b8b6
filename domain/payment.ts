/** Owns the life of a payment, and what an application takes of it: cash, and what settles the document without cash. */
import { Decimal, fixed, minorPlaces, round } from './money.ts';
import type { DecimalText } from './work-entry.ts';

export const paymentStatuses = ['pending', 'cleared', 'reversed'] as const;
export type PaymentStatus = (typeof paymentStatuses)[number];
/** Pending money settles nothing yet: what it is meant for is applied once it clears. */
export const paymentTransitions: Record<PaymentStatus, readonly PaymentStatus[]> = {
  pending: ['cleared', 'reversed'],
  cleared: ['reversed'],
  reversed: [],
};

export const paymentMethods = ['wire', 'ach', 'check', 'card', 'other'] as const;
export type PaymentMethod = (typeof paymentMethods)[number];

/** What settles a document though no cash of it arrived. An exchange difference may be below zero: a gain. */
export const deductionKinds = [
  'bank_fee',
  'tax_withheld',
  'early_payment_discount',
  'exchange_difference',
] as const;
export type DeductionKind = (typeof deductionKinds)[number];
export type Deductions = { readonly [Kind in DeductionKind]?: DecimalText | undefined };

/** What one document gets of a payment; amounts in the payment's currency. */
export interface WantedApplication {
  /** One of the three. */
  invoiceId?: string | undefined;
  lateFeeId?: string | undefined;
  /** It settles nothing itself: the payer took it off the documents beside it, and so arrived less. */
  creditNoteId?: string | undefined;
  /** Cash; of a credit note, what of it was taken off. */
  amount: DecimalText;
  deductions?: Deductions | undefined;
  /** Where the document is in another currency: what it settles there, or the rate; by neither, the table's rate counts. */
  documentAmount?: DecimalText | undefined;
  /** One unit of the payment's currency in the document's. */
  rate?: DecimalText | undefined;
  /** Who said so. */
  rateSource?: string | undefined;
}

export const documentOf = ({ invoiceId, lateFeeId }: WantedApplication): string =>
  invoiceId ?? lateFeeId ?? '';

/** Of what was asked for, what settles documents, and what credit notes take off. */
export function partWanted(wanted: readonly WantedApplication[]): {
  documents: WantedApplication[];
  credits: WantedApplication[];
} {
  const documents = wanted.filter(({ creditNoteId }) => creditNoteId === undefined);
  return { documents, credits: wanted.filter(({ creditNoteId }) => creditNoteId !== undefined) };
}

/** Cash that the applications ask of the payment: what credit notes take off is no cash. */
export const cashOf = (wanted: readonly WantedApplication[]): Decimal =>
  wanted.reduce(
    (sum, { amount, creditNoteId }) => (creditNoteId === undefined ? sum.plus(amount) : sum.minus(amount)),
    new Decimal(0),
  );

/**
 * Takes what a credit note has lowered its own invoice by already off the application to that invoice: `[applications, left of
 * the credit]`. An application that is left with nothing is none.
 */
export function takeOwnOff(
  documents: readonly WantedApplication[],
  credit: { invoiceId: string; amount: Decimal; lowered: Decimal },
): [WantedApplication[], Decimal] {
  let off = Decimal.min(credit.amount, Decimal.max(credit.lowered, 0));
  const all = off;
  const rest = documents.flatMap((one) => {
    if (one.invoiceId !== credit.invoiceId) return [one];
    const taken = Decimal.min(off, one.amount);
    off = off.minus(taken);
    const left = { ...one, amount: new Decimal(one.amount).minus(taken).toFixed() };
    return settledBy(left).isZero() ? [] : [left];
  });
  return [rest, credit.amount.minus(all.minus(off))];
}

/** Cash and deductions: what an application settles, in the payment's currency. */
export function settledBy({ amount, deductions = {} }: WantedApplication): Decimal {
  return deductionKinds.reduce((sum, kind) => sum.plus(deductions[kind] ?? 0), new Decimal(amount));
}

/** One row of the ledger: the rows of a payment add up to it. */
export interface LedgerRow {
  kind: DeductionKind | 'document' | 'on_account';
  amount: Decimal;
}
/** What is settled, less what was no cash, is the cash. */
export function ledgerRows(application: WantedApplication): LedgerRow[] {
  const deducted = deductionKinds.flatMap((kind): LedgerRow[] => {
    const amount = new Decimal(application.deductions?.[kind] ?? 0);
    return amount.isZero() ? [] : [{ kind, amount: amount.negated() }];
  });
  return [{ kind: 'document', amount: settledBy(application) }, ...deducted];
}

/** How an amount of the payment's currency became one of the document's. */
export interface AgreedRate {
  amount: Decimal;
  rate: DecimalText;
  source: string;
}
const ratePlaces = 12;
/**
 * What `settled` is in the document's currency, by what the application says. Null: it says nothing, and the table decides.
 * Rounded to the currency's smallest unit, half away from zero.
 */
export function agreedRate(
  settled: Decimal,
  { documentAmount, rate, rateSource = 'agreed' }: WantedApplication,
  documentCurrency: string,
): AgreedRate | null {
  if (rate !== undefined)
    return {
      amount: round(settled.times(rate), minorPlaces(documentCurrency), 'half_up'),
      rate,
      source: rateSource,
    };
  if (documentAmount === undefined) return null;
  const implied = round(new Decimal(documentAmount).div(settled), ratePlaces, 'half_even');
  return { amount: new Decimal(documentAmount), rate: implied.toFixed(), source: rateSource };
}

/**
 * What the money was worth in the seller's books on its day, less what the document stood there for. Above zero is a gain.
 * `document.functionalTotal` is null where the document is in the books' own currency.
 */
export function exchangeDifference(
  worth: Decimal,
  settledOfDocument: Decimal,
  document: { total: DecimalText; functionalTotal: DecimalText | null },
  functionalCurrency: string,
): Decimal {
  const places = minorPlaces(functionalCurrency);
  const posted =
    document.functionalTotal === null || new Decimal(document.total).isZero()
      ? settledOfDocument
      : settledOfDocument.times(document.functionalTotal).div(document.total);
  return round(worth.minus(round(posted, places, 'half_up')), places, 'half_up');
}

/** With as many decimals as the currency has, and more only where the amount has them: nothing is rounded away. */
export const inCurrency = (amount: Decimal, currency: string): DecimalText =>
  fixed(amount, Math.max(minorPlaces(currency), amount.decimalPlaces()));
