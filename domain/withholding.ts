/** Owns how a payment to a contractor settles an invoice: applied = paid + withheld + credit netted, never beyond what is due. */
import { Decimal, fixed, minorPlaces, round } from './money.ts';
import type { Day, DecimalText } from './work-entry.ts';

export interface WantedWithholding {
  /** Which law or form asks for it, e.g. `CIS`, `1099-B`. */
  scheme: string;
  /** Of which part of the invoice. */
  base: DecimalText;
  /** Percent, e.g. "20". */
  percentage: DecimalText;
}
export interface Withholding extends WantedWithholding {
  amount: DecimalText;
  taxYear: number;
}

/** Each line rounded for itself to the currency's decimals; the year is that of the day on which the money moves. */
export function withhold(
  wanted: readonly WantedWithholding[],
  currency: string,
  valueDate: Day,
): { lines: Withholding[]; sum: Decimal } {
  const places = minorPlaces(currency);
  const lines = wanted.map((line) => ({
    ...line,
    amount: fixed(round(new Decimal(line.base).times(line.percentage).div(100), places, 'half_up'), places),
    taxYear: Number(valueDate.slice(0, 4)),
  }));
  return { lines, sum: lines.reduce<Decimal>((sum, line) => sum.plus(line.amount), new Decimal(0)) };
}

/**
 * Takes `wanted` from credits in their order; what they do not reach stays. Answers how much of each, without those that
 * give nothing.
 */
export function netCredits<Credit extends { amount: DecimalText; netted: DecimalText }>(
  credits: readonly Credit[],
  wanted: Decimal,
): { credit: Credit; amount: Decimal }[] {
  let left = wanted;
  return credits.flatMap((credit) => {
    const amount = Decimal.min(left, new Decimal(credit.amount).minus(credit.netted));
    if (amount.lte(0)) return [];
    left = left.minus(amount);
    return [{ credit, amount }];
  });
}
