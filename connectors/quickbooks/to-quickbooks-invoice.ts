/** Owns how our documents and names become QuickBooks bodies, and refuses before sending what would be booked wrongly. */
import { Decimal } from '../../domain/money.ts';
import type { ConnectorSettings, TargetCreditNote, TargetInvoice, TargetInvoiceLine } from '../kit/define.ts';
import { keyNote, requireBookable } from '../kit/document-checks.ts';
import { centsNumber, exactNumber } from '../kit/json.ts';
import { nameFor } from '../kit/names.ts';
import { refused, vendor } from './query.ts';

/** Schema text of DocNumber (Finance.xsd). */
export const numberMaxLength = 21;
export const mostDescriptionCharacters = 4000;
/** Item: Finance.xsd. Customer: not in the schema; a longer limit than Intuit's only means that Intuit refuses. */
const mostNameCharacters = { customer: 500, item: 100 } as const;

/** Body of `POST /invoice`. Throws InvalidRequest, in words, when the document does not add up or lacks a tax code. */
export function toQuickbooksInvoice(
  invoice: TargetInvoice,
  settings: ConnectorSettings,
): Record<string, unknown> {
  const [head, rest] = toParts(invoice);
  return {
    ...head,
    DueDate: invoice.dueDate,
    ...rest,
    ...(takesEmail(invoice.email) ? { BillEmail: { Address: invoice.email } } : {}),
    // QuickBooks has no drafts and posts at once; the client gets our e-mail, not a second one from there.
    EmailStatus: 'NotSet',
    ...endOf(invoice, settings),
  };
}

/** Body of `POST /creditmemo`: as an invoice, all amounts above zero, and nothing is due. */
export function toQuickbooksCreditMemo(
  note: TargetCreditNote,
  settings: ConnectorSettings,
): Record<string, unknown> {
  return Object.assign({}, ...toParts(note), endOf(note, settings));
}

function toParts(invoice: TargetInvoice): Record<string, unknown>[] {
  const numberThere = invoice.numberBy === 'platform';
  requireBookable(vendor, invoice, {
    numberMaxLength: numberThere ? Number.POSITIVE_INFINITY : numberMaxLength,
  });
  if (!numberThere && invoice.number === 'AUTO_GENERATE')
    throw refused(
      'number_reserved',
      'The number AUTO_GENERATE would make QuickBooks number the invoice itself.',
    );
  return [
    { CustomerRef: { value: invoice.customer.externalId }, TxnDate: invoice.issueDate },
    {
      ...(numberThere ? {} : { DocNumber: invoice.number }),
      // Always sent: left out, QuickBooks would book our figures in whatever currency the customer has.
      CurrencyRef: { value: invoice.currency },
    },
  ];
}

function endOf(invoice: TargetInvoice, settings: ConnectorSettings): Record<string, unknown> {
  const note = keyNote(invoice.key);
  return {
    // Where QuickBooks counts, our number is what people there know the document by.
    PrivateNote: invoice.numberBy === 'platform' ? `${invoice.number} ${note}` : note,
    ...(isUnitedStates(settings) ? {} : { GlobalTaxCalculation: 'TaxExcluded' }),
    ...(invoice.taxBy === 'us' ? { TxnTaxDetail: { TotalTax: centsNumber(invoice.tax) } } : {}),
    Line: invoice.lines.map((line, index) => toLine(line, index, invoice, settings)),
  };
}

function toLine(line: TargetInvoiceLine, index: number, invoice: TargetInvoice, settings: ConnectorSettings) {
  return {
    DetailType: 'SalesItemLineDetail',
    Amount: centsNumber(line.amount),
    Description: line.description.slice(0, mostDescriptionCharacters),
    SalesItemLineDetail: {
      ItemRef: { value: line.itemExternalId },
      Qty: exactNumber(line.quantity),
      UnitPrice: exactNumber(line.unitPrice),
      ...(line.serviceDate === null ? {} : { ServiceDate: line.serviceDate }),
      TaxCodeRef: { value: taxCode(line, invoice, settings) },
      ...(line.dimension ? { ClassRef: { value: line.dimension } } : {}),
    },
    // On the line, not on the invoice: a list there alone failed for integrators. A line takes one.
    ...(line.timeExternalIds && line.timeExternalIds.length > 0
      ? { LinkedTxn: [{ TxnId: onlyTimeOf(line, index, invoice), TxnType: 'TimeActivity' }] }
      : {}),
  };
}

function onlyTimeOf(
  { timeExternalIds }: TargetInvoiceLine,
  index: number,
  { number }: TargetInvoice,
): string {
  if (timeExternalIds?.length === 1) return timeExternalIds[0]!;
  throw refused(
    'several_times_on_a_line',
    `Line ${index + 1} of invoice ${number} stands for ${timeExternalIds?.length} time entries, and QuickBooks links one to a line. Send one line per entry.`,
  );
}

/** Companies in the United States know TAX and NON; elsewhere a line without an id is refused (6000). */
function taxCode(line: TargetInvoiceLine, invoice: TargetInvoice, settings: ConnectorSettings): string {
  const code = line.taxCode ?? settings.taxCode;
  if (code) return code;
  if (isUnitedStates(settings)) return new Decimal(invoice.tax).isZero() ? 'NON' : 'TAX';
  throw refused(
    'tax_code_missing',
    `Invoice ${invoice.number} has a line without a tax code, which QuickBooks needs outside the United States. Set taxCode on the connection or map the tax rate.`,
  );
}

export function isUnitedStates(settings: ConnectorSettings): boolean {
  return (settings.country || 'US').toUpperCase() === 'US';
}

/** Names with a colon mean "parent:child" in QuickBooks; tabs and newlines are refused. */
export const toQuickbooksName = (name: string, kind: keyof typeof mostNameCharacters): string =>
  nameFor(vendor, name.replace(/:/g, ' - '), mostNameCharacters[kind]);

/** An address that QuickBooks would refuse is left out rather than the invoice lost; at most 100 characters. */
const takesEmail = (email: string | null): email is string =>
  email !== null && email.length <= 100 && /^[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+$/.test(email);
