/** Owns what is checked of a document on our side of every target: before it is sent, and when it is found again. */
import { Decimal } from '../../domain/money.ts';
import type { RemoteInvoice, TargetInvoice } from './define.ts';
import { type NamedVendor, refused } from './vendor-words.ts';

/** What an invoice, a credit note and a bill have in common. */
export type CheckedDocument = Pick<TargetInvoice, 'number' | 'currency' | 'lines' | 'net' | 'tax' | 'total'>;

export interface DocumentLimits {
  numberMaxLength: number;
  /** Decimal places of quantities and prices that the vendor keeps; more would change the amount there. */
  places: number;
}

/** Throws InvalidRequest, in words, for what the vendor would refuse or book otherwise than it stands here. */
export function requireBookable(
  vendor: NamedVendor,
  document: CheckedDocument,
  limits: DocumentLimits,
): void {
  const { number, lines } = document;
  if (number === '' || number.length > limits.numberMaxLength)
    throw refused(
      vendor,
      'number_length',
      `${vendor.name} takes document numbers of 1 to ${limits.numberMaxLength} characters; "${number}" has ${number.length}.`,
    );
  if (lines.length === 0) throw refused(vendor, 'no_lines', `${number} has no lines.`);
  requireCents(vendor, document);
  const sum = lines.reduce((total, line) => total.plus(line.amount), new Decimal(0));
  if (!sum.equals(document.net) || !sum.plus(document.tax).equals(document.total))
    throw refused(
      vendor,
      'totals_differ',
      `${number} does not add up: lines ${sum.toFixed(2)}, net ${document.net}, tax ${document.tax}, total ${document.total}.`,
    );
  if (sum.isNegative() && !sum.isZero())
    throw refused(
      vendor,
      'negative_total',
      `${number} is below zero; ${vendor.name} takes that as a credit note only.`,
    );
  for (const [index, line] of lines.entries()) {
    const { quantity, unitPrice, amount } = line;
    // Half a cent allows for either way of rounding the last one.
    if (new Decimal(quantity).times(unitPrice).minus(amount).abs().greaterThan('0.005'))
      throw refused(
        vendor,
        'amount_differs',
        `Line ${index + 1} of ${number}: ${quantity} × ${unitPrice} is not ${amount}, and ${vendor.name} would refuse it.`,
      );
    for (const figure of [quantity, unitPrice])
      if (new Decimal(figure).decimalPlaces() > limits.places)
        throw refused(
          vendor,
          'too_many_places',
          `Line ${index + 1} of ${number}: ${figure} has more than the ${limits.places} decimal places that ${vendor.name} keeps.`,
        );
  }
}

/** No target is known to keep more of an amount, be it of a currency with three decimals: it would be rounded there, line by line. */
export function requireCents(
  vendor: NamedVendor,
  { number, lines, net, tax, total }: Pick<CheckedDocument, 'number' | 'lines' | 'net' | 'tax' | 'total'>,
): void {
  const finer = [...lines.map(({ amount }) => amount), net, tax, total].find(
    (amount) => new Decimal(amount).decimalPlaces() > 2,
  );
  if (finer !== undefined)
    throw refused(
      vendor,
      'finer_than_cents',
      `${number} holds ${finer}, and ${vendor.name} keeps two decimal places of an amount. Round its lines to cents, or book it there by hand.`,
    );
}

/** A document that carries our key must still be ours: of this customer, in this currency, to the cent. */
export function requireSame(
  vendor: NamedVendor,
  remote: RemoteInvoice,
  document: CheckedDocument,
  partyExternalId: string,
): void {
  const { number, currency, total } = document;
  if (remote.customerExternalId !== partyExternalId)
    throw refused(vendor, 'customer_differs', `${number} stands in ${vendor.name} under another name.`);
  if (remote.currency !== null && remote.currency !== currency)
    throw refused(
      vendor,
      'currency_differs',
      `${number} stands in ${vendor.name} in ${remote.currency}, not in ${currency}.`,
    );
  // A voided document may keep no amount to compare.
  if (remote.status !== 'void' && !new Decimal(remote.total).equals(total))
    throw refused(
      vendor,
      'total_differs',
      `${number} stands in ${vendor.name} with ${remote.total}, not with ${total}.`,
    );
}

/** Of what was found under a number, the one that carries our key; null where nothing was found. */
export function ours<Row>(
  vendor: NamedVendor,
  number: string,
  rows: readonly Row[],
  carriesKey: (row: Row) => boolean,
): Row | null {
  if (rows.length === 0) return null;
  const found = rows.filter(carriesKey);
  if (found.length === 0)
    throw refused(
      vendor,
      'number_taken',
      `${vendor.name} already has another document with the number ${number}.`,
    );
  if (found.length > 1)
    throw refused(
      vendor,
      'booked_twice',
      `${vendor.name} has ${number} ${found.length} times. Delete all but one there.`,
    );
  return found[0]!;
}
