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

/**
 * Splits a rounded total over its parts in a stream: each share is the difference between the rounded running sums,
 * so the shares add up to the rounded total exactly, whatever the order, without holding the parts.
 */
export function cascadeRounding(places: number, mode: RoundingMode): (exact: DecimalBase.Value) => Decimal {
  let exactSum = new Decimal(0);
  let roundedSum = new Decimal(0);
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
