/** Owns what the Xero sandbox takes and keeps: bodies of writes, strict where a mistake would cost money, and its tables. */
import { z } from 'zod';

const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'must be a date as YYYY-MM-DD');
/** Xero keeps four places of a price and a quantity, two of an amount. */
const upTo = (places: number) =>
  z.number().refine((value) => Number(value.toFixed(places)) === value, `has more than ${places} decimals`);
const guid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'must be a GUID');

export const lineBody = z.strictObject({
  Description: z.string().min(1).max(4000),
  Quantity: upTo(4),
  UnitAmount: upTo(4),
  LineAmount: upTo(2).optional(),
  ItemCode: z.string().max(30).optional(),
  AccountCode: z.string().optional(),
  TaxType: z.string().optional(),
  TaxAmount: upTo(2).optional(),
  Tracking: z
    .array(z.strictObject({ Name: z.string(), Option: z.string() }))
    .max(2)
    .optional(),
});

const common = {
  Contact: z.strictObject({ ContactID: guid.optional(), Name: z.string().max(255).optional() }),
  Date: day.optional(),
  CurrencyCode: z
    .string()
    .regex(/^[A-Z]{3}$/)
    .optional(),
  LineAmountTypes: z.literal('Exclusive').optional(),
  Status: z.enum(['DRAFT', 'SUBMITTED', 'AUTHORISED']).optional(),
  Reference: z.string().max(255).optional(),
  LineItems: z.array(lineBody).min(1),
};
const absent = z.undefined().optional();
export const documentBody = z.strictObject({
  ...common,
  Type: z.enum(['ACCREC', 'ACCPAY']),
  InvoiceID: guid.optional(),
  InvoiceNumber: z.string().min(1).max(255).optional(),
  CreditNoteNumber: absent,
  DueDate: day.optional(),
  Url: z.url().optional(),
});
export const creditNoteBody = z.strictObject({
  ...common,
  Type: z.literal('ACCRECCREDIT'),
  CreditNoteNumber: z.string().min(1).max(255).optional(),
  InvoiceNumber: absent,
  DueDate: absent,
  Url: absent,
});
export const statusBody = z.strictObject({
  InvoiceID: guid.optional(),
  Status: z.enum(['AUTHORISED', 'VOIDED', 'DELETED']),
});
export const contactBody = z.strictObject({
  Name: z.string().min(1).max(255),
  EmailAddress: z.email().max(255).optional(),
});
export const itemBody = z.strictObject({
  Code: z.string().min(1).max(30),
  Name: z.string().max(50).optional(),
  Description: z.string().max(4000).optional(),
  IsSold: z.boolean().optional(),
  IsPurchased: z.boolean().optional(),
  SalesDetails: z.strictObject({ AccountCode: z.enum(['200', '260']).optional() }).optional(),
});
export const paymentBody = z.strictObject({
  Invoice: z.strictObject({ InvoiceID: guid }).optional(),
  CreditNote: z.strictObject({ CreditNoteID: guid }).optional(),
  Account: z.strictObject({ Code: z.string() }),
  Date: day,
  Amount: upTo(2).refine((amount) => amount > 0, 'must be above zero'),
  Reference: z.string().max(255).optional(),
});
export const allocationBody = z.strictObject({
  Invoice: z.strictObject({ InvoiceID: guid }),
  Amount: upTo(2).refine((amount) => amount > 0, 'must be above zero'),
  Date: day,
});

/** Percent by tax type, of a demo organisation. */
export const taxRates: Readonly<Record<string, number>> = { NONE: 0, OUTPUT: 20, OUTPUT2: 15, INPUT2: 15 };

export interface Contact {
  ContactID: string;
  Name: string;
  EmailAddress?: string | undefined;
  ContactStatus: 'ACTIVE' | 'ARCHIVED';
}
export type Item = z.output<typeof itemBody> & { ItemID: string; IsSold: boolean; IsPurchased: boolean };
export interface Line {
  LineItemID: string;
  Description: string;
  Quantity: number;
  UnitAmount: number;
  LineAmount: number;
  TaxType: string;
  TaxAmount: number;
  ItemCode?: string;
  AccountCode?: string;
  Tracking: { Name: string; Option: string }[];
}
export interface Document {
  id: string;
  Type: 'ACCREC' | 'ACCPAY' | 'ACCRECCREDIT';
  contactId: string;
  Number: string;
  Reference: string;
  Url?: string;
  Date: string;
  DueDate?: string;
  CurrencyCode: string;
  Status: 'DRAFT' | 'SUBMITTED' | 'AUTHORISED' | 'PAID' | 'VOIDED' | 'DELETED';
  lines: Line[];
  allocations: { invoiceId: string; Amount: number; Date: string }[];
  byOurApp: boolean;
  updatedMs: number;
}
export interface Payment {
  PaymentID: string;
  documentId: string;
  Amount: number;
  Date: string;
  Reference: string;
  Status: 'AUTHORISED' | 'DELETED';
  updatedMs: number;
}
export interface Tables {
  contacts: Map<string, Contact>;
  /** By code. */
  items: Map<string, Item>;
  documents: Map<string, Document>;
  payments: Map<string, Payment>;
  mails: { invoiceId: string; to: string }[];
}
