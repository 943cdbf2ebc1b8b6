/** Owns what the API is given: `AppDeps` by the composition root, `ApiDeps` to every handler. */
import type { Readable } from 'node:stream';
import type { Logger } from 'pino';
import type {
  Connector,
  InvoiceTarget,
  LookUpKind,
  LookUpRecord,
  VendorAccount,
  WebhookSource,
} from '../connectors/kit/define.ts';
import type { ClientReportFigures } from '../domain/client-report.ts';
import type { AttachmentSubject, MediaType } from '../domain/file-type.ts';
import type { ImportMapping } from '../domain/import/mapping.ts';
import type { StatusBadge } from '../domain/printed-document.ts';
import type { PrintedStatement } from '../domain/printed-statement.ts';
import type { Instant } from '../domain/work-entry.ts';
import type { RuleScope } from '../store/apply-mapping-rule.ts';
import type { ConsentProof } from '../store/authorisations.ts';
import type { NewTokens } from '../store/connection-tokens.ts';
import type { SecretBox } from '../store/connections.ts';
import type { Database } from '../store/database.ts';
import type { DocumentFile, DocumentFormat, DocumentType } from '../store/document-files.ts';
import type { Operation } from '../store/operations.ts';
import type { SignIn, SignInSettings } from './auth/sign-in.ts';
import type { EventFeed, EventTail } from './kit/events.ts';
import type { DeliveryDesk } from './routes/webhooks/delivery-desk.ts';

/** What the API needs to know of a connector: what it takes, and what it can do, as data. */
export interface ConnectorFacts
  extends Pick<Connector, 'id' | 'name' | 'settings'>,
    Partial<
      Pick<
        Connector,
        | 'optionalSettings'
        | 'looseSettings'
        | 'auth'
        | 'rateLimit'
        | 'accounts'
        | 'timeSource'
        | 'billedMarks'
        | 'lookUps'
        | 'timeTarget'
        | 'entryReader'
      >
    > {
  /** Only of platforms that invoices are sent to. */
  invoiceTarget?: { numberMaxLength: number } & Partial<InvoiceTarget>;
  /** Only of platforms that send webhooks. */
  webhooks?: WebhookFacts;
}
export interface ConnectionRef {
  workspaceId: string;
  connectionId: string;
}
/** What is asked of platforms while connections are set up and ended; activities/connection-setup.ts says more. */
export interface ConnectionSetup {
  beginConsent(ref: ConnectionRef, redirectUrl: string): Promise<{ url: string; proof: ConsentProof }>;
  finishConsent(
    ref: ConnectionRef,
    code: string,
    query: Readonly<Record<string, string>>,
    proof: ConsentProof,
  ): Promise<NewTokens>;
  test(ref: ConnectionRef): Promise<{
    ok: boolean;
    account: string | null;
    warnings: string[];
    problem: { kind: string; message: string; requestId: string | null } | null;
  }>;
  accounts(ref: ConnectionRef): Promise<VendorAccount[]>;
  /** Null: the platform has no such list. */
  lookUp(
    ref: ConnectionRef,
    kind: LookUpKind,
    wanted: { skip: number; limit: number; holding: string },
  ): Promise<LookUpRecord[] | null>;
  end(ref: ConnectionRef): Promise<{ unsubscribed: number; revoked: boolean; problems: string[] }>;
  /** In the background; its operation ends with what would come in. */
  startDryRun(ref: ConnectionRef, operationId: string): void;
  dryRunsUnderWay(): number;
  allowsHost(url: string): boolean;
}
/** A webhook as it arrived; header names in lower case. */
export interface ArrivedWebhook {
  rawBody: Uint8Array;
  headers: Readonly<Record<string, string | undefined>>;
  query: Readonly<Record<string, string>>;
}
/** How a platform's webhooks are checked and read; connectors/kit/define.ts says more. */
export interface WebhookFacts {
  /** Constant-time check over the raw bytes. */
  verify(request: ArrivedWebhook, secret: string): boolean;
  /** Null when the platform gives none: the body's hash is used. */
  deliveryId(request: ArrivedWebhook): string | null;
  /** Throws on a form that the connector does not know. */
  events(request: ArrivedWebhook): readonly unknown[];
  replayWindow?: { seconds: number; signedAt: (request: ArrivedWebhook) => Instant | null };
  handshake?(
    request: ArrivedWebhook,
    secret: string,
    pending: boolean,
  ): {
    answer: { status: number; headers?: Readonly<Record<string, string>>; body?: unknown };
    learned?: string;
    proved?: Readonly<Record<string, string>>;
  } | null;
  /** The status of its answer, where the platform takes 200 only. */
  acknowledges?: 200;
  subscribe?: WebhookSource['subscribe'];
  /** How a person sets it up there. */
  setUp?: string;
}

