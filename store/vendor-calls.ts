/** Owns how calls to platforms went, added up by connection, hour and outcome. */
import type { Instant } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';

export interface CallCount {
  connectionId: string;
  outcome: string;
  calls: number;
  durationMs: number;
  /** For our own limit. */
  waitedMs: number;
  slowestMs: number;
}

/** Adds to the present hour. In one order everywhere, so that processes wait for each other but never in a circle. */
export async function addVendorCalls(tx: WorkspaceTx, counts: readonly CallCount[]): Promise<void> {
  if (counts.length === 0) return;
  await tx.run(
    `insert into vendor_calls (workspace_id, connection_id, hour, outcome, calls, duration_ms, waited_ms, slowest_ms)
     select $1, c.connection_id, date_trunc('hour', now()), c.outcome, c.calls, c.duration_ms, c.waited_ms, c.slowest_ms
     from unnest($2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
       as c(connection_id, outcome, calls, duration_ms, waited_ms, slowest_ms)
     order by c.connection_id, c.outcome
     on conflict (workspace_id, connection_id, hour, outcome) do update set
       calls = vendor_calls.calls + excluded.calls, duration_ms = vendor_calls.duration_ms + excluded.duration_ms,
       waited_ms = vendor_calls.waited_ms + excluded.waited_ms, slowest_ms = greatest(vendor_calls.slowest_ms, excluded.slowest_ms)`,
    [
      tx.workspaceId,
      counts.map((count) => count.connectionId),
      counts.map((count) => count.outcome),
      counts.map((count) => count.calls),
      counts.map((count) => Math.round(count.durationMs)),
      counts.map((count) => Math.round(count.waitedMs)),
      counts.map((count) => Math.round(count.slowestMs)),
    ],
  );
}

/** Newest hour first. */
export function readVendorCalls(
  tx: WorkspaceTx,
  connectionId: string,
  hours: number,
): Promise<(Omit<CallCount, 'connectionId'> & { hour: Instant })[]> {
  return tx.rows(
    `select hour, outcome, calls, duration_ms, waited_ms, slowest_ms from vendor_calls
     where workspace_id = $1 and connection_id = $2 and hour > now() - $3 * interval '1 hour' order by hour desc, outcome`,
    [tx.workspaceId, connectionId, hours],
  );
}
