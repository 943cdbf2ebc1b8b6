/** Owns turning a series' counter into a document number. */
import type { Day } from './work-entry.ts';

export interface NumberParts {
  clientCode: string;
  issueDate: Day;
  sequence: number;
}

const tokenPattern = /\{(CLIENT|YYYY|YY|MM|N+)\}/g;

/** A pattern needs exactly one run of N, e.g. `{CLIENT}-{YYYY}-{NNNN}`; returns what is wrong or null. */
export function checkPattern(pattern: string): string | null {
  const counters = pattern.match(/\{N+\}/g) ?? [];
  if (counters.length !== 1) return 'a number pattern needs exactly one counter such as {NNNN}';
  const rest = pattern.replace(tokenPattern, '');
  if (/[{}]/.test(rest)) return 'unknown token: use {CLIENT}, {YYYY}, {YY}, {MM} and {NNNN}';
  if (!/^[A-Za-z0-9/_. -]*$/.test(rest)) return 'letters, digits, space and / _ . - only';
  return null;
}

/** Formats a number; the counter widens beyond its digits and is never cut. */
export function formatNumber(pattern: string, parts: NumberParts): string {
  return pattern.replace(tokenPattern, (_, token: string) => {
    if (token === 'CLIENT') return parts.clientCode;
    if (token === 'YYYY') return parts.issueDate.slice(0, 4);
    if (token === 'YY') return parts.issueDate.slice(2, 4);
    if (token === 'MM') return parts.issueDate.slice(5, 7);
    return String(parts.sequence).padStart(token.length, '0');
  });
}
