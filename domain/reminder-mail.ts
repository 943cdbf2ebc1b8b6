/** Owns what a reminder and a word of thanks say to a client, in its language. */
import { formatDay, formatMoney, type PrintLanguage } from './print-format.ts';
import type { Day, DecimalText } from './work-entry.ts';

interface Owed {
  number: string;
  amount: DecimalText;
  currency: string;
}
export interface ReminderLetterFacts {
  client: string;
  today: Day;
  invoices: readonly (Owed & { dueDate: Day })[];
  /** Documents of their own, made with this letter. */
  fees: readonly (Owed & { kind: 'fee' | 'interest'; of: string })[];
}

interface LetterWords {
  overdue: string;
  dueSoon: string;
  body: string;
  invoice: string;
  fee: Record<'fee' | 'interest', string>;
  thanks: { title: string; body: string };
}
const words: Record<PrintLanguage, LetterWords> = {
  en: {
    overdue: 'Reminder: invoices overdue',
    dueSoon: 'Reminder: invoices due soon',
    body: 'This is open on the account of {client}. If you have paid meanwhile, please take no notice.',
    invoice: '{number}: {amount}, due {day}',
    fee: { fee: '{number}: {amount}, late fee for {of}', interest: '{number}: {amount}, interest for {of}' },
    thanks: {
      title: 'Thank you: invoice {number} is paid',
      body: 'Your payment of invoice {number} over {amount} has arrived. Thank you.',
    },
  },
  de: {
    overdue: 'Zahlungserinnerung: Rechnungen sind überfällig',
    dueSoon: 'Zahlungserinnerung: Rechnungen werden fällig',
    body: 'Dies ist auf dem Konto von {client} offen. Falls Sie inzwischen gezahlt haben, ist dieses Schreiben gegenstandslos.',
    invoice: '{number}: {amount}, fällig am {day}',
    fee: {
      fee: '{number}: {amount}, Mahngebühr zu {of}',
      interest: '{number}: {amount}, Verzugszinsen zu {of}',
    },
    thanks: {
      title: 'Vielen Dank: Rechnung {number} ist bezahlt',
      body: 'Ihre Zahlung der Rechnung {number} über {amount} ist eingegangen. Vielen Dank.',
    },
  },
};

const fill = (text: string, values: Record<string, string>) =>
  text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');

/** `invoices` has a line each, then one a fee. Overdue is said where anything is. */
export function reminderMail(
  language: PrintLanguage,
  { client, today, invoices, fees }: ReminderLetterFacts,
): { title: string; body: string; invoices: string } {
  const said = words[language];
  const money = ({ amount, currency }: Owed) => formatMoney(amount, currency, language);
  const lines = [
    ...invoices.map((one) =>
      fill(said.invoice, {
        number: one.number,
        amount: money(one),
        day: formatDay(one.dueDate, language),
      }),
    ),
    ...fees.map((one) => fill(said.fee[one.kind], { number: one.number, amount: money(one), of: one.of })),
  ];
  return {
    title: invoices.some(({ dueDate }) => dueDate < today) ? said.overdue : said.dueSoon,
    body: fill(said.body, { client }),
    invoices: lines.join('\n'),
  };
}

export function thanksMail(language: PrintLanguage, invoice: Owed): { title: string; body: string } {
  const { title, body } = words[language].thanks;
  const amount = formatMoney(invoice.amount, invoice.currency, language);
  const values = { number: invoice.number, amount };
  return { title: fill(title, values), body: fill(body, values) };
}
