/** Owns where from a change comes: set once at each entrance (API, command line, activity, import), read by the events. */
import { AsyncLocalStorage } from 'node:async_hooks';

export interface Origin {
  /** `system`: the hub's own loops. */
  via: 'api' | 'cli' | 'workflow' | 'import' | 'system';
  requestId?: string;
  workflowId?: string;
  /** The activity of that workflow. */
  activity?: string;
  /** Whose machine it was; `of` names whose personal data that is (`person:<id>`, `member:<id>` …). */
  client?: { of: string; ip: string | null; userAgent: string | null };
}

const origins = new AsyncLocalStorage<Origin>();
const system: Origin = { via: 'system' };

/** Whatever `work` changes, also after it awaited, comes from there. */
export const from = <T>(origin: Origin, work: () => T): T => origins.run(origin, work);

export const currentOrigin = (): Origin => origins.getStore() ?? system;
