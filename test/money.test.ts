import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  cascadeRounding,
  cascadeShares,
  Decimal,
  fixed,
  isDecimalText,
  isZero,
  minorPlaces,
  round,
  roundingModes,
  spreadByLargestRemainder,
  sumOf as sumOfTexts,
} from '../domain/money.ts';

const sumOf = (values: readonly Decimal[]) => values.reduce((sum, value) => sum.plus(value), new Decimal(0));
/** Amounts with up to six decimals, of either sign. */
const amount = fc
  .bigInt({ min: -(10n ** 15n), max: 10n ** 15n })
  .map((millionths) => new Decimal(millionths.toString()).div(1_000_000));
const mode = fc.constantFrom(...roundingModes);
const places = fc.integer({ min: 0, max: 4 });

describe('round', () => {
  test.each([
    ['half_up', '2.345', '2.35'],
    ['half_up', '-2.345', '-2.35'],
    ['half_up', '2.3449999', '2.34'],
    ['half_even', '2.345', '2.34'],
    ['half_even', '2.355', '2.36'],
    ['half_even', '-2.345', '-2.34'],
    ['down', '2.349', '2.34'],
    ['down', '-2.349', '-2.34'],
    ['up', '2.341', '2.35'],
    ['up', '-2.341', '-2.35'],
  ] as const)('%s makes %s to %s', (how, value, expected) => {
    expect(round(value, 2, how).toFixed(2)).toBe(expected);
  });

  test('is off by at most one unit, by half of one for the half modes, and changes nothing twice', () => {
    fc.assert(
      fc.property(amount, places, mode, (value, digits, how) => {
        const rounded = round(value, digits, how);
        const unit = new Decimal(10).pow(-digits);
        const off = rounded.minus(value).abs();
        expect(off.lt(unit)).toBe(true);
        if (how.startsWith('half')) expect(off.lte(unit.div(2))).toBe(true);
        expect(round(rounded, digits, how).eq(rounded)).toBe(true);
        expect(round(value.negated(), digits, how).eq(rounded.negated())).toBe(true);
      }),
    );
  });

  test('is exact where floats are not', () => {
    expect(new Decimal('0.1').plus('0.2').toFixed()).toBe('0.3');
    expect(round('1.005', 2, 'half_up').toFixed(2)).toBe('1.01');
    expect(new Decimal('999999999999999.999999').plus('0.000001').toFixed()).toBe('1000000000000000');
  });
});

describe('fixed', () => {
  test('always shows its places and never a negative nothing', () => {
    expect(fixed('7', 2)).toBe('7.00');
    expect(fixed(round('-0.001', 2, 'half_up'), 2)).toBe('0.00');
    expect(fixed('-0', 0)).toBe('0');
    expect(fixed('-0.01', 2)).toBe('-0.01');
  });
  test('writes no exponent, however large or small', () => {
    fc.assert(fc.property(amount, (value) => /^-?\d+\.\d{6}$/.test(fixed(value, 6))));
    expect(fixed('1e21', 2)).toBe('1000000000000000000000.00');
  });
});

describe('cascade rounding', () => {
  test('shares add up to the rounded sum after every part, in whatever order', () => {
    fc.assert(
      fc.property(fc.array(amount, { minLength: 1, maxLength: 40 }), places, mode, (parts, digits, how) => {
        const share = cascadeRounding(digits, how);
        let exact = new Decimal(0);
        let given = new Decimal(0);
        for (const part of parts) {
          exact = exact.plus(part);
          const one = share(part);
          given = given.plus(one);
          expect(given.eq(round(exact, digits, how))).toBe(true);
          // A share is its part but for less than two units: no item carries the whole difference.
          expect(one.minus(part).abs().lt(new Decimal(10).pow(-digits).times(2))).toBe(true);
        }
      }),
    );
  });
  test('three thirds make one', () => {
    const share = cascadeRounding(2, 'half_up');
    expect(['0.333333', '0.333333', '0.333334'].map((part) => share(part).toFixed(2))).toEqual([
      '0.33',
      '0.34',
      '0.33',
    ]);
  });
});

