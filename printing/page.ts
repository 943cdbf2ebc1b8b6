/** Owns what stands on a printed document, as text in its language: HTML and PDF only put it in its place. */
import type { PrintedAddress, PrintedBankAccount, TaxSubtotal } from '../domain/invoice-snapshot.ts';
import { Decimal } from '../domain/money.ts';
import { shownAddress } from '../domain/payment-link.ts';
import {
  formatAmount,
  formatDay,
  formatMoney,
  formatQuantity,
  type PrintLanguage,
} from '../domain/print-format.ts';
import type { PrintedDocument, PrintedLine, PrintedParty, StatusBadge } from '../domain/printed-document.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { lateFeeFacts, lateFeeLines, lateFeeTexts } from './late-fee-page.ts';
import { type Words, words } from './words.ts';

export interface Row {
  label: string;
  value: string;
}
export interface TextTable {
  head: string[];
  rows: string[][];
  /** Columns whose text ends at their right edge. */
  right: number[];
}
export interface Page {
  language: PrintLanguage;
  /** "Invoice ACM-0042" */
  title: string;
  kind: string;
  number: string | null;
  /** Null on the document itself. */
  badge: string | null;
  draft: string | null;
  copy: string;
  seller: string[];
  buyerLabel: string;
  buyer: string[];
  facts: Row[];
  lines: TextTable;
  totals: (Row & { strong: boolean })[];
  taxTitle: string;
  tax: TextTable;
  legalTexts: string[];
  termsTitle: string;
  terms: string[];
  bankTitle: string;
  banks: Row[][];
  /** Where the buyer pays: an address, and how it is written. */
  pay: (Row & { url: string }) | null;
  notes: string[];
  /** In the footer of each page: who sends it. */
  imprint: string;
  pageWord: string;
  ofWord: string;
  appendixTitle: string;
  appendix: TextTable | null;
}

/** `badge`: only for the screen and for a marked copy. */
export function toPage(document: PrintedDocument, badge: StatusBadge | null): Page {
  const { language, kind, number, lateFee } = document;
  const text = words[language];
  const isContractors = kind === 'contractor_invoice' || kind === 'self_billed';
  return {
    language,
    title: number === null ? `${text.kinds[kind]} (${text.badges.draft})` : `${text.kinds[kind]} ${number}`,
    kind: text.kinds[kind],
    number,
    badge: badge === null ? null : text.badges[badge],
    draft: number === null ? text.badges.draft.toUpperCase() : null,
    copy: text.markedCopy,
    seller: partyLines(document.seller, text, language, document.buyer.country),
    buyerLabel: text.billTo,
    buyer: partyLines(document.buyer, text, language, document.seller.country),
    facts: factsOf(document, text),
    lines: lateFee === null ? linesOf(document, text) : lateFeeLines(document, lateFee, text),
    totals: totalsOf(document, text),
    taxTitle: text.taxSummary,
    tax: taxOf(document, text),
    legalTexts: lateFee === null ? document.legalTexts : lateFeeTexts(lateFee, text),
    termsTitle: text.terms,
    terms: (document.terms ?? '').split('\n\n').filter((part) => part !== ''),
    bankTitle: text.bankDetails,
    banks: document.bankAccounts.map((account) => bankRows(account, text)),
    pay:
      document.paymentLink === null
        ? null
        : { label: text.payOnline, value: shownAddress(document.paymentLink), url: document.paymentLink },
    notes: document.mail === 'off' && !isContractors ? [text.notMailed] : [],
    imprint: imprintOf(document.seller, text),
    pageWord: text.page,
    ofWord: text.of,
    appendixTitle: text.appendix,
    appendix: document.appendix.length === 0 ? null : appendixOf(document, text),
  };
}

/** "Bremen" after its postal code, but in the order of the country where that is the other way round. */
function cityLine({ city, region, postalCode }: PrintedAddress, country: string | null): string {
  const isBehind = ['US', 'CA', 'GB', 'AU', 'IE'].includes(country ?? '');
  const place = [city, region].filter(Boolean).join(', ');
  return (isBehind ? [place, postalCode] : [postalCode, place]).filter(Boolean).join(' ');
}

