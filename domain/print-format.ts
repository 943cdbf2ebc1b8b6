/** Owns how amounts, quantities and days are written on documents, by language; decimal text in, text out, no floats. */
import { Decimal, minorPlaces } from './money.ts';
import type { Day, DecimalText } from './work-entry.ts';

export const printLanguages = ['en', 'de'] as const;
export type PrintLanguage = (typeof printLanguages)[number];

/** `de-AT` → de; a language without words of ours is printed in English. */
export function printLanguageOf(language: string): PrintLanguage {
  const found = printLanguages.find((one) => one === language.slice(0, 2).toLowerCase());
  return found ?? 'en';
}

const marks: Record<PrintLanguage, { group: string; decimal: string }> = {
  en: { group: ',', decimal: '.' },
  de: { group: '.', decimal: ',' },
};
const months: Record<PrintLanguage, readonly string[]> = {
  en: ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'],
  de: ['01', '02', '03', '04', '05', '06', '07', '08', '09', '10', '11', '12'],
};

/** "1234.5" → "1,234.5", in German "1.234,5"; the decimals stay as they are. */
function formatNumber(value: DecimalText, language: PrintLanguage): string {
  const [whole = '0', decimals] = value.split('.');
  const { group, decimal } = marks[language];
  const digits = whole.replace('-', '').replace(/\B(?=(\d{3})+$)/g, group);
  const sign = whole.startsWith('-') ? '-' : '';
  return `${sign}${digits}${decimals === undefined ? '' : decimal + decimals}`;
}

/** At least the currency's places, more where the value has them: nothing is rounded away in print. */
const inPlaces = (value: DecimalText, places: number): DecimalText => {
  const exact = new Decimal(value);
  return exact.toFixed(Math.max(places, exact.decimalPlaces()));
};

const knownPlaces = new Map<string, number>();
/** Asked for every amount of an issue: what Intl says is kept, of three letters a currency at most. */
function placesOf(currency: string): number {
  const known = knownPlaces.get(currency) ?? minorPlaces(currency);
  if (/^[A-Z]{3}$/.test(currency)) knownPlaces.set(currency, known);
  return known;
}

/** With at least the places that the currency has: "1,250.00", of yen "1,250", of dinars "1,250.000". */
export const formatAmount = (value: DecimalText, currency: string, language: PrintLanguage): string =>
  formatNumber(inPlaces(value, placesOf(currency)), language);

/** The currency's code stands before it in English, after it in German. */
export function formatMoney(value: DecimalText, currency: string, language: PrintLanguage): string {
  const amount = formatAmount(value, currency, language);
  return language === 'de' ? `${amount} ${currency}` : `${currency} ${amount}`;
}

/** Without zeros at the end: "7.5". */
export const formatQuantity = (value: DecimalText, language: PrintLanguage): string =>
  formatNumber(new Decimal(value).toFixed(), language);

/** "2026-03-09" → "9 Mar 2026", in German "09.03.2026". */
export function formatDay(day: Day, language: PrintLanguage): string {
  const [year = '', month = '', date = ''] = day.split('-');
  const name = months[language][Number(month) - 1] ?? month;
  return language === 'de' ? `${date}.${name}.${year}` : `${Number(date)} ${name} ${year}`;
}
