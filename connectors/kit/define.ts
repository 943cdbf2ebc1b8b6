/** Owns the shape of a connector: capabilities as data plus pure mappings; everything shared lives in the kit. */
import type { DecimalText, Day, Instant, SourceEntry, UnreadableRow } from '../../domain/work-entry.ts';
import type { VendorHttp } from './http.ts';

/** How requests of a connection are authorised. Secrets come decrypted from the connection, never from here. */
export type ConnectorAuth =
  | { type: 'bearer'; extraHeaders?: (settings: Record<string, string>) => Record<string, string> }
  | { type: 'basic' }
  | { type: 'header'; header: string };

/** At most `requests` calls in any `perSeconds` window, for one connection. */
export interface RateLimit {
  requests: number;
  perSeconds: number;
}

export interface EntryPage {
  entries: SourceEntry[];
  unreadable: UnreadableRow[];
  /** Cursor that a later `changedSince` may start from once this page is stored; null when the page moves nothing. */
  checkpoint: string | null;
}

export interface TimeSource {
  /**
   * All entries changed since the checkpoint (null: from the beginning), page by page.
   * Pages are bounded; an endless chain ends in `InvalidRequest`. An empty result is an HTTP 200 with no rows.
   */
  changedSince(http: VendorHttp, checkpoint: string | null): AsyncIterable<EntryPage>;
}

/** Document facts a target needs to book an invoice; amounts as text, two decimals. */
export interface TargetInvoice {
  /** Our UUID of the document: the key we search by (invariant 6). */
  key: string;
  number: string;
  customer: { externalId: string };
  currency: string;
  issueDate: Day;
  dueDate: Day;
  email: string | null;
  lines: TargetInvoiceLine[];
  net: DecimalText;
  tax: DecimalText;
  total: DecimalText;
}
export interface TargetInvoiceLine {
  description: string;
  itemExternalId: string;
  quantity: DecimalText;
  unitPrice: DecimalText;
  amount: DecimalText;
  serviceDate: Day | null;
  /** Vendor tax code, already mapped; null where the vendor needs none. */
  taxCode: string | null;
}
export interface RemoteInvoice {
  externalId: string;
  /** Optimistic-lock token of the vendor (SyncToken, version, etag); null where there is none. */
  versionToken: string | null;
  number: string;
  customerExternalId: string;
  net: DecimalText;
  tax: DecimalText;
  total: DecimalText;
  balance: DecimalText;
  currency: string | null;
  status: 'open' | 'partially_paid' | 'paid' | 'void';
}
export interface RemotePayment {
  externalId: string;
  valueDate: Day;
  currency: string | null;
  amount: DecimalText;
  /** What of it was applied to which invoice at the vendor. */
  applications: { invoiceExternalId: string; amount: DecimalText }[];
  reference: string | null;
  deleted: boolean;
  updatedAt: Instant | null;
}

export interface InvoiceTarget {
  /** Longest document number the vendor takes. */
  numberMaxLength: number;
  findCustomer(http: VendorHttp, name: string): Promise<string | null>;
  createCustomer(http: VendorHttp, customer: { name: string; email: string | null; currency: string }, idempotencyKey: string): Promise<string>;
  findItem(http: VendorHttp, name: string): Promise<string | null>;
  createItem(http: VendorHttp, item: { name: string }, idempotencyKey: string): Promise<string>;
  /** Look before a second POST: by our key, checked against number and customer; null only after a successful, empty answer. */
  findInvoice(http: VendorHttp, invoice: TargetInvoice): Promise<RemoteInvoice | null>;
  createInvoice(http: VendorHttp, invoice: TargetInvoice, idempotencyKey: string): Promise<RemoteInvoice>;
  readInvoice(http: VendorHttp, externalId: string): Promise<RemoteInvoice | null>;
  /** Payments changed since the checkpoint, oldest first, with the checkpoint that follows each page. */
  paymentsSince(http: VendorHttp, checkpoint: string | null): AsyncIterable<{ payments: RemotePayment[]; checkpoint: string | null }>;
}

export interface WebhookSource {
  /** Constant-time check over the raw bytes. */
  verify(rawBody: Uint8Array, headers: Record<string, string | undefined>, secret: string): boolean;
  /** Vendor's delivery id for de-duplication; null when it gives none (the body's hash is used). */
  deliveryId(rawBody: Uint8Array, headers: Record<string, string | undefined>): string | null;
}

export interface Connector {
  id: string;
  name: string;
  auth: ConnectorAuth;
  baseUrl: (settings: Record<string, string>) => string;
  rateLimit: RateLimit;
  timeoutMs: number;
  /** Names of the settings a connection must carry, with what each is for. */
  settings: Record<string, string>;
  /** Cheapest call that proves the credentials work. */
  test(http: VendorHttp): Promise<{ account: string }>;
  timeSource?: TimeSource;
  invoiceTarget?: InvoiceTarget;
  webhooks?: WebhookSource;
}

/** Checks a connector's data once at start and returns it unchanged. Throws a plain Error that names the field. */
export function defineConnector(connector: Connector): Connector {
  if (!/^[a-z][a-z0-9-]*$/.test(connector.id)) throw new Error(`connector id "${connector.id}" must be kebab-case`);
  if (!connector.timeSource && !connector.invoiceTarget) throw new Error(`connector ${connector.id} has no capability`);
  if (connector.timeoutMs <= 0 || connector.timeoutMs > 120_000) throw new Error(`connector ${connector.id}: timeoutMs must be within 1..120000`);
  return connector;
}
