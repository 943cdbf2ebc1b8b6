/** Owns when a budget warns, what of it is used, and on which day it is forecast to be used up. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { daysOfPace, exhaustsOn, reachedThresholds, usedMoney, usedPercent } from '../domain/budget.ts';

describe('thresholds', () => {
  it.each([
    ['0', '100', []],
    ['49.99', '100', []],
    ['50', '100', [50]],
    ['79.999', '100', [50]],
    ['80', '100', [50, 80]],
    ['99.99', '100', [50, 80]],
    ['100', '100', [50, 80, 100]],
    ['350', '100', [50, 80, 100]],
    ['-60', '100', []],
    ['0', '0', []],
    ['0.01', '0', [50, 80, 100]],
    // A third of 3 hours and a second more.
    ['5400', '10801', []],
    ['5401', '10801', [50]],
  ])('%s of %s reaches %j', (used, budget, reached) => {
    expect(reachedThresholds(used, budget)).toEqual(reached);
  });
  it.each([
    ['99.99', '100', '99.9'],
    ['1', '3', '33.3'],
    ['200', '100', '200.0'],
    ['0', '0', '0.0'],
    ['1', '0', '100.0'],
  ])('%s of %s shows as %s %%', (used, budget, percent) => {
    expect(usedPercent(used, budget)).toBe(percent);
  });
});

describe('the forecast', () => {
  const at = (used: string, recent: string, days = 28, today = '2026-03-10') =>
    exhaustsOn({ budget: '100', used, recent, days }, today);
  test('40 hours left at 20 hours in 28 days are 56 days', () => {
    expect(at('60', '20')).toBe('2026-05-05');
  });
  test('what is left of a day is a whole day', () => {
    // 1 left at 28 in 28 days is tomorrow; 1.01 the day after.
    expect(at('99', '28')).toBe('2026-03-11');
    expect(at('98.99', '28')).toBe('2026-03-12');
  });
  test('goes over the end of the year and 29 February', () => {
    expect(at('72', '28', 28, '2027-12-20')).toBe('2028-01-17');
    expect(at('72', '28', 28, '2028-02-10')).toBe('2028-03-09');
  });
  test('says nothing where nothing was done, all is used, or the day is ten years away', () => {
    expect(at('60', '0')).toBeNull();
    expect(at('60', '-3')).toBeNull();
    expect(at('100', '20')).toBeNull();
    expect(at('120', '20')).toBeNull();
    expect(at('0', '0.7')).toBeNull();
    expect(at('0', '0.77')).toBe('2036-02-23');
  });
  test('is never today or earlier, and never sooner when less was done', () => {
    fc.assert(
      fc.property(
        fc.nat(99),
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 1, max: 500 }),
        (used, a, b) => {
          const slow = at(String(used), String(Math.min(a, b)));
          const fast = at(String(used), String(Math.max(a, b)))!;
          expect(fast > '2026-03-10').toBe(true);
          expect(slow === null || slow >= fast).toBe(true);
        },
      ),
    );
  });
  it.each([
    [null, 28],
    ['2026-03-10', 7],
    ['2026-03-04', 7],
    ['2026-03-03', 8],
    ['2026-02-11', 28],
    ['2025-01-01', 28],
    ['2026-04-01', 7],
  ])('work since %s has a pace of %i days', (firstOn, days) => {
    expect(daysOfPace(firstOn, '2026-03-10')).toBe(days);
  });
});

describe('money', () => {
  const work = { priced: '0', laborAmount: '0', laborSeconds: 0, openSeconds: 0, recentSeconds: 0 };
  test('is what is priced, and open hours at the average rate of it', () => {
    // 2 h at 80 and 1 h at 110 are 90 an hour; 30 of expenses; half an hour is open, 4 h were worked lately.
    const money = usedMoney(
      {
        priced: '300',
        laborAmount: '270',
        laborSeconds: 10_800,
        openSeconds: 1_800,
        recentSeconds: 14_400,
      },
      'EUR',
    );
    expect(money).toEqual({ priced: '300.00', unpriced: '45.00', used: '345.00', recent: '360.00' });
  });
  test('of open hours without any rate is not known, and counts as nothing', () => {
    expect(usedMoney({ ...work, openSeconds: 3_600 }, 'EUR')).toEqual({
      priced: '0.00',
      unpriced: null,
      used: '0.00',
      recent: '0.00',
    });
    expect(usedMoney(work, 'EUR').unpriced).toBe('0.00');
  });
  test('has the places of its currency', () => {
    const thirds = { ...work, priced: '100', laborAmount: '100', laborSeconds: 10_800, openSeconds: 3_600 };
    expect(usedMoney(thirds, 'JPY').unpriced).toBe('33');
    expect(usedMoney(thirds, 'KWD').unpriced).toBe('33.333');
  });
});
