/** Owns reading a time of day, on a 24-hour or a 12-hour clock, into seconds since local midnight. */

import { formulaProblem, looksLikeFormula, type Problem, quoted } from './problem.ts';

export const clockFormats = ['auto', '24h', '12h'] as const;
export type ClockFormat = (typeof clockFormats)[number];

const clock = /^(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?[ \u00a0\u202f]?(?:([ap])\.?m\.?)?$/i;

/**
 * Reads `14:05`, `14:05:10`, `9:05am`, `2:05 PM`, `2:05 p.m.`; an empty cell is null (no time stated).
 * `auto` takes a time with am/pm as 12-hour and one without as 24-hour; `12h` insists on the marker.
 * Problems: `<field>.not_a_time`, `<field>.formula`.
 */
export function parseClock(cell: string, format: ClockFormat, field: string): number | null | Problem {
  const text = cell.trim();
  if (text === '') return null;
  const match = text.length > 20 ? null : clock.exec(text);
  const seconds = match && toSeconds(match, format);
  if (typeof seconds === 'number') return seconds;
  if (looksLikeFormula(text)) return formulaProblem(field, text);
  return {
    reason: `${field}.not_a_time`,
    detail: `${quoted(text)} is not a time of day${format === 'auto' ? '' : ` on a ${format} clock`}; correct the cell or the clock format in the mapping.`,
  };
}

function toSeconds(match: RegExpExecArray, format: ClockFormat): number | null {
  const marker = match[4]?.toLowerCase();
  const minutes = Number(match[2]);
  const seconds = Number(match[3] ?? 0);
  let hours = Number(match[1]);
  if (minutes > 59 || seconds > 59) return null;
  if (marker === undefined) {
    if (format === '12h' || hours > 23) return null;
  } else {
    if (format === '24h' || hours < 1 || hours > 12) return null;
    hours = (hours % 12) + (marker === 'p' ? 12 : 0);
  }
  return hours * 3600 + minutes * 60 + seconds;
}
