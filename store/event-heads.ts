/** Owns reading how far the sequencer's numbers go in several workspaces at once. */
import type { Tx } from './database.ts';

/** The last number of each of these workspaces that has one; a system transaction. */
export async function readEventHeads(
  tx: Tx,
  workspaceIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await tx.rows<{ workspaceId: string; seq: number }>(
    'select workspace_id, seq from event_heads where workspace_id = any($1::uuid[])',
    [workspaceIds],
  );
  return new Map(rows.map((row) => [row.workspaceId, row.seq]));
}