const regionNames = new Map<PrintLanguage, Intl.DisplayNames>();
function countryName(country: string, language: PrintLanguage): string {
  const names = regionNames.get(language) ?? new Intl.DisplayNames([language], { type: 'region' });
  regionNames.set(language, names);
  return /^[A-Z]{2}$/.test(country) ? (names.of(country) ?? country) : country;
}

/** The country stands there only where it is not the other party's too. */
function addressLines(
  party: Pick<PrintedParty, 'address' | 'country'>,
  language: PrintLanguage,
  otherCountry: string | null,
): string[] {
  const { address, country } = party;
  const abroad = country !== null && country !== otherCountry ? countryName(country, language) : '';
  return [...(address.lines ?? []), cityLine(address, country), address.county ?? '', abroad].filter(
    (line) => line !== '',
  );
}

export const partyLines = (
  party: PrintedParty,
  text: Words,
  language: PrintLanguage,
  otherCountry: string | null,
): string[] => [
  party.name,
  ...addressLines(party, language, otherCountry),
  ...party.taxNumbers.map(({ number }) => `${text.taxNumber} ${number}`),
];

export const imprintOf = (seller: PrintedParty, text: Words): string =>
  [
    seller.name,
    seller.registrationNumber === null ? '' : `${text.registrationNumber} ${seller.registrationNumber}`,
    seller.email ?? '',
    seller.phone ?? '',
  ]
    .filter((part) => part !== '')
    .join(' · ');

/** "1 Mar 2026 – 31 Mar 2026", or one day. */
function period(from: Day | null, to: Day | null, language: PrintLanguage): string {
  const days = [...new Set([from, to].filter((day) => day !== null))];
  return days.map((day) => formatDay(day, language)).join(' – ');
}

function factsOf(document: PrintedDocument, text: Words): Row[] {
  const { language, corrects } = document;
  const day = (value: Day | null) => (value === null ? '' : formatDay(value, language));
  const service = period(document.serviceFrom, document.serviceTo, language);
  const isTaxPointElsewhere =
    document.taxPoint !== null && ![document.serviceTo, document.issueDate].includes(document.taxPoint);
  return [
    { label: text.number, value: document.number ?? '' },
    { label: text.issueDate, value: day(document.issueDate) },
    { label: text.dueDate, value: day(document.dueDate) },
    { label: text.servicePeriod, value: service },
    { label: text.taxPoint, value: isTaxPointElsewhere ? day(document.taxPoint) : '' },
    {
      label: text.corrects,
      value: corrects === null ? '' : `${corrects.number}, ${day(corrects.issueDate)}`,
    },
    { label: text.reason, value: corrects?.reason ?? '' },
    ...(document.lateFee === null ? [] : lateFeeFacts(document, document.lateFee, text)),
    ...document.references.map(({ name, text: value }) => ({ label: text.references[name], value })),
  ].filter(({ value }) => value !== '');
}

const unitOf = (unit: string, text: Words) => text.units[unit] ?? unit;
const rateOf = (rate: DecimalText, language: PrintLanguage) => `${formatQuantity(rate, language)} %`;

function linesOf(document: PrintedDocument, text: Words): TextTable {
  const { language, currency, lines } = document;
  const hasRates = document.taxSubtotals.length > 1;
  const row = (line: PrintedLine): string[] => [
    String(line.lineNo),
    new Decimal(line.discount).isZero()
      ? line.description
      : `${line.description}\n${text.discount} ${formatAmount(new Decimal(line.discount).negated().toFixed(), currency, language)}`,
    formatQuantity(line.quantity, language),
    unitOf(line.unit, text),
    formatAmount(line.unitPrice, currency, language),
    ...(hasRates ? [rateOf(line.taxRate, language)] : []),
    formatAmount(new Decimal(line.amount).minus(line.discount).toFixed(), currency, language),
  ];
  return {
    head: [
      text.line,
      text.description,
      text.quantity,
      text.unit,
      text.unitPrice,
      ...(hasRates ? [text.tax] : []),
      `${text.amount} ${currency}`,
    ],
    rows: lines.map(row),
    right: hasRates ? [2, 4, 5, 6] : [2, 4, 5],
  };
}

