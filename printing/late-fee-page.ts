/** Owns what stands on a late fee, or interest, beyond what an invoice has: its invoice, how it was reckoned, and why. */
import { formatAmount, formatDay, formatMoney, formatQuantity } from '../domain/print-format.ts';
import type { PrintedDocument } from '../domain/printed-document.ts';
import type { LateFeeBasis } from '../domain/printed-late-fee.ts';
import type { Row, TextTable } from './page.ts';
import type { Words } from './words.ts';

const fill = (text: string, values: Record<string, string>) =>
  text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');

/** The invoice, and of interest its rate and days. */
export function lateFeeFacts({ language }: PrintedDocument, fee: LateFeeBasis, text: Words): Row[] {
  const day = (value: string | null) => (value === null ? '' : formatDay(value, language));
  return [
    { label: text.lateFee.invoice, value: [fee.number, day(fee.issueDate)].filter(Boolean).join(', ') },
    { label: text.lateFee.invoiceDue, value: day(fee.dueDate) },
    { label: text.lateFee.days, value: String(fee.days) },
    {
      label: text.lateFee.rate,
      value: fee.interest === null ? '' : `${formatQuantity(fee.interest.percentage, language)} %`,
    },
  ];
}

/** One line that says how the amount came about. */
export function lateFeeLines(document: PrintedDocument, fee: LateFeeBasis, text: Words): TextTable {
  const { language, currency, total } = document;
  const { interest } = fee;
  const values: Record<string, string> = {
    number: fee.number,
    days: String(fee.days),
    dueDate: fee.dueDate === null ? '' : formatDay(fee.dueDate, language),
    ...(interest !== null && {
      base: formatMoney(interest.base, currency, language),
      percentage: formatQuantity(interest.percentage, language),
      from: formatDay(interest.startsOn, language),
      to: formatDay(interest.lastDay, language),
    }),
  };
  return {
    head: [text.line, text.description, `${text.amount} ${currency}`],
    rows: [
      [
        '1',
        fill(interest === null ? text.lateFee.fee : text.lateFee.interest, values),
        formatAmount(total, currency, language),
      ],
    ],
    right: [2],
  };
}

/** What was agreed, in the words of the payment terms where they have some; and why there is no tax. */
export const lateFeeTexts = ({ policy }: LateFeeBasis, text: Words): string[] => [
  ...(policy ?? text.lateFee.policy).split('\n\n'),
  text.lateFee.noTax,
];
