/** Owns what is checked of a document on our side of every target: before it is sent, and when it is found again. */
import { Decimal } from '../../domain/money.ts';
import type { RemoteInvoice, TargetInvoice } from './define.ts';
import { type NamedVendor, refused } from './vendor-words.ts';

/** What an invoice, a credit note and a bill have in common. */
export type CheckedDocument = Pick<TargetInvoice, 'number' | 'currency' | 'lines' | 'net' | 'tax' | 'total'>;

export interface DocumentLimits {
  numberMaxLength: number;
  /** Decimal places of quantities and prices that the vendor keeps, where more would change the amount there. */
  places?: number;
}

export function requireNumber(vendor: NamedVendor, number: string, mostCharacters: number): void {
  if (number === '' || number.length > mostCharacters)
    throw refused(
      vendor,
      'number_length',
      `${vendor.name} takes document numbers of 1 to ${mostCharacters} characters; "${number}" has ${number.length}.`,
    );
}

/** The sum of the lines, which must be the net amount, and with tax the total. */
export function requireSums(vendor: NamedVendor, document: CheckedDocument): Decimal {
  requireCents(vendor, document);
  const { number, lines, net, tax, total } = document;
  const sum = lines.reduce((all, line) => all.plus(line.amount), new Decimal(0));
  if (!sum.equals(net) || !sum.plus(tax).equals(total))
    throw refused(
      vendor,
      'totals_differ',
      `${number} does not add up: lines ${sum.toFixed(2)}, net ${net}, tax ${tax}, total ${total}.`,
    );
  return sum;
}

/** Throws InvalidRequest, in words, for what the vendor would refuse or book otherwise than it stands here. */
export function requireBookable(
  vendor: NamedVendor,
  document: CheckedDocument,
  { numberMaxLength, places = Number.POSITIVE_INFINITY }: DocumentLimits,
): void {
  const { number, lines } = document;
  requireNumber(vendor, number, numberMaxLength);
  if (lines.length === 0) throw refused(vendor, 'no_lines', `${number} has no lines.`);
  const sum = requireSums(vendor, document);
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
      if (new Decimal(figure).decimalPlaces() > places)
        throw refused(
          vendor,
          'too_many_places',
          `Line ${index + 1} of ${number}: ${figure} has more than the ${places} decimal places that ${vendor.name} keeps.`,
        );
  }
}

/** No target is known to keep more of an amount, be it of a currency with three decimals: it would be rounded there, line by line. */
function requireCents(
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
  document: Pick<CheckedDocument, 'number' | 'currency' | 'total'>,
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
  return onlyOne(vendor, number, found);
}

/** What carries our key must be there once; null where it is not there at all. */
export function onlyOne<Row>(vendor: NamedVendor, what: string, found: readonly Row[]): Row | null {
  if (found.length > 1)
    throw refused(
      vendor,
      'booked_twice',
      `${vendor.name} has ${what} ${found.length} times. Delete all but one there.`,
    );
  return found[0] ?? null;
}

/** Where a vendor has no lock of its own: what changed since we read it is not overwritten. */
export function requireUnchanged(
  vendor: NamedVendor,
  number: string,
  now: Pick<RemoteInvoice, 'versionToken'> | null,
  versionToken: string | null,
): void {
  if (now === null || now.versionToken !== versionToken)
    throw refused(
      vendor,
      'changed_there',
      `Someone changed ${number} in ${vendor.name} meanwhile. Read it again before changing it.`,
    );
}

/** Where every line needs a tax code: its own, `untaxed` on a document without tax, or the connection's setting. */
export function taxCodeOf<Untaxed>(
  vendor: NamedVendor,
  line: { taxCode: string | null },
  document: Pick<TargetInvoice, 'number' | 'tax'>,
  untaxed: Untaxed,
  setting: { name: string; value: string | undefined },
): string | Untaxed {
  if (line.taxCode) return line.taxCode;
  if (new Decimal(document.tax).isZero()) return untaxed;
  if (setting.value) return setting.value;
  throw refused(
    vendor,
    'tax_code_missing',
    `${document.number} has tax but a line without a tax code of ${vendor.name}. Set ${setting.name} on the connection or map the tax rate.`,
  );
}

/** What we write where the vendor lets us, by which a document is found again (invariant 6). */
export const keyNote = (key: string): string => `slipway:${key}`;
