/** Owns reading an amount, such as one per hour, from a cell into decimal text. */

import type { DecimalText } from '../work-entry.ts';
import { type DecimalFormat, parseDecimal } from './parse-decimal.ts';
import { isProblem, type Problem, quoted } from './problem.ts';

const maxIntegerDigits = 12;
const maxFractionDigits = 6;

/**
 * Reads a rate or cost such as `80`, `80.00` or `1.234,50`; the digits stay as written, grouping removed.
 * An empty cell is null: no price stated is not a price of zero (invariant 3).
 * Problems: those of `parseDecimal`, `<field>.negative` (BILLING: unit prices are not negative), `<field>.out_of_range`.
 */
export function parseMoney(cell: string, format: DecimalFormat, field: string): DecimalText | null | Problem {
  if (cell.trim() === '') return null;
  const parts = parseDecimal(cell, format, field);
  if (isProblem(parts)) return parts;
  const integer = parts.integer.replace(/^0+(?=\d)/, '');
  if (integer.length > maxIntegerDigits || parts.fraction.length > maxFractionDigits) {
    return {
      reason: `${field}.out_of_range`,
      detail: `${quoted(cell)} has more than ${maxIntegerDigits} digits before or ${maxFractionDigits} after the decimal mark.`,
    };
  }
  if (parts.negative && /[1-9]/.test(parts.integer + parts.fraction)) {
    return {
      reason: `${field}.negative`,
      detail: `${quoted(cell)} is negative; an amount cannot be.`,
    };
  }
  return parts.fraction === '' ? integer : `${integer}.${parts.fraction}`;
}
