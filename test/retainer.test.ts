/** Owns the arithmetic of retainers: what is drawn, in which order, to the last hundredth, and what goes into the next period. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readClauses } from '../domain/contract-terms.ts';
import { Decimal } from '../domain/money.ts';
import {
  carriedOver,
  type DrawableItem,
  drawOn,
  type RetainerModel,
  toDrawable,
} from '../domain/retainer.ts';

const item = (id: string, facts: Partial<DrawableItem> = {}): DrawableItem => ({
  id,
  workDate: '2026-03-02',
  open: '1',
  unitPrice: '80',
  hoursPerUnit: '1',
  groupKey: 'g',
  ...facts,
});
const shown = (...given: Parameters<typeof drawOn>) => {
  const { draws, beyond } = drawOn(...given);
  return [draws.map(({ itemId, quantity, used }) => `${itemId} ${quantity} for ${used}`), beyond];
};

test.each([
  [
    'the earlier day first, whatever the order of the items',
    '3',
    'hours',
    [item('b', { workDate: '2026-03-03', open: '2' }), item('a', { open: '2' })],
    ['a 2 for 2', 'b 1 for 1'],
    ['b'],
  ],
  ['of one day the earlier item', '1', 'hours', [item('b'), item('a')], ['a 1 for 1'], ['b']],
  [
    'money takes each hour at its price, to the hundredth of an hour',
    '100',
    'money',
    [item('a', { open: '2' })],
    ['a 1.25 for 100'],
    ['a'],
  ],
  [
    'what a hundredth does not reach stays',
    '100.50',
    'money',
    [item('a', { open: '2' })],
    ['a 1.25 for 100'],
    ['a'],
  ],
  [
    'work without a price takes no money',
    '0',
    'money',
    [item('a', { unitPrice: '0', open: '5' })],
    ['a 5 for 0'],
    [],
  ],
  [
    'a day takes its hours',
    '10',
    'hours',
    [item('a', { open: '2', hoursPerUnit: '7.5' })],
    ['a 1.33 for 9.975'],
    ['a'],
  ],
  ['a correction downwards is not drawn', '10', 'hours', [item('a', { open: '-1' })], [], []],
  ['nothing is left', '0', 'hours', [item('a')], [], ['a']],
] as const)('%s', (_, balance, measure, items, draws, beyond) =>
  expect(shown(balance, measure, items)).toEqual([draws, beyond]),
);

test.each([
  ['none', '6', '0', '0'],
  ['all', '16', '0', '16'],
  // Of 16 left, 10 are of the period itself.
  ['next_period', '16', '0', '10'],
  ['next_period', '4', '0', '4'],
  // 7 went over before; what came back since takes the rest of the ten.
  ['next_period', '5', '7', '3'],
  ['next_period', '5', '12', '0'],
] as const)(
  '%s: of %s left, after %s went over, %s goes into the next period',
  (rollOver, left, before, over) => {
    const model: RetainerModel = {
      type: 'retainer',
      measure: 'hours',
      quantity: '10',
      period: 'month',
      fee: null,
      rollOver,
      overage: 'bill',
    };
    expect(carriedOver(model, left, before)).toBe(over);
  },
);

test('an item is drawn by the hours of its unit in the terms of its day', () => {
  const terms = readClauses({ workCalendar: { hoursPerDay: '7.5' } });
  const hoursOf = (unit: string) => toDrawable({ ...item('a'), unit }, terms, 'g').hoursPerUnit;
  expect(['hour', 'standby', 'day', 'shift'].map(hoursOf)).toEqual(['1', '1', '7.5', '1']);
});

test('never more than the balance nor than the work, and the ledger takes exactly what the draws say', () => {
  const decimal = (max: number) =>
    fc.integer({ min: 0, max: max * 100 }).map((cents) => new Decimal(cents).div(100).toFixed());
  const anyItem = fc.record({
    open: fc.integer({ min: -500, max: 5_000 }).map((cents) => new Decimal(cents).div(100).toFixed()),
    unitPrice: decimal(200),
    hoursPerUnit: fc.constantFrom('1', '7.5', '12'),
    workDate: fc.constantFrom('2026-03-02', '2026-03-03', '2026-03-04'),
    groupKey: fc.constantFrom('g', 'h'),
  });
  fc.assert(
    fc.property(
      decimal(500),
      fc.constantFrom('hours' as const, 'money' as const),
      fc.array(anyItem, { maxLength: 12 }),
      (balance, measure, given) => {
        const items = given.map((facts, index) => ({ ...facts, id: String(index).padStart(2, '0') }));
        const { draws, beyond } = drawOn(balance, measure, items);
        const used = draws.reduce((sum, draw) => sum.plus(draw.used), new Decimal(0));
        expect(used.lte(balance)).toBe(true);
        const open = new Map(items.map((one) => [one.id, one]));
        for (const draw of draws) {
          const of = open.get(draw.itemId)!;
          expect(new Decimal(draw.quantity).gt(0) && new Decimal(draw.quantity).lte(of.open)).toBe(true);
          const perUnit = measure === 'hours' ? of.hoursPerUnit : of.unitPrice;
          expect(new Decimal(draw.quantity).times(perUnit).eq(draw.used)).toBe(true);
        }
        // Beyond is what is open and was not drawn whole, and nothing else.
        const drawn = new Map(draws.map((draw) => [draw.itemId, draw.quantity]));
        const short = items.filter(
          (one) => new Decimal(one.open).gt(0) && !new Decimal(drawn.get(one.id) ?? 0).eq(one.open),
        );
        expect([...beyond].sort()).toEqual(short.map((one) => one.id));
        expect(drawOn(balance, measure, items.toReversed())).toEqual({ draws, beyond });
      },
    ),
    { numRuns: 500 },
  );
});
