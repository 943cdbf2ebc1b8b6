/** Owns entries that their source no longer has: they offer nothing any more, and what was claimed of them asks a person. */
import type { Day } from '../domain/work-entry.ts';
import { plainArray, textArray } from './arrays.ts';
import { closeEntries, lockToClose } from './closed-entries.ts';
import type { WorkspaceTx } from './database.ts';
import { holdRemade } from './duplicates.ts';
import { recordEvents } from './events.ts';
import { lockSource } from './sources.ts';

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
  await lockSource(tx, sourceId);
  const living = `select w.id, w.current_version, v.kind, v.project_id from work_entries w
    cross join lateral (select x.kind, x.project_id from entry_versions x
      where x.workspace_id = $1 and x.entry_id = w.id and x.version = w.current_version offset 0) v
    where w.workspace_id = $1 and w.source_id = $2 and w.external_id = any($3::text[]) and w.deleted_at is null order by w.id`;
  const gone = await lockToClose(tx, living, [tx.workspaceId, sourceId, textArray(externalIds)]);
  if (gone.length === 0) return 0;
  const ids = plainArray(gone.map((row) => row.id));
  await tx.run(
    'update work_entries set deleted_at = now(), gone_reason = $3 where workspace_id = $1 and id = any($2::uuid[])',
    [tx.workspaceId, ids, reason],
  );
  await closeEntries(tx, gone, {
    fingerprint: reason,
    detail: reason === 'deleted' ? { deletedAtSource: true } : { outOfScope: true },
  });
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
