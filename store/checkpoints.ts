/** Owns how far each stream of a connection was read, when that reading began, and which reading may still move it. */
import type { WorkspaceTx } from './database.ts';

/** One reading of a stream. Only the latest one moves the cursor: its fence is the moment it began. */
export interface Poll {
  connectionId: string;
  stream: string;
  cursor: string | null;
  fence: string;
}

export interface LastPoll {
  /** How long ago it began, by the workspace's clock. */
  agoMs: number;
  cursor: string | null;
  /** A person asked for another since. */
  requested: boolean;
  /** A webhook did. */
  hinted: boolean;
}

/** The last reading of each stream. */
export async function readPolls(tx: WorkspaceTx, connectionId: string): Promise<Map<string, LastPoll>> {
  const rows = await tx.rows<LastPoll & { stream: string }>(
    `select k.stream, k.cursor, (extract(epoch from coalesce(w.clock_at - coalesce(k.sandbox_at, k.updated_at), clock_timestamp() - k.updated_at)) * 1000)::bigint as ago_ms,
       coalesce(c.sync_requested_at > k.updated_at, false) as requested, coalesce(c.hinted_at > k.updated_at, false) as hinted
     from checkpoints k join connections c on c.workspace_id = $1 and c.id = k.connection_id join workspaces w on w.id = $1
     where k.workspace_id = $1 and k.connection_id = $2`,
    [tx.workspaceId, connectionId],
  );
  return new Map(rows.map((row) => [row.stream, row]));
}

/** Notes that a reading begins: requests made before this moment are answered by it, an older reading is superseded. */
export async function beginPoll(tx: WorkspaceTx, connectionId: string, stream: string): Promise<Poll> {
  const row = await tx.row<Pick<Poll, 'cursor' | 'fence'>>(
    `insert into checkpoints (workspace_id, connection_id, stream, updated_at, sandbox_at)
     values ($1, $2, $3, clock_timestamp(), (select clock_at from workspaces where id = $1))
     on conflict (workspace_id, connection_id, stream) do update set updated_at = clock_timestamp(), sandbox_at = excluded.sandbox_at
     returning cursor, updated_at::text as fence`,
    [tx.workspaceId, connectionId, stream],
  );
  return { connectionId, stream, ...row! };
}

/**
 * Moves the cursor (null: this page moves nothing) and holds the stream until the commit. False when another reading began
 * meanwhile, the stream is to be read anew, or the connection was paused or ended: then roll back and stop.
 */
export async function advancePoll(tx: WorkspaceTx, poll: Poll, cursor: string | null): Promise<boolean> {
  const moved = await tx.run(
    `update checkpoints set cursor = coalesce($4, cursor)
     where workspace_id = $1 and connection_id = $2 and stream = $3 and updated_at = $5::timestamptz
       and exists (select from connections c where c.workspace_id = $1 and c.id = $2 and c.status = 'active')`,
    [tx.workspaceId, poll.connectionId, poll.stream, cursor, poll.fence],
  );
  return moved === 1;
}

const anew = 'anew:';
/**
 * The stream is read from its beginning, at the next look, after it was read on from where it is: what a platform tells of
 * by its absence only, like a deleted payment, is known by the place that was reached.
 */
export async function rereadStreamToo(tx: WorkspaceTx, connectionId: string, stream: string): Promise<void> {
  await tx.run(
    `update checkpoints set cursor = case when starts_with(cursor, $4) then cursor else $4 || cursor end, updated_at = 'epoch', sandbox_at = null
     where workspace_id = $1 and connection_id = $2 and stream = $3`,
    [tx.workspaceId, connectionId, stream, anew],
  );
}

/** The cursors from which a stream is read, one after the other, and how each reading keeps what it reached. */
export function readingsOf(
  cursor: string | null,
): { from: string | null; keep: (reached: string | null) => string | null }[] {
  const plain = (reached: string | null) => reached;
  if (cursor === null || !cursor.startsWith(anew)) return [{ from: cursor, keep: plain }];
  return [
    { from: cursor.slice(anew.length), keep: (reached) => (reached === null ? null : anew + reached) },
    { from: null, keep: plain },
  ];
}

/** The stream is read from its beginning, at the next look. */
export async function rereadStream(tx: WorkspaceTx, connectionId: string, stream: string): Promise<void> {
  await tx.run(
    `update checkpoints set cursor = null, updated_at = 'epoch', sandbox_at = null where workspace_id = $1 and connection_id = $2 and stream = $3`,
    [tx.workspaceId, connectionId, stream],
  );
}
