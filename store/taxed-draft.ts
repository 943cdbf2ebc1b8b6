/** Owns what a draft is billed by: the terms of its last day of service, and the tax of each line. */
import { type ContractTimeline, termsAt } from '../domain/contract-terms.ts';
import { type DraftInvoice, toNetLine } from '../domain/grouping/build-drafts.ts';
import type { Rounding } from '../domain/money.ts';
import { type LineTax, taxOn, taxPointOf, taxTotals } from '../domain/tax.ts';
import type { Day } from '../domain/work-entry.ts';
import type { ContractTaxes } from './tax-rates.ts';
import type { TermedDraft } from './write-drafts.ts';

/** The draft with what holds on its last day of service, and with its tax; prices that contain tax become net ones. */
export function withTaxes(
  draft: DraftInvoice,
  timeline: ContractTimeline,
  { book, pointRule }: ContractTaxes,
  { rounding, today }: { rounding: Rounding; today: Day | null },
): TermedDraft {
  const terms = termsAt(timeline, draft.serviceTo);
  const taxPoint = taxPointOf(pointRule, {
    serviceTo: draft.serviceTo,
    issueDate: today ?? draft.serviceTo,
  });
  const known = new Map<string | null, LineTax>();
  const taxes = draft.lines.map(({ productId }) => {
    const tax = known.get(productId) ?? taxOn(book, terms.tax, productId, taxPoint);
    known.set(productId, tax);
    return tax;
  });
  const lines = draft.lines.map((line, index) => {
    const { inclusive, rate } = taxes[index]!;
    return inclusive ? toNetLine(line, rate, rounding) : line;
  });
  const totals = taxTotals(
    lines.map((line, index) => ({
      amount: line.amount,
      grossAmount: line.grossAmount,
      taxCategory: taxes[index]!.category,
      taxRate: taxes[index]!.rate,
    })),
    rounding,
    [...known.values()],
  );
  return { ...draft, lines, terms, taxes, taxPoint, totals };
}
