/** Owns reading a calendar day as files write it, by a stated format or, where there is one reading only, without. */

import type { Day } from '../work-entry.ts';
import { formulaProblem, looksLikeFormula, type Problem, quoted } from './problem.ts';

const englishMonths =
  'january february march april may june july august september october november december'.split(' ');

/**
 * POSIX strptime `%y`: 69–99 are 1969–1999, 00–68 are 2000–2068 (IEEE Std 1003.1, strptime).
 * A two-digit year from this one on belongs to the 1900s.
 */
export const defaultPivotYear = 69;

export interface DayFormat {
  /** `auto`, or one year (`YYYY`, `YY`), month (`MM`, `Mon`) and day (`DD`) with separators, e.g. `DD-Mon-YY`. */
  pattern: string;
  /** Two-digit years from this one on are 19xx, those below are 20xx. 0–100. */
  pivotYear: number;
  /** Twelve month names for `Mon`, full or the first three letters; null is English. */
  monthNames: readonly string[] | null;
}

interface Shape {
  regex: RegExp;
  order: ('year' | 'month' | 'day')[];
  twoDigitYear: boolean;
}

/** What a pattern may hold, longest first. `MM` and `DD` also read one digit. */
const tokens = [
  { token: 'YYYY', part: 'year', regex: '(\\d{4})' },
  { token: 'Mon', part: 'month', regex: '(\\p{L}{3,12})\\.?' },
  { token: 'YY', part: 'year', regex: '(\\d{2})' },
  { token: 'MM', part: 'month', regex: '(\\d{1,2})' },
  { token: 'DD', part: 'day', regex: '(\\d{1,2})' },
] as const;

