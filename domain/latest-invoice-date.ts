/** Owns until when work must be invoiced: so many days after it, as the law of the seller's country has it. */
import { addDays } from './day.ts';
import type { Day } from './work-entry.ts';

/** A week before it is told, and no minimum holds work back any more. */
export const warnDays = 7;

/** Null where the seller's country sets none. */
export const latestInvoiceDate = (workDate: Day, latestInvoiceDays: number | null): Day | null =>
  latestInvoiceDays === null ? null : addDays(workDate, latestInvoiceDays);

/** True where the date has come so near, or has passed. */
export const isPressing = (latest: Day | null, today: Day): boolean =>
  latest !== null && latest <= addDays(today, warnDays);

/** Why an invoice does not go out by itself on the day; null: the date of its earliest work has not passed. */
export function whyTooLate(
  invoice: { serviceFrom: Day; autoLatestDays: number | null },
  issueDate: Day,
): string | null {
  const latest = latestInvoiceDate(invoice.serviceFrom, invoice.autoLatestDays);
  if (latest === null || issueDate <= latest) return null;
  return `work of ${invoice.serviceFrom} had to be invoiced by ${latest}: a person releases it`;
}

/** Work of a contract that is on no invoice, and so of one seller. */
export interface Uninvoiced {
  /** The earliest. */
  workDate: Day;
  entries: number;
  items: number;
  drafts: number;
}

const one = { entries: 'entry', items: 'item', drafts: 'draft', days: 'day' };
const counted = (count: number, what: keyof typeof one) => `${count} ${count === 1 ? one[what] : what}`;

/** "work of 2026-03-02 must be invoiced by 2026-04-01, 5 days from now: 2 entries, 1 draft". */
export function saysLatest({ workDate, ...counts }: Uninvoiced, latest: Day, today: Day): string {
  const days = (Date.parse(latest) - Date.parse(today)) / 86_400_000;
  const when =
    days === 0 ? 'today' : days < 0 ? `${counted(-days, 'days')} ago` : `${counted(days, 'days')} from now`;
  const named = (['entries', 'items', 'drafts'] as const)
    .filter((each) => counts[each] > 0)
    .map((each) => counted(counts[each], each));
  return `work of ${workDate} must be invoiced by ${latest}, ${when}: ${named.join(', ')}`;
}
