/** Owns what a connection's page of health is made of: its readings, its calls, and what waits for a person. */
import { type CallLimit, type CallsInWindow, readCallsInWindow } from './call-slots.ts';
import { type ConnectionFailure, readRecentErrors } from './connections.ts';
import type { WorkspaceTx } from './database.ts';

export interface ConnectionHealth {
  streams: { stream: string; readAt: string }[];
  calls: CallsInWindow;
  /** Open exceptions about it, or about entries that came from it; counted up to 10,000. */
  openExceptions: number;
  /** Rows of it that could not be read and wait; counted up to 10,000. */
  quarantined: number;
  errors: ConnectionFailure[];
}
const mostCounted = 10_000;

export async function readConnectionHealth(
  tx: WorkspaceTx,
  connectionId: string,
  limit: CallLimit | null,
): Promise<ConnectionHealth> {
  const counts = await tx.row<{ openExceptions: number; quarantined: number }>(
    `select (select count(*)::int from (
        select from exceptions x where x.workspace_id = $1 and x.status = 'open' and (
          x.subject_type = 'connection' and x.subject_id = $2
          or exists (
            select from exception_entries e
            join work_entries w on w.workspace_id = $1 and w.id = e.entry_id
            join sources s on s.workspace_id = $1 and s.id = w.source_id and s.connection_id = $2
            where e.workspace_id = $1 and e.exception_id = x.id and e.open))
        limit $3) found) as open_exceptions,
      (select count(*)::int from (
        select from quarantine q join sources s on s.workspace_id = $1 and s.id = q.source_id and s.connection_id = $2
        where q.workspace_id = $1 and q.status = 'open' limit $3) waiting) as quarantined`,
    [tx.workspaceId, connectionId, mostCounted],
  );
  const streams = await tx.rows<{ stream: string; readAt: string }>(
    `select stream, updated_at as read_at from checkpoints
     where workspace_id = $1 and connection_id = $2 and updated_at > 'epoch' order by stream limit 50`,
    [tx.workspaceId, connectionId],
  );
  return {
    ...counts!,
    streams,
    calls: await readCallsInWindow(tx, connectionId, limit?.perSeconds ?? 60),
    errors: await readRecentErrors(tx, connectionId),
  };
}
