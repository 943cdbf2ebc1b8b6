/** Owns turning a series' counter into a document number, and when that counter begins again. */
import type { Day } from './work-entry.ts';

/** What a series may number; one list for the tables, the API and the checks of a pattern. */
export const seriesDocumentTypes = [
  'invoice',
  'credit_note',
  'self_billed',
  'contractor_invoice',
  'ticket',
  'late_fee',
] as const;
export type SeriesDocumentType = (typeof seriesDocumentTypes)[number];

export interface NumberParts {
  /** On documents to a client. */
  clientCode?: string;
  /** On documents of a contractor. */
  contractorCode?: string;
  /** The series' own prefix. */
  prefix?: string;
  issueDate: Day;
  /** What the counter shows; see `shownCounter` for series that begin again. */
  sequence: number;
}

const tokenPattern = /\{(PREFIX|CLIENT|CONTRACTOR|YYYY|YY|MM|N+|SEQ:\d{1,2})\}/g;
const counterPattern = /\{(?:N+|SEQ:\d{1,2})\}/g;
const maxCounterDigits = 12;

/** Whose code a number of this type may carry. */
const partyOf: Readonly<Record<SeriesDocumentType, '{CLIENT}' | '{CONTRACTOR}'>> = {
  invoice: '{CLIENT}',
  credit_note: '{CLIENT}',
  late_fee: '{CLIENT}',
  self_billed: '{CONTRACTOR}',
  contractor_invoice: '{CONTRACTOR}',
  ticket: '{CONTRACTOR}',
};

/**
 * A pattern needs exactly one counter, `{NNNN}` or `{SEQ:4}`, e.g. `{PREFIX}-{CLIENT}-{YYYY}-{SEQ:4}`; returns what is
 * wrong or null. With a document type also whether it names the right party.
 */
export function checkPattern(pattern: string, documentType?: SeriesDocumentType): string | null {
  const counters = pattern.match(counterPattern) ?? [];
  if (counters.length !== 1)
    return 'a number pattern needs exactly one counter such as {SEQ:4} or {NNNN}: {CLIENT}-{YYYY}-{SEQ:4}';
  const digits = digitsOf(counters[0]!.slice(1, -1));
  if (digits < 1 || digits > maxCounterDigits) return `a counter has 1 to ${maxCounterDigits} digits`;
  const rest = pattern.replace(tokenPattern, '');
  if (/[{}]/.test(rest))
    return 'unknown token: use {PREFIX}, {CLIENT}, {CONTRACTOR}, {YYYY}, {YY}, {MM} and {SEQ:4} or {NNNN}';
  if (!/^[A-Za-z0-9/_. -]*$/.test(rest)) return 'letters, digits, space and / _ . - only';
  if (documentType === undefined) return null;
  const other = partyOf[documentType] === '{CLIENT}' ? '{CONTRACTOR}' : '{CLIENT}';
  return pattern.includes(other)
    ? `${other} has no meaning on a ${documentType.replaceAll('_', ' ')}: use ${partyOf[documentType]}`
    : null;
}

/** Formats a number; the counter widens beyond its digits and is never cut. */
export function formatNumber(pattern: string, parts: NumberParts): string {
  return pattern.replace(tokenPattern, (_, token: string) => {
    if (token === 'PREFIX') return parts.prefix ?? '';
    if (token === 'CLIENT') return parts.clientCode ?? '';
    if (token === 'CONTRACTOR') return parts.contractorCode ?? '';
    if (token === 'YYYY') return parts.issueDate.slice(0, 4);
    if (token === 'YY') return parts.issueDate.slice(2, 4);
    if (token === 'MM') return parts.issueDate.slice(5, 7);
    return String(parts.sequence).padStart(digitsOf(token), '0');
  });
}

/** Of `NNNN` or `SEQ:4`. */
const digitsOf = (counter: string) =>
  counter.startsWith('SEQ:') ? Number(counter.slice('SEQ:'.length)) : counter.length;

/** What equal shapes have in common: two series of one shape come to equal numbers, however many digits each pads to. */
export function numberShape(pattern: string, prefix: string): string {
  return pattern.replaceAll('{PREFIX}', prefix).replace(counterPattern, '{SEQ}');
}

const leastLength: Readonly<Record<string, number>> = { CLIENT: 3, CONTRACTOR: 1, YYYY: 4, YY: 2, MM: 2 };
/** How many characters the shortest number of a pattern has: a client's code has three, the counter grows from its digits. */
export function shortestNumberLength(pattern: string, prefix: string): number {
  return pattern.replace(tokenPattern, (_, token: string) =>
    token === 'PREFIX' ? prefix : 'x'.repeat(leastLength[token] ?? digitsOf(token)),
  ).length;
}

/** Connector → how long a number may be there, of those that invoices are sent to. */
export type NumberLimits = ReadonlyMap<string, number>;
export function numberLimitsOf(
  connectors: Iterable<{ id: string; invoiceTarget?: { numberMaxLength: number } | undefined }>,
): NumberLimits {
  return new Map(
    [...connectors].flatMap(({ id, invoiceTarget }) =>
      invoiceTarget ? [[id, invoiceTarget.numberMaxLength] as const] : [],
    ),
  );
}

export const seriesResets = ['never', 'yearly', 'monthly'] as const;
/** When the counter in the number begins at 1 again. */
export type SeriesReset = (typeof seriesResets)[number];

/** A counter that begins again needs the time that it counts in within the number; returns what is missing or null. */
export function checkReset(pattern: string, reset: SeriesReset): string | null {
  const hasYear = /\{YY(YY)?\}/.test(pattern);
  if (reset === 'yearly' && !hasYear) return 'a counter that begins again each year needs {YYYY} or {YY}';
  if (reset === 'monthly' && !(hasYear && pattern.includes('{MM}')))
    return 'a counter that begins again each month needs {MM} and {YYYY} or {YY}';
  return null;
}

/** How a series that begins again remembers where: its own sequence runs on, so that a gap is seen across resets too. */
export interface CounterStart {
  /** The sequence before the first of this period. */
  counterBase: number;
  /** `2026` or `2026-01`; null before the first number, and where the counter never begins again. */
  counterPeriod: string | null;
}

/**
 * The start that holds on `issueDate`, given what is kept and the next sequence. Dates of a series never run backwards, so
 * each period comes once. The counter shown for a sequence is `sequence − counterBase`.
 */
export function counterStart(
  kept: CounterStart,
  reset: SeriesReset,
  nextSequence: number,
  issueDate: Day,
): CounterStart {
  if (reset === 'never') return kept;
  const period = issueDate.slice(0, reset === 'yearly' ? 4 : 7);
  // The first number of a series taken over goes on where the other system left off; and who changes from years to months,
  // or back, does so from the next period on, since this one has numbers already.
  const goesOn =
    kept.counterPeriod === null ||
    kept.counterPeriod.startsWith(period) ||
    period.startsWith(kept.counterPeriod);
  return { counterBase: goesOn ? kept.counterBase : nextSequence - 1, counterPeriod: period };
}
