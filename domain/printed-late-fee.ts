/** Owns a late fee, or interest, as it is printed: a document of its own about an invoice that was not paid in time. */
import { z } from 'zod';
import { addDays } from './day.ts';
import { invoiceSnapshot } from './invoice-snapshot.ts';
import type { InvoiceFacts, PrintedDocument, StatusBadge } from './printed-document.ts';
import type { Day, DecimalText } from './work-entry.ts';

/** What is frozen with its number: the parties as an invoice has them, and what the agreement says of paying late. */
export const lateFeeSnapshot = invoiceSnapshot.extend({
  lateFee: z.object({ policy: z.string().nullable() }),
});

/** What it is asked for. Days are whole, interest is simple, of 365 days a year. */
export interface LateFeeBasis {
  /** The invoice. */
  number: string;
  issueDate: Day | null;
  dueDate: Day | null;
  /** From the day after the due date up to the day of issue; of interest those that it is asked for. */
  days: number;
  interest: { base: DecimalText; percentage: DecimalText; startsOn: Day; lastDay: Day } | null;
  /** In the words of the payment terms; null: the document says it in ours. */
  policy: string | null;
}

/** The columns of a late fee with those of its invoice. */
export interface LateFeeFacts {
  number: string | null;
  currency: string;
  amount: DecimalText;
  issueDate: Day | null;
  dueDate: Day | null;
  issuedAt: string | null;
  base: DecimalText | null;
  percentage: DecimalText | null;
  startsOn: Day | null;
  endsBefore: Day | null;
  invoiceNumber: string;
  invoiceIssueDate: Day | null;
  invoiceDueDate: Day | null;
}

/** As an invoice has them. No tax: it makes up for a loss and is no supply. */
export const invoiceFactsOf = (fee: LateFeeFacts): InvoiceFacts => ({
  number: fee.number,
  currency: fee.currency,
  issueDate: fee.issueDate,
  dueDate: fee.dueDate,
  taxPoint: null,
  serviceFrom: null,
  serviceTo: null,
  issuedAt: fee.issuedAt,
  net: fee.amount,
  tax: '0',
  rounding: '0',
  total: fee.amount,
  retained: null,
  taxCurrency: null,
  taxInTaxCurrency: null,
  paymentLink: null,
});

/** `invoice`: the same parties and sums, printed as an invoice. */
export function toPrintedLateFee(
  invoice: PrintedDocument,
  fee: LateFeeFacts,
  policy: string | null,
): PrintedDocument {
  const { base, percentage, startsOn, endsBefore } = fee;
  const interest =
    base === null || percentage === null || startsOn === null || endsBefore === null
      ? null
      : { base, percentage, startsOn, lastDay: addDays(endsBefore, -1) };
  return {
    ...invoice,
    kind: interest === null ? 'late_fee' : 'late_interest',
    taxSubtotals: [],
    lateFee: {
      number: fee.invoiceNumber,
      issueDate: fee.invoiceIssueDate,
      dueDate: fee.invoiceDueDate,
      days: interest === null ? daysFrom(fee.invoiceDueDate, fee.issueDate) : daysFrom(startsOn, endsBefore),
      interest,
      policy,
    },
  };
}

const dayMs = 86_400_000;
const daysFrom = (from: Day | null, to: Day | null): number =>
  from === null || to === null ? 0 : Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / dayMs));

/** Of an issued one. */
export function lateFeeBadge(
  { status, dueDate, applied }: { status: string; dueDate: Day | null; applied: DecimalText },
  today: Day,
): StatusBadge {
  if (status === 'settled') return 'paid';
  if (status === 'waived') return 'waived';
  if (dueDate !== null && dueDate < today) return 'overdue';
  return Number(applied) > 0 ? 'partly_paid' : 'issued';
}
