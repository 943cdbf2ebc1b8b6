/** Owns turning a local day and time of day in a zone into an instant. */

import type { Day, Instant } from '../work-entry.ts';

const dayMs = 86_400_000;
/** A century and more of days; a file that names more of them is no record of anybody's work. */
const maxDays = 50_000;

interface DayInZone {
  /** Midnight of the day, read as if the zone were UTC. */
  midnightMs: number;
  /** The zone's offset a day before and a day after; they differ around a change of the clock. */
  beforeMs: number;
  afterMs: number;
}

/**
 * Makes the converter of one IANA zone; throws RangeError when the zone is unknown.
 * A time that the clock skips (spring) is read with the offset before the change, one that it shows twice (autumn)
 * as the first of the two: the "compatible" rule of RFC 5545 and of ECMAScript Temporal.
 */
export function instantIn(zone: string): (day: Day, secondsOfDay: number) => Instant {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const days = new Map<Day, DayInZone>();

  function offsetAt(instantMs: number): number {
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(instantMs)) part[type] = Number(value);
    const local = Date.UTC(part.year!, part.month! - 1, part.day!, part.hour!, part.minute!, part.second!);
    return local - instantMs;
  }

  function look(day: Day): DayInZone {
    let found = days.get(day);
    if (found === undefined) {
      const midnightMs = Date.parse(`${day}T00:00:00Z`);
      found = {
        midnightMs,
        beforeMs: offsetAt(midnightMs - dayMs),
        afterMs: offsetAt(midnightMs + 2 * dayMs),
      };
      if (days.size >= maxDays) days.clear();
      days.set(day, found);
    }
    return found;
  }

  return (day, secondsOfDay) => {
    const { midnightMs, beforeMs, afterMs } = look(day);
    const localMs = midnightMs + secondsOfDay * 1000;
    const candidate = localMs - beforeMs;
    const isBefore =
      beforeMs === afterMs || offsetAt(candidate) === beforeMs || offsetAt(localMs - afterMs) !== afterMs;
    return toIso(day, midnightMs, isBefore ? candidate : localMs - afterMs);
  };
}

const twoDigits = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));

/** What `Date.prototype.toISOString` gives, at a third of its time where the instant falls on the local day. */
function toIso(day: Day, midnightMs: number, instantMs: number): Instant {
  const seconds = (instantMs - midnightMs) / 1000;
  if (seconds < 0 || seconds >= 86_400 || !Number.isInteger(seconds))
    return new Date(instantMs).toISOString();
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return `${day}T${twoDigits[hours]}:${twoDigits[minutes]}:${twoDigits[seconds % 60]}.000Z`;
}
