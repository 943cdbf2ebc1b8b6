import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkPattern,
  checkReset,
  counterStart,
  formatNumber,
  numberShape,
  shortestNumberLength,
} from '../domain/numbering.ts';

const parts = { clientCode: 'NFE', issueDate: '2026-03-02', sequence: 7 };

describe('a number', () => {
  test.each([
    ['{CLIENT}-{NNNN}', 'NFE-0007'],
    ['{CLIENT}-{YYYY}-{NNNN}', 'NFE-2026-0007'],
    ['INV/{YY}{MM}/{N}', 'INV/2603/7'],
    ['{NNN}', '007'],
  ])('of %s is %s', (pattern, expected) => expect(formatNumber(pattern, parts)).toBe(expected));
  test('widens beyond its digits and is never cut', () => {
    expect(formatNumber('{NN}', { ...parts, sequence: 99 })).toBe('99');
    expect(formatNumber('{NN}', { ...parts, sequence: 100 })).toBe('100');
    expect(formatNumber('{NN}', { ...parts, sequence: 12_345_678 })).toBe('12345678');
  });
  test('two places in a series never get the same one', () => {
    const digits = fc.integer({ min: 1, max: 8 }).map((count) => `{${'N'.repeat(count)}}`);
    const sequence = fc.integer({ min: 1, max: 1_000_000 });
    fc.assert(
      fc.property(digits, sequence, sequence, (counter, a, b) => {
        const pattern = `{CLIENT}-${counter}`;
        const same =
          formatNumber(pattern, { ...parts, sequence: a }) ===
          formatNumber(pattern, { ...parts, sequence: b });
        expect(same).toBe(a === b);
      }),
    );
  });
});

describe('the shape of a pattern', () => {
  test('is the same for series that come to the same numbers, however they are padded or written', () => {
    expect(numberShape('{CLIENT}-{NNNN}', '')).toBe(numberShape('{CLIENT}-{SEQ:2}', ''));
    expect(numberShape('{PREFIX}-{N}', 'INT')).toBe(numberShape('INT-{NNN}', 'anything'));
    expect(numberShape('{PREFIX}-{N}', 'INT')).not.toBe(numberShape('{PREFIX}-{N}', 'EXT'));
    expect(numberShape('{CLIENT}-{YY}-{N}', '')).not.toBe(numberShape('{CLIENT}-{YYYY}-{N}', ''));
  });
  test.each([
    ['{CLIENT}-{NNNN}', '', 8],
    ['{PREFIX}-{CLIENT}-{YYYY}-{SEQ:4}', 'INV', 17],
    ['{YY}{MM}/{N}', '', 6],
  ])('says how long a number is at least: %s', (pattern, prefix, length) => {
    expect(shortestNumberLength(pattern, prefix)).toBe(length);
    const shortest = formatNumber(pattern, { ...parts, prefix, sequence: 1 });
    expect(shortest).toHaveLength(length);
  });
});

describe('a pattern', () => {
  test.each(['{NNNN}', '{CLIENT}-{YYYY}-{NNNN}', 'Rechnung {N}', 'a/b_c.d-{NN}'])('%s will do', (pattern) =>
    expect(checkPattern(pattern)).toBeNull(),
  );
  test.each([
    ['{CLIENT}', /exactly one counter/],
    ['{NN}-{NN}', /exactly one counter/],
    ['', /exactly one counter/],
    ['{NNNN}{DAY}', /unknown token/],
    ['{NNNN', /exactly one counter/],
    ['{client}-{N}', /unknown token/],
    ['#{N}', /letters, digits/],
    ['Ü{N}', /letters, digits/],
    ['{N}\n', /letters, digits/],
  ])('%j will not', (pattern, reason) => expect(checkPattern(pattern)).toMatch(reason));
  test('what passes formats without a brace left', () => {
    const piece = fc.constantFrom(
      '{CLIENT}',
      '{YYYY}',
      '{YY}',
      '{MM}',
      '{NNN}',
      '{N}',
      '-',
      'A',
      '{X}',
      '{',
      '}',
      ' ',
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
        (pattern) => {
          if (checkPattern(pattern) === null) expect(formatNumber(pattern, parts)).not.toMatch(/[{}]/);
        },
      ),
    );
  });
});

describe('a number of a contractor', () => {
  test('carries prefix, code, year and a counter of so many digits', () =>
    expect(
      formatNumber('{PREFIX}-{CONTRACTOR}-{YYYY}-{SEQ:4}', {
        prefix: 'CI',
        contractorCode: 'IBE',
        issueDate: '2026-03-02',
        sequence: 7,
      }),
    ).toBe('CI-IBE-2026-0007'));
  test.each([
    ['{CLIENT}-{SEQ:4}', 'contractor_invoice', /\{CLIENT\} has no meaning/],
    ['{CONTRACTOR}-{SEQ:4}', 'invoice', /\{CONTRACTOR\} has no meaning/],
    ['{SEQ:4}-{NN}', 'invoice', /exactly one counter/],
    ['{SEQ:0}', 'invoice', /1 to 12 digits/],
    ['{SEQ:13}', 'invoice', /1 to 12 digits/],
    ['{SEQ}', 'invoice', /exactly one counter/],
  ] as const)('%s of a %s will not do', (pattern, type, reason) =>
    expect(checkPattern(pattern, type)).toMatch(reason),
  );
});

describe('a counter that begins again', () => {
  test('needs its period in the number, or two years would share one', () => {
    expect(checkReset('{SEQ:4}', 'never')).toBeNull();
    expect(checkReset('{SEQ:4}', 'yearly')).toMatch(/needs \{YYYY\}/);
    expect(checkReset('{YY}-{SEQ:4}', 'yearly')).toBeNull();
    expect(checkReset('{YYYY}-{SEQ:4}', 'monthly')).toMatch(/needs \{MM\}/);
    expect(checkReset('{YYYY}{MM}-{SEQ:4}', 'monthly')).toBeNull();
  });
  test('shows 1 in the new year while the sequence behind it runs on', () => {
    const first = counterStart({ counterBase: 0, counterPeriod: null }, 'yearly', 1, '2026-12-30');
    expect(first).toEqual({ counterBase: 0, counterPeriod: '2026' });
    expect(counterStart(first, 'yearly', 3, '2026-12-31')).toEqual(first);
    expect(counterStart(first, 'yearly', 4, '2027-01-01')).toEqual({ counterBase: 3, counterPeriod: '2027' });
    expect(counterStart(first, 'never', 4, '2027-01-01')).toEqual(first);
    expect(
      counterStart({ counterBase: 3, counterPeriod: '2027-01' }, 'monthly', 9, '2027-02-01'),
    ).toMatchObject({ counterBase: 8 });
  });
  test('changed from months to years and back gives no number of this period again', () => {
    const march = { counterBase: 20, counterPeriod: '2026-03' };
    const year = counterStart(march, 'yearly', 25, '2026-03-20');
    expect(year).toEqual({ counterBase: 20, counterPeriod: '2026' });
    expect(counterStart(year, 'monthly', 26, '2026-04-02')).toEqual({
      counterBase: 20,
      counterPeriod: '2026-04',
    });
    expect(
      counterStart({ counterBase: 20, counterPeriod: '2026-04' }, 'monthly', 27, '2026-05-02'),
    ).toMatchObject({
      counterBase: 26,
    });
  });
  test('goes on where another system left off, until its period ends', () =>
    expect(counterStart({ counterBase: 0, counterPeriod: null }, 'yearly', 42, '2026-05-01')).toEqual({
      counterBase: 0,
      counterPeriod: '2026',
    }));
});
