/** Owns the calendar periods that a cap counts by: how one is called, and where it begins and ends. */
import type { CapPeriod } from '../contract-terms.ts';
import { addDays, isoWeek, weekStart } from '../day.ts';
import type { Day } from '../work-entry.ts';

export interface CalendarPeriod {
  /** As a figure names it: `week 2026-W45`, `month 2026-11`, `quarter 2026-Q4`, `year 2026`. */
  name: string;
  startsOn: Day;
  endsBefore: Day;
}

const twoDigits = (value: number) => String(value).padStart(2, '0');

/** First day of the month that lies `months` after January of the year. */
function firstOf(year: number, months: number): Day {
  return `${year + Math.floor(months / 12)}-${twoDigits((months % 12) + 1)}-01`;
}

/** A week is from Monday, and is called by its ISO number. */
export function capPeriod(day: Day, period: CapPeriod): CalendarPeriod {
  const year = Number(day.slice(0, 4));
  const month = Number(day.slice(5, 7)) - 1;
  switch (period) {
    case 'week': {
      const startsOn = weekStart(day, 1);
      return { name: `week ${isoWeek(day)}`, startsOn, endsBefore: addDays(startsOn, 7) };
    }
    case 'month':
      return {
        name: `month ${day.slice(0, 7)}`,
        startsOn: firstOf(year, month),
        endsBefore: firstOf(year, month + 1),
      };
    case 'quarter': {
      const quarter = Math.floor(month / 3);
      return {
        name: `quarter ${year}-Q${quarter + 1}`,
        startsOn: firstOf(year, quarter * 3),
        endsBefore: firstOf(year, quarter * 3 + 3),
      };
    }
    case 'year':
      return { name: `year ${year}`, startsOn: firstOf(year, 0), endsBefore: firstOf(year, 12) };
    default: {
      const unknown: never = period;
      throw new RangeError(`no period ${String(unknown)}`);
    }
  }
}
