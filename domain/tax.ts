/** Owns tax: which rate a product has in a region on a day, and what the lines of a document come to with it (BILLING §5). */
import type { TaxSubtotal } from './invoice-snapshot.ts';
import { Decimal, fixed, type Rounding, round, spreadByLargestRemainder } from './money.ts';
import type { Day, DecimalText } from './work-entry.ts';

/** What is to be paid on an amount, and what the document has to say of it. */
export interface LineTax {
  /** Our word, e.g. `standard`, `reduced`, `exempt`; with the rate it is what a document adds up by. */
  category: string;
  /** Percent, e.g. "20". */
  rate: DecimalText;
  /** Prices contain it. */
  inclusive: boolean;
  exemptionReason: string | null;
  /** The buyer owes it. */
  reverseCharge: boolean;
  legalText: string | null;
}

/** A rate of a region; half-open in time. Of a product, or (null) of whatever has the category. */
export interface TaxRate extends LineTax {
  id: string;
  /** ISO 3166, e.g. `DE` or `US-TX`. */
  region: string;
  productId: string | null;
  validFrom: Day;
  validTo: Day | null;
}

export const taxTreatments = ['by_region', 'reverse_charge', 'exempt'] as const;
/** How a client is taxed: as its region has it, or in one way whatever is sold. */
export type TaxTreatment = (typeof taxTreatments)[number];

/** Everything that decides on the tax of one contract's work, read once. */
export interface TaxBook {
  treatment: TaxTreatment;
  /** Why a client is exempt. */
  exemptionReason: string | null;
  /** The words of a client's reverse charge. */
  legalText: string | null;
  /** Those of the client's region, of all days. */
  rates: readonly TaxRate[];
}

export const taxPointRules = ['service_to', 'issue_date', 'earlier_of_both', 'payment'] as const;
export type TaxPointRule = (typeof taxPointRules)[number];
/** The day whose rate counts. Where the money brings it about, the day of issue stands for it. */
export function taxPointOf(rule: TaxPointRule, days: { serviceTo: Day; issueDate: Day }): Day {
  if (rule === 'service_to') return days.serviceTo;
  return rule === 'earlier_of_both' && days.serviceTo < days.issueDate ? days.serviceTo : days.issueDate;
}

/** A book without an opinion: what a contract says holds. */
export const noTaxBook: TaxBook = {
  treatment: 'by_region',
  exemptionReason: null,
  legalText: null,
  rates: [],
};

const isValidOn = (rate: TaxRate, day: Day) =>
  rate.validFrom <= day && (rate.validTo === null || day < rate.validTo);

/**
 * The tax on a product on its tax point: the client's own treatment, else the rate of the product in the region, else that of
 * the contract's category there, else what the contract says.
 */
export function taxOn(
  book: TaxBook,
  contract: { category: string; rate: DecimalText },
  productId: string | null,
  taxPoint: Day,
): LineTax {
  if (book.treatment === 'exempt')
    return { ...plainTax('exempt', '0'), exemptionReason: book.exemptionReason };
  if (book.treatment === 'reverse_charge')
    return { ...plainTax('reverse_charge', '0'), reverseCharge: true, legalText: book.legalText };
  const valid = book.rates.filter((rate) => isValidOn(rate, taxPoint));
  const found =
    valid.find((rate) => rate.productId !== null && rate.productId === productId) ??
    valid.find((rate) => rate.productId === null && rate.category === contract.category);
  if (!found) return plainTax(contract.category, contract.rate);
  const { category, rate, inclusive, exemptionReason, reverseCharge, legalText } = found;
  return { category, rate, inclusive, exemptionReason, reverseCharge, legalText };
}

/** Of a category and rate alone. */
export const plainTax = (category: string, rate: DecimalText): LineTax => ({
  category,
  rate,
  inclusive: false,
  exemptionReason: null,
  reverseCharge: false,
  legalText: null,
});

/** Products that are taxed alike on every day: work on them may share a line, other work may not. Empty: as the contract has it. */
export function taxClassOf(book: TaxBook): (productId: string | null) => string {
  const ofProducts = book.rates.filter((rate) => rate.productId !== null);
  if (book.treatment !== 'by_region' || ofProducts.length === 0) return () => '';
  const schedules = new Map<string, string>();
  for (const rate of ofProducts.toSorted((a, b) => a.validFrom.localeCompare(b.validFrom))) {
    const { productId, category, rate: percent, inclusive, reverseCharge, validFrom, validTo } = rate;
    const words = [category, new Decimal(percent).toFixed(), inclusive, reverseCharge, validFrom, validTo];
    schedules.set(productId!, `${schedules.get(productId!) ?? ''}${words.join(',')};`);
  }
  const names = [...new Set(schedules.values())];
  return (productId) => {
    const schedule = productId === null ? undefined : schedules.get(productId);
    return schedule === undefined ? '' : `tax${names.indexOf(schedule) + 1}`;
  };
}

/** Places of a net unit price that comes from one with tax. */
export const netPlaces = 6;
/** The net of a price that contains its tax. */
export const netPrice = (withTax: DecimalText, rate: DecimalText): DecimalText =>
  round(new Decimal(withTax).times(100).div(new Decimal(rate).plus(100)), netPlaces, 'half_up').toFixed();

/** A line as tax sees it. */
export interface TaxedLine {
  /** Quantity × price, rounded. */
  amount: DecimalText;
  /** The line's own discount, and its share of the document's; both lower what is taxed. */
  discount?: DecimalText;
  allowance?: DecimalText;
  taxCategory: string;
  taxRate: DecimalText;
  /** Of a line whose prices contain the tax: what `amount` was with it. Null or left out: net prices. */
  grossAmount?: DecimalText | null;
}

