/** Owns when letters may go out: not in quiet hours, and only on some weekdays, by the local time of a place. */
import { addDays, isoWeekday, localDay } from './day.ts';
import { instantIn } from './import/to-instant.ts';
import type { Day, Instant } from './work-entry.ts';

/** `HH:MM`; from the evening to the morning, or within a day. They differ. */
export interface QuietHours {
  from: string;
  until: string;
}
export interface SendWindow {
  quietHours: QuietHours | null;
  /** ISO days, Monday is 1; at least one. */
  weekdays: readonly number[];
}

/** Where no policy says otherwise. */
export const standardWindow: SendWindow = {
  quietHours: { from: '18:00', until: '08:00' },
  weekdays: [1, 2, 3, 4, 5],
};

const daySeconds = 86_400;
/** In this many days each weekday comes up again, whatever is left of the first. */
const daysAhead = 8;

/** The first moment from `earliest` on at which something may be sent. */
export function nextSendTime(earliest: Instant, window: SendWindow, zone: string): Instant {
  const toInstant = converterOf(zone);
  const first = localDay(earliest, zone);
  const fromMs = Date.parse(earliest);
  for (let ahead = 0; ahead <= daysAhead; ahead += 1) {
    const day = addDays(first, ahead);
    if (!window.weekdays.includes(isoWeekday(day))) continue;
    for (const [start, end] of loudSpans(window.quietHours)) {
      const sendMs = Math.max(fromMs, Date.parse(toInstant(day, start)));
      if (sendMs < Date.parse(toInstant(day, end))) return new Date(sendMs).toISOString();
    }
  }
  throw new RangeError('a window without a weekday sends nothing');
}

/** The first moment of a local day. */
export const startOfDay = (day: Day, zone: string): Instant => converterOf(zone)(day, 0);

const converters = new Map<string, ReturnType<typeof instantIn>>();
/** Making one costs more than asking it: there is one for each zone. */
function converterOf(zone: string): ReturnType<typeof instantIn> {
  const made = converters.get(zone) ?? instantIn(zone);
  converters.set(zone, made);
  return made;
}

/** Half-open, in seconds of the day. */
function loudSpans(quiet: QuietHours | null): [number, number][] {
  if (quiet === null) return [[0, daySeconds]];
  const [from, until] = [secondsOf(quiet.from), secondsOf(quiet.until)];
  if (from > until) return [[until, from]];
  return [
    [0, from],
    [until, daySeconds],
  ];
}

function secondsOf(time: string): number {
  const [hours = '0', minutes = '0'] = time.split(':');
  return Number(hours) * 3_600 + Number(minutes) * 60;
}
