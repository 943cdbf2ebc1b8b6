/** Owns decimal arithmetic, rounding, and the spreading of a rounded total over parts; nothing here is a float. */
import { Decimal as DecimalBase } from 'decimal.js';
import type { DecimalText } from './work-entry.ts';

/** 40 significant digits: sums of millions of lines of 15-digit amounts stay exact. */
export const Decimal = DecimalBase.clone({ precision: 40, toExpNeg: -40, toExpPos: 40 });
export type Decimal = DecimalBase;

export const roundingModes = ['half_up', 'half_even', 'down', 'up'] as const;
export type RoundingMode = (typeof roundingModes)[number];

/** How a contract rounds; frozen on the invoice. */
export interface Rounding {
  mode: RoundingMode;
  /** Decimal places of an amount in the invoice currency. */
  moneyPlaces: number;
  /** Decimal places of a displayed quantity. */
  quantityPlaces: number;
  /** Tax is rounded once a category (left out), or line by line, which no e-invoice can say. */
  taxPer?: 'invoice' | 'line' | undefined;
}

// half_up is away from zero for both signs, as invoices are checked by hand.
const decimalModes: Record<RoundingMode, DecimalBase.Rounding> = {
  half_up: DecimalBase.ROUND_HALF_UP,
  half_even: DecimalBase.ROUND_HALF_EVEN,
  down: DecimalBase.ROUND_DOWN,
  up: DecimalBase.ROUND_UP,
};

/** Rounds to `places` decimals. */
export function round(value: DecimalBase.Value, places: number, mode: RoundingMode): Decimal {
  return new Decimal(value).toDecimalPlaces(places, decimalModes[mode]);
}

/** Text with exactly `places` decimals; the value must already be rounded. Zero has no sign. */
export function fixed(value: DecimalBase.Value, places: number): DecimalText {
  const exact = new Decimal(value);
  return (exact.isZero() ? exact.abs() : exact).toFixed(places);
}

const millionPlaces = 6;
/** Plain decimal text as a whole number of millionths; null where it has more places or digits than plain numbers hold. */
function inMillionths(text: DecimalText): number | null {
  const isNegative = text.startsWith('-');
  let digits = 0;
  let places = -1;
  for (let index = isNegative ? 1 : 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 46 && places < 0) places = 0;
    else if (code < 48 || code > 57) return null;
    else {
      digits = digits * 10 + (code - 48);
      if (places >= 0) places += 1;
    }
  }
  if (places > millionPlaces) return null;
  const scaled = digits * 10 ** (millionPlaces - Math.max(places, 0));
  return Number.isSafeInteger(scaled) ? (isNegative ? -scaled : scaled) : null;
}

/** True of decimal text that is nothing: `0`, `-0.00`. */
export const isZero = (text: DecimalText): boolean => /^-?0+(\.0+)?$/.test(text);

const nothing = new Decimal(0);

/** A sum of many, exact: counted in whole millionths as long as those are safe, which costs a tenth of decimals. */
export class ExactSum {
  #millionths = 0;
  #rest = nothing;

  add(value: DecimalText): void {
    const counted = inMillionths(value);
    if (counted === null) {
      this.#rest = this.#rest.plus(value);
      return;
    }
    if (!Number.isSafeInteger(this.#millionths + counted)) {
      this.#rest = this.total();
      this.#millionths = 0;
    }
    this.#millionths += counted;
  }

  total(): Decimal {
    return this.#rest.plus(new Decimal(this.#millionths).div(10 ** millionPlaces));
  }
}

/** The exact sum of decimal texts. */
export function sumOf(values: Iterable<DecimalText>): Decimal {
  const sum = new ExactSum();
  for (const value of values) sum.add(value);
  return sum.total();
}

/** The same with exactly `places` decimals; null where it has more, or is not plain. */
function asFixed(text: DecimalText, places: number): DecimalText | null {
  const point = text.indexOf('.');
  const own = point < 0 ? 0 : text.length - point - 1;
  if (own > places || isZero(text) || inMillionths(text) === null) return null;
  return point < 0 && places > 0 ? `${text}.${'0'.repeat(places)}` : text + '0'.repeat(places - own);
}

/** Shares of a rounded total as `cascadeRounding` makes them, as text; while nothing needs rounding each is its own amount. */
export function cascadeShares(places: number, mode: RoundingMode): (exact: DecimalText) => DecimalText {
  const whole = new ExactSum();
  let cascade: ReturnType<typeof cascadeRounding> | null = null;
  return (exact) => {
    const own = cascade === null ? asFixed(exact, places) : null;
    if (own !== null) {
      whole.add(own);
      return own;
    }
    cascade ??= cascadeRounding(places, mode, whole.total());
    return fixed(cascade(exact), places);
  };
}

/**
 * Splits a rounded total over its parts in a stream: each share is the difference between the rounded running sums,
 * so the shares add up to the rounded total exactly, whatever the order, without holding the parts. `before`: what was
 * shared out already, a multiple of 10^-places.
 */
export function cascadeRounding(
  places: number,
  mode: RoundingMode,
  before: Decimal = new Decimal(0),
): (exact: DecimalBase.Value) => Decimal {
  let exactSum = before;
  let roundedSum = before;
  return (exact) => {
    exactSum = exactSum.plus(exact);
    const next = round(exactSum, places, mode);
    const share = next.minus(roundedSum);
    roundedSum = next;
    return share;
  };
}

/**
 * Spreads `total` (a multiple of 10^-places) over weights by largest remainder: each share is within one unit of its
 * exact part, the shares add up to the total, and equal remainders go to the earlier part.
 */
export function spreadByLargestRemainder(
  total: DecimalBase.Value,
  weights: DecimalBase.Value[],
  places: number,
): Decimal[] {
  const sum = weights.reduce<Decimal>((running, weight) => running.plus(weight), new Decimal(0));
  if (weights.length === 0) return [];
  if (sum.isZero()) return weights.map((_, index) => new Decimal(index === 0 ? total : 0));
  const unit = new Decimal(10).pow(-places);
  const exact = weights.map((weight) => new Decimal(total).times(weight).div(sum));
  const shares = exact.map((value) => value.toDecimalPlaces(places, DecimalBase.ROUND_FLOOR));
  const rest = new Decimal(total).minus(
    shares.reduce((running, share) => running.plus(share), new Decimal(0)),
  );
  const count = rest.div(unit).round().toNumber();
  const order = exact
    .map((value, index) => ({ index, remainder: value.minus(shares[index] ?? 0) }))
    .sort((a, b) => b.remainder.comparedTo(a.remainder) || a.index - b.index);
  for (const { index } of order.slice(0, count)) shares[index] = (shares[index] ?? new Decimal(0)).plus(unit);
  return shares;
}

const amountPattern = /^-?\d{1,15}(\.\d{1,6})?$/;
/** True for plain decimal text that money may come in: no exponent, at most 15 digits and 6 decimals. */
export function isDecimalText(text: string): text is DecimalText {
  return amountPattern.test(text);
}

/** ISO 4217, list one (2024): the currencies whose minor unit is not a hundredth. */
const minorUnits: Readonly<Record<string, number>> = Object.fromEntries([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'
    .split(' ')
    .map((code) => [code, 0]),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3]),
  ...'CLF UYW'.split(' ').map((code) => [code, 4]),
]);

/**
 * As many decimals as the currency has: yen have none, dinars three; two where it is unknown. Not from Intl, whose figures are
 * those of cash in shops: it knows no cents of the forint, the rupiah or the Colombian peso.
 */
export function minorPlaces(currency: string): number {
  return minorUnits[currency] ?? 2;
}
