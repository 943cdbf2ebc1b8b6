/** Owns what activities need from the process that runs them. */
import type { Logger } from 'pino';
import type { SeenCall } from '../connectors/kit/http.ts';
import type { SecretBox } from '../store/connections.ts';
import type { Database } from '../store/database.ts';
import type { DocumentType } from '../store/document-files.ts';

export interface ActivityDeps {
  database: Database;
  secrets: SecretBox;
  logger: Logger;
  /** Prints issued documents and keeps their files; runtime/document-keeper.ts says more. */
  documents: { keep(ref: { workspaceId: string; type: DocumentType; id: string }): Promise<void> };
  /** `https://hub.example.com`: where platforms reach the API; null or absent where nobody has said. */
  hookBase?: () => string | null;
  /** Notes a call beside its work; never throws and never waits. */
  noteCall?: (place: { workspaceId: string; connectionId: string }, call: SeenCall) => void;
  vendor: {
    /** Loopback vendors are sandboxes; off outside development. */
    allowLoopback: boolean;
    /** Names and ranges beyond public addresses that the operator allows. */
    allowedHosts?: readonly string[];
    /** No limits of calls: for measuring against sandboxes. */
    unlimited?: boolean;
    /** Shortens the connector's own time-out, e.g. in tests; null keeps it. */
    timeoutMs: number | null;
  };
}
