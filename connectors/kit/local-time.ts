/** Owns wall-clock times of a place as instants, for sources that state "9:05am" beside a day. */
import type { Day, Instant } from '../../domain/work-entry.ts';

const formats = new Map<string, Intl.DateTimeFormat>();

/** "9:05am", "12:00 PM" or "14:05" as minutes since midnight; null when it is none of these. */
export function minutesOfClock(text: string): number | null {
  const match = /^(\d{1,2}):(\d{2})(?::\d{2})?\s*([ap])?\.?m?\.?$/i.exec(text.trim());
  if (!match) return null;
  const [hour, minute, half] = [Number(match[1]), Number(match[2]), match[3]?.toLowerCase()];
  if (minute > 59 || hour > 23 || (half !== undefined && (hour < 1 || hour > 12))) return null;
  return (half === undefined ? hour : (hour % 12) + (half === 'p' ? 12 : 0)) * 60 + minute;
}

/**
 * Clock readings beside a day, in its zone; without zone or beginning they mean nothing. An end before the beginning is the
 * next day.
 */
export function clockTimes(
  day: Day,
  zone: string | null,
  start: string | null | undefined,
  end: string | null | undefined,
): { startedAt: Instant | null; endedAt: Instant | null } {
  const from = start ? minutesOfClock(start) : null;
  const to = end ? minutesOfClock(end) : null;
  if (zone === null || from === null) return { startedAt: null, endedAt: null };
  return {
    startedAt: instantOf(day, from, zone),
    endedAt: to === null ? null : instantOf(day, to < from ? to + 24 * 60 : to, zone),
  };
}

/**
 * The instant at which a clock in `zone` shows `minutes` past midnight of `day`. Where clocks go forward the missing
 * time is read with the offset before the change; where they go back it is one of the two.
 */
export function instantOf(day: Day, minutes: number, zone: string): Instant {
  const wallMs = Date.parse(`${day}T00:00:00Z`) + minutes * 60_000;
  const nearMs = wallMs - offsetMs(wallMs, zone);
  return new Date(wallMs - offsetMs(nearMs, zone)).toISOString();
}

function offsetMs(instantMs: number, zone: string): number {
  const parts = Object.fromEntries(
    formatOf(zone)
      .formatToParts(instantMs)
      .map(({ type, value }) => [type, value]),
  );
  const wall = `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}:${parts.second}Z`;
  return Date.parse(wall) - instantMs;
}

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    formats.set(zone, format); // Bounded by the zones that exist: an unknown one has thrown above.
  }
  return format;
}
