/** Owns the shape of a connector: capabilities as data plus pure mappings; everything shared lives in the kit. */
import type { Day, DecimalText, Instant, SourceEntry, UnreadableRow } from '../../domain/work-entry.ts';
import type { VendorError } from './errors.ts';
import type { VendorHttp } from './http.ts';

/** What a person entered for a connection, by setting name. No secrets. */
export type ConnectorSettings = Readonly<Record<string, string>>;

/** How requests of a connection are authorised. Secrets come decrypted from the connection, never from here. */
export type ConnectorAuth =
  | { type: 'bearer'; extraHeaders?: (settings: ConnectorSettings) => Record<string, string> }
  /** The access token is `user:password`. */
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
  /**
   * Every entry with a work date within `from`..`to` (both inclusive), whatever its approval: the re-read that finds
   * deletions and withdrawn approvals. Moves no checkpoint. An id absent here counts as deleted only after `readEntry`
   * said null (rows shift between pages while people work); an unreadable row carries its id as `position`.
   */
  window(http: VendorHttp, from: Day, to: Day): AsyncIterable<EntryPage>;
  /** One entry as it is now; null when the vendor says that it does not exist. An unreadable row is `InvalidRequest`. */
  readEntry(http: VendorHttp, externalId: string): Promise<SourceEntry | null>;
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
/** A document as the vendor keeps it; amounts exactly as stated there, at least two decimals. */
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
  /** Of a deleted payment: the day of the deletion, the vendor keeps no other. */
  valueDate: Day;
  currency: string | null;
  amount: DecimalText;
  /** What of it was applied to which invoice at the vendor. */
  applications: { invoiceExternalId: string; amount: DecimalText }[];
  reference: string | null;
  /** True: amount is 0.00 and nothing is applied any more. */
  deleted: boolean;
  updatedAt: Instant | null;
}
export interface PaymentPage {
  payments: RemotePayment[];
  unreadable: UnreadableRow[];
  checkpoint: string | null;
}

export interface InvoiceTarget {
  /** Longest document number the vendor takes. */
  numberMaxLength: number;
  findCustomer(http: VendorHttp, name: string): Promise<string | null>;
  createCustomer(
    http: VendorHttp,
    customer: { name: string; email: string | null; currency: string },
    idempotencyKey: string,
  ): Promise<string>;
  findItem(http: VendorHttp, name: string): Promise<string | null>;
  createItem(http: VendorHttp, item: { name: string }, idempotencyKey: string): Promise<string>;
  /** Look before a second POST: by our key, checked against number and customer; null only after a successful, empty answer. */
  findInvoice(http: VendorHttp, invoice: TargetInvoice): Promise<RemoteInvoice | null>;
  createInvoice(http: VendorHttp, invoice: TargetInvoice, idempotencyKey: string): Promise<RemoteInvoice>;
  readInvoice(http: VendorHttp, externalId: string): Promise<RemoteInvoice | null>;
  /**
   * Payments changed or deleted since the checkpoint, oldest first, with the checkpoint that follows each page (null
   * when the page moves nothing). A payment may come twice: store by its id.
   */
  paymentsSince(http: VendorHttp, checkpoint: string | null): AsyncIterable<PaymentPage>;
}

/** One thing that changed at the vendor. A hint to re-read, never the fact itself: may be late, repeated, out of order. */
export interface WebhookEvent {
  /** The vendor's account that it happened in, to find the connection; null when the body does not name it. */
  account: string | null;
  /** Lower case, e.g. `invoice`. */
  entity: string;
  externalId: string;
  change: 'created' | 'updated' | 'deleted' | 'voided' | 'emailed' | 'merged';
  occurredAt: Instant | null;
}

export interface WebhookSource {
  /** Constant-time check over the raw bytes. */
  verify(rawBody: Uint8Array, headers: Record<string, string | undefined>, secret: string): boolean;
  /** Vendor's delivery id for de-duplication; null when it gives none (the body's hash is used). */
  deliveryId(rawBody: Uint8Array, headers: Record<string, string | undefined>): string | null;
  /** What a verified body announces. A form we do not know is `InvalidRequest`: it must not pass in silence. */
  events(rawBody: Uint8Array): WebhookEvent[];
}

/** An answer as a classifier sees it: `body` is parsed JSON where it was JSON, else text. */
export type Classify = (
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>>,
) => VendorError | null;

export interface Connector {
  id: string;
  name: string;
  auth: ConnectorAuth;
  baseUrl: (settings: ConnectorSettings) => string;
  rateLimit: RateLimit;
  timeoutMs: number;
  /** Wait after a 429 that names no time. */
  throttleMs: number;
  /** Response header with the id that the vendor's support asks for. */
  requestIdHeader: string;
  /** Names of the settings a connection must carry, with what each is for. */
  settings: Record<string, string>;
  /** Settings with a default, with what each is for. */
  optionalSettings?: Record<string, string>;
  /** The vendor's own way of saying no, where it differs from plain HTTP; null leaves it to the status. */
  classify?: Classify;
  /** Cheapest calls that prove the credentials work; warnings are sentences for the person who connects. */
  test(http: VendorHttp): Promise<{ account: string; warnings: string[] }>;
  timeSource?: TimeSource;
  invoiceTarget?: InvoiceTarget;
  webhooks?: WebhookSource;
}

/** Checks a connector's data once at start and returns it unchanged. Throws a plain Error that names the field. */
export function defineConnector(connector: Connector): Connector {
  const { id, rateLimit } = connector;
  if (!/^[a-z][a-z0-9-]*$/.test(id)) throw new Error(`connector id "${id}" must be kebab-case`);
  if (!connector.timeSource && !connector.invoiceTarget) throw new Error(`connector ${id} has no capability`);
  if (!within(connector.timeoutMs, 1, 120_000))
    throw new Error(`connector ${id}: timeoutMs must be within 1..120000`);
  if (!within(connector.throttleMs, 1, 900_000))
    throw new Error(`connector ${id}: throttleMs must be within 1..900000`);
  if (!within(rateLimit.requests, 1, 10_000) || !within(rateLimit.perSeconds, 1, 86_400))
    throw new Error(`connector ${id}: rateLimit must be within 1..10000 requests per 1..86400 seconds`);
  for (const name of Object.keys(connector.optionalSettings ?? {}))
    if (name in connector.settings)
      throw new Error(`connector ${id}: setting ${name} is both needed and optional`);
  return connector;
}

function within(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}
