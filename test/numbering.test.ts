import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkPattern, formatNumber } from '../domain/numbering.ts';

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
