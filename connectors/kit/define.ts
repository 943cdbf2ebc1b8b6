/** Owns the shape of a connector: capabilities as data plus pure mappings; everything shared lives in the kit. */
import type { Day, DecimalText, Instant, SourceEntry, UnreadableRow } from '../../domain/work-entry.ts';
import type { VendorError } from './errors.ts';
import type { VendorHttp } from './http.ts';

/** What a person entered for a connection, by setting name. No secrets. */
export type ConnectorSettings = Readonly<Record<string, string>>;

/** Secrets of a connection by name, decrypted. */
export type ConnectorSecrets = Readonly<Record<string, string>>;

/** How requests of a connection are authorised. Secrets come decrypted from the connection, never from here. */
export type ConnectorAuth = (
  | { type: 'bearer' }
  /** The access token is `user:password`. */
  | { type: 'basic' }
  /** The header holds the token behind `prefix`, where the vendor wants a word before it. */
  | { type: 'header'; header: string; prefix?: string }
) & {
  extraHeaders?: (settings: ConnectorSettings) => Record<string, string>;
  /** What a person enters where nothing is authorised in a browser, with what each is for. Default: `accessToken`. */
  secrets?: Readonly<Record<string, string>>;
  /** The token that requests carry, of the entered secrets. Default: `accessToken`. */
  tokenOf?: (secrets: ConnectorSecrets) => string;
  oauth?: OAuth2;
};

/**
 * OAuth 2 of a vendor as data; the kit does the rest (PKCE, state, refresh under a lock). The hub's own app is told by the
 * secrets `clientId` and `clientSecret` of the connection; the tokens are the secrets `accessToken`, `refreshToken`.
 */
export interface OAuth2 {
  /** `refresh_token`: the person pastes a refresh token (secret `refreshToken`), which is exchanged for access tokens. */
  grants: readonly ('authorization_code' | 'client_credentials' | 'refresh_token')[];
  /** Where the person is sent; absent without `authorization_code`. */
  authorizeUrl?: (settings: ConnectorSettings) => string;
  tokenUrl: (settings: ConnectorSettings) => string;
  /** Where tokens are revoked when a connection ends; absent where the vendor has no such address. */
  revokeUrl?: (settings: ConnectorSettings) => string;
  scopes: readonly string[];
  /** Default: a space. */
  scopeSeparator?: ' ' | ',';
  /** More parameters of the authorize address, e.g. `access_type=offline`. */
  authorizeParams?: Readonly<Record<string, string>>;
  /** The vendor asks for an OpenID nonce. */
  nonce?: boolean;
  /** Where client id and secret stand in a token request. */
  clientAuth: 'basic' | 'body';
  /** Default: `form`. */
  tokenBody?: 'form' | 'json';
  /** Headers of token requests, e.g. a version. */
  tokenHeaders?: Readonly<Record<string, string>>;
  /** The vendor wants the redirect address in refreshes too. */
  refreshWithRedirect?: boolean;
  /** Default: as `tokenBody`. */
  revokeBody?: 'form' | 'json' | 'query';
  /** True: every exchange answers a new refresh token and the used one dies. */
  rotates: boolean;
  /** How long a used refresh token still works, e.g. 30 minutes at Xero; 0 or absent: not at all. */
  graceMs?: number;
  /** Access tokens without `expires_in` live so long. */
  defaultLifeMs?: number;
  /** Settings that the callback's query tells, e.g. QuickBooks' `realmId`. */
  settingsFromCallback?: (query: Readonly<Record<string, string>>) => ConnectorSettings;
  /** Settings that a token answer tells, e.g. Zoho's `api_domain`. */
  settingsFromToken?: (answer: Readonly<Record<string, unknown>>) => ConnectorSettings;
}

/** An organisation, company or tenant that the sign-in reaches; a person chooses one, its settings go into the connection. */
export interface VendorAccount {
  externalId: string;
  name: string;
  settings: ConnectorSettings;
}

/** At most `requests` calls in any `perSeconds` window, for one connection. */
export interface RateLimit {
  requests: number;
  perSeconds: number;
}

export interface EntryPage {
  entries: SourceEntry[];
  unreadable: UnreadableRow[];
  /** Of a feed: what it would leave out but for those that we have, e.g. what lost its approval. */
  ifKnown?: readonly SourceEntry[];
  /** Ids that the feed itself tells as deleted; absent where it does not. */
  deleted?: readonly string[];
  /** Cursor that a later `changedSince` may start from once this page is stored; null when the page moves nothing. */
  checkpoint: string | null;
}

