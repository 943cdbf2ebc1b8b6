/** Owns what activities need from the process that runs them. */
import type { Logger } from 'pino';
import type { SecretBox } from '../store/connections.ts';
import type { Database } from '../store/database.ts';

export interface ActivityDeps {
  database: Database;
  secrets: SecretBox;
  logger: Logger;
  vendor: {
    /** Loopback vendors are sandboxes; off outside development. */
    allowLoopback: boolean;
    /** Shortens the connector's own time-out, e.g. in tests; null keeps it. */
    timeoutMs: number | null;
  };
}