function totalsOf(document: PrintedDocument, text: Words): Page['totals'] {
  const { language, currency, allowances, retained, taxShown } = document;
  const money = (value: DecimalText) => formatMoney(value, currency, language);
  const row = (label: string, value: string, strong = false) => ({ label, value, strong });
  const linesTotal = document.lines.reduce(
    (sum, line) => sum.plus(line.amount).minus(line.discount),
    new Decimal(0),
  );
  const discounts = allowances.map(({ reason, amount, percentage }) =>
    row(
      percentage === null
        ? `${text.discount}: ${reason}`
        : `${text.discount} ${rateOf(percentage, language)}: ${reason}`,
      money(new Decimal(amount).negated().toFixed()),
    ),
  );
  const isNotNothing = (value: DecimalText) => !new Decimal(value).isZero();
  const totalWord = document.kind === 'credit_note' ? text.totalCredited : text.total;
  return [
    ...(discounts.length > 0 ? [row(text.linesTotal, money(linesTotal.toFixed())), ...discounts] : []),
    ...(document.lateFee === null
      ? [row(text.net, money(document.net)), row(text.tax, money(document.tax))]
      : []),
    ...(isNotNothing(document.rounding) ? [row(text.rounding, money(document.rounding))] : []),
    row(totalWord, money(document.total), true),
    ...(retained !== null && isNotNothing(retained)
      ? [
          row(text.retained, money(new Decimal(retained).negated().toFixed())),
          row(text.dueNow, money(new Decimal(document.total).minus(retained).toFixed()), true),
        ]
      : []),
    ...(taxShown === null
      ? []
      : [
          row(
            `${text.taxIn} ${taxShown.currency}`,
            formatMoney(taxShown.amount, taxShown.currency, language),
          ),
        ]),
    ...document.rates.map(({ from, to, rate, rateOn, source }) =>
      row(text.exchangeRate, `1 ${from} = ${rate} ${to} (${formatDay(rateOn, language)}, ${source})`),
    ),
  ];
}

function taxOf(document: PrintedDocument, text: Words): TextTable {
  const { language, currency } = document;
  const row = ({ category, rate, net, tax }: TaxSubtotal): string[] => [
    text.categories[category] ?? category,
    rateOf(rate, language),
    formatAmount(net, currency, language),
    formatAmount(tax, currency, language),
  ];
  return {
    head: [text.category, text.rate, `${text.taxable} ${currency}`, `${text.tax} ${currency}`],
    rows: document.taxSubtotals.map(row),
    right: [1, 2, 3],
  };
}

/** "NO93 8601 1117 947": in fours, as people read it. */
const inFours = (iban: string) => iban.replace(/(.{4})(?=.)/g, '$1 ');

export function bankRows(account: PrintedBankAccount, text: Words): Row[] {
  return [
    { label: text.holder, value: account.holder ?? '' },
    { label: text.iban, value: account.iban === null ? '' : inFours(account.iban) },
    { label: text.account, value: account.accountNumber ?? '' },
    { label: text.bic, value: account.bic ?? '' },
    { label: text.bank, value: account.bank ?? '' },
  ].filter(({ value }) => value !== '');
}

function appendixOf({ appendix, language, currency }: PrintedDocument, text: Words): TextTable {
  return {
    head: [
      text.line,
      text.date,
      text.person,
      text.description,
      text.quantity,
      text.unit,
      `${text.amount} ${currency}`,
    ],
    rows: appendix.map((entry) => [
      String(entry.lineNo),
      formatDay(entry.workDate, language),
      entry.personName ?? '',
      entry.description,
      formatQuantity(entry.quantity, language),
      unitOf(entry.unit, text),
      formatAmount(entry.amount, currency, language),
    ]),
    right: [4, 6],
  };
}