export interface TimeSource {
  /**
   * All entries changed since the checkpoint (null: from the beginning), page by page.
   * Pages are bounded; an endless chain ends in `InvalidRequest`. An empty result is an HTTP 200 with no rows.
   * Absent where the platform has no such feed: then every poll reads the window.
   */
  changedSince?(http: VendorHttp, checkpoint: string | null): AsyncIterable<EntryPage>;
  /** How far back the re-read of `window` goes, and how often. Without `changedSince` it is read at every poll. */
  rescan: { days: number; everyMinutes: number };
  /** True: the feed itself tells of deletions. False: only the re-read finds them. */
  tellsDeletions: boolean;
  /** False: the platform has no approval that its API shows; the connection's ownership card says what counts as approved. */
  tellsApproval: boolean;
  /**
   * Every entry with a work date within `from`..`to` (both inclusive), whatever its approval: the re-read that finds
   * deletions and withdrawn approvals. Moves no checkpoint. An id absent here counts as deleted only after `readEntry`
   * said null (rows shift between pages while people work); an unreadable row carries its id as `position`.
   */
  window(http: VendorHttp, from: Day, to: Day): AsyncIterable<EntryPage>;
  /** One entry as it is now; null when the vendor says that it does not exist. An unreadable row is `InvalidRequest`. */
  readEntry(http: VendorHttp, externalId: string): Promise<SourceEntry | null>;
  /** The same of several, where one call tells of many: whatever stands in neither list does not exist. */
  readEntries?: {
    mostAtOnce: number;
    read(
      http: VendorHttp,
      externalIds: readonly string[],
    ): Promise<Pick<EntryPage, 'entries' | 'unreadable'>>;
  };
}

/** What a platform is told of entries that are billed; partial success is normal. */
export interface BilledMarks {
  /** Ids in one call at most. */
  mostAtOnce: number;
  /** Marks (or, with false, un-marks) entries as invoiced or locked there. May be repeated. */
  mark(
    http: VendorHttp,
    externalIds: readonly string[],
    billed: boolean,
  ): Promise<{ done: string[]; refused: { externalId: string; reason: string }[] }>;
}

/** One record of a look-up list, for mapping. */
export interface LookUpRecord {
  externalId: string;
  name: string;
  code: string | null;
  email: string | null;
  active: boolean;
  /** Of a project: its client; of a task: its project. */
  parentExternalId: string | null;
}
export const lookUpKinds = ['person', 'client', 'project', 'task'] as const;
export type LookUpKind = (typeof lookUpKinds)[number];
/** Lists for mapping, page by page; a kind that the platform has not is absent. */
export type LookUps = Partial<Record<LookUpKind, (http: VendorHttp) => AsyncIterable<LookUpRecord[]>>>;

/** A write that can be repeated: look first, then post under the idempotency key. */
export interface Writable<Wanted, Remote> {
  /** What was made of `wanted` before; null only after a successful, empty answer. */
  find(http: VendorHttp, wanted: Wanted): Promise<Remote | null>;
  create(http: VendorHttp, wanted: Wanted, idempotencyKey: string): Promise<Remote>;
}

