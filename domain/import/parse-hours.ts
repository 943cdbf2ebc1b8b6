/** Owns reading a duration as time trackers and spreadsheets write it, into whole seconds. */

import { type DecimalFormat, type DecimalParts, parseDecimal } from './parse-decimal.ts';
import { formulaProblem, isProblem, looksLikeFormula, type Problem, quoted } from './problem.ts';

export const hoursFormats = [
  'auto',
  'decimal-point',
  'decimal-comma',
  'h:mm',
  'h:mm:ss',
  '1h 30m',
  'minutes',
  'seconds',
] as const;
export type HoursFormat = (typeof hoursFormats)[number];

/** More hours than this in one line are a mistake, whoever wrote it (a year has 8,784). */
export const maxHoursPerLine = 10_000;
const maxSeconds = maxHoursPerLine * 3600;

/** No duration is written longer; keeps the patterns below cheap on hostile cells. */
const maxLength = 64;

const clockLike = /^(\d{1,9}):([0-5]\d)(?::([0-5]\d))?$/;
/** Toggl's "classic" duration, below an hour: minutes and seconds with the unit behind (support.toggl.com, CSV import). */
const minutesAndSeconds = /^(\d{1,9}):([0-5]\d) min$/;
const withUnits =
  /^(?:(\d{1,9}(?:[.,]\d{1,9})?) ?h(?:ours?|rs?)?)? ?(?:(\d{1,9}) ?m(?:in(?:ute)?s?)?)? ?(?:(\d{1,9}) ?s(?:ec(?:ond)?s?)?)?$/;
const hoursThenMinutes = /^(\d{1,9}) ?h ?([0-5]?\d)$/;

/**
 * Reads a duration and returns whole seconds, negative when the cell is.
 * A fraction of a second is rounded half away from zero (`1.3333` h → 4,800 s).
 * `auto` accepts decimal hours, `h:mm`, `h:mm:ss` and units (`1h 30m`, `90 min`) where there is one reading only;
 * `minutes` and `seconds` (plain numbers of them) must be stated.
 * Problems: `hours.missing`, `.not_a_number`, `.ambiguous`, `.formula`, `.out_of_range` (above `maxHoursPerLine`).
 */
export function parseHours(cell: string, format: HoursFormat): number | Problem {
  const text = cell.trim();
  if (text === '') return { reason: 'hours.missing', detail: 'The line has no hours.' };
  const seconds = readSeconds(text, format);
  if (isProblem(seconds)) return seconds;
  if (Math.abs(seconds) > maxSeconds) {
    return {
      reason: 'hours.out_of_range',
      detail: `${quoted(text)} is more than ${maxHoursPerLine} hours in one line; correct the line in the source.`,
    };
  }
  return seconds;
}

function readSeconds(text: string, format: HoursFormat): number | Problem {
  switch (format) {
    case 'decimal-point':
    case 'decimal-comma':
      return decimalTimes(text, format, 3600);
    case 'minutes':
      return decimalTimes(text, 'auto', 60);
    case 'seconds':
      return decimalTimes(text, 'auto', 1);
    case 'h:mm':
    case 'h:mm:ss':
      return signed(text, readClockLike) ?? notADuration(text, format);
    case '1h 30m':
      return signed(text, readUnits) ?? notADuration(text, format);
    case 'auto':
      return (
        signed(text, (body) => readClockLike(body) ?? readUnits(body)) ?? decimalTimes(text, 'auto', 3600)
      );
  }
}

function signed(text: string, read: (body: string) => number | null): number | null {
  if (text.length > maxLength) return null;
  const negative = /^[-\u2212]/.test(text);
  const seconds = read(negative ? text.slice(1).trim() : text);
  return seconds === null || !negative ? seconds : -seconds;
}

function readClockLike(text: string): number | null {
  const match = clockLike.exec(text);
  if (match) return Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3] ?? 0);
  const short = minutesAndSeconds.exec(text);
  return short ? Number(short[1]) * 60 + Number(short[2]) : null;
}

function readUnits(text: string): number | null {
  const lower = text.toLowerCase();
  const short = hoursThenMinutes.exec(lower);
  if (short) return Number(short[1]) * 3600 + Number(short[2]) * 60;
  const match = withUnits.exec(lower);
  if (!match || (match[1] ?? match[2] ?? match[3]) === undefined) return null;
  const hours = match[1] === undefined ? 0 : decimalTimes(match[1].replace(',', '.'), 'decimal-point', 3600);
  if (isProblem(hours)) return null;
  return hours + Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0);
}

function decimalTimes(text: string, format: DecimalFormat, secondsPerUnit: number): number | Problem {
  const parts = parseDecimal(text, format, 'hours');
  return isProblem(parts) ? parts : toSeconds(parts, secondsPerUnit);
}

/** Exact in integers: hours times 3,600 as a float would make 1.15 h out of 4,139.9999 s. */
function toSeconds({ negative, integer, fraction }: DecimalParts, secondsPerUnit: number): number {
  const scale = 10n ** BigInt(fraction.length);
  const scaled = BigInt(integer + fraction) * BigInt(secondsPerUnit);
  const seconds = Number((2n * scaled + scale) / (2n * scale));
  return negative && seconds !== 0 ? -seconds : seconds;
}

function notADuration(text: string, format: HoursFormat): Problem {
  if (looksLikeFormula(text)) return formulaProblem('hours', text);
  return {
    reason: 'hours.not_a_number',
    detail: `${quoted(text)} is not a duration written as ${format}; correct the cell or the hours format in the mapping.`,
  };
}
