/** Owns the words of a client's quarterly report, in every language that documents are printed in. */
import type { PrintLanguage } from '../domain/print-format.ts';

export interface ReportWords {
  title: string;
  for: string;
  preview: string;
  hours: string;
  project: string;
  person: string;
  hoursColumn: string;
  billable: string;
  noHours: string;
  nobody: string;
  account: string;
  seller: string;
  opening: string;
  invoiced: string;
  credited: string;
  paid: string;
  other: string;
  closing: string;
  overdue: string;
  noAccount: string;
  invoices: string;
  credits: string;
  payments: string;
  date: string;
  number: string;
  due: string;
  net: string;
  tax: string;
  total: string;
  open: string;
  corrects: string;
  reference: string;
  amount: string;
  void: string;
  none: string;
  budgets: string;
  budget: string;
  used: string;
  asOf: string;
  sum: string;
  leftOut: string;
  basis: string;
  page: string;
  of: string;
}

export const reportWords: Record<PrintLanguage, ReportWords> = {
  en: {
    title: 'Quarterly report',
    for: 'For',
    preview: 'PREVIEW',
    hours: 'Approved hours',
    project: 'Project',
    person: 'Person',
    hoursColumn: 'Hours',
    billable: 'of these billable',
    noHours: 'No approved hours in this quarter.',
    nobody: 'Unnamed',
    account: 'Account',
    seller: 'With',
    opening: 'Opening',
    invoiced: 'Invoiced',
    credited: 'Credited',
    paid: 'Paid',
    other: 'Other',
    closing: 'Open balance',
    overdue: 'of it overdue',
    noAccount: 'Nothing has moved on the account, and nothing is open.',
    invoices: 'Invoices',
    credits: 'Credit notes',
    payments: 'Payments',
    date: 'Date',
    number: 'Number',
    due: 'Due',
    net: 'Net',
    tax: 'Tax',
    total: 'Total',
    open: 'Open',
    corrects: 'Corrects',
    reference: 'Reference',
    amount: 'Amount',
    void: 'void',
    none: 'None in this quarter.',
    budgets: 'Budgets',
    budget: 'Budget',
    used: 'Used',
    asOf: 'as of {day}',
    sum: 'Total',
    leftOut: '{count} more are not listed here.',
    basis:
      'Hours by the day of the work; invoices, credit notes and payments by the day they were booked; balances at the end of {day}.',
    page: 'Page',
    of: 'of',
  },
  de: {
    title: 'Quartalsbericht',
    for: 'Für',
    preview: 'VORSCHAU',
    hours: 'Freigegebene Stunden',
    project: 'Projekt',
    person: 'Person',
    hoursColumn: 'Stunden',
    billable: 'davon abrechenbar',
    noHours: 'Keine freigegebenen Stunden in diesem Quartal.',
    nobody: 'Ohne Namen',
    account: 'Konto',
    seller: 'Bei',
    opening: 'Anfang',
    invoiced: 'Berechnet',
    credited: 'Gutgeschrieben',
    paid: 'Bezahlt',
    other: 'Sonstiges',
    closing: 'Offener Saldo',
    overdue: 'davon überfällig',
    noAccount: 'Auf dem Konto hat sich nichts bewegt, und nichts ist offen.',
    invoices: 'Rechnungen',
    credits: 'Rechnungskorrekturen',
    payments: 'Zahlungen',
    date: 'Datum',
    number: 'Nummer',
    due: 'Fällig',
    net: 'Netto',
    tax: 'Steuer',
    total: 'Gesamt',
    open: 'Offen',
    corrects: 'Korrigiert',
    reference: 'Referenz',
    amount: 'Betrag',
    void: 'storniert',
    none: 'Keine in diesem Quartal.',
    budgets: 'Budgets',
    budget: 'Budget',
    used: 'Verbraucht',
    asOf: 'Stand {day}',
    sum: 'Summe',
    leftOut: '{count} weitere sind hier nicht aufgeführt.',
    basis:
      'Stunden nach dem Tag der Arbeit; Rechnungen, Korrekturen und Zahlungen nach dem Buchungstag; Salden am Ende des {day}.',
    page: 'Seite',
    of: 'von',
  },
};
