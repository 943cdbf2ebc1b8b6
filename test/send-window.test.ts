/** Owns when letters may go out: quiet hours and weekdays by local time, also where the clocks change. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { localTime } from '../domain/digest.ts';
import { nextSendTime, type SendWindow } from '../domain/send-window.ts';

const office: SendWindow = { quietHours: { from: '18:00', until: '08:00' }, weekdays: [1, 2, 3, 4, 5] };
const noon: SendWindow = { quietHours: { from: '12:00', until: '13:30' }, weekdays: [1, 2, 3, 4, 5, 6, 7] };
const always: SendWindow = { quietHours: null, weekdays: [1, 2, 3, 4, 5, 6, 7] };
const sundays: SendWindow = { quietHours: null, weekdays: [7] };

describe('the first moment that is not quiet', () => {
  test.each([
    // In London, winter: local time is UTC. 2026-03-02 is a Monday.
    [
      'in the office hours at once',
      office,
      'Europe/London',
      '2026-03-02T10:15:30.000Z',
      '2026-03-02T10:15:30.000Z',
    ],
    [
      'before them at their beginning',
      office,
      'Europe/London',
      '2026-03-02T00:00:00.000Z',
      '2026-03-02T08:00:00.000Z',
    ],
    ['at their beginning', office, 'Europe/London', '2026-03-02T08:00:00.000Z', '2026-03-02T08:00:00.000Z'],
    [
      'at their end the next day',
      office,
      'Europe/London',
      '2026-03-02T18:00:00.000Z',
      '2026-03-03T08:00:00.000Z',
    ],
    [
      'on Friday evening on Monday',
      office,
      'Europe/London',
      '2026-03-06T18:30:00.000Z',
      '2026-03-09T08:00:00.000Z',
    ],
    [
      'on a Sunday on Monday',
      office,
      'Europe/London',
      '2026-03-08T12:00:00.000Z',
      '2026-03-09T08:00:00.000Z',
    ],
    [
      'on the last day of a year in the next',
      office,
      'Europe/London',
      '2027-12-31T19:00:00.000Z',
      '2028-01-03T08:00:00.000Z',
    ],
    [
      'quiet at noon: after it',
      noon,
      'Europe/London',
      '2026-03-02T12:00:00.000Z',
      '2026-03-02T13:30:00.000Z',
    ],
    [
      'quiet at noon: the morning is not',
      noon,
      'Europe/London',
      '2026-03-02T11:59:59.000Z',
      '2026-03-02T11:59:59.000Z',
    ],
    [
      'no quiet hours: at once',
      always,
      'Europe/London',
      '2026-03-08T03:00:00.000Z',
      '2026-03-08T03:00:00.000Z',
    ],
    [
      'one weekday, just over: a week later',
      sundays,
      'Europe/London',
      '2026-03-09T00:00:00.000Z',
      '2026-03-15T00:00:00.000Z',
    ],
    // Oslo is an hour ahead, in summer two; Auckland half a day.
    [
      'it is the local time that counts',
      office,
      'Europe/Oslo',
      '2026-03-02T17:30:00.000Z',
      '2026-03-03T07:00:00.000Z',
    ],
    [
      'and the local weekday',
      office,
      'Pacific/Auckland',
      '2026-03-06T20:00:00.000Z',
      '2026-03-08T19:00:00.000Z',
    ],
    // The clocks go forward on 2026-03-29, and back on 2026-10-25.
    [
      'after the clocks went forward',
      office,
      'Europe/Oslo',
      '2026-03-27T18:00:00.000Z',
      '2026-03-30T06:00:00.000Z',
    ],
    [
      'after the clocks went back',
      office,
      'Europe/Oslo',
      '2026-10-23T18:00:00.000Z',
      '2026-10-26T07:00:00.000Z',
    ],
    [
      'quiet until an hour that is left out: when the clocks have gone forward',
      { quietHours: { from: '01:00', until: '02:30' }, weekdays: [7] },
      'Europe/Oslo',
      '2026-03-29T00:30:00.000Z',
      '2026-03-29T01:30:00.000Z',
    ],
  ] satisfies [string, SendWindow, string, string, string][])('%s', (_, window, zone, earliest, expected) => {
    expect(nextSendTime(earliest, window, zone)).toBe(expected);
  });
});

test('whatever the window, it is never earlier, never in quiet hours, and asking again changes nothing', () => {
  const time = fc.integer({ min: 0, max: 47 }).map((half) => {
    const hours = String(Math.floor(half / 2)).padStart(2, '0');
    return `${hours}:${half % 2 === 0 ? '00' : '30'}`;
  });
  const window = fc.record({
    quietHours: fc.option(
      fc.record({ from: time, until: time }).filter(({ from, until }) => from !== until),
      { nil: null },
    ),
    weekdays: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
  });
  const instant = fc
    .integer({ min: Date.parse('2026-01-01'), max: Date.parse('2027-12-31') })
    .map((ms) => new Date(ms).toISOString());
  const zone = fc.constantFrom('UTC', 'Europe/Oslo', 'America/New_York', 'Pacific/Auckland', 'Asia/Kolkata');
  fc.assert(
    fc.property(window, instant, zone, (wanted, earliest, at) => {
      const sent = nextSendTime(earliest, wanted, at);
      expect(sent >= earliest).toBe(true);
      expect(nextSendTime(sent, wanted, at)).toBe(sent);
      const weekday = new Intl.DateTimeFormat('en', { timeZone: at, weekday: 'short' }).format(
        new Date(sent),
      );
      expect(wanted.weekdays).toContain(
        ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].indexOf(weekday) + 1,
      );
      if (wanted.quietHours === null) return;
      const { from, until } = wanted.quietHours;
      const local = localTime(sent, at);
      const isQuiet = from < until ? local >= from && local < until : local >= from || local < until;
      expect(isQuiet, `${local} at ${at}`).toBe(false);
    }),
    { numRuns: 500, seed: 2026 },
  );
});
