/** Owns grouping: whatever is grouped how, lines are their items to the cent, and items fall together as their modes say. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type DraftableItem,
  DraftBuilder,
  type DraftLine,
  draftKeys,
  sharesOf,
  toNetLine,
} from '../domain/grouping/build-drafts.ts';
import { type Grouping, groupingModes, keyBy, type Modes } from '../domain/grouping/group-keys.ts';
import { Decimal, type Rounding, round, roundingModes } from '../domain/money.ts';

const item = (id: string, facts: Partial<DraftableItem> = {}): DraftableItem => ({
  id,
  clientId: 'c1',
  projectId: 'p1',
  taskId: null,
  personId: 'ann',
  phaseId: null,
  position: null,
  productId: null,
  workDate: '2026-03-02',
  kind: 'labor',
  unit: 'hour',
  quantity: '1',
  unitPrice: '80',
  amount: '80',
  rawQuantity: 3600,
  priceSource: 'rate card',
  flagged: false,
  description: '',
  contractVersion: 0,
  ...facts,
});
const priced = (facts: Partial<DraftableItem> & { quantity: string; unitPrice: string }) => ({
  ...facts,
  amount: new Decimal(facts.quantity).times(facts.unitPrice).toFixed(),
});
const rounding: Rounding = { mode: 'half_up', moneyPlaces: 2, quantityPlaces: 2 };

function draftsOf(
  items: readonly DraftableItem[],
  grouping: Grouping,
  how = rounding,
  taxClassOf?: (productId: string | null) => string,
) {
  const builder = new DraftBuilder(draftKeys(grouping, taxClassOf), how);
  for (const each of items) builder.add(each);
  return builder.build();
}

describe('a mode', () => {
  const items = [
    item('1', { personId: 'ann', workDate: '2026-03-02' }),
    item('2', { personId: 'ann', workDate: '2026-03-08', projectId: 'p2' }),
    item('3', { personId: 'ben', workDate: '2026-03-09', taskId: 't1', phaseId: 'f1' }),
    item('4', { personId: 'ben', workDate: '2026-04-01', taskId: 't1', position: 'Fitter' }),
    item('5', { personId: 'ben', workDate: '2027-01-01', projectId: 'p2', taskId: 't1' }),
  ];
  test.each<[Modes, string[]]>([
    ['client', ['12345']],
    ['project', ['134', '25']],
    // A task is of one project.
    ['task', ['1', '2', '34', '5']],
    ['person', ['12', '345']],
    ['phase', ['14', '25', '3']],
    ['position', ['1235', '4']],
    ['day', ['1', '2', '3', '4', '5']],
    // 2 to 8 March 2026 is one ISO week; 1 January 2027 is in the last of 2026.
    ['week', ['12', '3', '4', '5']],
    ['month', ['123', '4', '5']],
    ['entry', ['1', '2', '3', '4', '5']],
    ['one_line', ['12345']],
    [
      ['person', 'month'],
      ['12', '3', '4', '5'],
    ],
    [
      ['project', 'person'],
      ['1', '2', '34', '5'],
    ],
  ])('%j puts together %j', (modes, expected) => {
    const key = keyBy(modes);
    const groups = [...Map.groupBy(items, key).values()].map((group) => group.map(({ id }) => id).join(''));
    expect(groups.sort()).toEqual(expected);
  });

  test('splits invoices, another one their lines', () => {
    const drafts = draftsOf(items, { invoice: 'project', line: ['person', 'month'] });
    expect(drafts.map((draft) => [draft.itemCount, draft.lines.map((line) => line.itemCount)])).toEqual([
      [3, [1, 1, 1]],
      [2, [1, 1]],
    ]);
  });
});

describe('a line', () => {
  test('merges equal unit and price, and is one lump sum otherwise', () => {
    const [even] = draftsOf([item('1'), item('2', { unitPrice: '80.00' })], {
      invoice: 'client',
      line: 'one_line',
    });
    expect(even!.lines[0]).toMatchObject({
      kind: 'time',
      quantity: '2.00',
      unitPrice: '80',
      amount: '160.00',
    });
    const [uneven] = draftsOf([item('1'), item('2', priced({ quantity: '1', unitPrice: '90' }))], {
      invoice: 'client',
      line: 'one_line',
    });
    expect(uneven!.lines[0]).toMatchObject({
      kind: 'lump_sum',
      quantity: '1',
      unitPrice: '170.00',
      amount: '170.00',
    });
  });

  test('is of one tax: what is taxed otherwise is a line of its own, however everything is wanted on one', () => {
    const [draft] = draftsOf(
      [item('1', { productId: 'book' }), item('2'), item('3', { productId: 'book' })],
      { invoice: 'client', line: 'one_line' },
      rounding,
      (productId) => (productId === 'book' ? 'tax1' : ''),
    );
    expect(draft!.lines.map((line) => [line.productId, line.amount])).toEqual([
      ['book', '160.00'],
      [null, '80.00'],
    ]);
  });

  test('names no project where its items are of several', () => {
    const [draft] = draftsOf([item('1'), item('2', { projectId: 'p2' })], {
      invoice: 'client',
      line: 'person',
    });
    expect(draft!.lines[0]!.projectId).toBeNull();
  });

  test('of prices with tax shows net prices with six places, and what it was with tax', () => {
    // 3 × 9.99 = 29.97 with 19 %: 9.99 / 1.19 = 8.394957983… → 8.394958; × 3 = 25.184874.
    const [draft] = draftsOf([item('1', priced({ quantity: '3', unitPrice: '9.99' }))], {
      invoice: 'client',
      line: 'entry',
    });
    expect(toNetLine(draft!.lines[0]!, '19', rounding)).toMatchObject({
      quantity: '3.00',
      unitPrice: '8.394958',
      amount: '25.18',
      grossAmount: '29.97',
    });
  });
});

const modes = fc.oneof(
  fc.constantFrom(...groupingModes),
  fc.uniqueArray(fc.constantFrom(...groupingModes), { minLength: 1, maxLength: 3 }),
);
const mixed = fc.record({
  quantity: fc
    .integer({ min: -400, max: 4_000 })
    .map((hundredths) => new Decimal(hundredths).div(100).toFixed()),
  unitPrice: fc.constantFrom('0', '80', '80.00', '33.3333', '119.99', '0.005'),
  unit: fc.constantFrom('hour', 'km'),
  kind: fc.constantFrom('labor', 'labor_overtime', 'expense', 'goods'),
  personId: fc.constantFrom('ann', 'ben', null),
  projectId: fc.constantFrom('p1', 'p2'),
  taskId: fc.constantFrom('t1', null),
  position: fc.constantFrom('Fitter', null),
  productId: fc.constantFrom('a', 'b', null),
  workDate: fc.constantFrom('2026-02-28', '2026-03-01', '2026-12-31', '2027-01-01'),
});

test('Σ lines = Σ items to the cent, whatever is grouped how, and each item has its share', () => {
  fc.assert(
    fc.property(
      fc.array(mixed, { minLength: 1, maxLength: 40 }),
      fc.record({ invoice: modes, line: modes }),
      fc.constantFrom(...roundingModes),
      fc.constantFrom(0, 2, 3),
      fc.constantFrom(null, '7', '19', '25.5'),
      (facts, grouping, mode, moneyPlaces, inclusive) => {
        const how: Rounding = { mode, moneyPlaces, quantityPlaces: 2 };
        const items = facts.map((each, index) =>
          item(String(index).padStart(3, '0'), { ...each, ...priced(each) }),
        );
        const taxClassOf = (productId: string | null) => (productId === 'b' ? 'tax1' : '');
        const drafts = draftsOf(items, grouping, how, taxClassOf).map((draft) => ({
          ...draft,
          lines: draft.lines.map((line) => (inclusive === null ? line : toNetLine(line, inclusive, how))),
        }));
        const keysOf = draftKeys(grouping, taxClassOf);
        const lines = new Map<string, DraftLine & { id: string }>();
        for (const draft of drafts)
          for (const line of draft.lines)
            lines.set(`${draft.key} ${line.key}`, { ...line, id: `${draft.key} ${line.key}` });
        const share = sharesOf(how);
        const shared = new Map<string, Decimal>();
        const exact = new Map<string, Decimal>();
        for (const each of items) {
          const { invoiceKey, lineKey } = keysOf(each);
          const line = lines.get(`${invoiceKey} ${lineKey}`)!;
          shared.set(line.id, (shared.get(line.id) ?? new Decimal(0)).plus(share(line, each.amount)));
          exact.set(line.id, (exact.get(line.id) ?? new Decimal(0)).plus(each.amount));
        }
        for (const line of lines.values()) {
          // Nothing of the line is nobody's, and nothing of an item is on no line.
          expect(shared.get(line.id)!.toFixed(moneyPlaces)).toBe(
            new Decimal(line.amount).toFixed(moneyPlaces),
          );
          expect(new Decimal(line.itemsAmount).eq(exact.get(line.id)!)).toBe(true);
          if (inclusive === null)
            expect(round(exact.get(line.id)!, moneyPlaces, mode).eq(line.amount)).toBe(true);
          // What is shown multiplies to what is asked for.
          expect(
            round(new Decimal(line.quantity).times(line.unitPrice), moneyPlaces, mode).eq(line.amount),
          ).toBe(true);
        }
        expect(drafts.reduce((count, draft) => count + draft.itemCount, 0)).toBe(items.length);
      },
    ),
    { numRuns: 300 },
  );
});
