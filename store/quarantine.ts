/** Owns the quarantine: rows of a source that could not be read, kept whole until they are mended or dismissed. */
import { textArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';

export const quarantineStatuses = ['open', 'fixed', 'dismissed'] as const;
export type QuarantineStatus = (typeof quarantineStatuses)[number];

export interface QuarantinedRow {
  id: string;
  sourceId: string;
  sourceName: string;
  operationId: string | null;
  position: string;
  /** In a list cut to its beginning. */
  raw: string;
  /** True when the kept row itself is only the beginning of what was read. */
  truncated: boolean;
  reason: string;
  detail: string;
  status: QuarantineStatus;
  createdAt: string;
  lastSeenAt: string;
}

/** A list shows the beginning of a row: 200 rows of 64 KB would be 13 MB. */
const shownChars = 500;

const select = (raw: string) => `
  select q.id, q.source_id, s.name as source_name, q.operation_id, q.position, ${raw} as raw, q.truncated, q.reason, q.detail, q.status,
    q.created_at, q.last_seen_at
  from quarantine q join sources s on s.workspace_id = q.workspace_id and s.id = q.source_id`;

/** Newest first, before the id that the last page ended with; up to limit + 1 rows. */
export function listQuarantine(
  tx: WorkspaceTx,
  filter: {
    sourceId?: string | undefined;
    reason?: string | undefined;
    status?: QuarantineStatus | undefined;
  },
  page: { before: string | null; limit: number },
): Promise<QuarantinedRow[]> {
  return tx.rows<QuarantinedRow>(
    `${select(`left(q.raw, ${shownChars})`)}
     where q.workspace_id = $1 and ($2::uuid is null or q.source_id = $2) and ($3::text is null or q.reason = $3)
       and ($4::text is null or q.status = $4) and ($5::uuid is null or q.id < $5)
     order by q.id desc limit $6`,
    [
      tx.workspaceId,
      filter.sourceId ?? null,
      filter.reason ?? null,
      filter.status ?? null,
      page.before,
      page.limit + 1,
    ],
  );
}

export interface QuarantineReason {
  reason: string;
  rows: number;
  /** Where one of them stands, e.g. `line 12`. */
  position: string;
  detail: string;
}

/** Open rows that an import of this source saw, by reason; identical rows count once. Most frequent first, up to 50. */
export function countQuarantineReasons(
  tx: WorkspaceTx,
  sourceName: string,
  operationId: string,
): Promise<QuarantineReason[]> {
  return tx.rows<QuarantineReason>(
    `select q.reason, count(*)::int as rows, (array_agg(q.position order by q.id))[1] as position,
       (array_agg(q.detail order by q.id))[1] as detail
     from quarantine q join sources s on s.workspace_id = q.workspace_id and s.id = q.source_id and s.kind = 'file' and s.name = $2
     where q.workspace_id = $1 and q.status = 'open'
       and q.last_seen_at >= (select created_at from operations where workspace_id = $1 and id = $3)
     group by q.reason order by 2 desc, 1 limit 50`,
    [tx.workspaceId, sourceName, operationId],
  );
}

/** One row with all that is kept of it. */
export function readQuarantined(
  tx: WorkspaceTx,
  id: string,
  lock: '' | 'for no key update of q' = '',
): Promise<QuarantinedRow | null> {
  return tx.row<QuarantinedRow>(`${select('q.raw')} where q.workspace_id = $1 and q.id = $2 ${lock}`, [
    tx.workspaceId,
    id,
  ]);
}

/** Rows of the source at these positions were read after all. */
export async function mendQuarantined(
  tx: WorkspaceTx,
  sourceId: string,
  positions: readonly string[],
): Promise<void> {
  await tx.run(
    `update quarantine set status = 'fixed' where workspace_id = $1 and source_id = $2 and status = 'open' and position = any($3::text[])`,
    [tx.workspaceId, sourceId, textArray([...positions])],
  );
}

/** Whether a connection has rows that nobody could read so far. */
export async function hasQuarantined(tx: WorkspaceTx, connectionId: string): Promise<boolean> {
  const row = await tx.row<{ has: boolean }>(
    `select exists (select from quarantine q join sources s on s.workspace_id = $1 and s.id = q.source_id and s.connection_id = $2
       where q.workspace_id = $1 and q.status = 'open') as has`,
    [tx.workspaceId, connectionId],
  );
  return row!.has;
}

/** Sets an open row aside for good: the same row read again stays dismissed. False when it is not open. */
export async function dismissQuarantined(
  tx: WorkspaceTx,
  id: string,
  actor: string,
  reason: string,
): Promise<boolean> {
  const changed = await tx.run(
    `update quarantine set status = 'dismissed' where workspace_id = $1 and id = $2 and status = 'open'`,
    [tx.workspaceId, id],
  );
  if (changed === 0) return false;
  await recordEvents(tx, [
    {
      type: 'quarantine.dismissed',
      subjectType: 'quarantine',
      subjectId: id,
      actor,
      permission: 'quarantine.read',
      payload: { reason },
      before: { status: 'open' },
      after: { status: 'dismissed' },
    },
  ]);
  return true;
}
