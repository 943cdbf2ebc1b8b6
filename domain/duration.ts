/** Owns durations in the words of ISO 8601 (`P3M`, `P1DT12H`): reading one, and counting it from an instant in a zone. */
import { addDays, isDay, localDay } from './day.ts';
import { instantIn } from './import/to-instant.ts';
import type { Day, Instant } from './work-entry.ts';

export interface Duration {
  months: number;
  days: number;
  seconds: number;
}

const pattern =
  /^P(?=.)(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?=.)(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?$/;

/** Null for what is no duration, and for one of no length. */
export function readDuration(text: string): Duration | null {
  const match = pattern.exec(text);
  if (!match) return null;
  const [years, months, weeks, days, hours, minutes, seconds] = match
    .slice(1)
    .map((part) => Number(part ?? 0)) as [number, number, number, number, number, number, number];
  const duration = {
    months: years * 12 + months,
    days: weeks * 7 + days,
    seconds: hours * 3600 + minutes * 60 + seconds,
  };
  return duration.months + duration.days + duration.seconds === 0 ? null : duration;
}

/** The same date `months` later, or the last day of a month that is too short for it. */
export function addMonths(day: Day, months: number): Day {
  const [year, month, date] = day.split('-').map(Number) as [number, number, number];
  const last = new Date(Date.UTC(year, month - 1 + months + 1, 0));
  last.setUTCDate(Math.min(date, last.getUTCDate()));
  return last.toISOString().slice(0, 10);
}

/** Months and days keep the time of day in the zone, whatever its clock does between; seconds are as long as they are. */
export function addDuration(at: Instant, { months, days, seconds }: Duration, zone: string): Instant {
  const atMs = Date.parse(at);
  const secondOfDay = secondsOfDay(at, zone);
  const day = addDays(addMonths(localDay(at, zone), months), days);
  const calendarMs =
    months + days === 0 ? atMs : Date.parse(instantIn(zone)(day, secondOfDay)) + (atMs % 1000);
  return new Date(calendarMs + seconds * 1000).toISOString();
}

/**
 * The time that is asked for: `to`, an instant or a day (its beginning in the zone), or `by`, a duration from now. Null for
 * what is none of these.
 */
export function timeAhead(
  now: Instant,
  zone: string,
  { to, by }: { to?: string | undefined; by?: string | undefined },
): Instant | null {
  if (by !== undefined) {
    const duration = readDuration(by);
    return duration && addDuration(now, duration, zone);
  }
  if (to === undefined) return null;
  if (isDay(to)) return instantIn(zone)(to, 0);
  const isInstant = /^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:\d{2})$/.test(to) && !Number.isNaN(Date.parse(to));
  return isInstant ? new Date(to).toISOString() : null;
}

function secondsOfDay(at: Instant, zone: string): number {
  const text = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).format(new Date(at));
  const [hours, minutes, seconds] = text.split(':').map(Number) as [number, number, number];
  return hours * 3600 + minutes * 60 + seconds;
}
