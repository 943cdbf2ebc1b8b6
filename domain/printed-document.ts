/** Owns the model of a printed document: invoice, credit note or contractor's invoice, put together from what was frozen. */
import type { InvoiceStatus } from './invoice.ts';
import type {
  DocumentAllowance,
  InvoiceSnapshot,
  PrintedAddress,
  PrintedBankAccount,
  TaxSubtotal,
  UsedRate,
} from './invoice-snapshot.ts';
import { Decimal, type Rounding } from './money.ts';
import { type PrintLanguage, printLanguageOf } from './print-format.ts';
import type { LateFeeBasis } from './printed-late-fee.ts';
import { found, Refusal } from './refusal.ts';
import { taxTotals } from './tax.ts';
import type { Day, DecimalText, Instant } from './work-entry.ts';

export const printedKinds = [
  'invoice',
  'credit_note',
  'contractor_invoice',
  'self_billed',
  'late_fee',
  'late_interest',
] as const;
export type PrintedKind = (typeof printedKinds)[number];
export type Paper = 'A4' | 'LETTER';

export interface PrintedParty {
  name: string;
  address: PrintedAddress;
  /** ISO 3166-1 alpha-2; null where nobody said. */
  country: string | null;
  /** VAT ids and tax numbers, each with its country where it is known. */
  taxNumbers: { country: string | null; number: string }[];
  registrationNumber: string | null;
  contactName: string | null;
  email: string | null;
  phone: string | null;
  electronicAddress: string | null;
}
export interface PrintedLine {
  lineNo: number;
  kind: string;
  description: string;
  quantity: DecimalText;
  unit: string;
  unitPrice: DecimalText;
  /** Quantity × price, before the discount. */
  amount: DecimalText;
  /** The line's own. */
  discount: DecimalText;
  taxCategory: string;
  taxRate: DecimalText;
  serviceFrom: Day | null;
  serviceTo: Day | null;
}
/** A row of the appendix. */
export interface PrintedEntry {
  lineNo: number;
  workDate: Day;
  personName: string | null;
  description: string;
  quantity: DecimalText;
  unit: string;
  amount: DecimalText;
}
export const referenceNames = [
  'buyerReference',
  'purchaseOrder',
  'vessel',
  'job',
  'contract',
  'theirNumber',
] as const;
export type ReferenceName = (typeof referenceNames)[number];

export interface PrintedDocument {
  kind: PrintedKind;
  /** Null: a draft, which is marked so and has no dates. */
  number: string | null;
  language: PrintLanguage;
  paper: Paper;
  currency: string;
  /** Who sends it: the seller, of a contractor's invoice the contractor. */
  seller: PrintedParty;
  /** Who gets it and pays. */
  buyer: PrintedParty;
  issueDate: Day | null;
  dueDate: Day | null;
  taxPoint: Day | null;
  serviceFrom: Day | null;
  serviceTo: Day | null;
  issuedAt: Instant | null;
  references: { name: ReferenceName; text: string }[];
  /** What a credit note corrects, and why. */
  corrects: { number: string; issueDate: Day; reason: string } | null;
  /** Of a late fee or interest: what it is asked for. */
  lateFee: LateFeeBasis | null;
  lines: PrintedLine[];
  allowances: DocumentAllowance[];
  taxSubtotals: TaxSubtotal[];
  net: DecimalText;
  tax: DecimalText;
  rounding: DecimalText;
  total: DecimalText;
  /** Of the total: held back until the work is complete. Null: nothing is. */
  retained: DecimalText | null;
  /** The tax again in the currency that the tax office wants. */
  taxShown: { currency: string; amount: DecimalText } | null;
  rates: UsedRate[];
  terms: string | null;
  /** Words that the law or the agreement asks for. */
  legalTexts: string[];
  bankAccounts: PrintedBankAccount[];
  logoSha256: string | null;
  appendix: PrintedEntry[];
  /** Page of the accounting platform at which the buyer pays; no part of an e-invoice. */
  paymentLink: string | null;
  /** Sent as no mail: the document says so. */
  mail: 'on' | 'off';
  lineLevelTax: boolean;
}

