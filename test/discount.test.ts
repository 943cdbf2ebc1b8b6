/** Owns discounts and adjustments: figures by hand, and what is refused; and how a platform is told of a discount. */
import { describe, expect, test } from 'vitest';
import { toTargetInvoice } from '../activities/target-invoice.ts';
import { adjust } from '../domain/adjustment.ts';
import { applyDiscounts, type Discount, type DiscountableLine } from '../domain/discount.ts';
import type { Rounding } from '../domain/money.ts';
import type { InvoiceLineRow, InvoiceRow } from '../store/invoices.ts';

const cents: Rounding = { mode: 'half_up', moneyPlaces: 2, quantityPlaces: 2 };
const line = (id: string, amount: string, taxRate = '20'): DiscountableLine => ({
  id,
  amount,
  taxCategory: taxRate === '7' ? 'reduced' : 'standard',
  taxRate,
});
const discount = (facts: Partial<Discount>): Discount => ({
  id: 'd',
  lineId: null,
  percentage: null,
  fixedAmount: null,
  reason: 'Goodwill',
  ...facts,
});
const taken = (lines: DiscountableLine[], discounts: Discount[], rounding = cents) => {
  const applied = applyDiscounts(lines, discounts, rounding);
  return { ...applied, lines: [...applied.lines].map(([id, one]) => [id, one.discount, one.allowance]) };
};

describe('discounts', () => {
  test('on lines come first, those on the document take of what is left', () => {
    // 10 % of 100.00 off the first; 5 % of 90.00 + 50.00 = 7.00: 4.50 and 2.50.
    expect(
      taken(
        [line('a', '100.00'), line('b', '50.00')],
        [discount({ percentage: '5' }), discount({ lineId: 'a', percentage: '10' })],
      ),
    ).toMatchObject({
      lines: [
        ['a', '10.00', '4.50'],
        ['b', '0.00', '2.50'],
      ],
      discounted: '17.00',
      allowances: [{ amount: '7.00', percentage: '5', base: '140.00', category: 'standard' }],
    });
  });

  test('on the document are said once for each tax', () => {
    expect(
      taken(
        [line('a', '100.00'), line('b', '50.00', '7'), line('c', '50.00', '20.00')],
        [discount({ fixedAmount: '10.00' })],
      ).allowances.map(({ category, rate, amount, base }) => [category, rate, amount, base]),
    ).toEqual([
      ['standard', '20', '7.50', null],
      ['reduced', '7', '2.50', null],
    ]);
  });

  test('leave negative lines alone, and yen whole', () => {
    expect(
      taken([line('a', '1000'), line('b', '-300'), line('c', '500')], [discount({ percentage: '3.3' })], {
        ...cents,
        moneyPlaces: 0,
      }),
    ).toMatchObject({
      // 3.3 % of 1,500 is 49.5: 50 yen, of which 33.33 and 16.67.
      lines: [
        ['a', '0', '33'],
        ['b', '0', '0'],
        ['c', '0', '17'],
      ],
      discounted: '50',
    });
  });

  test.each([
    ['more than the line', [discount({ lineId: 'a', fixedAmount: '100.01' })]],
    [
      'two that are more than the line',
      [discount({ lineId: 'a', percentage: '60' }), discount({ lineId: 'a', percentage: '41' })],
    ],
    [
      'more than is left of all',
      [discount({ lineId: 'a', percentage: '50' }), discount({ fixedAmount: '100.01' })],
    ],
  ])('of %s are refused with both figures', (_, discounts) => {
    expect(() => applyDiscounts([line('a', '100.00'), line('b', '50.00')], discounts, cents)).toThrow(
      /is more than the/,
    );
  });
});

describe('an item', () => {
  const item = { quantity: '1.5', unitPrice: '80', currency: 'GBP' };
  test.each([
    [{ quantity: '1.25' }, { quantity: '1.25', unitPrice: '80', amount: '100' }],
    [{ unitPrice: '90.50' }, { quantity: '1.5', unitPrice: '90.5', amount: '135.75' }],
    [{ unitPrice: '0' }, { quantity: '1.5', unitPrice: '0', amount: '0' }],
    // 100 / 1.5 = 66.6666…: at 66.666667 it is 100.0000005, which rounds to 100.00.
    [{ amount: '100.00' }, { quantity: '1.5', unitPrice: '66.666667', amount: '100.0000005' }],
  ])('adjusted by %j is %j', (change, expected) => {
    expect(adjust(item, change)).toEqual(expected);
  });
  test('of a correction downwards stays one', () => {
    expect(adjust({ ...item, quantity: '-2' }, { quantity: '-1' }).amount).toBe('-80');
    expect(() => adjust({ ...item, quantity: '-2' }, { quantity: '1' })).toThrow(/keeps its sign/);
  });
  test.each([
    [{ quantity: '0' }, /keeps its sign/],
    [{ amount: '-5' }, /No price/],
    [{ amount: '100.001' }, /No price/],
    [{ quantity: '1.50' }, /already/],
  ])('is not adjusted by %j', (change, why) => {
    expect(() => adjust(item, change)).toThrow(why);
  });
});

test('a platform is told what a discounted line brings, as one of it', () => {
  const invoice = { id: 'i', number: 'N-1', currency: 'GBP', net: '219.00', tax: '43.80', total: '262.80' };
  const row = (facts: Partial<InvoiceLineRow>) =>
    ({
      kind: 'time',
      description: 'Refit',
      quantity: '2.00',
      unitPrice: '80.00',
      amount: '160.00',
      discount: '0',
      allowance: '0',
      taxCategory: 'S',
      taxRate: '20',
      ...facts,
    }) as InvoiceLineRow;
  const { lines } = toTargetInvoice(
    invoice as InvoiceRow,
    [row({}), row({ discount: '16.00', allowance: '3.21' })],
    { customerExternalId: 'c', items: new Map([['Work', 'w']]), dimensions: new Map(), times: new Map() },
  );
  expect(lines).toMatchObject([
    { description: 'Refit', quantity: '2.00', unitPrice: '80.00', amount: '160.00' },
    { description: 'Refit (2.00 × 80.00, less 19.21)', quantity: '1', unitPrice: '140.79', amount: '140.79' },
  ]);
});
