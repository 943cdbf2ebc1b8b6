/** Owns what a reconciliation says: where each hour that a source has is now, and what of it nothing explains. */
import { Decimal } from './money.ts';
import type { DecimalText } from './work-entry.ts';

/** Where an hour of a source can be; together all of them. */
export const hourPlaces = [
  'billed',
  'unbilled',
  'nonBillable',
  'settledElsewhere',
  'writtenOff',
  'included',
  'quarantined',
] as const;
export type HourPlace = (typeof hourPlaces)[number];

/** Exact seconds as decimal text: an item that is billed in part has parts of a second. */
export type ExactHours = Record<HourPlace | 'source' | 'drafted', DecimalText>;

/** Whole seconds. */
export interface ReconciledHours extends Record<HourPlace, number> {
  source: number;
  /** Of the unbilled: on a draft. */
  drafted: number;
  /** Source less all places; 0 where everything is explained. */
  difference: number;
}

/** Shares of an item are cut far below this; what is more is time that nothing explains. */
const leastDifference = new Decimal('0.01');

export function reconcileHours(exact: ExactHours): ReconciledHours {
  const whole = (value: DecimalText) => new Decimal(value).round().toNumber();
  const placed = hourPlaces.reduce((sum, place) => sum.plus(exact[place]), new Decimal(0));
  const difference = new Decimal(exact.source).minus(placed);
  const places = Object.fromEntries(hourPlaces.map((place) => [place, whole(exact[place])]));
  return {
    ...(places as Record<HourPlace, number>),
    source: whole(exact.source),
    drafted: whole(exact.drafted),
    // Away from zero: half a second that is missing is missing.
    difference: difference.abs().lt(leastDifference)
      ? 0
      : difference.toDecimalPlaces(0, Decimal.ROUND_UP).toNumber(),
  };
}

/** The sum of rows, column by column. */
export function sumHours(rows: readonly ExactHours[]): ExactHours {
  const columns = ['source', 'drafted', ...hourPlaces] as const;
  return Object.fromEntries(
    columns.map((column) => [
      column,
      rows.reduce((sum, row) => sum.plus(row[column]), new Decimal(0)).toFixed(),
    ]),
  ) as ExactHours;
}
