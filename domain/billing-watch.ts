/** Owns when a watch over unbilled work fires, when it is armed again, and how it says what it saw. */
import { Decimal } from './money.ts';
import { showAmount, showHours } from './validation/show-hours.ts';
import type { Day, DecimalText } from './work-entry.ts';

export const watchMeasures = ['hours', 'amount', 'age'] as const;
/** Unbilled hours, the unbilled amount in the contract's currency, or how old the oldest unbilled work is, in days. */
export type WatchMeasure = (typeof watchMeasures)[number];

/** A watch that fired stays quiet until less than this part of its threshold is left. */
export const rearmBelow = '0.8';

/** A watch that fired. */
export interface Fired {
  /** In hours, in the contract's currency, in days. */
  threshold: DecimalText;
  /** Some of the work was drafted since. */
  isBilledSince: boolean;
}

export type WatchStep = 'fire' | 'rearm' | 'rest';

/**
 * What becomes of a watch whose level (in the unit of its threshold) is so high; `fired` is null while it is armed. It fires
 * once for as long as it is beyond its threshold. What no run can take therefore never makes it fire again and again.
 */
export function watchStep(level: DecimalText, threshold: DecimalText, fired: Fired | null): WatchStep {
  const isReached = new Decimal(level).gt(0) && new Decimal(level).gte(threshold);
  const isArmed = fired === null || fired.isBilledSince || !new Decimal(fired.threshold).eq(threshold);
  if (isArmed) return isReached ? 'fire' : fired === null ? 'rest' : 'rearm';
  return new Decimal(level).lt(new Decimal(threshold).times(rearmBelow)) ? 'rearm' : 'rest';
}

/** "42.5 h are not billed, threshold 40 h". */
export const saysHours = (seconds: number, threshold: DecimalText): string =>
  `${showHours(seconds)} h are not billed, threshold ${new Decimal(threshold).toFixed()} h`;
/** "4250.00 EUR are not billed, threshold 4000.00 EUR". */
export const saysAmount = (amount: DecimalText, threshold: DecimalText, currency: string): string =>
  `${showAmount(amount)} ${currency} are not billed, threshold ${showAmount(threshold)} ${currency}`;
/** "20,050 entries or more are not billed". */
export const saysMany = (entries: number): string =>
  `${entries.toLocaleString('en')} entries or more are not billed`;
/** "work of 2026-03-02 is not billed after 30 days". */
export const saysAge = (workDate: Day, days: number): string =>
  `work of ${workDate} is not billed after ${days} ${days === 1 ? 'day' : 'days'}`;
