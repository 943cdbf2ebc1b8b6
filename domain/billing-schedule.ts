/** Owns when the periods of a contract end: half-open, one after the other without a gap, in the contract's zone. */
import { type BillingTriggers, type PeriodSchedule, periodScheduleOf } from './billing-triggers.ts';
import { type ContractTimeline, termsAt } from './contract-terms.ts';
import { cronDayAfter } from './cron-days.ts';
import { addDays, earlierDay } from './day.ts';
import { instantIn } from './import/to-instant.ts';
import type { Day, Instant } from './work-entry.ts';

/** Half-open: the work of `startsOn` is in it, that of `endsBefore` in the next one. */
export interface BillingPeriod {
  startsOn: Day;
  endsBefore: Day;
  /** When its last day is over in the contract's zone; by a cron expression, when that fires. */
  completeAt: Instant;
}

export interface DatedPeriod extends BillingPeriod {
  /** When it is billed: its end, and the grace of late approvals. */
  dueAt: Instant;
}

/** By the calendar that counts on the day. */
export type IsHoliday = (day: Day) => boolean;

/** How a pull and a due row name it: `2026-01-01/2026-02-01`. */
export const periodKey = ({ startsOn, endsBefore }: Pick<BillingPeriod, 'startsOn' | 'endsBefore'>) =>
  `${startsOn}/${endsBefore}`;

const clocks = new Map<string, ReturnType<typeof instantIn>>();
const mostClocks = 500;
/** Made once a zone: a converter costs more than what it converts. */
function clockIn(zone: string): ReturnType<typeof instantIn> {
  const found = clocks.get(zone) ?? instantIn(zone);
  if (clocks.size >= mostClocks) clocks.clear();
  clocks.set(zone, found);
  return found;
}

/** Days end here; a schedule is not asked beyond it. */
const lastDay: Day = '2199-12-31';

/** The period that begins on the day, by this schedule alone. Null where it never ends. */
export function periodFrom(
  schedule: PeriodSchedule,
  startsOn: Day,
  { zone, isHoliday }: { zone: string; isHoliday: IsHoliday },
): BillingPeriod | null {
  const end = schedule.every === 'cron' ? cronDayAfter(schedule.cron, startsOn) : null;
  const endsBefore = schedule.every === 'cron' ? end?.day : endAfter(schedule, startsOn, isHoliday);
  if (endsBefore === undefined || endsBefore > lastDay) return null;
  return { startsOn, endsBefore, completeAt: clockIn(zone)(endsBefore, end?.secondsOfDay ?? 0) };
}

/** The first day after `startsOn` on which a period is over. */
function endAfter(
  schedule: Exclude<PeriodSchedule, { every: 'cron' }>,
  startsOn: Day,
  isHoliday: IsHoliday,
): Day {
  switch (schedule.every) {
    case 'day':
      return addDays(startsOn, 1);
    case 'week':
      // It closes on the first such day from its start on.
      return addDays(startsOn, ((schedule.closesOn - isoWeekday(startsOn) + 7) % 7) + 1);
    case 'half_month':
      return firstAfter(startsOn, (month) => [addDays(month, schedule.closesOn), nextMonth(month)]);
    case 'month':
      return firstAfter(startsOn, (month) => [addDays(closingDay(month, schedule.closesOn, isHoliday), 1)]);
    case 'quarter':
      return firstAfter(startsOn, (month) =>
        (monthOf(month) - schedule.firstMonth + 13) % 3 === 0 ? [nextMonth(month)] : [],
      );
  }
}

/** Asks month by month, from that of the day on; each is named by its first day. */
function firstAfter(day: Day, endsOf: (month: Day) => readonly Day[]): Day {
  for (let month = `${day.slice(0, 7)}-01`; ; month = nextMonth(month)) {
    const end = endsOf(month).find((one) => one > day);
    if (end !== undefined) return end;
  }
}

type ClosesOn = Extract<PeriodSchedule, { every: 'month' }>['closesOn'];

/** The last day of the period that ends in this month. */
function closingDay(month: Day, closesOn: ClosesOn, isHoliday: IsHoliday): Day {
  const last = addDays(nextMonth(month), -1);
  if (closesOn === 'last') return last;
  if (typeof closesOn === 'number') return earlierDay(addDays(month, closesOn - 1), last);
  const working: Day[] = [];
  for (let day = month; day <= last; day = addDays(day, 1))
    if (isoWeekday(day) <= 5 && !isHoliday(day)) working.push(day);
  const { workingDay } = closesOn;
  const wanted = workingDay > 0 ? working.at(workingDay - 1) : working.at(workingDay);
  // A month of fewer working days closes at its end, or, counted from the end, on its first one.
  return wanted ?? (workingDay > 0 ? last : (working[0] ?? last));
}

const monthOf = (day: Day) => Number(day.slice(5, 7));
const nextMonth = (month: Day): Day => `${addDays(month, 31).slice(0, 7)}-01`;
const isoWeekday = (day: Day) => new Date(`${day}T00:00:00Z`).getUTCDay() || 7;

/**
 * The period of the contract that begins on the day (the first one on the later of its start and its go-live): by the version
 * that counts there, and where that changes before the period is over, by the later one. The contract's own end ends the last,
 * and so does a version that bills no periods. Null where no period ends any more.
 */
export function nextPeriod(
  timeline: ContractTimeline,
  startsOn: Day,
  holidaysOf: (calendarId: string | null) => IsHoliday,
): DatedPeriod | null {
  const { zone, endsBefore: contractEnd } = timeline[0];
  if (contractEnd !== null && startsOn >= contractEnd) return null;
  const versions = timeline.slice(timeline.indexOf(termsAt(timeline, startsOn)));
  let from = startsOn;
  for (const [index, { triggers, versionStartsOn, holidayCalendarId }] of versions.entries()) {
    const next = versions[index + 1];
    const schedule = periodScheduleOf(triggers);
    if (schedule === null) {
      from = next?.versionStartsOn ?? from;
      continue;
    }
    const begunOn = index === 0 ? startsOn : versionStartsOn;
    const own = periodFrom(schedule, begunOn, { zone, isHoliday: holidaysOf(holidayCalendarId) });
    if (own === null) return null;
    const isCut = next !== undefined && next.versionStartsOn < own.endsBefore;
    // The next version says when the period is over, unless it knows of none.
    if (isCut && next.triggers.periodEnd !== null) continue;
    const endsBefore = isCut ? next.versionStartsOn : own.endsBefore;
    return dated({ ...own, startsOn: from }, earliest(endsBefore, contractEnd), zone, triggers);
  }
  return null;
}

const earliest = (day: Day, other: Day | null): Day => (other === null ? day : earlierDay(day, other));

function dated(
  period: BillingPeriod,
  endsBefore: Day,
  zone: string,
  { graceHours }: Pick<BillingTriggers, 'graceHours'>,
): DatedPeriod {
  const completeAt = endsBefore === period.endsBefore ? period.completeAt : clockIn(zone)(endsBefore, 0);
  const dueAt = new Date(Date.parse(completeAt) + graceHours * 3_600_000).toISOString();
  return { ...period, endsBefore, completeAt, dueAt };
}
