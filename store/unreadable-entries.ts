/** Owns entries that were read once and cannot be any more: what is here may be wrong by now, so a person looks before it is billed. */
import { textArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { closeFixed, raiseFindings } from './exceptions.ts';
import { mendQuarantined } from './quarantine.ts';

const rule = 'entry.unreadable';

/** `rows`: by the positions of what went to quarantine, which are the ids of entries where a source tells them. */
export async function holdUnreadable(
  tx: WorkspaceTx,
  sourceId: string,
  rows: readonly { position: string; reason: string }[],
): Promise<void> {
  if (rows.length === 0) return;
  const known = await tx.rows<{ id: string; version: number; externalId: string }>(
    `select id, current_version as version, external_id from work_entries
     where workspace_id = $1 and source_id = $2 and external_id = any($3::text[]) and deleted_at is null order by id`,
    [tx.workspaceId, sourceId, textArray(rows.map(({ position }) => position))],
  );
  const reasons = new Map(rows.map(({ position, reason }) => [position, reason]));
  await raiseFindings(
    tx,
    known.map(({ id, version, externalId }) => ({
      rule,
      // Released with a reason, it is billed as it was read last.
      severity: 'W' as const,
      subjectKey: `entry:${id}`,
      fingerprint: `${version}:${reasons.get(externalId)}`,
      subjectType: 'entry' as const,
      subjectId: id,
      detail: { reason: reasons.get(externalId) },
      entries: [{ entryId: id, version }],
    })),
  );
}

/** They were read again. */
export async function freeReadable(
  tx: WorkspaceTx,
  sourceId: string,
  externalIds: readonly string[],
): Promise<void> {
  if (externalIds.length === 0) return;
  await mendQuarantined(tx, sourceId, externalIds);
  const open = await tx.rows<{ subjectKey: string }>(
    `select x.subject_key from exceptions x
     join work_entries e on e.workspace_id = $1 and e.id = x.subject_id and e.source_id = $2 and e.external_id = any($4::text[])
     where x.workspace_id = $1 and x.rule = $3 and x.status = 'open'`,
    [tx.workspaceId, sourceId, rule, textArray([...externalIds])],
  );
  if (open.length === 0) return;
  await closeFixed(
    tx,
    rule,
    open.map(({ subjectKey }) => subjectKey),
    'it was read again',
  );
}
