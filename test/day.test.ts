import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addDays, earlierDay, isDay, isoWeek, isZone, laterDay, localDay } from '../domain/day.ts';

const day = fc
  .date({ min: new Date('1900-01-01T00:00:00Z'), max: new Date('2199-12-31T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const zones = [
  'UTC',
  'Europe/London',
  'Europe/Oslo',
  'America/St_Johns',
  'Asia/Kathmandu',
  'Pacific/Kiritimati',
  'Pacific/Pago_Pago',
];

describe('a day', () => {
  test.each(['2026-02-28', '2024-02-29', '1900-01-01', '2199-12-31'])('%s is one', (text) =>
    expect(isDay(text)).toBe(true),
  );
  test.each([
    '2026-02-29',
    '2026-13-01',
    '2026-00-10',
    '2026-04-31',
    '1899-12-31',
    '2200-01-01',
    '2026-2-1',
    '26-02-01',
    '2026-02-01T00:00:00Z',
    ' 2026-02-01',
    '2026-02-01\n',
    '',
  ])('"%s" is none', (text) => expect(isDay(text)).toBe(false));
  test('every calendar day is one', () => fc.assert(fc.property(day, (text) => isDay(text))));
});

describe('counting', () => {
  test('crosses months, leap years and summer time', () => {
    expect(addDays('2024-02-28', 1)).toBe('2024-02-29');
    expect(addDays('2025-12-31', 1)).toBe('2026-01-01');
    expect(addDays('2026-03-28', 2)).toBe('2026-03-30');
    expect(addDays('2026-03-01', -1)).toBe('2026-02-28');
  });
  test('there and back is the same day, and later is later', () => {
    fc.assert(
      fc.property(day, fc.integer({ min: 0, max: 4000 }), (from, days) => {
        const to = addDays(from, days);
        expect(addDays(to, -days)).toBe(from);
        expect(laterDay(from, to)).toBe(to);
        expect(earlierDay(to, from)).toBe(from);
      }),
    );
  });
});

describe('the local day of an instant', () => {
  test.each([
    ['2026-06-30T23:30:00Z', 'Europe/London', '2026-07-01'],
    ['2026-12-31T23:30:00Z', 'Europe/London', '2026-12-31'],
    ['2026-01-01T09:59:59Z', 'Pacific/Kiritimati', '2026-01-01'],
    ['2026-01-01T10:00:00Z', 'Pacific/Kiritimati', '2026-01-02'],
    ['2026-01-01T10:59:59Z', 'Pacific/Pago_Pago', '2025-12-31'],
    ['2026-03-29T00:59:59Z', 'Europe/Oslo', '2026-03-29'],
  ])('%s in %s is %s', (instant, zone, expected) => {
    expect(localDay(instant, zone)).toBe(expected);
    expect(localDay(new Date(instant), zone)).toBe(expected);
  });
  test('is a real day, the one of UTC or a neighbour', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1970-01-01Z'), max: new Date('2199-12-30Z'), noInvalidDate: true }),
        fc.constantFrom(...zones),
        (date, zone) => {
          const utc = date.toISOString().slice(0, 10);
          const local = localDay(date, zone);
          expect(isDay(local)).toBe(true);
          expect([addDays(utc, -1), utc, addDays(utc, 1)]).toContain(local);
        },
      ),
    );
  });
  test('an unknown zone is refused, and known as such', () => {
    expect(() => localDay('2026-01-01T00:00:00Z', 'Europe/Nowhere')).toThrow(RangeError);
    expect(isZone('Europe/Nowhere')).toBe(false);
    expect(isZone('Europe/Oslo')).toBe(true);
  });
});

describe('ISO weeks', () => {
  test.each([
    ['2026-01-01', '2026-W01'],
    ['2025-12-29', '2026-W01'],
    ['2025-12-28', '2025-W52'],
    ['2021-01-03', '2020-W53'],
    ['2027-01-03', '2026-W53'],
    ['2024-12-30', '2025-W01'],
  ])('%s is in %s', (text, week) => expect(isoWeek(text)).toBe(week));
  test('seven days share a week, from Monday to Sunday, and the next week is another', () => {
    fc.assert(
      fc.property(day, (text) => {
        const weekday = (new Date(`${text}T00:00:00Z`).getUTCDay() + 6) % 7;
        const monday = addDays(text, -weekday);
        const week = isoWeek(text);
        for (let index = 0; index < 7; index += 1) expect(isoWeek(addDays(monday, index))).toBe(week);
        expect(isoWeek(addDays(monday, 7)) > week).toBe(true);
      }),
    );
  });
});