/** An entry from elsewhere that a platform is to hold too, e.g. as QuickBooks' TimeActivity. */
export interface TargetTimeEntry {
  /** Our UUID of the entry: the key we search by. */
  key: string;
  workDate: Day;
  /** Whole seconds. */
  seconds: number;
  startedAt: Instant | null;
  person: { externalId: string };
  customer: { externalId: string };
  projectExternalId: string | null;
  itemExternalId: string | null;
  billable: boolean;
  /** Price of an hour. */
  hourlyRate: DecimalText | null;
  description: string;
}
export interface RemoteRef {
  externalId: string;
  versionToken: string | null;
}
export type TimeTarget = Writable<TargetTimeEntry, RemoteRef> & {
  /** Who worked, there: people are never made there by us. Null: unknown there, so the entry is not pushed and that is said. */
  people?: { find(http: VendorHttp, person: { name: string; email: string | null }): Promise<string | null> };
};

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
  /** Default: us. `platform`: it counts, and `number` goes into its reference field. Only where `takes` says so. */
  numberBy?: 'us' | 'platform';
  /** True: kept there as a draft that a person posts. Only where `takes` says so. */
  draft?: boolean;
  /** Default: platform. `us`: our tax is sent as it stands. Either way it is compared afterwards. */
  taxBy?: 'us' | 'platform';
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
  /** Ids of the line's time entries at the same platform, to link them; empty where it does not hold them. */
  timeExternalIds?: readonly string[];
  /** What `dimension.find` of the target answered for our project code or cost centre; null: none. */
  dimension?: string | null;
  /** The target's own account, by the connection's ownership card; null or absent: the item's or the connector's setting. */
  accountCode?: string | null;
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
  status: 'draft' | 'open' | 'partially_paid' | 'paid' | 'void';
  /** Time entries that its lines are linked to, read back; absent where the platform does not tell. */
  timeExternalIds?: readonly string[];
}
/** Documents that changed there; `deleted` by their ids. */
export interface InvoicePage {
  invoices: RemoteInvoice[];
  deleted: string[];
  checkpoint: string | null;
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
  /** Who paid, there; absent where the platform does not tell: then money that is applied to nothing cannot be anybody's. */
  customerExternalId?: string | null;
  /** True: amount is 0.00 and nothing is applied any more. */
  deleted: boolean;
  updatedAt: Instant | null;
}
export interface PaymentPage {
  payments: RemotePayment[];
  unreadable: UnreadableRow[];
  checkpoint: string | null;
}

export interface TargetParty {
  name: string;
  email: string | null;
  currency: string;
}
/** A credit note of ours; lines as on an invoice, all positive. */
export interface TargetCreditNote extends TargetInvoice {
  /** The invoice it corrects, where that is at the platform. */
  invoice: RemoteRef | null;
}
export interface TargetCreditApplication {
  key: string;
  creditNote: RemoteRef;
  invoice: RemoteRef;
  amount: DecimalText;
  on: Day;
}
/** Money given back, of a credit note or of a payment. */
export interface TargetRefund {
  key: string;
  customer: { externalId: string };
  creditNote: RemoteRef | null;
  payment: RemoteRef | null;
  amount: DecimalText;
  currency: string;
  on: Day;
  reference: string | null;
}
export interface TargetWriteOff {
  key: string;
  invoice: RemoteRef;
  amount: DecimalText;
  on: Day;
  reason: string;
}
/** A contractor's invoice as the platform's bill. */
export interface TargetBill {
  key: string;
  number: string;
  vendor: { externalId: string };
  currency: string;
  issueDate: Day;
  dueDate: Day;
  lines: TargetInvoiceLine[];
  net: DecimalText;
  tax: DecimalText;
  total: DecimalText;
}
export interface TargetBillPayment {
  key: string;
  bill: RemoteRef;
  vendor: { externalId: string };
  amount: DecimalText;
  currency: string;
  on: Day;
  reference: string | null;
}

/** What may be asked of a target beside booking invoices: each is a member of it, or declined with a sentence. */
export const targetOptions = [
  'creditNotes',
  'creditApplications',
  'refunds',
  'writeOffs',
  'vendors',
  'bills',
  'billPayments',
  'updateInvoice',
  'voidInvoice',
  'emailInvoice',
  'paymentLinks',
] as const;
export type TargetOption = (typeof targetOptions)[number];

/** What an ownership card may leave to a platform, or ask of it, beyond what every target does. */
export const targetChoices = ['their_number', 'drafts', 'our_tax', 'their_tax', 'account_codes'] as const;
export type TargetChoice = (typeof targetChoices)[number];

/** Pages there at which a client pays an invoice. */
export interface PaymentLinks {
  /** Domains of the vendor, e.g. `xero.com`: an address elsewhere is none of its pages. */
  domains: readonly string[];
  /**
   * What the vendor says as the address of the page, not checked (`readPaymentLink` does that). Null or nothing: it has none,
   * e.g. of a draft, or where the firm takes no payments online there.
   */
  link(http: VendorHttp, externalId: string): Promise<unknown>;
}

