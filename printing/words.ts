/** Owns the words of printed documents, in every language that they are printed in. */
import type { PrintLanguage } from '../domain/print-format.ts';
import type { PrintedKind, ReferenceName, StatusBadge } from '../domain/printed-document.ts';

export interface Words {
  kinds: Record<PrintedKind, string>;
  badges: Record<StatusBadge, string>;
  references: Record<ReferenceName, string>;
  units: Readonly<Record<string, string>>;
  /** Tax categories; others are printed as they are called. */
  categories: Readonly<Record<string, string>>;
  number: string;
  issueDate: string;
  dueDate: string;
  taxPoint: string;
  servicePeriod: string;
  corrects: string;
  reason: string;
  billTo: string;
  from: string;
  line: string;
  description: string;
  quantity: string;
  unit: string;
  unitPrice: string;
  amount: string;
  net: string;
  tax: string;
  taxable: string;
  rate: string;
  category: string;
  taxSummary: string;
  linesTotal: string;
  discount: string;
  rounding: string;
  total: string;
  totalCredited: string;
  retained: string;
  dueNow: string;
  taxIn: string;
  exchangeRate: string;
  terms: string;
  bankDetails: string;
  holder: string;
  iban: string;
  account: string;
  bic: string;
  bank: string;
  taxNumber: string;
  registrationNumber: string;
  page: string;
  of: string;
  appendix: string;
  date: string;
  person: string;
  notMailed: string;
  markedCopy: string;
  payOnline: string;
  lateFee: {
    invoice: string;
    invoiceDue: string;
    days: string;
    rate: string;
    fee: string;
    interest: string;
    policy: string;
    noTax: string;
  };
}

