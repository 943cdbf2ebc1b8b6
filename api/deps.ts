/** Owns what the API is given: `AppDeps` by the composition root, `ApiDeps` to every handler. */
import type { Logger } from 'pino';
import type { SecretBox } from '../store/connections.ts';
import type { Database } from '../store/database.ts';
import type { EventFeed, EventTail } from './kit/events.ts';

/** What the API needs to know of a connector: enough to check a new connection's settings. */
export interface ConnectorFacts {
  id: string;
  name: string;
  settings: Readonly<Record<string, string>>;
  optionalSettings?: Readonly<Record<string, string>>;
}
/** What `/readyz` says, part by part. */
export type Readiness = Record<string, { ok: boolean; missing?: string }>;

export interface AppDeps {
  database: Database;
  feed: EventFeed;
  secrets: SecretBox;
  connectors: ReadonlyMap<string, ConnectorFacts>;
  logger: Logger;
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

export interface ApiDeps extends AppDeps {
  eventTail: EventTail;
}