/** As they come: mostly of cents, some with many decimals, some beyond what plain numbers hold. */
const text = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.integer({ min: -1_000_000, max: 1_000_000 }).map((cents) => fixed(cents / 100, 2)),
  },
  { weight: 1, arbitrary: amount.map((value) => value.toFixed()) },
  {
    weight: 1,
    arbitrary: fc
      .bigInt({ min: -(10n ** 25n), max: 10n ** 25n })
      .map((value) => new Decimal(value.toString()).div('1e12').toFixed()),
  },
);

describe('sums of texts', () => {
  test('come to what decimals come to, in whatever order', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 60 }), (values) => {
        const expected = sumOf(values.map((value) => new Decimal(value)));
        expect(sumOfTexts(values).toFixed()).toBe(expected.toFixed());
      }),
    );
  });
  test('hold beyond what plain numbers hold', () => {
    const large = Array.from({ length: 5 }, () => '9007199254.740991');
    expect(sumOfTexts([...large, '-0.000001']).toFixed()).toBe('45035996273.704954');
  });
  test.each([
    ['0', true],
    ['-0.00', true],
    ['0.000', true],
    ['0.01', false],
    ['-1', false],
    ['10', false],
  ])('%s is nothing: %s', (value, expected) => expect(isZero(value)).toBe(expected));
});

test('shares as text are those of decimals, whether their parts need rounding or not', () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 40 }), places, mode, (parts, digits, how) => {
      const exact = cascadeRounding(digits, how);
      const quick = cascadeShares(digits, how);
      for (const part of parts) expect(quick(part)).toBe(fixed(exact(part), digits));
    }),
  );
});

describe('largest remainder', () => {
  const weights = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 30 });
  const total = fc.integer({ min: -1_000_000, max: 1_000_000 });

  test('the shares add up, each within one unit of its part, and a weight of nothing gets nothing', () => {
    fc.assert(
      fc.property(total, weights, fc.integer({ min: 0, max: 3 }), (units, parts, digits) => {
        const whole = new Decimal(units).times(new Decimal(10).pow(-digits));
        const shares = spreadByLargestRemainder(whole, parts, digits);
        expect(sumOf(shares).eq(whole)).toBe(true);
        const sum = parts.reduce((running, part) => running + part, 0);
        if (sum === 0) return;
        for (const [index, share] of shares.entries()) {
          const exact = whole.times(parts[index]!).div(sum);
          expect(share.minus(exact).abs().lt(new Decimal(10).pow(-digits))).toBe(true);
          if (parts[index] === 0) expect(share.isZero()).toBe(true);
        }
      }),
    );
  });
  test('equal parts differ by one unit at most, the earlier ones get it', () => {
    expect(spreadByLargestRemainder('1.00', [1, 1, 1], 2).map((share) => share.toFixed(2))).toEqual([
      '0.34',
      '0.33',
      '0.33',
    ]);
    expect(spreadByLargestRemainder('-1.00', [1, 1, 1], 2).map((share) => share.toFixed(2))).toEqual([
      '-0.33',
      '-0.33',
      '-0.34',
    ]);
  });
  test('nothing to spread over, and weights that are all nothing', () => {
    expect(spreadByLargestRemainder('1.00', [], 2)).toEqual([]);
    expect(spreadByLargestRemainder('1.00', [0, 0], 2).map(String)).toEqual(['1', '0']);
  });
});

describe('decimal text', () => {
  test.each(['0', '-1', '12.5', '999999999999999.999999', '0.000001'])('takes %s', (text) =>
    expect(isDecimalText(text)).toBe(true),
  );
  test.each([
    '',
    '1e3',
    '1,5',
    ' 1',
    '+1',
    '.5',
    '1.',
    'NaN',
    'Infinity',
    '0x10',
    '1234567890123456',
    '0.1234567',
    '١',
  ])('refuses "%s"', (text) => expect(isDecimalText(text)).toBe(false));
});

// ISO 4217, list one; Intl of V8 says 0 for HUF, IDR, COP, PKR and IQD, which is what shops round to.
test.each([
  ['GBP', 2],
  ['JPY', 0],
  ['KRW', 0],
  ['ISK', 0],
  ['KWD', 3],
  ['BHD', 3],
  ['IQD', 3],
  ['TND', 3],
  ['CLF', 4],
  ['HUF', 2],
  ['IDR', 2],
  ['COP', 2],
  ['PKR', 2],
  ['XXX', 2],
])('%s has %d decimals', (currency, places) => expect(minorPlaces(currency)).toBe(places));
