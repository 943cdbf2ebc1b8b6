/** Owns which of our clients and contractors a record at a platform stands for. */
import type { WorkspaceTx } from './database.ts';
import type { SyncedSubject } from './sync.ts';

/** Until the transaction ends: two that find the same record take turns. */
export async function holdExternalId(
  tx: WorkspaceTx,
  connectionId: string,
  externalId: string,
): Promise<void> {
  await tx.run('select pg_advisory_xact_lock(hashtextextended($1, 8))', [`${connectionId}:${externalId}`]);
}

/** The name of another of ours that the platform's record stands for; null: of none. */
export async function whoElseStandsFor(
  tx: WorkspaceTx,
  connectionId: string,
  { subjectType, subjectId }: { subjectType: SyncedSubject; subjectId: string },
  externalId: string,
): Promise<string | null> {
  const row = await tx.row<{ name: string | null }>(
    `select coalesce(c.name, p.name) as name from sync_records s
     left join clients c on c.workspace_id = $1 and s.subject_type = 'client' and c.id = s.subject_id
     left join people p on p.workspace_id = $1 and s.subject_type = 'payee' and p.id = s.subject_id
     where s.workspace_id = $1 and s.connection_id = $2 and s.subject_type = $3 and s.subject_id <> $4 and s.external_id = $5
     order by s.id limit 1`,
    [tx.workspaceId, connectionId, subjectType, subjectId, externalId],
  );
  return row === null ? null : (row.name ?? 'somebody else');
}