export const maxPrintedLines = 5_000;
export const maxAppendixEntries = 5_000;

/** A document of more lines than can be printed is refused before anything is read of it. */
export function requirePrintable(lineCount: number): void {
  if (lineCount <= maxPrintedLines) return;
  throw new Refusal({
    code: 'document.too_long',
    message: `The document has ${lineCount} lines; ${maxPrintedLines} can be printed.`,
    whatToDo: 'Group its lines, for instance by project, and read single entries over the API.',
    details: { lineCount, limit: maxPrintedLines },
  });
}

/** Countries that write on Letter; everybody else on A4. */
const letterCountries = new Set([
  'US',
  'CA',
  'MX',
  'CL',
  'CO',
  'CR',
  'GT',
  'PA',
  'PH',
  'PR',
  'SV',
  'VE',
  'DO',
]);
export const paperOf = (buyerCountry: string | null, sellerCountry: string | null): Paper =>
  letterCountries.has(buyerCountry ?? sellerCountry ?? '') ? 'LETTER' : 'A4';

/** The columns of an issued invoice, or of a draft as it is today. */
export interface InvoiceFacts {
  number: string | null;
  currency: string;
  issueDate: Day | null;
  dueDate: Day | null;
  taxPoint: Day | null;
  serviceFrom: Day | null;
  serviceTo: Day | null;
  issuedAt: Instant | null;
  net: DecimalText;
  tax: DecimalText;
  rounding: DecimalText;
  total: DecimalText;
  retained: DecimalText | null;
  taxCurrency: string | null;
  taxInTaxCurrency: DecimalText | null;
  paymentLink: string | null;
}

/** Refuses with 404 what was issued elsewhere and has no snapshot of ours to print. */
export function toPrintedInvoice(
  facts: InvoiceFacts,
  snapshot: InvoiceSnapshot,
  lines: PrintedLine[],
  appendix: PrintedEntry[],
): PrintedDocument {
  const seller = found(snapshot.seller, 'printed_document');
  const client = found(snapshot.client, 'printed_document');
  const { billTo } = client;
  const address = billTo ?? client.address;
  const buyerCountry = address.country ?? client.address.country ?? null;
  const subtotals = snapshot.taxSubtotals.length > 0 ? snapshot.taxSubtotals : subtotalsOf(lines, snapshot);
  const { number, currency, issueDate, dueDate, taxPoint, serviceFrom, serviceTo, issuedAt } = facts;
  const { net, tax, rounding, total, retained } = facts;
  return {
    kind: 'invoice',
    number,
    language: printLanguageOf(client.language),
    paper: paperOf(buyerCountry, seller.country),
    currency,
    seller: {
      name: seller.name,
      address: seller.address,
      country: seller.address.country ?? seller.country,
      taxNumbers: seller.taxRegistrations,
      registrationNumber: seller.registrationNumber,
      contactName: seller.contactName,
      email: seller.email,
      phone: seller.phone,
      electronicAddress: seller.electronicAddress,
    },
    buyer: {
      name: billTo?.name ?? client.name,
      address,
      country: buyerCountry,
      taxNumbers: client.taxId === null ? [] : [{ country: buyerCountry, number: client.taxId }],
      registrationNumber: null,
      contactName: null,
      email: client.accountsPayableEmail ?? client.email,
      phone: null,
      electronicAddress: client.electronicAddress,
    },
    issueDate,
    dueDate,
    taxPoint,
    serviceFrom,
    serviceTo,
    issuedAt,
    references: referencesOf(snapshot),
    corrects: null,
    lateFee: null,
    lines,
    allowances: snapshot.allowances,
    taxSubtotals: subtotals,
    net,
    tax,
    rounding,
    total,
    retained,
    taxShown:
      facts.taxCurrency === null || facts.taxInTaxCurrency === null
        ? null
        : { currency: facts.taxCurrency, amount: facts.taxInTaxCurrency },
    rates: snapshot.rates,
    terms: snapshot.terms?.text ?? null,
    legalTexts: legalTextsOf(subtotals),
    bankAccounts: snapshot.seller?.bankAccounts ?? [],
    logoSha256: seller.logoSha256,
    appendix,
    paymentLink: facts.paymentLink,
    mail: snapshot.mail,
    lineLevelTax: snapshot.lineLevelTax || roundingOf(snapshot).taxPer === 'line',
  };
}

