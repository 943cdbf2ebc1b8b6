/** Owns durations: what is one, and where it leads from an instant in a zone, over short months and changed clocks. */
import { expect, it } from 'vitest';
import { nextTimeOfDay } from '../domain/digest.ts';
import { addDuration, addMonths, readDuration, timeAhead } from '../domain/duration.ts';

it.each([
  ['P3M', { months: 3, days: 0, seconds: 0 }],
  ['P1Y2M', { months: 14, days: 0, seconds: 0 }],
  ['P2W3D', { months: 0, days: 17, seconds: 0 }],
  ['PT90M', { months: 0, days: 0, seconds: 5_400 }],
  ['P1DT12H30S', { months: 0, days: 1, seconds: 43_230 }],
])('%s is a duration', (text, expected) => {
  expect(readDuration(text)).toEqual(expected);
});

it.each(['', 'P', 'PT', 'P0D', '3M', 'P-1D', 'P1.5D', 'PT1D', 'P1H', 'p1d'])('"%s" is none', (text) => {
  expect(readDuration(text)).toBeNull();
});

it.each([
  ['2026-01-31', 1, '2026-02-28'],
  ['2028-01-31', 1, '2028-02-29'],
  ['2026-01-31', 3, '2026-04-30'],
  ['2026-11-30', 3, '2027-02-28'],
  ['2026-12-15', 12, '2027-12-15'],
])('%s and %i months is %s', (day, months, expected) => {
  expect(addMonths(day, months)).toBe(expected);
});

it.each([
  // Berlin's clock goes forward on 29 March and back on 25 October 2026.
  ['2026-03-28T08:00:00.000Z', 'P1D', 'Europe/Berlin', '2026-03-29T07:00:00.000Z'],
  ['2026-03-28T08:00:00.000Z', 'PT24H', 'Europe/Berlin', '2026-03-29T08:00:00.000Z'],
  ['2026-09-30T22:00:00.000Z', 'P1M', 'Europe/Berlin', '2026-10-31T23:00:00.000Z'],
  ['2026-01-31T12:34:56.789Z', 'P1M', 'UTC', '2026-02-28T12:34:56.789Z'],
])('%s and %s in %s is %s', (at, by, zone, expected) => {
  expect(addDuration(at, readDuration(by)!, zone)).toBe(expected);
});

it('a day is its beginning in the zone, an instant is itself, and anything else is nothing', () => {
  const now = '2026-01-01T00:00:00.000Z';
  expect(timeAhead(now, 'America/New_York', { to: '2027-01-01' })).toBe('2027-01-01T05:00:00.000Z');
  expect(timeAhead(now, 'UTC', { to: '2027-01-01T08:00:00+02:00' })).toBe('2027-01-01T06:00:00.000Z');
  expect(timeAhead(now, 'UTC', { by: 'P1D' })).toBe('2026-01-02T00:00:00.000Z');
  for (const odd of [
    { to: 'tomorrow' },
    { to: '2027-02-30' },
    { to: '2027-01-01T08:00' },
    { by: 'a day' },
    {},
  ])
    expect(timeAhead(now, 'UTC', odd)).toBeNull();
});

it('a time of day comes today where it is still ahead, else tomorrow, also on the day that skips it', () => {
  expect(nextTimeOfDay('2026-03-01T05:59:59.000Z', '07:00', 'Europe/Berlin')).toBe(
    '2026-03-01T06:00:00.000Z',
  );
  expect(nextTimeOfDay('2026-03-01T06:00:00.000Z', '07:00', 'Europe/Berlin')).toBe(
    '2026-03-02T06:00:00.000Z',
  );
  // 02:30 is not on the clocks of that night: it is done at 03:30.
  expect(nextTimeOfDay('2026-03-28T12:00:00.000Z', '02:30', 'Europe/Berlin')).toBe(
    '2026-03-29T01:30:00.000Z',
  );
});
