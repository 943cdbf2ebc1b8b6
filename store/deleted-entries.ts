/** Owns entries that their source no longer has: they offer nothing any more, and what was claimed of them asks a person. */
import type { Day } from '../domain/work-entry.ts';
import { plainArray, textArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { holdRemade } from './duplicates.ts';
import { recordEvents } from './events.ts';
import { raiseFindings } from './exceptions.ts';
import { addDeltas } from './totals.ts';

/** External ids of the source's living entries dated within `from`..`to`, both inclusive; at most `limit`. */
export async function listLivingEntries(
  tx: WorkspaceTx,
  sourceId: string,
  window: { from: Day; to: Day; limit: number },
): Promise<string[]> {
  const rows = await tx.rows<{ externalId: string }>(
    `select e.external_id from work_entries e
     cross join lateral (
       select 1 from entry_versions v where v.workspace_id = $1 and v.entry_id = e.id and v.version = e.current_version
         and v.work_date between $3 and $4 offset 0) v
     where e.workspace_id = $1 and e.source_id = $2 and e.deleted_at is null order by e.id limit $5`,
    [tx.workspaceId, sourceId, window.from, window.to, window.limit],
  );
  return rows.map((row) => row.externalId);
}

/** Which of the external ids the source's entries have here. */
export async function knownExternalIds(
  tx: WorkspaceTx,
  sourceId: string,
  externalIds: string[],
): Promise<Set<string>> {
  const rows = await tx.rows<{ externalId: string }>(
    'select external_id from work_entries where workspace_id = $1 and source_id = $2 and external_id = any($3::text[])',
    [tx.workspaceId, sourceId, textArray(externalIds)],
  );
  return new Set(rows.map((row) => row.externalId));
}

interface Gone {
  id: string;
  version: number;
  kind: string;
  projectId: string | null;
  quantity: number;
  claimed: number;
  totalClaimed: number;
}

/** Deleted at its source, or moved to where its connection's scope does not reach. */
export type GoneReason = 'deleted' | 'out_of_scope';

/**
 * Marks entries as deleted at their source, or as gone from its scope. Under the balances' locks, as every change of an
 * entry; safe to repeat. Answers how many were living.
 */
export async function markDeletedAtSource(
  tx: WorkspaceTx,
  sourceId: string,
  externalIds: readonly string[],
  actor: string,
  reason: GoneReason = 'deleted',
): Promise<number> {
  if (externalIds.length === 0) return 0;
  await tx.run('select pg_advisory_xact_lock(hashtextextended($1, 1))', [sourceId]);
  await tx.run(
    `select 1 from (select w.id, w.current_version from work_entries w
       where w.workspace_id = $1 and w.source_id = $2 and w.external_id = any($3::text[]) and w.deleted_at is null order by w.id) e
     cross join lateral (
       select 1 from entry_balance b where b.workspace_id = $1 and b.entry_id = e.id and b.version = e.current_version for no key update) l`,
    [tx.workspaceId, sourceId, textArray(externalIds)],
  );
  const gone = await tx.rows<Gone>(
    `select e.id, e.current_version as version, v.kind, v.project_id, b.quantity, b.claimed,
       (select coalesce(sum(c.claimed), 0) from entry_balance c where c.workspace_id = $1 and c.entry_id = e.id)::bigint as total_claimed
     from work_entries e
     cross join lateral (select x.kind, x.project_id from entry_versions x
       where x.workspace_id = $1 and x.entry_id = e.id and x.version = e.current_version offset 0) v
     cross join lateral (select x.quantity, x.claimed from entry_balance x
       where x.workspace_id = $1 and x.entry_id = e.id and x.version = e.current_version offset 0) b
     where e.workspace_id = $1 and e.source_id = $2 and e.external_id = any($3::text[]) and e.deleted_at is null`,
    [tx.workspaceId, sourceId, textArray(externalIds)],
  );
  if (gone.length === 0) return 0;
  const ids = plainArray(gone.map((row) => row.id));
  await tx.run(
    'update work_entries set deleted_at = now(), gone_reason = $3 where workspace_id = $1 and id = any($2::uuid[])',
    [tx.workspaceId, ids, reason],
  );
  await tx.run(
    'update entry_balance set quantity = claimed where workspace_id = $1 and entry_id = any($2::uuid[]) and quantity <> claimed',
    [tx.workspaceId, ids],
  );
  await addDeltas(
    tx,
    gone
      .filter((row) => row.kind === 'labor')
      .map((row) => ({
        metric: 'open_seconds',
        key: row.projectId ?? 'unmatched',
        value: String(row.claimed - row.quantity),
      })),
  );
  await raiseFindings(
    tx,
    gone
      .filter((row) => row.totalClaimed !== 0)
      .map((row) => ({
        rule: 'entry.changed_after_claim',
        severity: 'W' as const,
        subjectKey: `entry:${row.id}`,
        fingerprint: `${reason}:${row.version}`,
        subjectType: 'entry' as const,
        subjectId: row.id,
        detail: {
          ...(reason === 'deleted' ? { deletedAtSource: true } : { outOfScope: true }),
          claimed: row.totalClaimed,
        },
        entries: [{ entryId: row.id, version: row.version }],
      })),
  );
  if (reason === 'deleted' && gone.some((row) => row.totalClaimed !== 0)) await holdRemade(tx, sourceId);
  await recordEvents(tx, [
    {
      type: reason === 'deleted' ? 'entries.deleted_at_source' : 'entries.left_scope',
      subjectType: 'source',
      subjectId: sourceId,
      permission: 'entries.read',
      actor,
      payload: { count: gone.length, entryIds: gone.slice(0, 100).map((row) => row.id) },
    },
  ]);
  return gone.length;
}
