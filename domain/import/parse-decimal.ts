/** Owns reading a decimal number as people and spreadsheets write it: signs, grouping, point or comma. */

import { formulaProblem, looksLikeFormula, type Problem, quoted } from './problem.ts';

export const decimalFormats = ['auto', 'decimal-point', 'decimal-comma'] as const;
export type DecimalFormat = (typeof decimalFormats)[number];

/** A decimal number, taken apart: `-1,234.50` is negative, integer `1234`, fraction `50`. Digits only, never a float. */
export interface DecimalParts {
  negative: boolean;
  integer: string;
  fraction: string;
}

/** Longer than any real amount; keeps every pattern below cheap on hostile cells. */
const maxLength = 64;

const plain = /^\d+$/;
const pointed = /^(\d*)\.(\d+)$/;
const comma = /^(\d*),(\d+)$/;
const groupedPoint = /^\d{1,3}(?:[,'’\u00a0\u202f ]\d{3})+(?:\.\d+)?$/;
const groupedComma = /^\d{1,3}(?:[.'’\u00a0\u202f ]\d{3})+(?:,\d+)?$/;
/** `1.500` or `1,500`: one and a half, or fifteen hundred, depending on who wrote it. `0.500` can only be a half. */
const couldBeEither = /^[1-9]\d{0,2}[.,]\d{3}$/;

/**
 * Reads a decimal number.
 * `auto` accepts what has one reading only (`1.5`, `1,5`, `1,234.50`, `0.125`) and refuses `1.500` as ambiguous.
 * Problems: `<field>.missing`, `.formula`, `.ambiguous`, `.not_a_number`, `.out_of_range`.
 */
export function parseDecimal(cell: string, format: DecimalFormat, field: string): DecimalParts | Problem {
  const text = cell.trim();
  if (text === '') return { reason: `${field}.missing`, detail: `The line has no ${field}.` };
  const unsigned = text.replace(/^[+\-\u2212]\s*/, '');
  if (text.length > maxLength) return tooLong(unsigned, field);
  const negative = /^[-\u2212]/.test(text);
  if (format === 'auto' && couldBeEither.test(unsigned)) {
    return {
      reason: `${field}.ambiguous`,
      detail: `${quoted(text)} can be read in two ways; state "decimal-point" or "decimal-comma" under formats in the mapping.`,
    };
  }
  const digits = splitDigits(unsigned, format);
  if (digits === null) {
    if (looksLikeFormula(text)) return formulaProblem(field, text);
    return {
      reason: `${field}.not_a_number`,
      detail: `${quoted(text)} is not a number (expected ${format}).`,
    };
  }
  return { negative, ...digits };
}

function splitDigits(text: string, format: DecimalFormat): { integer: string; fraction: string } | null {
  if (plain.test(text)) return { integer: text, fraction: '' };
  if (format !== 'decimal-comma') {
    const match = pointed.exec(text);
    if (match) return { integer: match[1] || '0', fraction: match[2]! };
    if (groupedPoint.test(text)) return ungroup(text, '.');
  }
  if (format !== 'decimal-point') {
    const match = comma.exec(text);
    if (match) return { integer: match[1] || '0', fraction: match[2]! };
    if (groupedComma.test(text)) return ungroup(text, ',');
  }
  return null;
}

function ungroup(text: string, separator: string): { integer: string; fraction: string } {
  const at = text.lastIndexOf(separator);
  const integer = at === -1 ? text : text.slice(0, at);
  return { integer: integer.replaceAll(/\D/g, ''), fraction: at === -1 ? '' : text.slice(at + 1) };
}

function tooLong(unsigned: string, field: string): Problem {
  const isNumber = /^[\d.,]+$/.test(unsigned);
  return isNumber
    ? {
        reason: `${field}.out_of_range`,
        detail: `A number of ${unsigned.length} characters is outside any sensible range.`,
      }
    : { reason: `${field}.not_a_number`, detail: `${quoted(unsigned)} is not a number.` };
}
