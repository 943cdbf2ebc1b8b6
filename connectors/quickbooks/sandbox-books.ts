/** Owns what the QuickBooks Online sandbox keeps: its records by kind, and the file that they outlive the process in. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { z } from 'zod';
import type { VendorAnswer } from '../kit/sandbox.ts';
import type {
  billBody,
  billPaymentBody,
  creditMemoBody,
  customerBody,
  invoiceBody,
  itemBody,
  paymentBody,
  timeActivityBody,
} from './sandbox-bodies.ts';

export interface Kept {
  Id: string;
  SyncToken: string;
  domain: 'QBO';
  sparse: false;
  /** Instants with the company's offset, to the second. */
  MetaData: { CreateTime: string; LastUpdatedTime: string };
}
export type KeptBody<Shape extends z.ZodType> = Kept & Omit<z.output<Shape>, keyof Kept>;
export interface LinkedTxn {
  TxnId: string;
  TxnType: string;
  TxnLineId?: string | undefined;
}
export interface Reference {
  value: string;
  name?: string | undefined;
}

export type QuickbooksCustomer = KeptBody<typeof customerBody> & { DisplayName: string; Active: boolean };
export type QuickbooksItem = KeptBody<typeof itemBody> & { Active: boolean };
export type QuickbooksInvoice = Omit<KeptBody<typeof invoiceBody>, 'LinkedTxn' | 'TotalAmt' | 'Balance'> & {
  TxnDate: string;
  CurrencyRef: Reference;
  TotalAmt: number;
  /** What is open: `TotalAmt` less the payments applied. */
  Balance: number;
  LinkedTxn: LinkedTxn[];
};
export type QuickbooksPayment = Omit<KeptBody<typeof paymentBody>, 'UnappliedAmt' | 'Line'> & {
  TxnDate: string;
  UnappliedAmt: number;
  Line: { Amount: number; LinkedTxn: LinkedTxn[] }[];
};
export type QuickbooksTimeActivity = KeptBody<typeof timeActivityBody> & { TxnDate: string };
/** An employee or a vendor, as far as time activities and the rule of unique names need them. */
export interface QuickbooksPerson extends Kept {
  DisplayName: string;
  Active: boolean;
  PrimaryEmailAddr?: { Address: string };
  CurrencyRef?: Reference;
}
/** A credit memo: what of it is not applied yet is its remaining credit. */
export type QuickbooksCreditMemo = KeptBody<typeof creditMemoBody> & {
  TxnDate: string;
  CurrencyRef: Reference;
  TotalAmt: number;
  RemainingCredit: number;
  Balance: number;
};
export type QuickbooksBill = KeptBody<typeof billBody> & {
  TxnDate: string;
  CurrencyRef: Reference;
  TotalAmt: number;
  Balance: number;
};
export type QuickbooksBillPayment = KeptBody<typeof billPaymentBody> & { TxnDate: string };
export interface QuickbooksClass extends Kept {
  Name: string;
  FullyQualifiedName: string;
  Active: boolean;
}
export interface TaxCode extends Kept {
  Name: string;
  Description: string;
  Active: boolean;
  Taxable: boolean;
  TaxGroup: boolean;
}
export interface Account extends Kept {
  Name: string;
  AccountType: string;
  Active: boolean;
}

export interface Records {
  Customer: QuickbooksCustomer;
  Item: QuickbooksItem;
  Invoice: QuickbooksInvoice;
  Payment: QuickbooksPayment;
  TimeActivity: QuickbooksTimeActivity;
  Employee: QuickbooksPerson;
  Vendor: QuickbooksPerson;
  TaxCode: TaxCode;
  Account: Account;
  Class: QuickbooksClass;
  CreditMemo: QuickbooksCreditMemo;
  Bill: QuickbooksBill;
  BillPayment: QuickbooksBillPayment;
}
export type EntityName = keyof Records;
export const WRITABLE = [
  'Customer',
  'Vendor',
  'Item',
  'Invoice',
  'CreditMemo',
  'Payment',
  'Bill',
  'BillPayment',
  'TimeActivity',
] as const;
export type WritableEntity = (typeof WRITABLE)[number];

export interface Books {
  lastId: number;
  lastDocNumber: number;
  records: { [Name in EntityName]: Map<string, Records[Name]> };
  deleted: { entity: EntityName; id: string; at: string }[];
  /** Answers by request id: a repeat gets the first answer, whatever it asks for. */
  answers: Map<string, VendorAnswer>;
}

export function emptyBooks(): Books {
  return {
    lastId: 100,
    lastDocNumber: 1000,
    records: {
      Customer: new Map(),
      Item: new Map(),
      Invoice: new Map(),
      Payment: new Map(),
      TimeActivity: new Map(),
      Employee: new Map(),
      Vendor: new Map(),
      TaxCode: new Map(),
      Account: new Map(),
      Class: new Map(),
      CreditMemo: new Map(),
      Bill: new Map(),
      BillPayment: new Map(),
    },
    deleted: [],
    answers: new Map(),
  };
}

export function readBooks(file: string | undefined): Books | null {
  if (file === undefined || !existsSync(file)) return null;
  return JSON.parse(readFileSync(file, 'utf8'), (_, value: unknown) =>
    isStoredMap(value) ? new Map(value.entriesOfMap) : value,
  ) as Books;
}

/** Written beside and renamed, so that a kill in the middle leaves the books as they were. */
export function writeBooks(file: string | undefined, books: Books): void {
  if (file === undefined) return;
  const text = JSON.stringify(books, (_, value: unknown) =>
    value instanceof Map ? { entriesOfMap: [...(value as Map<string, unknown>)] } : value,
  );
  writeFileSync(`${file}.part`, text);
  renameSync(`${file}.part`, file);
}

function isStoredMap(value: unknown): value is { entriesOfMap: [string, unknown][] } {
  return typeof value === 'object' && value !== null && 'entriesOfMap' in value;
}
