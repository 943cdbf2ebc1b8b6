/** Owns the rules of quarterly reports: which quarter a day is in, when it ends in a zone, and when its books are closed. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  booksClosed,
  clientReportStatuses,
  clientReportTransitions,
  type KeptBooks,
  nextQuarter,
  quarterEnd,
  quarterNamed,
  quarterOf,
  reportAddress,
  reportGraceDays,
  reportGraceEnd,
} from '../domain/client-report.ts';
import { addDays } from '../domain/day.ts';

test.each([
  ['2026-01-01', '2026-Q1', '2026-01-01', '2026-04-01'],
  ['2026-03-31', '2026-Q1', '2026-01-01', '2026-04-01'],
  ['2028-02-29', '2028-Q1', '2028-01-01', '2028-04-01'],
  ['2026-04-01', '2026-Q2', '2026-04-01', '2026-07-01'],
  ['2026-09-30', '2026-Q3', '2026-07-01', '2026-10-01'],
  ['2026-12-31', '2026-Q4', '2026-10-01', '2027-01-01'],
])('%s is in %s', (day, name, startsOn, endsBefore) => {
  expect(quarterOf(day)).toEqual({ name, startsOn, endsBefore });
  expect(quarterNamed(name)).toEqual({ name, startsOn, endsBefore });
});

test('quarters follow one another without a gap, and each day is in one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100_000 }), (days) => {
      const day = addDays('1901-01-01', days);
      const quarter = quarterOf(day);
      expect(quarter.startsOn <= day && day < quarter.endsBefore).toBe(true);
      expect(nextQuarter(quarter).startsOn).toBe(quarter.endsBefore);
    }),
  );
});

test.each(['2026-Q0', '2026-Q5', '26-Q1', '2026Q1', '2026-q1', ' 2026-Q1', '9999-Q1'])(
  '%s is no quarter',
  (name) => {
    expect(quarterNamed(name)).toBeNull();
  },
);

test('a quarter ends at midnight of its zone, whatever the clocks there do', () => {
  const quarter = quarterNamed('2026-Q1')!;
  expect(quarterEnd(quarter, 'UTC')).toBe('2026-04-01T00:00:00.000Z');
  // Summer time began on 29 March.
  expect(quarterEnd(quarter, 'Europe/Oslo')).toBe('2026-03-31T22:00:00.000Z');
  expect(quarterEnd(quarter, 'America/Los_Angeles')).toBe('2026-04-01T07:00:00.000Z');
  // Over the end of summer time the grace is an hour longer, and ends at midnight all the same.
  expect(reportGraceEnd(quarterNamed('2026-Q3')!, 'Europe/Oslo', 31)).toBe('2026-10-31T23:00:00.000Z');
  expect(reportGraceEnd(quarter, 'UTC', 0)).toBe(quarterEnd(quarter, 'UTC'));
});

test('the grace is a fortnight unless the workspace says otherwise', () => {
  expect(reportGraceDays({})).toBe(14);
  expect(reportGraceDays({ quarterlyReportGraceDays: 0 })).toBe(0);
});

const quarter = quarterNamed('2026-Q3')!;
const books = (facts: Partial<KeptBooks> = {}): KeptBooks => ({
  sellerId: 'a',
  area: 'billing',
  startsOn: '2026-07-01',
  endsBefore: '2026-10-01',
  status: 'closed',
  ...facts,
});
const july = { startsOn: '2026-07-01', endsBefore: '2026-08-01' };
const august = { startsOn: '2026-08-01', endsBefore: '2026-09-01' };
const september = { startsOn: '2026-09-01', endsBefore: '2026-10-01' };

test.each<[string, KeptBooks[], boolean]>([
  ['nobody keeps periods', [], false],
  ['one period over the quarter is closed', [books()], true],
  ['one over the whole year is', [books({ startsOn: '2026-01-01', endsBefore: '2027-01-01' })], true],
  ['three months are, in any order', [books(september), books(july), books(august)], true],
  ['a month is missing', [books(july), books(september)], false],
  ['the last day is missing', [books({ endsBefore: '2026-09-30' })], false],
  [
    'a month is soft-closed',
    [books(july), books(august), books({ ...september, status: 'soft_closed' })],
    false,
  ],
  ['money may still be posted', [books(), books({ area: 'payments', status: 'open' })], false],
  ['only what contractors are owed is open', [books(), books({ area: 'payables', status: 'open' })], true],
  [
    'the quarter after it is open',
    [books(), books({ startsOn: '2026-10-01', endsBefore: '2027-01-01', status: 'open' })],
    true,
  ],
  ['another seller has closed', [books({ sellerId: 'b' })], false],
])('where %s', (_, kept, closed) => {
  expect(booksClosed(quarter, ['a'], kept)).toBe(closed);
});

test('every seller has to have closed; without a seller there are no books to wait for', () => {
  expect(booksClosed(quarter, ['a', 'b'], [books()])).toBe(false);
  expect(booksClosed(quarter, ['a', 'b'], [books(), books({ sellerId: 'b' })])).toBe(true);
  expect(booksClosed(quarter, [], [])).toBe(true);
});

test('what is made stays made, and from everywhere else there is a way on', () => {
  expect(clientReportTransitions.made).toEqual([]);
  for (const status of clientReportStatuses)
    if (status !== 'made') expect(clientReportTransitions[status].length).toBeGreaterThan(0);
});

test('mail goes to whom the client named, unless it wants none', () => {
  expect(reportAddress({ mailNotifications: true, email: 'a@b.example' })).toBe('a@b.example');
  expect(reportAddress({ mailNotifications: true, email: null })).toBeNull();
  expect(reportAddress({ mailNotifications: false, email: 'a@b.example' })).toBeNull();
});
