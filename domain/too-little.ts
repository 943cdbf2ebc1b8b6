/** Owns what is too little for an invoice of its own: below the contract's minimum, or below zero; it carries forward. */
import type { ContractTerms } from './contract-terms.ts';
import { Decimal } from './money.ts';
import type { Day, DecimalText } from './work-entry.ts';

/** What becomes of a draft that comes to less than nothing: its items wait for more, or its corrections go out as credit notes. */
export const belowZeroClauses = ['carry_forward', 'credit_note'] as const;
export type BelowZero = (typeof belowZeroClauses)[number];

/** An invoice never asks for less than nothing: what is owed back goes out as a credit note (BILLING §6). */
export const isBelowZero = 'it comes to less than nothing and needs a credit note';
export const needsCreditNote = `${isBelowZero}: credit its corrections, or discard it and the next run takes it with more`;

/** A draft as it would be. */
export interface WouldBe {
  totals: { net: DecimalText; total: DecimalText };
  terms: Pick<ContractTerms, 'minimumInvoiceAmount' | 'belowZero' | 'endsBefore'>;
  serviceFrom: Day;
}

/** A run's cutoff, and the day up to which work must be invoiced now; null: none presses. */
export interface TooLittleAt {
  cutoffOn: Day;
  pressingUpTo: Day | null;
}

/**
 * Why its items carry forward; null: it is drafted. Net is held against the minimum, and what the client would owe against zero,
 * where an invoice of exactly nothing is one. What ends is drafted in any case, as is work up to the day `pressingUpTo`, which
 * must be invoiced within days (BILLING §5): below zero a person then decides at its issue.
 */
export function whyTooLittle(
  { totals, terms, serviceFrom }: WouldBe,
  { cutoffOn, pressingUpTo }: TooLittleAt,
): 'below_minimum' | 'below_zero' | null {
  const { minimumInvoiceAmount: minimum, belowZero, endsBefore } = terms;
  if (endsBefore !== null && endsBefore <= cutoffOn) return null;
  if (pressingUpTo !== null && serviceFrom <= pressingUpTo) return null;
  if (new Decimal(totals.total).lt(0)) return belowZero === 'carry_forward' ? 'below_zero' : null;
  return minimum !== null && new Decimal(totals.net).lt(minimum) ? 'below_minimum' : null;
}
