/** Owns what the QuickBooks Online sandbox can be asked for: its routes, what a query can be about, and what CDC serves. */
import type { EntityName } from './sandbox-books.ts';
import type { FieldKind } from './sandbox-query.ts';

export const ROUTES: Readonly<Record<string, EntityName>> = {
  customer: 'Customer',
  item: 'Item',
  invoice: 'Invoice',
  payment: 'Payment',
  timeactivity: 'TimeActivity',
  employee: 'Employee',
  vendor: 'Vendor',
  taxcode: 'TaxCode',
  account: 'Account',
  class: 'Class',
  creditmemo: 'CreditMemo',
  bill: 'Bill',
  billpayment: 'BillPayment',
};

/** CDC serves these; TimeActivity, TaxCode, TaxRate, TaxAgency and JournalCode are the documented exceptions. */
export const CDC_ENTITIES: readonly string[] = [
  'Customer',
  'Item',
  'Invoice',
  'Payment',
  'Employee',
  'Vendor',
  'Account',
  'Class',
  'CreditMemo',
  'Bill',
  'BillPayment',
];

const KEPT_FIELDS = {
  Id: 'id',
  'MetaData.CreateTime': 'instant',
  'MetaData.LastUpdatedTime': 'instant',
} as const satisfies Record<string, FieldKind>;
const PERSON_FIELDS = { ...KEPT_FIELDS, DisplayName: 'text', Active: 'flag' } as const;

/** What a query can be about, and the fields it can filter and order by. */
export const QUERYABLE = {
  Customer: {
    ...PERSON_FIELDS,
    GivenName: 'text',
    FamilyName: 'text',
    CompanyName: 'text',
    FullyQualifiedName: 'text',
    Balance: 'amount',
  },
  Employee: PERSON_FIELDS,
  Vendor: PERSON_FIELDS,
  Item: {
    ...KEPT_FIELDS,
    Name: 'text',
    FullyQualifiedName: 'text',
    Type: 'text',
    Sku: 'text',
    Active: 'flag',
  },
  Invoice: {
    ...KEPT_FIELDS,
    DocNumber: 'text',
    TxnDate: 'day',
    DueDate: 'day',
    CustomerRef: 'reference',
    TotalAmt: 'amount',
    Balance: 'amount',
  },
  CreditMemo: {
    ...KEPT_FIELDS,
    DocNumber: 'text',
    TxnDate: 'day',
    CustomerRef: 'reference',
    TotalAmt: 'amount',
    Balance: 'amount',
  },
  Bill: {
    ...KEPT_FIELDS,
    DocNumber: 'text',
    TxnDate: 'day',
    DueDate: 'day',
    VendorRef: 'reference',
    TotalAmt: 'amount',
    Balance: 'amount',
  },
  BillPayment: { ...KEPT_FIELDS, TxnDate: 'day', VendorRef: 'reference', TotalAmt: 'amount' },
  Class: { ...KEPT_FIELDS, Name: 'text', FullyQualifiedName: 'text', Active: 'flag' },
  // The schema says that payments cannot be filtered by DocNumber.
  Payment: { ...KEPT_FIELDS, TxnDate: 'day', CustomerRef: 'reference', TotalAmt: 'amount' },
  TaxCode: { ...KEPT_FIELDS, Name: 'text', Active: 'flag' },
  Account: { ...KEPT_FIELDS, Name: 'text', AccountType: 'text', Active: 'flag' },
  // Filters on BillableStatus or CustomerRef are (unconfirmed), so they are refused.
  TimeActivity: { ...KEPT_FIELDS, TxnDate: 'day' },
  Preferences: {},
} as const satisfies Record<string, Record<string, FieldKind>>;
