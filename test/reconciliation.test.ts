/** Owns what a reconciliation makes of exact sums: whole seconds, and a difference that no rounding makes or hides. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ExactHours, hourPlaces, reconcileHours, sumHours } from '../domain/reconciliation.ts';

const none: ExactHours = {
  source: '0',
  drafted: '0',
  billed: '0',
  unbilled: '0',
  nonBillable: '0',
  settledElsewhere: '0',
  writtenOff: '0',
  included: '0',
  quarantined: '0',
};

test.each([
  [
    'a third of an item is billed, and cut by the database',
    { source: '100', billed: '33.3333333333333333', unbilled: '66.6666666666666667' },
    0,
  ],
  ['half a second is missing', { source: '100', billed: '99.5' }, 1],
  ['half a second too much is billed', { source: '100', billed: '100.5' }, -1],
  ['what was billed is gone at its source', { billed: '3600' }, -3600],
  [
    'what is to be given back is open below nothing',
    { source: '3600', billed: '3600', unbilled: '-3600', nonBillable: '3600' },
    0,
  ],
  ['a draft is a part of the unbilled and counts once', { source: '60', unbilled: '60', drafted: '60' }, 0],
])('%s: the difference is what it should be', (_, exact, difference) => {
  expect(reconcileHours({ ...none, ...exact }).difference).toBe(difference);
});

test('hours spread over the places in any way differ by nothing, and one second that is taken away by one', () => {
  const seconds = fc.integer({ min: -1_000_000, max: 1_000_000 });
  const spread = fc.array(fc.tuple(fc.constantFrom(...hourPlaces), seconds), { maxLength: 20 });
  fc.assert(
    fc.property(spread, (parts) => {
      const rows = parts.map(([place, value]) => ({
        ...none,
        source: String(value),
        [place]: String(value),
      }));
      const sum = sumHours(rows);
      expect(reconcileHours(sum).difference).toBe(0);
      expect(reconcileHours({ ...sum, source: String(Number(sum.source) - 1) }).difference).toBe(-1);
      expect(reconcileHours(sum).source).toBe(parts.reduce((total, [, value]) => total + value, 0));
    }),
  );
});
