/** Owns how a budget is watched: how much is used, which thresholds that reaches, and when it will be used up at this pace. */
import { addDays } from './day.ts';
import { Decimal, fixed, minorPlaces, round } from './money.ts';
import type { Day, DecimalText } from './work-entry.ts';

/** Percent of a budget; each is told once. */
export const budgetThresholds = [50, 80, 100] as const;
export const budgetMeasures = ['hours', 'money'] as const;
export type BudgetMeasure = (typeof budgetMeasures)[number];

/** The pace is that of so many days up to today, or of fewer where the work began later, but of a week at least. */
export const paceDays = 28;
const fewestPaceDays = 7;
/** A forecast further away than this says nothing. */
const longestForecastDays = 3_650;

/** Which thresholds are reached. A budget of nothing is used up by anything. */
export function reachedThresholds(used: DecimalText, budget: DecimalText): number[] {
  if (new Decimal(used).lte(0)) return [];
  return budgetThresholds.filter((threshold) =>
    new Decimal(used).times(100).gte(new Decimal(budget).times(threshold)),
  );
}

/** With one decimal, rounded down: what shows as 100.0 is reached. */
export function usedPercent(used: DecimalText, budget: DecimalText): DecimalText {
  if (new Decimal(budget).isZero()) return new Decimal(used).gt(0) ? '100.0' : '0.0';
  return fixed(round(new Decimal(used).times(100).div(budget), 1, 'down'), 1);
}

/** Over how many days the recent work went. */
export function daysOfPace(firstOn: Day | null, today: Day): number {
  if (firstOn === null) return paceDays;
  const since = Math.round((Date.parse(today) - Date.parse(firstOn)) / 86_400_000) + 1;
  return Math.min(paceDays, Math.max(fewestPaceDays, since));
}

/**
 * The day on which the budget will be used up at the pace of `recent` in `days` days, weekends included on both sides; null
 * where it is used up already, where nothing was done lately, or where that day is more than ten years away.
 */
export function exhaustsOn(
  {
    budget,
    used,
    recent,
    days,
  }: { budget: DecimalText; used: DecimalText; recent: DecimalText; days: number },
  today: Day,
): Day | null {
  const left = new Decimal(budget).minus(used);
  if (left.lte(0) || new Decimal(recent).lte(0)) return null;
  const wanted = left.times(days).div(recent).ceil();
  return wanted.gt(longestForecastDays) ? null : addDays(today, wanted.toNumber());
}

/** What is known of the money of a project's work. */
export interface PricedWork {
  /** Σ of its items. */
  priced: DecimalText;
  /** Of these, labor. */
  laborAmount: DecimalText;
  laborSeconds: number;
  /** Labor that may still be claimed, and so has no price yet. */
  openSeconds: number;
  /** Labor of the last days, priced or not. */
  recentSeconds: number;
}

/**
 * Money used: what is priced, and what is not priced yet at the average rate of what is. `unpriced` is null where there is
 * open labor and no rate to go by; then it counts as nothing.
 */
export function usedMoney(work: PricedWork, currency: string) {
  const places = minorPlaces(currency);
  const at = (seconds: number): Decimal =>
    work.laborSeconds > 0
      ? round(new Decimal(work.laborAmount).times(seconds).div(work.laborSeconds), places, 'half_up')
      : new Decimal(0);
  const isUnknown = work.openSeconds > 0 && work.laborSeconds <= 0;
  const unpriced = at(work.openSeconds);
  return {
    priced: fixed(round(work.priced, places, 'half_up'), places),
    unpriced: isUnknown ? null : fixed(unpriced, places),
    used: fixed(round(unpriced.plus(work.priced), places, 'half_up'), places),
    recent: fixed(at(work.recentSeconds), places),
  };
}