export const words: Record<PrintLanguage, Words> = {
  en: {
    kinds: {
      invoice: 'Invoice',
      credit_note: 'Credit note',
      contractor_invoice: 'Contractor invoice',
      self_billed: 'Self-billed invoice',
      late_fee: 'Late fee',
      late_interest: 'Interest on late payment',
    },
    badges: {
      draft: 'Draft',
      issued: 'Issued',
      sent: 'Sent',
      partly_paid: 'Partly paid',
      paid: 'Paid',
      settled: 'Settled',
      overdue: 'Overdue',
      void: 'Void',
      credited: 'Credited',
      uncollectible: 'Uncollectible',
      waived: 'Waived',
    },
    references: {
      buyerReference: 'Your reference',
      purchaseOrder: 'Purchase order',
      vessel: 'Vessel',
      job: 'Job',
      contract: 'Contract',
      theirNumber: 'Own number',
    },
    units: {
      hour: 'h',
      km: 'km',
      day: 'days',
      shift: 'shifts',
      standby: 'h standby',
      unit: 'pcs',
      month: 'months',
    },
    categories: {
      standard: 'Standard',
      reduced: 'Reduced',
      zero: 'Zero-rated',
      exempt: 'Exempt',
      reverse_charge: 'Reverse charge',
    },
    number: 'Number',
    issueDate: 'Date',
    dueDate: 'Due',
    taxPoint: 'Tax point',
    servicePeriod: 'Service period',
    corrects: 'Corrects invoice',
    reason: 'Reason',
    billTo: 'Bill to',
    from: 'From',
    line: '#',
    description: 'Description',
    quantity: 'Quantity',
    unit: 'Unit',
    unitPrice: 'Unit price',
    amount: 'Amount',
    net: 'Net',
    tax: 'Tax',
    taxable: 'Taxable',
    rate: 'Rate',
    category: 'Category',
    taxSummary: 'Tax summary',
    linesTotal: 'Sum of lines',
    discount: 'Discount',
    rounding: 'Rounding',
    total: 'Total',
    totalCredited: 'Total credited',
    retained: 'Held back until completion',
    dueNow: 'Due now',
    taxIn: 'Tax in',
    exchangeRate: 'Exchange rate',
    terms: 'Payment terms',
    bankDetails: 'Bank details',
    holder: 'Account holder',
    iban: 'IBAN',
    account: 'Account',
    bic: 'BIC',
    bank: 'Bank',
    taxNumber: 'Tax no.',
    registrationNumber: 'Reg. no.',
    page: 'Page',
    of: 'of',
    appendix: 'Appendix: entries',
    date: 'Date',
    person: 'Person',
    notMailed: 'Not sent by e-mail, as you asked.',
    markedCopy: 'Copy',
    payOnline: 'Pay online',
    lateFee: {
      invoice: 'For invoice',
      invoiceDue: 'Invoice due',
      days: 'Days late',
      rate: 'Rate a year',
      fee: 'Late fee for invoice {number}, due on {dueDate}: {days} days late',
      interest:
        'Interest on {base} of invoice {number}, open since it was due on {dueDate}: {percentage} % a year for {days} of 365 days, {from} – {to}',
      policy: 'Charged by the agreed payment terms, as the invoice was not paid when it was due.',
      noTax: 'It makes up for late payment and is no supply: there is no tax on it.',
    },
  },
  de: {
    kinds: {
      invoice: 'Rechnung',
      credit_note: 'Rechnungskorrektur',
      contractor_invoice: 'Rechnung des Auftragnehmers',
      self_billed: 'Gutschrift',
      late_fee: 'Mahngebühr',
      late_interest: 'Verzugszinsen',
    },
    badges: {
      draft: 'Entwurf',
      issued: 'Gestellt',
      sent: 'Versendet',
      partly_paid: 'Teilweise bezahlt',
      paid: 'Bezahlt',
      settled: 'Ausgeglichen',
      overdue: 'Überfällig',
      void: 'Storniert',
      credited: 'Korrigiert',
      uncollectible: 'Uneinbringlich',
      waived: 'Erlassen',
    },
    references: {
      buyerReference: 'Ihr Zeichen',
      purchaseOrder: 'Bestellung',
      vessel: 'Schiff',
      job: 'Auftrag',
      contract: 'Vertrag',
      theirNumber: 'Eigene Nummer',
    },
    units: {
      hour: 'Std.',
      km: 'km',
      day: 'Tage',
      shift: 'Schichten',
      standby: 'Std. Bereitschaft',
      unit: 'Stk.',
      month: 'Monate',
    },
    categories: {
      standard: 'Normal',
      reduced: 'Ermäßigt',
      zero: 'Nullsatz',
      exempt: 'Steuerfrei',
      reverse_charge: 'Steuerschuld des Empfängers',
    },
    number: 'Nummer',
    issueDate: 'Datum',
    dueDate: 'Fällig',
    taxPoint: 'Steuerzeitpunkt',
    servicePeriod: 'Leistungszeitraum',
    corrects: 'Korrigiert Rechnung',
    reason: 'Grund',
    billTo: 'An',
    from: 'Von',
    line: 'Pos.',
    description: 'Beschreibung',
    quantity: 'Menge',
    unit: 'Einheit',
    unitPrice: 'Einzelpreis',
    amount: 'Betrag',
    net: 'Netto',
    tax: 'Steuer',
    taxable: 'Bemessung',
    rate: 'Satz',
    category: 'Art',
    taxSummary: 'Steuerübersicht',
    linesTotal: 'Summe der Positionen',
    discount: 'Rabatt',
    rounding: 'Rundung',
    total: 'Gesamtbetrag',
    totalCredited: 'Korrekturbetrag',
    retained: 'Einbehalt bis zur Fertigstellung',
    dueNow: 'Jetzt fällig',
    taxIn: 'Steuer in',
    exchangeRate: 'Umrechnungskurs',
    terms: 'Zahlungsbedingungen',
    bankDetails: 'Bankverbindung',
    holder: 'Kontoinhaber',
    iban: 'IBAN',
    account: 'Konto',
    bic: 'BIC',
    bank: 'Bank',
    taxNumber: 'USt-IdNr.',
    registrationNumber: 'Reg.-Nr.',
    page: 'Seite',
    of: 'von',
    appendix: 'Anlage: Einträge',
    date: 'Datum',
    person: 'Person',
    notMailed: 'Auf Ihren Wunsch nicht per E-Mail versendet.',
    markedCopy: 'Kopie',
    payOnline: 'Online bezahlen',
    lateFee: {
      invoice: 'Zur Rechnung',
      invoiceDue: 'Rechnung fällig',
      days: 'Tage in Verzug',
      rate: 'Jahreszins',
      fee: 'Mahngebühr zur Rechnung {number}, fällig am {dueDate}: {days} Tage in Verzug',
      interest:
        'Verzugszinsen auf {base} der Rechnung {number}, offen seit der Fälligkeit am {dueDate}: {percentage} % im Jahr für {days} von 365 Tagen, {from} – {to}',
      policy:
        'Berechnet nach den vereinbarten Zahlungsbedingungen, da die Rechnung bei Fälligkeit nicht bezahlt war.',
      noTax: 'Ersatz für verspätete Zahlung und keine Leistung: Darauf fällt keine Steuer an.',
    },
  },
};
