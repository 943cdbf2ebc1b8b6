/** Owns the words of a statement of account, in every language that documents are printed in. */
import type { PrintLanguage } from '../domain/print-format.ts';
import type { Ageing } from '../domain/printed-statement.ts';

export interface StatementWords {
  title: string;
  for: string;
  period: string;
  currency: string;
  balanceOn: string;
  overdue: string;
  date: string;
  document: string;
  due: string;
  amount: string;
  balance: string;
  opening: string;
  closing: string;
  ageing: string;
  ages: Record<keyof Ageing, string>;
  onAccount: string;
  nothing: string;
  basis: string;
}

export const statementWords: Record<PrintLanguage, StatementWords> = {
  en: {
    title: 'Statement of account',
    for: 'For',
    period: 'Period',
    currency: 'Currency',
    balanceOn: 'Balance on {day}',
    overdue: 'of it overdue',
    date: 'Date',
    document: 'Document',
    due: 'Due',
    amount: 'Amount',
    balance: 'Balance',
    opening: 'Opening balance',
    closing: 'Closing balance',
    ageing: 'Open on {day}, by days since it was due',
    ages: {
      notDue: 'Not due',
      days1To30: '1–30 days',
      days31To60: '31–60 days',
      days61To90: '61–90 days',
      over90: 'Over 90 days',
      retained: 'Held back',
    },
    onAccount: 'On account',
    nothing: 'Nothing has moved on the account from {from} to {to}, and nothing is open.',
    basis: 'By the day on which it was booked. Please tell us of anything that you have otherwise.',
  },
  de: {
    title: 'Kontoauszug',
    for: 'Für',
    period: 'Zeitraum',
    currency: 'Währung',
    balanceOn: 'Saldo am {day}',
    overdue: 'davon überfällig',
    date: 'Datum',
    document: 'Beleg',
    due: 'Fällig',
    amount: 'Betrag',
    balance: 'Saldo',
    opening: 'Anfangssaldo',
    closing: 'Endsaldo',
    ageing: 'Offen am {day}, nach Tagen seit der Fälligkeit',
    ages: {
      notDue: 'Nicht fällig',
      days1To30: '1–30 Tage',
      days31To60: '31–60 Tage',
      days61To90: '61–90 Tage',
      over90: 'Über 90 Tage',
      retained: 'Einbehalten',
    },
    onAccount: 'Guthaben',
    nothing: 'Auf dem Konto hat sich vom {from} bis zum {to} nichts bewegt, und nichts ist offen.',
    basis: 'Nach dem Buchungstag. Bitte sagen Sie uns, wenn bei Ihnen etwas anders steht.',
  },
};
