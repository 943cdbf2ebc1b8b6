/** Owns how many calls the processes of a hub have taken of a connection's limit, and what its platform said of it. */
import type { WorkspaceTx } from './database.ts';

export interface CallLimit {
  requests: number;
  perSeconds: number;
}
export interface TakenSlots {
  granted: number;
  /** 0 where some were granted. */
  waitMs: number;
  /** To give back what stays unused; null where none were granted. */
  lease: string | null;
}

/**
 * Takes up to `wanted` calls that are made within `leaseMs` from now. Gives back what an earlier lease left unused, and notes
 * what the platform said is left. One statement; the row is held until the commit.
 */
export async function takeCallSlots(
  tx: WorkspaceTx,
  connectionId: string,
  limit: CallLimit,
  taken: {
    wanted: number;
    leaseMs: number;
    unused: { slots: number; lease: string } | null;
    said: { left: number; resetMs: number } | null;
  },
): Promise<TakenSlots> {
  const spanMs = limit.perSeconds * 1000 + taken.leaseMs;
  const row = await tx.row<TakenSlots>(
    `select * from take_call_slots($1, $2, $3, $4, $5, $6, $7::timestamptz, $8, clock_timestamp() + $9 * interval '1 millisecond')`,
    [
      tx.workspaceId,
      connectionId,
      limit.requests,
      Math.ceil(spanMs),
      taken.wanted,
      taken.unused?.slots ?? 0,
      taken.unused?.lease ?? null,
      taken.said === null ? null : Math.trunc(taken.said.left),
      taken.said?.resetMs ?? null,
    ],
  );
  return row!;
}

/** Nobody of this connection calls for `ms`; a longer pause stays. */
export async function pauseCalls(tx: WorkspaceTx, connectionId: string, ms: number): Promise<void> {
  await tx.run(
    `insert into call_slots (workspace_id, connection_id, paused_until) values ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
     on conflict (workspace_id, connection_id) do update set paused_until = greatest(call_slots.paused_until, excluded.paused_until)`,
    [tx.workspaceId, connectionId, ms],
  );
}

export interface CallsInWindow {
  /** Taken in the window that ends now. */
  taken: number;
  pausedUntil: string | null;
  /** As the platform says; null where it does not, or its window is over. */
  saidLeft: number | null;
  saidUntil: string | null;
}

export async function readCallsInWindow(
  tx: WorkspaceTx,
  connectionId: string,
  perSeconds: number,
): Promise<CallsInWindow> {
  const row = await tx.row<CallsInWindow>(
    `select (select coalesce(sum(n), 0)::int from unnest(taken_at, slots) as b(t, n) where t > clock_timestamp() - $3 * interval '1 second') as taken,
       case when paused_until > clock_timestamp() then paused_until end as paused_until,
       case when left_until > clock_timestamp() then calls_left end as said_left,
       case when left_until > clock_timestamp() then left_until end as said_until
     from call_slots where workspace_id = $1 and connection_id = $2`,
    [tx.workspaceId, connectionId, perSeconds],
  );
  return row ?? { taken: 0, pausedUntil: null, saidLeft: null, saidUntil: null };
}