/** What a line brings: after its own discount and its share of the document's. */
export function lineNet(line: TaxedLine): Decimal {
  const amount = new Decimal(line.amount);
  // Most lines have no discount, and a draft may have very many lines.
  if (!line.discount && !line.allowance) return amount;
  return amount.minus(line.discount ?? 0).minus(line.allowance ?? 0);
}

/** What a document says of a category beside its figures. */
export type TaxNote = Pick<
  TaxSubtotal,
  'category' | 'rate' | 'exemptionReason' | 'reverseCharge' | 'legalText'
>;

export interface TaxTotals {
  /** Σ of what the lines bring. */
  net: DecimalText;
  tax: DecimalText;
  /** What prices with tax come to beyond net and tax: their net has six places only. */
  rounding: DecimalText;
  /** net + tax + rounding. */
  total: DecimalText;
  /** By category and rate, in the order in which they come first. */
  subtotals: TaxSubtotal[];
}

/** "20" and "20.00" are one rate. */
function keysOfTaxes(): (category: string, rate: DecimalText) => string {
  const known = new Map<DecimalText, string>();
  return (category, rate) => {
    let plain = known.get(rate);
    if (plain === undefined) {
      plain = new Decimal(rate).toFixed();
      known.set(rate, plain);
    }
    return `${category}|${plain}`;
  };
}

/**
 * Net per line rounded; tax = Σ net per category × rate, rounded once, or line by line where the rounding says so
 * (`taxPer: 'line'`). Holds for a draft, an invoice, and the lines of a credit alike.
 */
export function taxTotals(
  lines: readonly TaxedLine[],
  rounding: Rounding,
  notes: readonly TaxNote[] = [],
): TaxTotals {
  const { moneyPlaces, mode } = rounding;
  const rounded = (value: Decimal) => round(value, moneyPlaces, mode);
  const keyOf = keysOfTaxes();
  const groups = Map.groupBy(lines, (line) => keyOf(line.taxCategory, line.taxRate));
  const noted = new Map(notes.map((note) => [keyOf(note.category, note.rate), note]));
  let rest = new Decimal(0);
  const subtotals = [...groups].map(([key, ofGroup]): TaxSubtotal => {
    const { taxCategory: category, taxRate: rate } = ofGroup[0]!;
    const taxOf = (base: Decimal) => rounded(base.times(rate).div(100));
    const net = sumOf(ofGroup.map(lineNet));
    const tax = rounding.taxPer === 'line' ? sumOf(ofGroup.map((line) => taxOf(lineNet(line)))) : taxOf(net);
    const inclusive = ofGroup.filter((line) => (line.grossAmount ?? null) !== null);
    if (inclusive.length > 0) {
      const wanted = sumOf(inclusive.map((line) => rounded(withTax(line))));
      const others = ofGroup.filter((line) => (line.grossAmount ?? null) === null);
      const ofOthers = sumOf(others.map(lineNet));
      rest = rest.plus(wanted).plus(ofOthers).plus(taxOf(ofOthers)).minus(net).minus(tax);
    }
    const { exemptionReason = null, reverseCharge = false, legalText = null } = noted.get(key) ?? {};
    return {
      category,
      rate,
      net: fixed(net, moneyPlaces),
      tax: fixed(tax, moneyPlaces),
      exemptionReason,
      reverseCharge,
      legalText,
    };
  });
  const net = sumOf(subtotals.map((subtotal) => new Decimal(subtotal.net)));
  const tax = sumOf(subtotals.map((subtotal) => new Decimal(subtotal.tax)));
  return {
    net: fixed(net, moneyPlaces),
    tax: fixed(tax, moneyPlaces),
    rounding: fixed(rest, moneyPlaces),
    total: fixed(net.plus(tax).plus(rest), moneyPlaces),
    subtotals,
  };
}

/** What a line with tax in its prices asks for: as much less as its discounts take of its net. */
function withTax(line: TaxedLine): Decimal {
  const gross = new Decimal(line.grossAmount!);
  const net = new Decimal(line.amount);
  return net.isZero() ? gross : gross.times(lineNet(line)).div(net);
}

const sumOf = (values: readonly Decimal[]) =>
  values.reduce((total, value) => total.plus(value), new Decimal(0));

/** Spreads a discount over what lines bring, by largest remainder; negative lines take nothing of it. */
export function spreadDiscount(
  discount: DecimalText,
  nets: readonly DecimalText[],
  moneyPlaces: number,
): DecimalText[] {
  const weights = nets.map((net) => Decimal.max(0, net));
  return spreadByLargestRemainder(discount, weights, moneyPlaces).map((share) => fixed(share, moneyPlaces));
}

/** Why a document with these taxes cannot be issued. Empty: it can. */
export function whyNotTaxed(
  subtotals: readonly TaxNote[],
  parties: { sellerTaxNumbers: readonly string[]; clientTaxId: string | null },
): string[] {
  const why: string[] = [];
  const reversed = subtotals.filter((subtotal) => subtotal.reverseCharge);
  if (reversed.length > 0) {
    if (!parties.clientTaxId) why.push('a reverse charge needs the VAT id of the client');
    if (parties.sellerTaxNumbers.length === 0)
      why.push('a reverse charge needs the tax registration of the seller');
    if (reversed.some((subtotal) => !subtotal.legalText)) why.push('a reverse charge needs its legal text');
  }
  return why;
}