export interface InvoiceTarget {
  /** Longest document number the vendor takes. */
  numberMaxLength: number;
  /** Their ids there. */
  customers: Writable<TargetParty, string>;
  items: Writable<{ name: string }, string>;
  /** `find` looks by our key and checks number and customer: a number alone may be anybody's (invariant 6). */
  invoices: Writable<TargetInvoice, RemoteInvoice>;
  readInvoice(http: VendorHttp, externalId: string): Promise<RemoteInvoice | null>;
  /**
   * Payments changed or deleted since the checkpoint, oldest first, with the checkpoint that follows each page (null
   * when the page moves nothing). A payment may come twice: store by its id.
   */
  paymentsSince(http: VendorHttp, checkpoint: string | null): AsyncIterable<PaymentPage>;
  /**
   * Invoices that were changed, voided or deleted there since the checkpoint (null: from now on, or a short while back).
   * Absent: open documents are read one by one.
   */
  invoicesSince?(http: VendorHttp, checkpoint: string | null): AsyncIterable<InvoicePage>;
  /** False: its pages never name what was deleted there, so open documents are read one by one besides. */
  tellsDeletedInvoices?: false;
  /** Which choices of an ownership card it acts on; default: only that the platform reckons the tax. */
  takes?: readonly TargetChoice[];
  /** Replaces what the document says, under its version token. */
  updateInvoice?(
    http: VendorHttp,
    remote: RemoteRef,
    invoice: TargetInvoice,
    idempotencyKey: string,
  ): Promise<RemoteInvoice>;
  /** Voids it, or deletes it where the vendor knows no void; a void document is the answer again. */
  voidInvoice?(http: VendorHttp, remote: RemoteRef, idempotencyKey: string): Promise<RemoteInvoice | null>;
  /** The platform's own mail. */
  emailInvoice?(http: VendorHttp, remote: RemoteRef, to: string): Promise<void>;
  paymentLinks?: PaymentLinks;
  creditNotes?: Writable<TargetCreditNote, RemoteInvoice>;
  creditApplications?: Writable<TargetCreditApplication, RemoteRef>;
  refunds?: Writable<TargetRefund, RemoteRef>;
  writeOffs?: Writable<TargetWriteOff, RemoteRef>;
  vendors?: Writable<TargetParty, string>;
  bills?: Writable<TargetBill, RemoteInvoice>;
  billPayments?: Writable<TargetBillPayment, RemoteRef>;
  /** What the platform cannot take, with the reason that the posting file shows. Every option is either here or above. */
  declines: Partial<Record<TargetOption, string>>;
  /** The platform's word for project codes and cost centres on a line, e.g. Class; absent where it has none. */
  dimension?: { name: string; find(http: VendorHttp, code: string): Promise<string | null> };
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

/** A delivery as it arrived. */
export interface WebhookRequest {
  rawBody: Uint8Array;
  /** Names in lower case. */
  headers: Readonly<Record<string, string | undefined>>;
  query: Readonly<Record<string, string>>;
}
/** An answer other than 202 that a vendor waits for. */
export interface WebhookAnswer {
  status: number;
  headers?: Readonly<Record<string, string>>;
  body?: unknown;
}
/** A subscription that was made there. */
export interface WebhookSubscription {
  externalId: string;
  /** What deliveries are signed with, where the vendor chooses it; null: the one that was given. */
  secret: string | null;
}

export interface WebhookSource {
  /** Constant-time check over the raw bytes, with the secret `webhookSecret` of the connection. */
  verify(request: WebhookRequest, secret: string): boolean;
  /** Deliveries whose signed time is further than this from ours are refused; absent where the vendor signs no time. */
  replayWindow?: { seconds: number; signedAt: (request: WebhookRequest) => Instant | null };
  /** Vendor's delivery id for de-duplication; null when it gives none (the body's hash is used). */
  deliveryId(request: WebhookRequest): string | null;
  /** What a verified body announces. A form we do not know is `InvalidRequest`: it must not pass in silence. */
  events(request: WebhookRequest): WebhookEvent[];
  /**
   * The vendor's proof that the address is ours, asked before anything else; null: an ordinary delivery. `pending` says
   * whether a subscription waits for it, `learned` a secret that the vendor sends with it (stored as `webhookSecret`).
   */
  handshake?(
    request: WebhookRequest,
    secret: string,
    pending: boolean,
  ): { answer: WebhookAnswer; learned?: string; proved?: Readonly<Record<string, string>> } | null;
  /**
   * Absent: a person sets it up there, and `setUp` says how. May be repeated: what calls the same address already is
   * replaced or answered.
   */
  subscribe?(http: VendorHttp, wanted: { url: string; secret: string }): Promise<WebhookSubscription[]>;
  /**
   * After the handshake, where the vendor wants one more call; `proved` is what the handshake told. A member `externalId` of
   * it names the subscription; without one it is for all that wait.
   */
  activate?(
    http: VendorHttp,
    subscription: WebhookSubscription,
    proved: Readonly<Record<string, string>>,
  ): Promise<void>;
  /** A subscription that is gone already is unsubscribed. */
  unsubscribe?(http: VendorHttp, externalId: string): Promise<void>;
  /** One or two sentences for the person who sets it up at the vendor. */
  setUp?: string;
  /** The status of its answer, where the vendor takes 200 only; 202 otherwise. */
  acknowledges?: 200;
  /** Entities of its events that are time entries, whose ids `readEntry` takes. Default: `time_entry`. */
  timeEntities?: readonly string[];
}

/** Entries that are sent to us in a form the person describes: the generic hook, files. */
export interface EntryReader {
  /**
   * Reads a whole body. Throws InvalidRequest where it is no list at all. `isWhole`: its lines are known by what they say, and
   * all of their days are in it: one that came may be one that went, corrected.
   */
  read(
    request: WebhookRequest,
    settings: ConnectorSettings,
  ): Promise<Omit<EntryPage, 'checkpoint'> & { isWhole?: boolean }>;
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
  /** Further hosts by name, for `VendorRequest.host`. An override of the address replaces their origins too. */
  hosts?: Readonly<Record<string, (settings: ConnectorSettings) => string>>;
  rateLimit: RateLimit;
  /** What an answer's headers say of the calls that are left; null where they say nothing. */
  quotaOf?: (headers: Readonly<Record<string, string>>) => { left: number; resetMs: number } | null;
  timeoutMs: number;
  /** Wait after a 429 that names no time. */
  throttleMs: number;
  /** Response header with the id that the vendor's support asks for. */
  requestIdHeader: string;
  /** Names of the settings a connection must carry, with what each is for. */
  settings: Record<string, string>;
  /** Of those, the ones that say nothing of which account it is, and may change at any time. Default: none. */
  looseSettings?: readonly string[];
  /** Settings with a default, with what each is for. */
  optionalSettings?: Record<string, string>;
  /** The vendor's own way of saying no, where it differs from plain HTTP; null leaves it to the status. */
  classify?: Classify;
  /** Cheapest calls that prove the credentials work; warnings are sentences for the person who connects. */
  test(http: VendorHttp): Promise<{ account: string; warnings: string[] }>;
  /** What the sign-in reaches, where it may be more than one; asked before the settings of the account are known. */
  accounts?(http: VendorHttp): Promise<VendorAccount[]>;
  timeSource?: TimeSource;
  billedMarks?: BilledMarks;
  lookUps?: LookUps;
  timeTarget?: TimeTarget;
  invoiceTarget?: InvoiceTarget;
  webhooks?: WebhookSource;
  /** Entries come to us; nothing is called there. */
  entryReader?: EntryReader;
}

/** Checks a connector's data once at start and returns it unchanged. Throws a plain Error that names the field. */
export function defineConnector(connector: Connector): Connector {
  const { id, rateLimit, timeSource, invoiceTarget } = connector;
  if (!/^[a-z][a-z0-9-]*$/.test(id)) throw new Error(`connector id "${id}" must be kebab-case`);
  if (!timeSource && !invoiceTarget && !connector.entryReader)
    throw new Error(`connector ${id} has no capability`);
  if (!within(connector.timeoutMs, 1, 120_000))
    throw new Error(`connector ${id}: timeoutMs must be within 1..120000`);
  if (!within(connector.throttleMs, 1, 3_600_000))
    throw new Error(`connector ${id}: throttleMs must be within 1..3600000`);
  if (!within(rateLimit.requests, 1, 10_000) || !within(rateLimit.perSeconds, 1, 86_400))
    throw new Error(`connector ${id}: rateLimit must be within 1..10000 requests per 1..86400 seconds`);
  if (timeSource && !within(timeSource.rescan.days, 1, 366))
    throw new Error(`connector ${id}: rescan.days must be within 1..366`);
  for (const name of Object.keys(connector.optionalSettings ?? {}))
    if (name in connector.settings)
      throw new Error(`connector ${id}: setting ${name} is both needed and optional`);
  for (const option of invoiceTarget ? targetOptions : [])
    if ((invoiceTarget?.[option] === undefined) === (invoiceTarget?.declines[option] === undefined))
      throw new Error(`connector ${id}: ${option} must be either there or declined with a reason`);
  return connector;
}

function within(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}
