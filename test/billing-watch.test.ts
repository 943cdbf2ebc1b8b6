/** Owns when a watch fires and when it is armed again: the table of its steps, and that it never fires twice over the same work. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { billingTriggers, triggerKinds } from '../domain/billing-triggers.ts';
import {
  type Fired,
  saysAge,
  saysAmount,
  saysHours,
  type WatchStep,
  watchStep,
} from '../domain/billing-watch.ts';
import { whyTooLate } from '../domain/latest-invoice-date.ts';

const fired = (threshold: string, isBilledSince = false): Fired => ({ threshold, isBilledSince });

describe('a watch over a sum', () => {
  test.each<[string, string, string, Fired | null, WatchStep]>([
    ['rests below its threshold', '39.99', '40', null, 'rest'],
    ['fires where the threshold is reached', '40', '40.00', null, 'fire'],
    ['fires where one entry goes far beyond it', '400', '40', null, 'fire'],
    ['that fired stays quiet while nothing was billed', '55', '40', fired('40'), 'rest'],
    ['that fired stays quiet a little below the threshold', '32', '40', fired('40'), 'rest'],
    ['is armed again below four fifths', '31.99', '40', fired('40'), 'rearm'],
    ['is armed again by what was billed, although more came in', '39', '40', fired('40', true), 'rearm'],
    ['fires again where more came in than was billed', '40', '40', fired('40', true), 'fire'],
    ['fires anew against another threshold', '40', '30', fired('40'), 'fire'],
    ['is armed anew against another threshold', '40', '50', fired('40'), 'rearm'],
    ['reads a threshold as a number', '40', '40', fired('40.00'), 'rest'],
    ['of nothing never fires for nothing', '0', '0', null, 'rest'],
    ['of nothing fires for anything', '0.01', '0', null, 'fire'],
  ])('%s', (_, level, threshold, state, step) => {
    expect(watchStep(level, threshold, state)).toBe(step);
  });

  test('whose work no run takes fires once, however it grows', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1 }), (added) => {
        let level = 0;
        let state: Fired | null = null;
        let fires = 0;
        for (const hours of added) {
          level += hours;
          const step = watchStep(String(level), '40', state);
          if (step === 'fire') {
            fires += 1;
            state = fired('40');
          } else if (step === 'rearm') state = null;
        }
        expect(fires).toBe(level >= 40 ? 1 : 0);
      }),
    );
  });

  test('whose work is taken each time misses none: less than the threshold is ever left', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1 }), (added) => {
        let level = 0;
        let state: Fired | null = null;
        for (const hours of added) {
          level += hours;
          const step = watchStep(String(level), '40', state);
          if (step === 'fire') {
            // The run takes what is there, and ends before more comes in.
            level = 0;
            state = fired('40', true);
          } else if (step === 'rearm') state = null;
          expect(level).toBeLessThan(40);
        }
      }),
    );
  });
});

test('what a watch saw is said with both figures', () => {
  expect(saysHours(153_000, '40.00')).toBe('42.5 h are not billed, threshold 40 h');
  expect(saysAmount('4250', '4000', 'EUR')).toBe('4250.00 EUR are not billed, threshold 4000.00 EUR');
  expect(saysAge('2026-03-02', 30)).toBe('work of 2026-03-02 is not billed after 30 days');
  expect(saysAge('2026-03-02', 1)).toBe('work of 2026-03-02 is not billed after 1 day');
});

test.each([
  ['thresholdHours', '40'],
  ['thresholdAmount', '4000.00'],
  ['unbilledDays', 30],
  ['milestones', true],
])('a contract with %s has its arriving work watched', (name, value) => {
  expect(triggerKinds(billingTriggers.parse({ [name]: value })).onWatch).toBe(true);
});
test('one with other triggers only pays for no watch', () => {
  const others = billingTriggers.parse({ onApproval: true, periodEnd: 'month', projectReady: true });
  expect(triggerKinds(others).onWatch).toBe(false);
});

test.each([
  ['on its latest date', '2026-04-01', 30, null],
  [
    'a day later',
    '2026-04-02',
    30,
    'work of 2026-03-02 had to be invoiced by 2026-04-01: a person releases it',
  ],
  ['where no country sets a date', '2030-01-01', null, null],
])(
  'an invoice goes out by itself up to the latest date of its earliest work: %s',
  (_, issueDate, days, why) => {
    expect(whyTooLate({ serviceFrom: '2026-03-02', autoLatestDays: days }, issueDate)).toBe(why);
  },
);
