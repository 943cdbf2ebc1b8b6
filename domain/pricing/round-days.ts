/** Owns rounding the work of a day: what is measured adds up to the rounded day, spread by largest remainder (BILLING §1). */
import type { TimeRounding } from '../contract-terms.ts';
import { Decimal, fixed, type Rounding, round, spreadByLargestRemainder } from '../money.ts';
import type { Day, DecimalText, EntryKind } from '../work-entry.ts';
import { displayedQuantity, exactQuantity, hasPlaces } from './quantities.ts';

export interface DayWork {
  kind: EntryKind;
  workDate: Day;
  projectId: string | null;
  personId: string | null;
  /** Raw units: seconds, metres, cents, counts; negative for a downward correction. */
  quantity: number;
  /** Only where time is rounded to an increment. */
  entryId?: string;
  taskId?: string | null;
  timeRounding?: TimeRounding | null;
  /** Seconds of a day or a shift, where labor is priced by one. */
  rawPerUnit?: number | undefined;
}

/** What is measured and so has fractions; an expense is a receipt's own amount, goods are counted. */
const measured: readonly EntryKind[] = ['labor', 'mileage_time', 'mileage_distance'];

/**
 * The quantity that each entry shows on a line, in the order given. What one person measured on one day for one project is
 * rounded once, and the rounded day is spread over its entries: three times 20 minutes show 0.34, 0.33, 0.33 h, not 0.99 h.
 * An entry without a person is a day of its own. What shows nothing has no part in its day, so nothing is billed for it:
 * it stays open, and is rounded with what comes later.
 */
export function roundDays(entries: readonly DayWork[], rounding: Rounding): DecimalText[] {
  const shown = entries.map((entry) =>
    displayedQuantity(entry.kind, entry.quantity, rounding, entry.rawPerUnit),
  );
  for (const places of daysOf(entries)) spreadDay(entries, places, shown, rounding);
  for (const group of incrementsOf(entries)) spreadIncrement(entries, group, shown, rounding);
  return shown;
}

/** Indexes of the time that is rounded to an increment together: parts of one entry, or a person's day on one task. */
function incrementsOf(entries: readonly DayWork[]): number[][] {
  const groups = new Map<string, number[]>();
  entries.forEach(
    ({ kind, workDate, projectId, personId, quantity, entryId, taskId, timeRounding, rawPerUnit }, index) => {
      if (!timeRounding || kind !== 'labor' || quantity === 0) return;
      const whole =
        timeRounding.per === 'entry' || personId === null
          ? entryId
          : `${personId}|${workDate}|${projectId}|${taskId}`;
      const key = `${whole}|${Math.sign(quantity)}|${rawPerUnit}`;
      const group = groups.get(key);
      if (group) group.push(index);
      else groups.set(key, [index]);
    },
  );
  return [...groups.values()];
}

/** Puts the shares of the time, rounded to its increment, into `shown`: by largest remainder, as a rounded day. */
function spreadIncrement(
  entries: readonly DayWork[],
  group: readonly number[],
  shown: DecimalText[],
  rounding: Rounding,
): void {
  const quantities = group.map((index) => entries[index]!.quantity);
  const { timeRounding, rawPerUnit } = entries[group[0]!]!;
  const { incrementSeconds, mode } = timeRounding!;
  const seconds = toIncrement(sumOf(quantities), incrementSeconds, mode);
  const total = round(exactQuantity('labor', seconds, rawPerUnit), rounding.quantityPlaces, rounding.mode);
  const shares = spreadByLargestRemainder(total.abs(), quantities.map(Math.abs), rounding.quantityPlaces);
  group.forEach((index, at) => {
    const share = total.isNegative() ? shares[at]!.negated() : shares[at]!;
    shown[index] = fixed(share, rounding.quantityPlaces);
  });
}

/** Whole increments, by the size of the time: nearest is half up, and a correction downwards rounds as what it takes back. */
function toIncrement(seconds: number, increment: number, mode: TimeRounding['mode']): number {
  const whole = Math.floor(Math.abs(seconds) / increment);
  const rest = Math.abs(seconds) - whole * increment;
  const isUp = mode === 'up' ? rest > 0 : mode === 'nearest' && rest * 2 >= increment;
  return Math.sign(seconds) * (whole + Number(isUp)) * increment;
}

/** Indexes of the entries that are rounded together, two or more each. */
function daysOf(entries: readonly DayWork[]): number[][] {
  const days = new Map<string, number[]>();
  entries.forEach(({ kind, workDate, projectId, personId, quantity, timeRounding, rawPerUnit }, index) => {
    if (personId === null || quantity === 0 || !measured.includes(kind) || (timeRounding && kind === 'labor'))
      return;
    // A correction downwards is rounded apart: it may belong to an invoice that is out already.
    const key = `${personId}|${workDate}|${projectId}|${kind}|${Math.sign(quantity)}|${rawPerUnit}`;
    const day = days.get(key);
    if (day) day.push(index);
    else days.set(key, [index]);
  });
  return [...days.values()].filter((day) => day.length > 1);
}

/** Puts the shares of one day into `shown`; what comes out as nothing is left out, and the rest is rounded without it. */
function spreadDay(
  entries: readonly DayWork[],
  day: readonly number[],
  shown: DecimalText[],
  rounding: Rounding,
): void {
  const { kind, rawPerUnit } = entries[day[0]!]!;
  // Most time is kept in quarters of an hour: there is nothing to spread.
  if (day.every((index) => hasPlaces(kind, entries[index]!.quantity, rounding.quantityPlaces, rawPerUnit)))
    return;
  let left = day;
  while (left.length > 0) {
    const shares = sharesOf(
      kind,
      left.map((index) => entries[index]!.quantity),
      rounding,
      rawPerUnit,
    );
    left.forEach((index, at) => {
      shown[index] = fixed(shares[at]!, rounding.quantityPlaces);
    });
    const next = left.filter((_, at) => !shares[at]!.isZero());
    if (next.length === left.length) return;
    left = next;
  }
}

/**
 * The rounded sum of the quantities, spread over them: each is cut to its last place, and the places that are missing go to
 * the largest remainders, the earlier first. All have one sign, so none is off by a place.
 */
function sharesOf(
  kind: EntryKind,
  quantities: readonly number[],
  rounding: Rounding,
  rawPerUnit: number | undefined,
): Decimal[] {
  const { quantityPlaces: places, mode } = rounding;
  const exact = quantities.map((quantity) => exactQuantity(kind, quantity, rawPerUnit));
  const shares = exact.map((value) => round(value, places, 'down'));
  // Raw units are whole: added up before the division, nothing of them is lost.
  const total = round(exactQuantity(kind, sumOf(quantities), rawPerUnit), places, mode);
  const place = new Decimal(10).pow(-places).times(Math.sign(quantities[0]!));
  const missing = total
    .minus(Decimal.sum(...shares))
    .div(place)
    .toNumber();
  const byRemainder = exact
    .map((value, index) => ({ index, remainder: value.minus(shares[index]!).abs() }))
    .sort((a, b) => b.remainder.comparedTo(a.remainder) || a.index - b.index);
  for (const { index } of byRemainder.slice(0, missing)) shares[index] = shares[index]!.plus(place);
  return shares;
}

const sumOf = (quantities: readonly number[]) => quantities.reduce((sum, quantity) => sum + quantity, 0);
