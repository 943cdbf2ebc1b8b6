/** Owns calendar days as text: comparing, adding, and finding the local day of an instant. */
import type { Day, Instant } from './work-entry.ts';

const dayPattern = /^(\d{4})-(\d{2})-(\d{2})$/;

/** True for a real calendar day `YYYY-MM-DD` between 1900 and 2199. */
export function isDay(text: string): text is Day {
  const match = dayPattern.exec(text);
  if (!match) return false;
  const [year, month, date] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (year < 1900 || year > 2199) return false;
  const instant = new Date(Date.UTC(year, month - 1, date));
  return instant.getUTCMonth() === month - 1 && instant.getUTCDate() === date;
}

/** The day `days` later (or earlier when negative). */
export function addDays(day: Day, days: number): Day {
  return dayOfNumber(dayNumber(day) + days);
}

const dayMs = 86_400_000;
/** Days since 1 January 1970. Parts by hand: reading the whole text as a date takes four times as long. */
export const dayNumber = (day: Day): number =>
  Date.UTC(Number(day.slice(0, 4)), Number(day.slice(5, 7)) - 1, Number(day.slice(8, 10))) / dayMs;

const dayOfNumber = (number: number): Day => new Date(number * dayMs).toISOString().slice(0, 10);

/** ISO day of the week, Monday is 1. */
export const isoWeekday = (day: Day): number => ((((dayNumber(day) + 3) % 7) + 7) % 7) + 1;

/** The first day of the week that `startsOn` (ISO, Monday is 1) begins, as a number: a key that costs no text. */
export function weekNumber(day: Day, startsOn: number): number {
  const number = dayNumber(day);
  return number - ((((number + 4 - startsOn) % 7) + 7) % 7);
}
/** The same as a day. */
export const weekStart = (day: Day, startsOn: number): Day => dayOfNumber(weekNumber(day, startsOn));

const formatters = new Map<string, Intl.DateTimeFormat>();
/** The calendar day of an instant in an IANA zone. Throws RangeError for an unknown zone. */
export function localDay(instant: Instant | Date, zone: string): Day {
  let formatter = formatters.get(zone);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
    });
    formatters.set(zone, formatter);
  }
  return formatter.format(typeof instant === 'string' ? new Date(instant) : instant);
}

/** True when `zone` is one the platform knows. */
export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-CA', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

// Days are text: Math.max, which a linter proposes, would make NaN of them.
/** The later of two days. */
export function laterDay(a: Day, b: Day): Day {
  if (a > b) return a;
  return b;
}

/** The earlier of two days. */
export function earlierDay(a: Day, b: Day): Day {
  if (a < b) return a;
  return b;
}

/** ISO week as `YYYY-Www`, by the Thursday rule. */
export function isoWeek(day: Day): string {
  const date = new Date(`${day}T00:00:00Z`);
  const weekday = (date.getUTCDay() + 6) % 7;
  date.setUTCDate(date.getUTCDate() - weekday + 3);
  const year = date.getUTCFullYear();
  const firstThursday = new Date(Date.UTC(year, 0, 4));
  const firstWeekday = (firstThursday.getUTCDay() + 6) % 7;
  firstThursday.setUTCDate(firstThursday.getUTCDate() - firstWeekday + 3);
  const week = 1 + Math.round((date.getTime() - firstThursday.getTime()) / 604_800_000);
  return `${year}-W${String(week).padStart(2, '0')}`;
}
