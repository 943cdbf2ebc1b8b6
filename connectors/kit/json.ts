/** Owns JSON that carries money: numbers keep every digit on the way in and on the way out. */
import { Decimal } from '../../domain/money.ts';

/** A number of more than 15 digits, where a double starts to lie (2^53 has 16); the ids of vendors are as long, but in quotes. */
const longNumber = /(?:^|[:,[\s])-?\d[\d.]{15}/;

declare global {
  interface JSON {
    /** ECMAScript "JSON.parse source text access", in V8 since 11.4; not in TypeScript's lib yet. */
    rawJSON(text: string): unknown;
  }
}

/**
 * Parses a vendor's answer. A number that a double cannot hold exactly arrives as its text, so read numbers that
 * matter with `decimalOf` or `idOf`. Throws SyntaxError.
 */
export function parseJson(text: string): unknown {
  if (!longNumber.test(text)) return JSON.parse(text);
  return JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown);
}

function keepDigits(_key: string, value: unknown, context: { source?: string }): unknown {
  if (typeof value !== 'number' || context.source === undefined) return value;
  const digits = context.source.replace(/[eE].*$/, '').replace(/\D/g, '');
  return digits.replace(/^0+/, '').length > 15 ? context.source : value;
}

/** Decimal text as a JSON number with exactly these digits: `"490.00"` → `490.00`. Throws on anything but plain decimals. */
export function jsonNumber(decimal: string): unknown {
  if (!/^-?(0|[1-9]\d*)(\.\d+)?$/.test(decimal)) throw new Error(`not a plain decimal: ${decimal}`);
  return JSON.rawJSON(decimal);
}

/** Money with its cents. */
export const centsNumber = (amount: string): unknown => jsonNumber(new Decimal(amount).toFixed(2));
/** A quantity or price with all of its digits and no more. */
export const exactNumber = (figure: string): unknown => jsonNumber(new Decimal(figure).toFixed());
