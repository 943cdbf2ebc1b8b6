/** Owns whether a connection is bound to its account: by a record that went there, or one that came from there. */
import type { WorkspaceTx } from './database.ts';

export async function holdsRecords(tx: WorkspaceTx, connectionId: string): Promise<boolean> {
  const row = await tx.row<{ holds: boolean }>(
    `select exists (select from sync_records where workspace_id = $1 and connection_id = $2 and external_id is not null)
       or exists (select from payments where workspace_id = $1 and connection_id = $2)
       or exists (select from work_entries e join sources s on s.workspace_id = $1 and s.id = e.source_id
         where e.workspace_id = $1 and s.connection_id = $2) as holds`,
    [tx.workspaceId, connectionId],
  );
  return row!.holds;
}
