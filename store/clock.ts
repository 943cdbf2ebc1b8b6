/** Owns what time it is in a workspace, and how long a look may sleep there: the real clock, or one that an admin moves. */
import type { Instant } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { getWorkspace } from './workspaces.ts';

export interface Clock {
  /** What time it is in the workspace; ISO 8601, UTC. */
  now: Instant;
  /** Whether the workspace has a clock of its own, that stands still until it is moved. */
  isSandbox: boolean;
  /**
   * How long a workflow sleeps until then, 0 when it has passed. Null: no timer, the moved clock wakes what is due; so
   * what is waited for must have a row in `due`.
   */
  waitMs(until: Instant): number | null;
}

/** Whoever decides by time asks here, never the process and never SQL's now(). */
export async function clockOf(tx: WorkspaceTx): Promise<Clock> {
  const { clockAt } = await getWorkspace(tx);
  if (clockAt !== null) return { now: clockAt, isSandbox: true, waitMs: () => null };
  const nowMs = Date.now();
  return {
    now: new Date(nowMs).toISOString(),
    isSandbox: false,
    waitMs: (until) => Math.max(0, Date.parse(until) - nowMs),
  };
}

/** The same within a statement whose `$1` is the workspace; read once a statement, however many rows it writes. */
export const sqlNow = '(select coalesce(clock_at, now()) from workspaces where id = $1)';
