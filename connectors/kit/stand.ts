/**
 * Owns the words by which the conformance suite drives any vendor's sandbox, a test hand at the vendor's side, and what all
 * of these hands do alike.
 *
 * Every connector's folder has a `stand.ts` with `export const startStand: StartStand`. It imports its sandbox and this
 * file, never its connector: the suite compares what the vendor holds with what the connector says of it. A member that
 * is absent is a case that is not applicable, and is printed as such.
 */
import { addDays } from '../../domain/day.ts';
import type { Day, DecimalText, Instant } from '../../domain/work-entry.ts';
import type { ConnectorSecrets, ConnectorSettings } from './define.ts';
import type { Fault, Sandbox } from './sandbox.ts';
import type { PayPages } from './sandbox-pay-pages.ts';

export interface StandOptions {
  /** No limits and large pages: for measuring. */
  unlimited?: boolean;
  port?: number;
  /** Where the vendor's clock starts. */
  startAt?: Instant;
}
export type StartStand = (options?: StandOptions) => Promise<Stand>;

/** A connection's vendor, as somebody who works there sees it. */
export interface Stand {
  sandbox: Sandbox;
  /** Of a connection that works. */
  settings: ConnectorSettings;
  secrets: ConnectorSecrets;
  /** Entries that a page of the sandbox holds: more make a second page. */
  pageSize: number;
  /** The vendor's clock. Starts on 2026-03-20, noon UTC, or at `startAt`; it moves by `later` only. */
  now(): Instant;
  /** Moves the vendor's clock forward. */
  later(minutes: number): void;
  /** The account is closed to us: every access token is refused from now on, and refreshing too. */
  revoke(): void;
  /** The access token in use is refused from now on; where tokens are fixed, the given one is valid instead. */
  replaceToken(token: string): void;
  /** The list of entries (or payments) never ends from now on; absent where its form cannot go on for ever. */
  endless?(): void;
  /** The 429 (and the like) of this vendor, each with the wait that its headers name in ms (null: none). */
  throttles: readonly { name: string; fault: Omit<Fault, 'times'>; waitMs: number | null }[];
  /** Where the vendor does otherwise than its own schema says, as the fact sheet knows; each with the reason. */
  schemaDiffers?: readonly { about: RegExp; because: string }[];
  time?: TimeStand;
  oauth?: OAuthStand;
  webhooks?: WebhookStand;
  books?: BooksStand;
}

/** An entry as the test hand writes it down at the vendor; what is left out is some ordinary value. */
export interface StandEntry {
  day: Day;
  /** Whole seconds; a sandbox that keeps minutes or hundredths of hours refuses others. */
  seconds: number;
  person?: { name: string; email: string };
  client?: string;
  project?: { name: string; code?: string };
  task?: string;
  notes?: string;
  billable?: boolean;
  approved?: boolean;
  /** Local start `HH:MM` in `zone`, where the vendor keeps clock times. */
  startsAt?: string;
  /** IANA zone of the person or account. */
  zone?: string;
  tags?: readonly string[];
}

export interface TimeStand {
  /** Writes an entry down; answers the id by which the connector will name it. */
  add(entry: StandEntry): string;
  /** Many at once, for measuring and paging: one person, one project, an hour each, on days from `from` on. */
  addMany(count: number, from: Day): string[];
  /** Hours, notes, project or day (moved) of an entry. */
  change(externalId: string, change: Partial<StandEntry>): void;
  remove(externalId: string): void;
  /** A timer that runs; absent where the API never shows one. Answers the id. */
  startTimer?(entry: Omit<StandEntry, 'seconds'>): string;
  /** Somebody takes an approval back. */
  withdraw?(externalId: string): void;
  /** A row that no mapping can read, among the others; answers the position by which it is quarantined. */
  addMalformed(day: Day): string;
  /**
   * An entry with a word outside the documented list. In a field that decides whether it is billed it is quarantined, elsewhere
   * read; it never stops the page and never is lost. Answers its id. Absent: no such field.
   */
  addUnknownWord?(day: Day): string;
  /** Smallest step of durations in seconds. */
  step: number;
  /** Ids marked as billed or locked there. */
  billed?(): string[];
}

export interface OAuthStand {
  /** The code that the vendor's page hands back after consent. */
  consent(authorizeUrl: string): { code: string; state: string; query: Record<string, string> };
  /** Access tokens end now. */
  expire(): void;
  /** How many exchanges of a refresh token there were. */
  refreshes(): number;
  /** A refresh token that was given, as told in the last exchange. */
  currentRefreshToken(): string;
  revoked(): boolean;
}

export interface WebhookStand {
  /** True where the vendor's proof does not cover the body (Clockify's fixed token). */
  bodyUnsigned?: boolean;
  /** Subscriptions there, by the address they call. */
  subscriptions(): { externalId: string; url: string }[];
  /** A delivery about this entry or invoice as the vendor would sign and send it. */
  delivery(
    subject: { externalId: string; change: 'created' | 'updated' | 'deleted' },
    secret: string,
    at?: Instant,
  ): StandDelivery;
  /** One of a kind that nobody has documented, signed well. */
  unknown(secret: string): StandDelivery;
}
export interface StandDelivery {
  rawBody: Uint8Array;
  headers: Record<string, string>;
  query: Record<string, string>;
}

/** The books of an accounting platform. */
export interface BooksStand {
  invoices(): {
    externalId: string;
    number: string;
    total: DecimalText;
    status: 'draft' | 'open' | 'paid' | 'void';
    /** Time entries that a line is linked to. */
    timeIds: string[];
  }[];
  bills(): { externalId: string; number: string; total: DecimalText }[];
  creditNotes(): { externalId: string; number: string; total: DecimalText }[];
  /** Somebody books a payment there; answers its id. */
  pay(invoiceExternalId: string, amount: DecimalText, on: Day): string;
  removePayment(paymentExternalId: string): void;
  /** Somebody edits, voids or deletes the document there. */
  edit(invoiceExternalId: string): void;
  void(invoiceExternalId: string): void;
  /** Somebody deletes the document there, without a trace in its lists; absent where nobody can. */
  remove?(invoiceExternalId: string): void;
  /** Somebody uses this number for a document of their own. */
  takeNumber(number: string): void | Promise<void>;
  /** Pages where clients pay; absent where the platform has none. */
  payPages?: Pick<PayPages, 'says'> & Partial<PayPages>;
}

/** The vendor's clock, as a stand shows it and its sandbox reads it (`date`). */
export function standClock({ startAt = '2026-03-20T12:00:00Z' }: StandOptions) {
  let nowMs = Date.parse(startAt);
  const date = () => new Date(nowMs);
  return {
    date,
    now: (): Instant => date().toISOString(),
    later: (minutes: number) => {
      nowMs += minutes * 60_000;
    },
  };
}

/** Makes a record the first time that its name comes up, and answers its id each time. */
export function madeOnce<Id extends string | number>(): (name: string, make: () => Id) => Id {
  const ids = new Map<string, Id>();
  return (name, make) => {
    const id = ids.get(name) ?? make();
    ids.set(name, id);
    return id;
  };
}

/** An hour each, on `days` days from `from` on, over and over: what `addMany` means where entries need nothing more. */
export function hoursFrom(add: TimeStand['add'], days: number): TimeStand['addMany'] {
  return (count, from) =>
    Array.from({ length: count }, (_, n) => add({ day: addDays(from, n % days), seconds: 3_600 }));
}
