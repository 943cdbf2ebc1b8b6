/** Owns what a rate between two currencies is, which of the stored ones counts on a day, and turning an amount by it. */
import { addDays } from '../day.ts';
import { Decimal, fixed, type RoundingMode, round } from '../money.ts';
import type { Day, DecimalText } from '../work-entry.ts';

/** Whose day a rate is taken of (BILLING §5). */
export const dateRules = [
  'receipt_date',
  'work_date',
  'issue_date',
  'tax_point',
  'posting_date',
  'value_date',
  'agreed',
] as const;
export type DateRule = (typeof dateRules)[number];

/** A rate as it was entered or imported: one unit of `base` is `rate` of `quote`. */
export interface StoredRate {
  base: string;
  quote: string;
  rateOn: Day;
  rate: DecimalText;
  source: string;
  /** Declared: it turns quote into base too. */
  bothWays: boolean;
}
/** What one unit of `from` is in `to`, and where that is from. */
export interface KnownRate {
  from: string;
  to: string;
  rate: DecimalText;
  /** Its own day: that of the rule, or the last one before it that has a rate. */
  rateOn: Day;
  source: string;
}
export interface Conversion extends KnownRate {
  dateRule: DateRule;
}

/** Weekends and holidays have no rate of their own: the last one of the week before counts. */
export const rateHoldsDays = 7;
const inverseDigits = 12;

/**
 * The rate that counts on the day; null where none does. Only what is stored, or the inverse of what is declared to hold both
 * ways: two rates are never multiplied. `rates` are newest entry first; of one day a pair as stored stands before an inverse.
 */
export function rateAmong(
  rates: readonly StoredRate[],
  from: string,
  to: string,
  day: Day,
): KnownRate | null {
  const first = addDays(day, 1 - rateHoldsDays);
  let found: { row: StoredRate; inverse: boolean } | null = null;
  for (const row of rates) {
    if (row.rateOn > day || row.rateOn < first) continue;
    const direct = row.base === from && row.quote === to;
    if (!direct && !(row.bothWays && row.base === to && row.quote === from)) continue;
    const later = found === null || row.rateOn > found.row.rateOn;
    if (later || (direct && found!.inverse && row.rateOn === found!.row.rateOn))
      found = { row, inverse: !direct };
  }
  if (!found) return null;
  const { row, inverse } = found;
  return {
    from,
    to,
    rate: inverse
      ? new Decimal(1).div(row.rate).toSignificantDigits(inverseDigits).toFixed()
      : new Decimal(row.rate).toFixed(),
    rateOn: row.rateOn,
    source: inverse ? `${row.source}, inverse of ${row.base}/${row.quote} ${row.rate}` : row.source,
  };
}

/** The amount in the other currency, rounded to its places. */
export function convert(
  amount: DecimalText,
  { rate }: Pick<KnownRate, 'rate'>,
  places: number,
  mode: RoundingMode = 'half_up',
): DecimalText {
  return fixed(round(new Decimal(amount).times(rate), places, mode), places);
}

/** How money of another currency becomes the book's; null where it is that already, or no rate is known. */
export function conversionInto(
  book: { currency: string; rateOf?: (from: string, day: Day) => KnownRate | null },
  from: string,
  day: Day,
  dateRule: DateRule,
): Conversion | null {
  if (from === book.currency) return null;
  const rate = book.rateOf?.(from, day);
  return rate ? { ...rate, dateRule } : null;
}

/** The numbers of a conversion, as the rule of a price keeps them. */
export const conversionRule = ({ from, to, rate, rateOn, source, dateRule }: Conversion) => ({
  convertedFrom: from,
  convertedTo: to,
  conversionRate: rate,
  rateOn,
  rateSource: source,
  dateRule,
});
