/** Owns how our invoices, credit notes and bills become Xero's documents, and theirs ours. */
import { z } from 'zod';
import { Decimal } from '../../domain/money.ts';
import type {
  ConnectorSettings,
  RemoteInvoice,
  TargetBill,
  TargetCreditNote,
  TargetInvoice,
  TargetInvoiceLine,
} from '../kit/define.ts';
import { keyNote, requireBookable, taxCodeOf } from '../kit/document-checks.ts';
import { rowAs, wordOf } from '../kit/fields.ts';
import { centsNumber, exactNumber } from '../kit/json.ts';
import { moneyField } from '../kit/rows.ts';
import { needed } from '../kit/vendor-words.ts';
import { vendor } from './answers.ts';

export const numberMaxLength = 255;
const mostDescriptionCharacters = 4000;

export function toInvoice(invoice: TargetInvoice, settings: ConnectorSettings): Record<string, unknown> {
  const theirs = invoice.numberBy === 'platform';
  return {
    Type: 'ACCREC',
    ...common(invoice, invoice.customer.externalId),
    DueDate: invoice.dueDate,
    ...(theirs ? {} : { InvoiceNumber: invoice.number }),
    Reference: theirs ? `${invoice.number} ${keyNote(invoice.key)}` : keyNote(invoice.key),
    ...link(invoice.key, settings),
    Status: invoice.draft ? 'DRAFT' : 'AUTHORISED',
    LineItems: invoice.lines.map((line) => toLine(line, invoice, settings, settings.accountCode)),
  };
}

export function toCreditNote(note: TargetCreditNote, settings: ConnectorSettings): Record<string, unknown> {
  return {
    Type: 'ACCRECCREDIT',
    ...common(note, note.customer.externalId),
    CreditNoteNumber: note.number,
    Reference: keyNote(note.key),
    Status: note.draft ? 'DRAFT' : 'AUTHORISED',
    LineItems: note.lines.map((line) => toLine(line, note, settings, settings.accountCode)),
  };
}

/** A bill's number is the contractor's, not unique at Xero, and there is no reference beside it: the link carries our key. */
export function toBill(bill: TargetBill, settings: ConnectorSettings): Record<string, unknown> {
  const account = needed(vendor, settings, 'expenseAccountCode', 'A bill');
  return {
    Type: 'ACCPAY',
    ...common(bill, bill.vendor.externalId),
    DueDate: bill.dueDate,
    InvoiceNumber: bill.number,
    Url: billLink(bill.key, settings),
    Status: 'AUTHORISED',
    // Without the item: one that is only sold cannot stand on a bill.
    LineItems: bill.lines.map((line) => toLine({ ...line, itemExternalId: '' }, bill, settings, account)),
  };
}

export const billLink = (key: string, settings: ConnectorSettings) =>
  `${needed(vendor, settings, 'hubUrl', 'A bill').replace(/\/+$/, '')}/documents/${key}`;

const link = (key: string, { hubUrl }: ConnectorSettings) =>
  hubUrl ? { Url: billLink(key, { hubUrl }) } : {};

type AnyDocument = TargetInvoice | TargetBill;

function common(document: AnyDocument, contactId: string) {
  requireBookable(vendor, document, { numberMaxLength, places: 4 });
  return {
    // Only ever by id: a name alone would make a new contact in silence.
    Contact: { ContactID: contactId },
    Date: document.issueDate,
    CurrencyCode: document.currency,
    LineAmountTypes: 'Exclusive',
  };
}

function toLine(
  line: TargetInvoiceLine,
  document: AnyDocument,
  settings: ConnectorSettings,
  account: string | undefined,
) {
  const { itemExternalId, dimension } = line;
  const accountCode = line.accountCode || account;
  const category = settings.trackingCategory;
  return {
    Description: line.description.trim().slice(0, mostDescriptionCharacters) || '-',
    Quantity: exactNumber(line.quantity),
    UnitAmount: exactNumber(line.unitPrice),
    // Said, so that Xero refuses what it would reckon otherwise.
    LineAmount: centsNumber(line.amount),
    ...(itemExternalId ? { ItemCode: itemExternalId } : {}),
    ...(accountCode ? { AccountCode: accountCode } : {}),
    TaxType: taxType(line, document, settings),
    ...(dimension && category ? { Tracking: [{ Name: category, Option: dimension }] } : {}),
  };
}

/** Left out, Xero takes the account's default rate, and the total would be another. */
const taxType = (line: TargetInvoiceLine, document: AnyDocument, { taxType: value }: ConnectorSettings) =>
  taxCodeOf(vendor, line, document, 'NONE', { name: 'taxType', value });

const shared = {
  Contact: z.object({ ContactID: z.string(), EmailAddress: z.string().nullish() }),
  SubTotal: moneyField,
  TotalTax: moneyField,
  Total: moneyField,
  CurrencyCode: z.string().nullish(),
  Status: z.string(),
  UpdatedDateUTC: z.string().nullish(),
};
const invoiceShape = z.object({
  ...shared,
  InvoiceID: z.string(),
  InvoiceNumber: z.string().nullish(),
  AmountDue: moneyField,
});
const creditNoteShape = z.object({
  ...shared,
  CreditNoteID: z.string(),
  CreditNoteNumber: z.string().nullish(),
  RemainingCredit: moneyField,
});

/** `row`: an invoice or a bill. Throws UnreadableField. */
export function fromInvoice(row: unknown): RemoteInvoice {
  const invoice = rowAs('Xero', invoiceShape, row);
  return remoteOf(invoice, invoice.InvoiceID, invoice.InvoiceNumber, invoice.AmountDue);
}

export function fromCreditNote(row: unknown): RemoteInvoice {
  const note = rowAs('Xero', creditNoteShape, row);
  return remoteOf(note, note.CreditNoteID, note.CreditNoteNumber, note.RemainingCredit);
}

function remoteOf(
  document: z.infer<z.ZodObject<typeof shared>>,
  externalId: string,
  number: string | null | undefined,
  balance: string,
): RemoteInvoice {
  return {
    externalId,
    // Xero has no lock of its own; what we read last must still be the last change.
    versionToken: document.UpdatedDateUTC ?? null,
    number: number ?? '',
    customerExternalId: document.Contact.ContactID,
    net: document.SubTotal,
    tax: document.TotalTax,
    total: document.Total,
    balance,
    currency: document.CurrencyCode ?? null,
    status: statusOf(document.Status, document.Total, balance),
  };
}

const statuses: Readonly<Record<string, RemoteInvoice['status']>> = {
  DRAFT: 'draft',
  SUBMITTED: 'draft',
  AUTHORISED: 'open',
  PAID: 'paid',
  VOIDED: 'void',
  DELETED: 'void',
};

function statusOf(word: string, total: string, balance: string): RemoteInvoice['status'] {
  const status = wordOf(vendor, 'status', word, statuses);
  return status === 'open' && new Decimal(balance).lessThan(total) ? 'partially_paid' : status;
}
