/** Owns when a client is shown the page to pay an invoice at, and what leads there, in the client's language. */
import type { InvoiceStatus } from './invoice.ts';
import { type PrintLanguage, printLanguageOf } from './print-format.ts';

/** Statuses of an invoice that waits for money: before, there is nothing to pay, and after, nothing left. */
export const payableStatuses = ['issued', 'sent', 'partially_paid'] as const satisfies InvoiceStatus[];

/** A link as a mail shows it. */
export interface PayButton {
  label: string;
  url: string;
}

const words: Record<PrintLanguage, string> = {
  en: 'Pay {number} online',
  de: '{number} online bezahlen',
};

/** `language`: of the client, as it is kept. */
export function payButton(of: { number: string; language: string; url: string }): PayButton {
  const label = words[printLanguageOf(of.language)].replace('{number}', () => of.number);
  return { label, url: of.url };
}

/** Whole where it is short enough to be typed from paper, else whom it leads to. */
export function shownAddress(url: string): string {
  return url.length <= mostShown ? url : new URL(url).host;
}
const mostShown = 90;
