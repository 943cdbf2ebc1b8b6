/** Owns reading a cron expression as days of the wall clock, apart from any zone: when it fires first on the next of its days. */
import { Cron } from 'croner';
import { addDays } from './day.ts';
import type { Day } from './work-entry.ts';

export interface CronDay {
  day: Day;
  /** Of the wall clock, at which it fires first on this day. */
  secondsOfDay: number;
}

const known = new Map<string, Cron>();
const mostKnown = 500;

// Read in UTC, which has every time of every day once: what the clocks of a zone skip or show twice is ours to say.
function read(expression: string): Cron {
  const found = known.get(expression) ?? new Cron(expression, { timezone: 'UTC', mode: '5-part' });
  if (known.size >= mostKnown) known.clear();
  known.set(expression, found);
  return found;
}

/** The first day after `day` on which it fires; null: none. Throws on an expression that `cronTrouble` refuses. */
export function cronDayAfter(expression: string, day: Day): CronDay | null {
  // What is at the second itself counts as passed.
  const fires = read(expression).nextRun(new Date(Date.parse(`${addDays(day, 1)}T00:00:00Z`) - 1_000));
  if (fires === null) return null;
  const firesOn = fires.toISOString().slice(0, 10);
  return { day: firesOn, secondsOfDay: (fires.getTime() - Date.parse(`${firesOn}T00:00:00Z`)) / 1000 };
}

/** Why it is no cron expression of ours, in words; null: it is one. */
export function cronTrouble(expression: string): string | null {
  if (!/^\S+( \S+){4}$/.test(expression))
    return 'five fields with a space between: minute, hour, day of month, month, day of week';
  try {
    return cronDayAfter(expression, '2000-01-01') === null ? 'fires on no day there is' : null;
  } catch {
    return 'a field of it cannot be read; "0 18 * * 5" is each Friday at 18:00';
  }
}