const separators = /^[-/., ]$/;
/** A local time behind the day, as databases and spreadsheets write it; one with an offset is an instant, not a day. */
const localTime = /[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?$/;
/** No day is written longer; keeps hostile cells cheap. */
const maxLength = 64;

/** Turns `DD-Mon-YY` into what reads it; null when the pattern is not one year, one month and one day. */
export function compileDayPattern(pattern: string): Shape | null {
  const order: Shape['order'] = [];
  let regex = '^';
  let rest = pattern;
  while (rest !== '') {
    const known = tokens.find(({ token }) => rest.startsWith(token));
    if (known) {
      order.push(known.part);
      regex += known.regex;
      rest = rest.slice(known.token.length);
    } else if (separators.test(rest[0]!)) {
      regex += { '.': '\\.', ' ': ' +', '/': '\\/' }[rest[0]!] ?? rest[0]!;
      rest = rest.slice(1);
    } else return null;
  }
  if (order.length !== 3 || new Set(order).size !== 3) return null;
  // Without separators one-digit parts would let 2024111 be read in two ways.
  if (!/[-/., ]/.test(pattern)) regex = regex.replaceAll('{1,2}', '{2}');
  return { regex: new RegExp(`${regex}$`, 'u'), order, twoDigitYear: !pattern.includes('YYYY') };
}

/** Makes the reader of one day column; `pattern` must have passed `compileDayPattern` or be `auto`. */
export function dayReader(format: DayFormat): (cell: string) => Day | Problem {
  const months = new Map<string, number>();
  const names = format.monthNames?.map((name) => name.toLowerCase()) ?? englishMonths;
  for (const [index, name] of names.entries()) {
    months.set(name, index + 1);
    months.set(name.slice(0, 3), index + 1);
  }
  // English writes September in four letters, too.
  if (format.monthNames === null) months.set('sept', 9);
  const shape = format.pattern === 'auto' ? null : compileDayPattern(format.pattern);
  if (shape === null && format.pattern !== 'auto')
    throw new Error(`"${format.pattern}" is not a day pattern`);
  const read = (text: string): Day | Problem | null =>
    shape ? readShape(text, shape, format.pivotYear, months) : readUnambiguous(text, months);

  return (cell) => {
    const text = cell.trim();
    if (text === '') return { reason: 'work_date.missing', detail: 'The line has no work date.' };
    const day = text.length > maxLength ? null : read(text.replace(localTime, ''));
    if (day !== null) return day;
    if (looksLikeFormula(text)) return formulaProblem('work_date', text);
    return {
      reason: 'work_date.not_a_day',
      detail: `${quoted(text)} is not a day${shape ? ` written as ${format.pattern}` : ''}; correct the cell or the day format in the mapping.`,
    };
  };
}

/** Reads one day; see `dayReader`, which is what to use for many. */
export function parseDay(cell: string, format: Partial<DayFormat> & { pattern: string }): Day | Problem {
  return dayReader({ pivotYear: defaultPivotYear, monthNames: null, ...format })(cell);
}

function readShape(
  text: string,
  shape: Shape,
  pivotYear: number,
  months: ReadonlyMap<string, number>,
): Day | null {
  const match = shape.regex.exec(text);
  if (!match) return null;
  let year = 0;
  let month = 0;
  let day = 0;
  for (const [index, part] of shape.order.entries()) {
    const value = match[index + 1]!;
    if (part === 'year') year = shape.twoDigitYear ? fullYear(Number(value), pivotYear) : Number(value);
    else if (part === 'day') day = Number(value);
    else month = months.get(value.toLowerCase()) ?? Number(value);
  }
  return toDay(year, month, day);
}

/** Two-digit years, and `03/06/2024` where both readings are days, are refused: a guess here bills the wrong month. */
function readUnambiguous(text: string, months: ReadonlyMap<string, number>): Day | Problem | null {
  const yearFirst = /^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})$/.exec(text);
  if (yearFirst) return toDay(Number(yearFirst[1]), Number(yearFirst[3]), Number(yearFirst[4]));
  // No locale of the Unicode CLDR writes the month first with dots.
  const dotted = /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/.exec(text);
  if (dotted) return toDay(Number(dotted[3]), Number(dotted[2]), Number(dotted[1]));
  const named = /^(\d{1,2})[- ](\p{L}{3,12})\.?[-, ]+(\d{4})$/u.exec(text);
  if (named) return toDay(Number(named[3]), months.get(named[2]!.toLowerCase()) ?? 0, Number(named[1]));
  const namedFirst = /^(\p{L}{3,12})\.? (\d{1,2}),? (\d{4})$/u.exec(text);
  if (namedFirst)
    return toDay(Number(namedFirst[3]), months.get(namedFirst[1]!.toLowerCase()) ?? 0, Number(namedFirst[2]));
  const either = /^(\d{1,2})([-/])(\d{1,2})\2(\d{4})$/.exec(text);
  if (either) {
    const [first, second, year] = [Number(either[1]), Number(either[3]), Number(either[4])];
    const dayFirst = toDay(year, second, first);
    const monthFirst = toDay(year, first, second);
    if (dayFirst === null || monthFirst === null || dayFirst === monthFirst) return dayFirst ?? monthFirst;
    return ambiguous(text, 'DD/MM/YYYY or MM/DD/YYYY');
  }
  if (/^\d{1,2}([-/. ])(?:\d{1,2}|\p{L}{3,12})\1\d{2}$/u.test(text)) return ambiguous(text, 'DD-Mon-YY');
  return null;
}

function ambiguous(text: string, hint: string): Problem {
  return {
    reason: 'work_date.ambiguous',
    detail: `${quoted(text)} can be read as different days; state the day format in the mapping, e.g. ${hint}.`,
  };
}

function fullYear(twoDigits: number, pivotYear: number): number {
  return twoDigits + (twoDigits >= pivotYear ? 1900 : 2000);
}

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** 1900–2199: outside it a year is a typing error, and nobody's work. */
function toDay(year: number, month: number, day: number): Day | null {
  // Written so that NaN, which an unknown month name gives, is refused, too.
  if (!(year >= 1900 && year <= 2199 && month >= 1 && month <= 12)) return null;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const last = month === 2 && leap ? 29 : monthDays[month - 1]!;
  if (!(day >= 1 && day <= last)) return null;
  return `${year}-${month < 10 ? '0' : ''}${month}-${day < 10 ? '0' : ''}${day}`;
}
