/** Owns the split of one person's hours under a contract into regular time and overtime (BILLING §4). */
import type { OvertimeClause } from '../contract-terms.ts';
import { isoWeekday, weekNumber } from '../day.ts';
import type { Day, Instant } from '../work-entry.ts';

/** One entry of the person: what earlier items took of it, and what is to be split now. Whole seconds. */
export interface Stint {
  entryId: string;
  workDate: Day;
  startedAt: Instant | null;
  /** Signed: a correction downwards takes back. */
  openSeconds: number;
  billedRegularSeconds: number;
  billedOvertimeSeconds: number;
}
/** Parts of the open seconds: they add up to them, and neither has the other sign. */
export interface Split {
  regularSeconds: number;
  overtimeSeconds: number;
}
export interface OvertimeCalendar {
  /** Of the version that counts on the day; null: all time is regular. */
  clauseOn: (day: Day) => OvertimeClause | null;
  isHoliday: (day: Day) => boolean;
}

/**
 * Splits what is open, in the order given; the order has no part in it: a day is worked through by start, then id, and days
 * by date. What is overtime for its day does not count towards the week. Hours already billed keep their class: what is new
 * bills the total of its day, then of its week, less what was billed.
 */
export function splitOvertime(stints: readonly Stint[], calendar: OvertimeCalendar): Split[] {
  const order = inOrder(stints);
  const due = overtimeOfWhole(stints, order, calendar);
  const taken = stints.map((stint, index) =>
    clamp(due[index]! - stint.billedOvertimeSeconds, boundsOf(stint)),
  );
  const latestFirst = order.toReversed();
  const settle = (group: readonly number[]): void => {
    const missing = sum(group, (at) => due[at]! - stints[at]!.billedOvertimeSeconds - taken[at]!);
    let rest = missing;
    for (const at of group) {
      const next = clamp(taken[at]! + rest, boundsOf(stints[at]!));
      rest -= next - taken[at]!;
      taken[at] = next;
    }
  };
  for (const day of Map.groupBy(latestFirst, (at) => stints[at]!.workDate).values()) settle(day);
  const ofWeeks = latestFirst.filter((at) => hasWeek(calendar.clauseOn(stints[at]!.workDate)));
  const weekOf = (at: number) =>
    weekNumber(stints[at]!.workDate, calendar.clauseOn(stints[at]!.workDate)!.weekStartsOn);
  for (const week of Map.groupBy(ofWeeks, weekOf).values()) settle(week);
  return stints.map(({ openSeconds }, index) => ({
    regularSeconds: openSeconds - taken[index]!,
    overtimeSeconds: taken[index]!,
  }));
}

/** False where no hour of the clause can be overtime. */
export function canBeOvertime(clause: OvertimeClause | null): boolean {
  if (clause === null) return false;
  const { dailyAfterSeconds, weeklyAfterSeconds, weekendDays, holidaysCount } = clause;
  return dailyAfterSeconds !== null || weeklyAfterSeconds !== null || weekendDays.length > 0 || holidaysCount;
}

const hasWeek = (clause: OvertimeClause | null) => clause !== null && clause.weeklyAfterSeconds !== null;
const sum = (group: readonly number[], of: (at: number) => number) =>
  group.reduce((total, at) => total + of(at), 0);

/** Overtime of each whole entry, billed and open together, as if all were split at once. */
function overtimeOfWhole(
  stints: readonly Stint[],
  order: readonly number[],
  { clauseOn, isHoliday }: OvertimeCalendar,
): number[] {
  const overtime = stints.map(() => 0);
  const regularOfDay = new Map<Day, number>();
  const regularOfWeek = new Map<number, number>();
  for (const at of order) {
    const { workDate, openSeconds, billedRegularSeconds, billedOvertimeSeconds } = stints[at]!;
    const seconds = openSeconds + billedRegularSeconds + billedOvertimeSeconds;
    const clause = clauseOn(workDate);
    if (clause === null) continue;
    if (clause.weekendDays.includes(isoWeekday(workDate)) || (clause.holidaysCount && isHoliday(workDate))) {
      overtime[at] = seconds;
      continue;
    }
    const week = weekNumber(workDate, clause.weekStartsOn);
    const ofDay = regularOfDay.get(workDate) ?? 0;
    const ofWeek = regularOfWeek.get(week) ?? 0;
    const room = Math.min(
      (clause.dailyAfterSeconds ?? Number.POSITIVE_INFINITY) - ofDay,
      (clause.weeklyAfterSeconds ?? Number.POSITIVE_INFINITY) - ofWeek,
    );
    const regular = Math.min(seconds, Math.max(0, room));
    overtime[at] = seconds - regular;
    regularOfDay.set(workDate, ofDay + regular);
    regularOfWeek.set(week, ofWeek + regular);
  }
  return overtime;
}

/** Indexes by date, start and id; an entry without a start comes after those with one. */
function inOrder(stints: readonly Stint[]): number[] {
  const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b));
  const starts = stints.map(({ startedAt }) =>
    startedAt === null ? Number.POSITIVE_INFINITY : Date.parse(startedAt),
  );
  return stints
    .map((_, index) => index)
    .sort((i, j) => {
      const [a, b] = [stints[i]!, stints[j]!];
      if (a.workDate !== b.workDate) return compare(a.workDate, b.workDate);
      const [startA, startB] = [starts[i]!, starts[j]!];
      return startA === startB ? compare(a.entryId, b.entryId) : startA - startB;
    });
}

interface Bounds {
  least: number;
  most: number;
}
/** How much of what is open may be overtime: nothing beyond it, and nothing taken back that was not billed so. */
function boundsOf({ openSeconds, billedRegularSeconds, billedOvertimeSeconds }: Stint): Bounds {
  if (openSeconds >= 0) return { least: 0, most: openSeconds };
  return {
    least: Math.max(openSeconds, -billedOvertimeSeconds),
    most: Math.min(0, openSeconds + billedRegularSeconds),
  };
}

const clamp = (value: number, { least, most }: Bounds) =>
  Math.max(Math.min(least, most), Math.min(most, value)) || 0;
