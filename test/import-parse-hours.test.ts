/** What counts as a duration in a cell, and what is refused. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HoursFormat, parseHours } from '../domain/import/parse-hours.ts';
import { parseMoney } from '../domain/import/parse-money.ts';

const readings: [cell: string, format: HoursFormat, seconds: number][] = [
  ['1.75', 'auto', 6300],
  ['1,5', 'auto', 5400],
  ['.5', 'auto', 1800],
  ['0.125', 'auto', 450],
  ['0', 'auto', 0],
  ['7', 'auto', 25_200],
  ['1,234.50', 'auto', 4_444_200],
  ['1.234,50', 'auto', 4_444_200],
  ['+1.5', 'auto', 5400],
  ['-1.5', 'auto', -5400],
  ['\u22121:30', 'auto', -5400],
  ['1:30', 'auto', 5400],
  ['01:30:15', 'auto', 5415],
  ['100:00', 'auto', 360_000],
  ['1h 30m', 'auto', 5400],
  ['1h30', 'auto', 5400],
  ['1.5 h', 'auto', 5400],
  ['90 min', 'auto', 5400],
  ['34 sec', 'auto', 34],
  ['47:06 min', 'auto', 2826],
  ['  2  ', 'auto', 7200],
  ['1.500', 'decimal-point', 5400],
  ['1,500', 'decimal-point', 5_400_000],
  ['1,500', 'decimal-comma', 5400],
  ['1.500', 'decimal-comma', 5_400_000],
  ['90', 'minutes', 5400],
  ['5400', 'seconds', 5400],
  ['1:30', 'h:mm', 5400],
  ['1.3333', 'auto', 4800],
  ['0.00013', 'auto', 0],
  ['0.00014', 'auto', 1],
  ['10000', 'auto', 36_000_000],
];

const refusals: [cell: string, format: HoursFormat, reason: string][] = [
  ['', 'auto', 'hours.missing'],
  ['   ', 'auto', 'hours.missing'],
  ['abc', 'auto', 'hours.not_a_number'],
  ['1.5', 'decimal-comma', 'hours.not_a_number'],
  ['1,5', 'decimal-point', 'hours.not_a_number'],
  ['1:75', 'auto', 'hours.not_a_number'],
  ['1:3', 'auto', 'hours.not_a_number'],
  ['1e3', 'auto', 'hours.not_a_number'],
  ['NaN', 'auto', 'hours.not_a_number'],
  ['Infinity', 'auto', 'hours.not_a_number'],
  ['0x10', 'auto', 'hours.not_a_number'],
  ['--1', 'auto', 'hours.formula'],
  ['1.5', 'h:mm', 'hours.not_a_number'],
  ['1.500', 'auto', 'hours.ambiguous'],
  ['1,500', 'auto', 'hours.ambiguous'],
  ['=1+1', 'auto', 'hours.formula'],
  ['@SUM(A1)', 'auto', 'hours.formula'],
  ['+cmd', 'auto', 'hours.formula'],
  ["-1+cmd|' /C calc'!A0", 'auto', 'hours.formula'],
  ['1000000000', 'auto', 'hours.out_of_range'],
  ['-1000000000', 'auto', 'hours.out_of_range'],
  ['999999999:00', 'auto', 'hours.out_of_range'],
  ['9'.repeat(5000), 'auto', 'hours.out_of_range'],
  ['10000.01', 'auto', 'hours.out_of_range'],
  [`1${' '.repeat(50_000)}x`, 'auto', 'hours.not_a_number'],
];

describe('hours', () => {
  it.each(readings)('%j as %s is %d seconds', (cell, format, seconds) => {
    expect(parseHours(cell, format)).toBe(seconds);
  });

  it.each(refusals)('%.30j as %s is refused as %s', (cell, format, reason) => {
    expect(parseHours(cell, format)).toMatchObject({ reason });
  });

  const seconds = fc.integer({ min: 0, max: 36_000_000 });
  const two = (value: number) => String(value).padStart(2, '0');

  it('reads back every duration written as h:mm:ss, h:mm or with units', () => {
    fc.assert(
      fc.property(seconds, (value) => {
        const [h, m, s] = [Math.floor(value / 3600), Math.floor(value / 60) % 60, value % 60];
        expect(parseHours(`${h}:${two(m)}:${two(s)}`, 'auto')).toBe(value);
        expect(parseHours(`${h}h ${m}m ${s}s`, 'auto')).toBe(value);
        expect(parseHours(`${h}:${two(m)}`, 'h:mm')).toBe(value - s);
        expect(parseHours(String(value), 'seconds')).toBe(value);
      }),
    );
  });

  it('reads back hundredths of an hour exactly, with a point, a comma or a sign', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), (hundredths) => {
        const text = `${Math.floor(hundredths / 100)}.${two(hundredths % 100)}`;
        expect(parseHours(text, 'auto')).toBe(hundredths * 36);
        expect(parseHours(text.replace('.', ','), 'auto')).toBe(hundredths * 36);
        expect(parseHours(`-${text}`, 'decimal-point')).toBe(hundredths === 0 ? 0 : hundredths * -36);
      }),
    );
  });

  it('gives a whole number of seconds within bounds or a reason, whatever the cell', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789.,:-+=hms '.split('')), maxLength: 80 });
    fc.assert(
      fc.property(fc.oneof(digits, fc.string()), (cell) => {
        const read = parseHours(cell, 'auto');
        if (typeof read === 'number') {
          expect(Number.isInteger(read)).toBe(true);
          expect(Math.abs(read)).toBeLessThanOrEqual(36_000_000);
        } else expect(read.reason).toMatch(/^hours\.[a-z_]+$/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('money', () => {
  it.each([
    ['80', '80'],
    ['80.00', '80.00'],
    ['0', '0'],
    ['1.234,50', '1234.50'],
    ['007.5', '7.5'],
    ['', null],
  ])('%j is %j', (cell, amount) => {
    expect(parseMoney(cell, 'auto', 'rate')).toBe(amount);
  });

  it.each([
    ['-5', 'rate.negative'],
    ['=5', 'rate.formula'],
    ['free', 'rate.not_a_number'],
    ['1,234', 'rate.ambiguous'],
    ['1234567890123', 'rate.out_of_range'],
    ['0.1234567', 'rate.out_of_range'],
  ])('%j is refused as %s', (cell, reason) => {
    expect(parseMoney(cell, 'auto', 'rate')).toMatchObject({ reason });
  });
});
