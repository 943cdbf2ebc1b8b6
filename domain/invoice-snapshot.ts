/** Owns what is frozen on a client invoice or credit note at issue beside its lines: what is printed and sent is made of it. */
import { z } from 'zod';

const text = z.string();
const optionalText = z.string().nullish().default(null);
/** Decimal text, as everywhere. */
const decimal = z.string();

export const printedAddress = z.object({
  lines: z.array(text).optional(),
  city: text.optional(),
  county: text.optional(),
  region: text.optional(),
  postalCode: text.optional(),
  /** ISO 3166-1 alpha-2. */
  country: text.optional(),
});
export type PrintedAddress = z.infer<typeof printedAddress>;

/** Where the client sends the money: as printed, so in the open. */
export const printedBankAccount = z.object({
  id: text,
  label: text,
  currency: text,
  holder: optionalText,
  iban: optionalText,
  /** Where there is no IBAN: the number, with its sort code or routing number. */
  accountNumber: optionalText,
  bic: optionalText,
  bank: optionalText,
});
export type PrintedBankAccount = z.infer<typeof printedBankAccount>;

/**
 * What one tax category and rate amount to. `category` is our word for it (domain/tax.ts), `rate` percent. Net is after the
 * allowances of the category. Of a category without tax the reason is said, of a reverse charge its legal words.
 */
export const taxSubtotal = z.object({
  category: text,
  rate: decimal,
  net: decimal,
  tax: decimal,
  exemptionReason: optionalText,
  reverseCharge: z.boolean().default(false),
  legalText: optionalText,
});
export type TaxSubtotal = z.infer<typeof taxSubtotal>;

/** A discount on the document, one a tax category: a positive amount that its lines' net is lowered by. */
export const documentAllowance = z.object({
  reason: text,
  amount: decimal,
  /** Percent and what it was taken of; null for a fixed amount. */
  percentage: optionalText,
  base: optionalText,
  category: text,
  rate: decimal,
});
export type DocumentAllowance = z.infer<typeof documentAllowance>;

/** An amount of the document in another currency was reckoned by this. */
export const usedRate = z.object({
  purpose: z.enum(['contract', 'functional', 'tax']),
  from: text,
  to: text,
  rate: decimal,
  rateOn: text,
  source: text,
});
export type UsedRate = z.infer<typeof usedRate>;

/** The words of payment, filled in at issue. */
export const printedTerms = z.object({ id: text, name: text, language: text, text });
export type PrintedTerms = z.infer<typeof printedTerms>;

/** Every field has a default, so that what was issued before the field was there still reads. */
export const invoiceSnapshot = z.object({
  number: optionalText,
  issueDate: optionalText,
  issuedBy: optionalText,
  currency: text.default(''),
  paymentTermsDays: z.number().default(0),
  /** Off: the client wants no mail. */
  mail: z.enum(['on', 'off']).default('on'),
  seller: z
    .object({
      id: text,
      name: text,
      address: printedAddress.default({}),
      country: text,
      taxRegistrations: z.array(z.object({ country: text, number: text })).default([]),
      /** Of the trade register. */
      registrationNumber: optionalText,
      contactName: optionalText,
      email: optionalText,
      phone: optionalText,
      electronicAddress: optionalText,
      bankAccounts: z.array(printedBankAccount).default([]),
      /** Hash of the picture in the file store. */
      logoSha256: optionalText,
    })
    .nullish()
    .default(null),
  client: z
    .object({
      id: text,
      name: text,
      code: text.default(''),
      email: optionalText,
      address: printedAddress.default({}),
      /** Who pays, where that is not the address above. */
      billTo: z
        .object({ name: optionalText, ...printedAddress.shape })
        .nullish()
        .default(null),
      accountsPayableEmail: optionalText,
      electronicAddress: optionalText,
      /** How documents go out; null: by mail. */
      channel: optionalText,
      taxId: optionalText,
      language: text.default('en'),
      internal: z.boolean().default(false),
    })
    .nullish()
    .default(null),
  contract: z.looseObject({ id: text, name: text }).nullish().default(null),
  references: z
    .object({
      buyerReference: optionalText,
      purchaseOrder: optionalText,
      vessel: optionalText,
      job: optionalText,
    })
    .prefault({}),
  /** The appendix of entries is asked for. */
  appendix: z.boolean().default(false),
  terms: printedTerms.nullish().default(null),
  /** Empty where it was issued before they were kept: then they follow from the lines. */
  taxSubtotals: z.array(taxSubtotal).default([]),
  allowances: z.array(documentAllowance).default([]),
  rates: z.array(usedRate).default([]),
  /** Tax is reckoned line by line: then no e-invoice can say the same sums. */
  lineLevelTax: z.boolean().default(false),
});
export type InvoiceSnapshot = z.infer<typeof invoiceSnapshot>;
