/** Owns what the mail with a quarterly report says, in the client's language, and how its file is called. */
import type { ClientReportFigures } from './client-report.ts';
import { formatDay, formatMoney, type PrintLanguage } from './print-format.ts';

const words: Record<PrintLanguage, { title: string; body: string; balance: string }> = {
  en: {
    title: 'Report of {sender} for {quarter}',
    body: 'Please find attached our report for {from} to {to}: approved hours, invoices, payments and budgets.',
    balance: ' Open at its end: {open}.',
  },
  de: {
    title: 'Bericht von {sender} für {quarter}',
    body: 'Anbei erhalten Sie unseren Bericht für {from} bis {to}: freigegebene Stunden, Rechnungen, Zahlungen und Budgets.',
    balance: ' Am Ende offen: {open}.',
  },
};

/** One line, and a sentence or two. */
export function clientReportMail(figures: ClientReportFigures): { title: string; body: string } {
  const { language, accounts } = figures;
  const said = words[language];
  const values: Record<string, string> = {
    sender: figures.sender,
    quarter: figures.quarter,
    from: formatDay(figures.startsOn, language),
    to: formatDay(figures.asOf, language),
    open: accounts.map(({ closing, currency }) => formatMoney(closing, currency, language)).join(', '),
  };
  const fill = (text: string) => text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
  return { title: fill(said.title), body: fill(said.body + (accounts.length === 0 ? '' : said.balance)) };
}

/** `NFE-2026-Q1.pdf` */
export const clientReportFileName = ({ clientCode, quarter }: ClientReportFigures): string =>
  `${clientCode}-${quarter}.pdf`;
