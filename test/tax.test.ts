/** Owns tax: figures by hand, which rate counts, and that no discount or rounding is lost. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decimal, type Rounding, roundingModes } from '../domain/money.ts';
import {
  lineNet,
  netPrice,
  noTaxBook,
  spreadDiscount,
  type TaxBook,
  type TaxedLine,
  type TaxRate,
  taxClassOf,
  taxOn,
  taxPointOf,
  taxTotals,
  whyNotTaxed,
} from '../domain/tax.ts';

const cents: Rounding = { mode: 'half_up', moneyPlaces: 2, quantityPlaces: 2 };
const yen: Rounding = { ...cents, moneyPlaces: 0 };
const dinar: Rounding = { ...cents, moneyPlaces: 3 };
const line = (amount: string, taxRate = '20', facts: Partial<TaxedLine> = {}): TaxedLine => ({
  amount,
  taxRate,
  taxCategory: taxRate === '0' ? 'exempt' : taxRate === '7' ? 'reduced' : 'standard',
  ...facts,
});

describe('what lines come to', () => {
  test.each<[string, TaxedLine[], Rounding, [net: string, tax: string, rounding: string, total: string]]>([
    ['nothing', [], cents, ['0.00', '0.00', '0.00', '0.00']],
    // 0.03 + 0.03 = 0.06; 20 % of 0.06 = 0.012 → 0.01, where line by line it would be 0.01 + 0.01.
    ['tax rounded once', [line('0.03'), line('0.03')], cents, ['0.06', '0.01', '0.00', '0.07']],
    [
      'tax line by line, by setting',
      [line('0.03'), line('0.03')],
      { ...cents, taxPer: 'line' },
      ['0.06', '0.02', '0.00', '0.08'],
    ],
    // 19 % of 33.33 = 6.3327 → 6.33; 7 % of 12.35 = 0.8645 → 0.86.
    ['two rates', [line('33.33', '19'), line('12.35', '7')], cents, ['45.68', '7.19', '0.00', '52.87']],
    [
      'a rate written otherwise',
      [line('1.00', '20'), line('1.00', '20.00')],
      cents,
      ['2.00', '0.40', '0.00', '2.40'],
    ],
    ['no cents: 10 % of 1,005 yen', [line('1005', '10')], yen, ['1005', '101', '0', '1106']],
    [
      'three places: 5 % of 10.125 dinars',
      [line('10.125', '5')],
      dinar,
      ['10.125', '0.506', '0.000', '10.631'],
    ],
    // 20 % of 100 - 10 - 4.50.
    [
      'discounts lower what is taxed',
      [line('100.00', '20', { discount: '10.00', allowance: '4.50' })],
      cents,
      ['85.50', '17.10', '0.00', '102.60'],
    ],
    ['a correction downwards', [line('-0.12')], cents, ['-0.12', '-0.02', '0.00', '-0.14']],
    // 3 × 9.99 with 19 % is 29.97; by its net 25.18 and 4.78 a cent is missing.
    [
      'prices with tax',
      [line('25.18', '19', { grossAmount: '29.97' })],
      cents,
      ['25.18', '4.78', '0.01', '29.97'],
    ],
    // 1,000 yen with 10 %: 909.090909 → 909, tax 90.9 → 91.
    ['prices with tax in yen', [line('909', '10', { grossAmount: '1000' })], yen, ['909', '91', '0', '1000']],
    // Half of it is taken off: 14.985 of what was 29.97 → 14.99; 12.59 + 2.39 = 14.98.
    [
      'prices with tax, and a discount of half',
      [line('25.18', '19', { grossAmount: '29.97', allowance: '12.59' })],
      cents,
      ['12.59', '2.39', '0.01', '14.99'],
    ],
  ])('%s', (_, lines, rounding, [net, tax, rest, total]) => {
    expect(taxTotals(lines, rounding)).toMatchObject({ net, tax, rounding: rest, total });
  });

  test('are said by category, with the words of each', () => {
    const totals = taxTotals(
      [line('100.00', '20'), line('50.00', '0', { taxCategory: 'reverse_charge' })],
      cents,
      [
        {
          category: 'reverse_charge',
          rate: '0.00',
          exemptionReason: null,
          reverseCharge: true,
          legalText: 'Reverse charge',
        },
      ],
    );
    expect(totals.subtotals).toEqual([
      {
        category: 'standard',
        rate: '20',
        net: '100.00',
        tax: '20.00',
        exemptionReason: null,
        reverseCharge: false,
        legalText: null,
      },
      {
        category: 'reverse_charge',
        rate: '0',
        net: '50.00',
        tax: '0.00',
        exemptionReason: null,
        reverseCharge: true,
        legalText: 'Reverse charge',
      },
    ]);
  });
});

const rate = (facts: Partial<TaxRate> & { rate: string }): TaxRate => ({
  id: 'r',
  region: 'DE',
  category: 'standard',
  productId: null,
  inclusive: false,
  exemptionReason: null,
  reverseCharge: false,
  legalText: null,
  validFrom: '0001-01-01',
  validTo: null,
  ...facts,
});
const contract = { category: 'standard', rate: '25' };

describe('which tax there is on work', () => {
  const book: TaxBook = {
    ...noTaxBook,
    rates: [
      rate({ rate: '19', validTo: '2020-07-01' }),
      rate({ rate: '16', validFrom: '2020-07-01', validTo: '2021-01-01' }),
      rate({ rate: '19', validFrom: '2021-01-01' }),
      rate({ rate: '7', category: 'reduced', productId: 'book' }),
    ],
  };
  test.each([
    ['2020-06-30', null, '19'],
    ['2020-07-01', null, '16'],
    ['2020-12-31', null, '16'],
    ['2021-01-01', null, '19'],
    ['2020-08-01', 'book', '7'],
    ['2020-08-01', 'other', '16'],
  ])('on %s, of product %s: %s %%', (day, productId, expected) => {
    expect(taxOn(book, contract, productId, day).rate).toBe(expected);
  });
  test("the contract's, where its region has no rate of its category", () => {
    expect(taxOn(book, { category: 'special', rate: '11' }, null, '2022-01-01')).toMatchObject({
      category: 'special',
      rate: '11',
    });
    expect(taxOn(noTaxBook, contract, 'book', '2022-01-01')).toMatchObject({
      category: 'standard',
      rate: '25',
    });
  });
  test('none, of a client who is exempt, with the reason; none, of one who owes it, with the words', () => {
    const exempt = { ...book, treatment: 'exempt' as const, exemptionReason: 'Diplomatic mission' };
    expect(taxOn(exempt, contract, 'book', '2022-01-01')).toMatchObject({
      category: 'exempt',
      rate: '0',
      exemptionReason: 'Diplomatic mission',
    });
    const reversed = { ...book, treatment: 'reverse_charge' as const, legalText: 'Autoliquidation' };
    expect(taxOn(reversed, contract, null, '2022-01-01')).toMatchObject({
      rate: '0',
      reverseCharge: true,
      legalText: 'Autoliquidation',
    });
  });
  test('products that are taxed alike on every day may share a line', () => {
    const of = taxClassOf({
      ...noTaxBook,
      rates: [
        rate({ rate: '7', productId: 'book' }),
        rate({ rate: '7.0', productId: 'map' }),
        rate({ rate: '7', productId: 'film', validTo: '2026-01-01' }),
        rate({ rate: '19' }),
      ],
    });
    expect(of('book')).toBe(of('map'));
    expect(of('film')).not.toBe(of('book'));
    expect([of('hour'), of(null)]).toEqual(['', '']);
  });
  test('the tax point is the last day of service, or as the seller has it', () => {
    const days = { serviceTo: '2026-03-31', issueDate: '2026-04-05' };
    expect(taxPointOf('service_to', days)).toBe('2026-03-31');
    expect(taxPointOf('issue_date', days)).toBe('2026-04-05');
    expect(taxPointOf('earlier_of_both', days)).toBe('2026-03-31');
    expect(taxPointOf('earlier_of_both', { serviceTo: '2026-04-30', issueDate: '2026-04-05' })).toBe(
      '2026-04-05',
    );
  });
});

describe('a reverse charge', () => {
  const note = {
    category: 'reverse_charge',
    rate: '0',
    exemptionReason: null,
    reverseCharge: true,
    legalText: 'Words',
  };
  test('needs the ids of both and its words', () => {
    const both = { sellerTaxNumbers: ['DE123'], clientTaxId: 'FR456' };
    expect(whyNotTaxed([note], both)).toEqual([]);
    expect(whyNotTaxed([note], { ...both, clientTaxId: null })).toEqual([
      'a reverse charge needs the VAT id of the client',
    ]);
    expect(whyNotTaxed([note], { ...both, sellerTaxNumbers: [] })).toEqual([
      'a reverse charge needs the tax registration of the seller',
    ]);
    expect(whyNotTaxed([{ ...note, legalText: null }], both)).toEqual([
      'a reverse charge needs its legal text',
    ]);
  });
});

test('net of a price with tax, to six places', () => {
  expect(netPrice('119.00', '19')).toBe('100');
  expect(netPrice('9.99', '19')).toBe('8.394958');
  expect(netPrice('1000', '10')).toBe('909.090909');
});

describe('a discount on the document', () => {
  test('goes to the lines by largest remainder, the earlier first', () => {
    expect(spreadDiscount('10.00', ['33.33', '33.33', '33.33'], 2)).toEqual(['3.34', '3.33', '3.33']);
    expect(spreadDiscount('1.00', ['200.00', '100.00', '-50.00'], 2)).toEqual(['0.67', '0.33', '0.00']);
    expect(spreadDiscount('1000', ['2', '1'], 0)).toEqual(['667', '333']);
  });
  test('is not lost: shares add up to it, and net is what lines bring less of it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 0, max: 100 }),
        fc.constantFrom(...roundingModes),
        (amounts, percent, mode) => {
          const nets = amounts.map((each) => new Decimal(each).div(100).toFixed(2));
          const sum = amounts.reduce((total, each) => total.plus(each), new Decimal(0)).div(100);
          const discount = sum.times(percent).div(100).toDecimalPlaces(2).toFixed(2);
          const shares = spreadDiscount(discount, nets, 2);
          expect(shares.reduce((total, share) => total.plus(share), new Decimal(0)).toFixed(2)).toBe(
            discount,
          );
          const lines = nets.map((amount, index) =>
            line(amount, index % 2 ? '19' : '7', { allowance: shares[index]! }),
          );
          for (const each of lines) expect(lineNet(each).gte(0)).toBe(true);
          const totals = taxTotals(lines, { ...cents, mode });
          expect(new Decimal(totals.net).eq(sum.minus(discount))).toBe(true);
          const ofTaxes = totals.subtotals.reduce((total, each) => total.plus(each.net), new Decimal(0));
          expect(ofTaxes.eq(totals.net)).toBe(true);
        },
      ),
    );
  });
});
