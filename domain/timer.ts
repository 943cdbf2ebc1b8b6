/** Owns timers: how long one may run before it counts as forgotten, and how a stretch of time falls into local days. */
import { addDays, localDay } from './day.ts';
import { instantIn } from './import/to-instant.ts';
import { Refusal } from './refusal.ts';
import type { Day, Instant } from './work-entry.ts';

/** Hours; a setting of the workspace (`timerLimitHours`) says otherwise. */
const defaultLimitHours = 12;
/** Beyond this no word of anybody makes a stretch of work of it. */
const longestHours = 24;
const hourMs = 3_600_000;

export function timerLimitHours(settings: Readonly<Record<string, unknown>>): number {
  return typeof settings.timerLimitHours === 'number' ? settings.timerLimitHours : defaultLimitHours;
}

export interface Stretch {
  workDate: Day;
  startedAt: Instant;
  endedAt: Instant;
  /** Elapsed, so that a change of the clock neither adds nor takes an hour; those of all parts are the whole seconds of all. */
  seconds: number;
}

/** A stretch of time cut at each local midnight; parts of less than a second are left out. */
export function splitAtMidnight(startedAt: Instant, endedAt: Instant, zone: string): Stretch[] {
  const instantOf = instantIn(zone);
  const stretches: Stretch[] = [];
  const secondsUpTo = (to: Instant) => Math.floor((Date.parse(to) - Date.parse(startedAt)) / 1000);
  let from = startedAt;
  while (from < endedAt) {
    const workDate = localDay(from, zone);
    const midnight = instantOf(addDays(workDate, 1), 0);
    const to = midnight < endedAt ? midnight : endedAt;
    const seconds = secondsUpTo(to) - secondsUpTo(from);
    if (seconds > 0) stretches.push({ workDate, startedAt: from, endedAt: to, seconds });
    from = to;
  }
  return stretches;
}

/**
 * When a timer ended: at `saidEnd` where its person says so, else now. Refuses with 409 what ran longer than the limit without
 * anybody saying when it ended, and with 422 an end before its start, in the future, or over a day later.
 */
export function timerEnd(
  timer: { startedAt: Instant },
  { now, saidEnd, limitHours }: { now: Instant; saidEnd: Instant | null; limitHours: number },
): Instant {
  const startMs = Date.parse(timer.startedAt);
  const endMs = Date.parse(saidEnd ?? now);
  if (saidEnd === null) {
    if (endMs - startMs <= limitHours * hourMs) return new Date(Math.max(endMs, startMs)).toISOString();
    throw new Refusal({
      code: 'timer.over_limit',
      message: `The timer has run since ${timer.startedAt}, longer than ${limitHours} hours: it was forgotten.`,
      whatToDo: 'Say in endedAt when the work ended, or discard the timer.',
      details: { startedAt: timer.startedAt, limitHours },
    });
  }
  const problem =
    endMs <= startMs
      ? 'The work ended before it began.'
      : endMs > Date.parse(now)
        ? 'The work has not ended yet.'
        : endMs - startMs > longestHours * hourMs
          ? `More than ${longestHours} hours are no stretch of work.`
          : null;
  if (problem === null) return new Date(endMs).toISOString();
  throw new Refusal({
    code: 'timer.end_invalid',
    status: 422,
    message: problem,
    whatToDo: 'Correct endedAt.',
    errors: [{ pointer: '/endedAt', detail: problem }],
    details: { startedAt: timer.startedAt },
  });
}
