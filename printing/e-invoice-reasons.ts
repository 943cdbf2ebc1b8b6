/** Owns why a document can be no e-invoice, and what its taxes are called in one. Light: no library comes along. */
import type { TaxSubtotal } from '../domain/invoice-snapshot.ts';
import { Decimal } from '../domain/money.ts';
import type { PrintedDocument } from '../domain/printed-document.ts';

/** Codes of UNCL 5305 that we use. */
type TaxCode = 'S' | 'Z' | 'E' | 'AE' | 'K' | 'G';

/** Our categories are words; what the law calls them follows from the word, the rate, and who owes the tax. */
export function taxCodeOf({
  category,
  rate,
  reverseCharge,
}: Pick<TaxSubtotal, 'category' | 'rate' | 'reverseCharge'>): TaxCode {
  if (reverseCharge) return 'AE';
  if (new Decimal(rate).gt(0)) return 'S';
  if (/^zero/.test(category)) return 'Z';
  if (/^intra/.test(category)) return 'K';
  return /^export/.test(category) ? 'G' : 'E';
}

/** Each a sentence for a person; empty: it can be sent. */
export function whyNoEInvoice(document: PrintedDocument): string[] {
  const { seller, buyer, taxSubtotals } = document;
  const codes = taxSubtotals.map(taxCodeOf);
  const without = (code: TaxCode) =>
    taxSubtotals.some(
      (subtotal) => taxCodeOf(subtotal) === code && !(subtotal.legalText ?? subtotal.exemptionReason),
    );
  const amounts = [
    document.net,
    document.tax,
    document.total,
    document.rounding,
    ...document.lines.flatMap((line) => [line.amount, line.discount]),
  ];
  const reasons: [boolean, string][] = [
    [
      document.kind !== 'invoice' && document.kind !== 'credit_note',
      'only invoices and credit notes to clients are sent so',
    ],
    [document.number === null, 'it has no number yet'],
    [document.lineLevelTax, 'its tax is reckoned line by line, and EN 16931 adds it up by category'],
    [document.lines.length === 0, 'it has no lines'],
    [seller.country === null, 'the seller has no country'],
    [buyer.country === null, 'the client has no country'],
    [
      seller.taxNumbers.length === 0 && seller.registrationNumber === null,
      'the seller has neither a tax registration nor a registration number',
    ],
    [
      codes.some((code) => code !== 'E') && seller.taxNumbers.length === 0,
      'the seller has no tax registration',
    ],
    [
      codes.some((code) => code === 'AE' || code === 'K') && buyer.taxNumbers.length === 0,
      'the client has no VAT id, which this tax asks for',
    ],
    [without('E') || without('G') || without('K'), 'no reason is given for work without tax'],
    [
      amounts.some((amount) => new Decimal(amount).decimalPlaces() > 2),
      `amounts in ${document.currency} have more than two decimals, and EN 16931 has two`,
    ],
    [
      new Set(taxSubtotals.map((one) => `${taxCodeOf(one)}|${new Decimal(one.rate).toFixed()}`)).size <
        taxSubtotals.length,
      'two of its tax categories are one in EN 16931',
    ],
  ];
  return reasons.flatMap(([applies, reason]) => (applies ? [reason] : []));
}
