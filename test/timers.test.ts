/** Owns how a stretch of time falls into local days, and when a timer may end. */
import { expect, test } from 'vitest';
import { splitAtMidnight, timerEnd } from '../domain/timer.ts';

const daysOf = (from: string, to: string, zone: string) =>
  splitAtMidnight(from, to, zone).map(({ workDate, seconds }) => [workDate, seconds / 3600]);

test.each([
  [
    'within a day',
    '2026-03-02T08:00:00.000Z',
    '2026-03-02T11:30:00.000Z',
    'Europe/Oslo',
    [['2026-03-02', 3.5]],
  ],
  [
    'over midnight where the person is, not where UTC is',
    '2026-03-02T21:30:00.000Z',
    '2026-03-03T01:00:00.000Z',
    'Europe/Oslo',
    [
      ['2026-03-02', 1.5],
      ['2026-03-03', 2],
    ],
  ],
  [
    'over midnight UTC, but not where the person is',
    '2026-03-02T22:00:00.000Z',
    '2026-03-03T02:00:00.000Z',
    'America/New_York',
    [['2026-03-02', 4]],
  ],
  // Clocks go forward at 01:00 UTC on 29 March: six hours on the wall are five of work.
  [
    'over the hour that spring takes',
    '2026-03-28T22:00:00.000Z',
    '2026-03-29T04:00:00.000Z',
    'Europe/Oslo',
    [
      ['2026-03-28', 1],
      ['2026-03-29', 5],
    ],
  ],
  // Clocks go back at 01:00 UTC on 25 October: the night has an hour more.
  [
    'over the hour that autumn gives',
    '2026-10-24T21:00:00.000Z',
    '2026-10-25T05:00:00.000Z',
    'Europe/Oslo',
    [
      ['2026-10-24', 1],
      ['2026-10-25', 7],
    ],
  ],
  // There is no midnight in Cairo on 24 April 2026: the clock goes from 00:00 to 01:00.
  [
    'into a day that begins at one',
    '2026-04-23T21:00:00.000Z',
    '2026-04-23T23:00:00.000Z',
    'Africa/Cairo',
    [
      ['2026-04-23', 1],
      ['2026-04-24', 1],
    ],
  ],
  ['of no length', '2026-03-02T08:00:00.000Z', '2026-03-02T08:00:00.500Z', 'UTC', []],
])('time %s is cut into local days, and none of it is lost', (_, from, to, zone, days) => {
  expect(daysOf(from, to, zone)).toEqual(days);
});

const timer = { startedAt: '2026-03-02T08:00:00.000Z' };
const ends = (now: string, saidEnd: string | null = null) =>
  timerEnd(timer, { now, saidEnd, limitHours: 12 });
const codeOf = (end: () => unknown) => {
  try {
    end();
    return null;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

test('a timer ends now, up to its limit to the second', () => {
  expect(ends('2026-03-02T20:00:00.000Z')).toBe('2026-03-02T20:00:00.000Z');
  expect(codeOf(() => ends('2026-03-02T20:00:01.000Z'))).toBe('timer.over_limit');
});

test('a forgotten one ends when its person says, within a day and not in the future', () => {
  const now = '2026-03-05T08:00:00.000Z';
  expect(ends(now, '2026-03-02T16:00:00.000Z')).toBe('2026-03-02T16:00:00.000Z');
  expect(ends(now, '2026-03-02T17:00:00.000+01:00')).toBe('2026-03-02T16:00:00.000Z');
  for (const wrong of ['2026-03-02T08:00:00.000Z', '2026-03-03T08:00:01.000Z', '2026-03-05T09:00:00.000Z'])
    expect(codeOf(() => ends(now, wrong))).toBe('timer.end_invalid');
});

test('no second is lost at midnight, though a timer begins and ends between two of them', () => {
  const parts = splitAtMidnight('2026-03-02T22:06:10.600Z', '2026-03-02T23:36:10.900Z', 'Europe/Oslo');
  expect(parts.map(({ workDate, seconds }) => [workDate, seconds])).toEqual([
    ['2026-03-02', 3229],
    ['2026-03-03', 2171],
  ]);
  expect(3229 + 2171, '90 minutes').toBe(5400);
});