/** A file that is being uploaded; `stream` fails when the client goes away. */
export interface UploadedFile {
  workspaceId: string;
  stream: Readable;
  mapping: ImportMapping;
  sourceName: string;
  startedBy: string;
}
/** Where handed-in files are kept; runtime/file-store.ts says more. */
export interface FileStore {
  receive(
    stream: Readable,
    wanted: { subject: AttachmentSubject; maxBytes: number },
  ): Promise<{
    sha256: string;
    bytes: number;
    mediaType: MediaType;
    keep(): Promise<void>;
    discard(): Promise<void>;
  }>;
  read(sha256: string): AsyncIterable<Uint8Array>;
}
/** Prints documents and keeps the files of issued ones; runtime/document-keeper.ts says more. */
export interface DocumentKeeper {
  read(
    ref: DocumentRef,
    format: DocumentFormat,
  ): Promise<{ file: DocumentFile; content: AsyncIterable<Uint8Array> }>;
  copy(ref: DocumentRef, badge: StatusBadge | null): Promise<Uint8Array>;
  page(ref: DocumentRef, badge: StatusBadge | null): Promise<string>;
  whyNoEInvoice(ref: DocumentRef): Promise<string[]>;
}
/** Keeps the files of clients' quarterly reports; runtime/report-keeper.ts says more. */
export interface ReportKeeper {
  read(ref: {
    workspaceId: string;
    id: string;
  }): Promise<{ file: DocumentFile; content: AsyncIterable<Uint8Array> }>;
  preview(figures: ClientReportFigures, now: Instant): Promise<Uint8Array>;
}
/** Prints statements of account; runtime/statement-keeper.ts says more. */
export interface StatementKeeper {
  pdf(statement: PrintedStatement): Promise<Uint8Array>;
  page(statement: PrintedStatement): string;
}
export interface DocumentRef {
  workspaceId: string;
  type: DocumentType;
  id: string;
}
/** Applies mapping rules in the background; runtime/rematcher.ts says more. */
export interface Rematcher {
  waiting(): number;
  start(job: {
    workspaceId: string;
    operationId: string;
    ruleId: string;
    rule: RuleScope;
    actor: string;
  }): void;
}
/** What a mail is to say; mail/render-mail.ts says more. */
export interface MailContent {
  kind: string;
  params: Readonly<Record<string, unknown>>;
  workspaceName: string;
  link: string | null;
  pay: readonly { label: string; url: string }[];
}
/** Takes in entries that somebody sends; activities/hook-intake.ts says more. Null: it was taken in before. */
export type HookIntake = (delivery: {
  workspaceId: string;
  connectionId: string;
  key: string;
  request: ArrivedWebhook;
  headers: Record<string, string>;
}) => Promise<{ operationId: string; counts: HookCounts } | null>;
export interface HookCounts {
  created: number;
  changed: number;
  unchanged: number;
  stateChanged: number;
  quarantined: number;
  outside: number;
  beforeGoLive: number;
}
/** What `/readyz` says, part by part. */
export type Readiness = Record<string, { ok: boolean; missing?: string }>;

export interface AppDeps {
  database: Database;
  feed: EventFeed;
  secrets: SecretBox;
  signIn: SignInSettings;
  connectors: ReadonlyMap<string, ConnectorFacts>;
  connectionSetup: ConnectionSetup;
  logger: Logger;
  /** Resolves once the whole upload is here and its import runs; one that breaks off leaves nothing behind. */
  importFile: (upload: UploadedFile) => Promise<Operation>;
  files: FileStore;
  documents: DocumentKeeper;
  reports: ReportKeeper;
  statements: StatementKeeper;
  rematcher: Rematcher;
  takeHook: HookIntake;
  /** A mail as its reader sees it. */
  showMail: (content: MailContent) => Promise<{ html: string; text: string }>;
  /** Asked by `/readyz`; given 5 seconds. */
  readiness: () => Promise<Readiness>;
  /** Shown in the API document. */
  version: string;
  /** A connection may name its own host: for sandboxes and proxies. Off, since its secrets are sent there. */
  allowBaseUrlOverride?: boolean;
  /** Ends open streams. */
  shutdown?: AbortSignal;
  /** How long a valid API key is remembered: a revoked one works that much longer. */
  keyCacheMs?: number;
  /** After this, a command that never answered counts as dead and its Idempotency-Key may be used again. */
  idempotencyStaleSeconds?: number;
  /** Answers that do not fit their schema become 500 instead of a line in the log: for tests. */
  strictAnswers?: boolean;
}

export interface ApiDeps extends Omit<AppDeps, 'signIn'> {
  signIn: SignIn;
  /** `https://hub.example.com`: where browsers find us, for links. */
  publicUrl: () => string;
  eventTail: EventTail;
  deliveryDesk: DeliveryDesk;
}
