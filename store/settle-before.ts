/** Owns a go-live date that moves later: what came in before it is settled elsewhere, and offers nothing any more. */
import type { Day } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import { closeEntries, lockToClose } from './closed-entries.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { lockSource } from './sources.ts';

/**
 * Settles the connection's living entries that are dated before the day, under the balances' locks as every change of an
 * entry; what is claimed of them asks a person. The way back is a new reading. Answers how many there were.
 */
export async function settleBefore(tx: WorkspaceTx, connectionId: string, day: Day): Promise<number> {
  const source = await tx.row<{ id: string }>(
    'select id from sources where workspace_id = $1 and connection_id = $2',
    [tx.workspaceId, connectionId],
  );
  if (!source) return 0;
  await lockSource(tx, source.id);
  const early = `select e.id, e.current_version, v.kind, v.project_id from (
      select w.id, w.current_version from work_entries w
      where w.workspace_id = $1 and w.source_id = $2 and w.deleted_at is null order by w.id) e
    cross join lateral (select x.kind, x.project_id from entry_versions x
      where x.workspace_id = $1 and x.entry_id = e.id and x.version = e.current_version
        and x.work_date < $3 and not x.settled_elsewhere offset 0) v`;
  const settled = await lockToClose(tx, early, [tx.workspaceId, source.id, day]);
  if (settled.length === 0) return 0;
  const ids = plainArray(settled.map((row) => row.id));
  await tx.run(
    `update entry_versions v set settled_elsewhere = true from unnest($2::uuid[], $3::int[]) as r(entry_id, version)
     where v.workspace_id = $1 and v.entry_id = r.entry_id and v.version = r.version`,
    [tx.workspaceId, ids, plainArray(settled.map((row) => row.version))],
  );
  await closeEntries(tx, settled, {
    fingerprint: `before ${day}`,
    detail: { settledElsewhere: true, goLiveOn: day },
  });
  await recordEvents(tx, [
    {
      type: 'entries.settled_before_go_live',
      subjectType: 'source',
      subjectId: source.id,
      permission: 'entries.read',
      actor: `connection:${connectionId}`,
      payload: { goLiveOn: day, count: settled.length, entryIds: settled.slice(0, 100).map((row) => row.id) },
    },
  ]);
  return settled.length;
}