/** The columns of a credit note, issued or a draft. */
export interface CreditNoteFacts {
  number: string | null;
  issueDate: Day | null;
  issuedAt: Instant | null;
  reason: string;
  net: DecimalText;
  tax: DecimalText;
  rounding: DecimalText;
  total: DecimalText;
}

/** As the invoice that it corrects, but for its own number, date, lines and sums. Amounts are positive: it says what is credited. */
export function toCreditNote(
  invoice: PrintedDocument,
  note: CreditNoteFacts & { taxSubtotals: TaxSubtotal[]; lines: PrintedLine[] },
): PrintedDocument {
  const { reason, ...own } = note;
  const taxSubtotals =
    note.taxSubtotals.length > 0 ? note.taxSubtotals : taxTotals(note.lines, defaultRounding).subtotals;
  return {
    ...invoice,
    ...own,
    taxSubtotals,
    kind: 'credit_note',
    taxPoint: null,
    dueDate: null,
    corrects: { number: invoice.number ?? '', issueDate: invoice.issueDate ?? '', reason },
    allowances: [],
    retained: null,
    taxShown: null,
    terms: null,
    legalTexts: legalTextsOf(taxSubtotals),
    bankAccounts: [],
    appendix: [],
    paymentLink: null,
  };
}

function referencesOf({ references, contract }: InvoiceSnapshot): PrintedDocument['references'] {
  const texts: Record<ReferenceName, string | null> = {
    ...references,
    contract: contract?.name ?? null,
    theirNumber: null,
  };
  return referenceNames.flatMap((name) => {
    const text = texts[name];
    return text === null || text === '' ? [] : [{ name, text }];
  });
}

const legalTextsOf = (subtotals: TaxSubtotal[]): string[] => [
  ...new Set(
    subtotals
      .flatMap(({ legalText, exemptionReason }) => [legalText, exemptionReason])
      .filter((text) => text !== null),
  ),
];

const defaultRounding: Rounding = { mode: 'half_up', moneyPlaces: 2, quantityPlaces: 2 };
const roundingOf = ({ contract }: Pick<InvoiceSnapshot, 'contract'>): Rounding =>
  (contract?.rounding as Rounding | undefined) ?? defaultRounding;

/** Of a document from before subtotals were kept: they follow from the lines. */
const subtotalsOf = (lines: PrintedLine[], snapshot: InvoiceSnapshot): TaxSubtotal[] =>
  taxTotals(lines, roundingOf(snapshot)).subtotals;

export const statusBadges = [
  'draft',
  'issued',
  'sent',
  'partly_paid',
  'paid',
  'settled',
  'overdue',
  'void',
  'credited',
  'uncollectible',
  'waived',
] as const;
/** What stands on the screen and on a marked copy, never on the document itself (BILLING §9). */
export type StatusBadge = (typeof statusBadges)[number];

/** Paid says money; what came to nothing, or was credited, is settled. */
export function badgeOf(
  invoice: { status: InvoiceStatus; dueDate: Day | null; applied: DecimalText },
  today: Day,
): StatusBadge {
  const open = invoice.dueDate !== null && invoice.dueDate < today ? 'overdue' : null;
  switch (invoice.status) {
    case 'issued':
      return open ?? 'issued';
    case 'sent':
      return open ?? 'sent';
    case 'partially_paid':
      return open ?? 'partly_paid';
    case 'settled':
      return new Decimal(invoice.applied).gt(0) ? 'paid' : 'settled';
    case 'void':
    case 'discarded':
      return 'void';
    case 'credited':
      return 'credited';
    case 'uncollectible':
      return 'uncollectible';
    case 'draft':
    case 'in_sign_off':
    case 'ready':
    case 'held':
      return 'draft';
  }
}
