/** Owns what time it is in a workspace: the real time, or a sandbox's own. */
import type { Instant } from '../domain/work-entry.ts';
import type { WorkspaceTx } from '../store/database.ts';
import { getWorkspace } from '../store/workspaces.ts';

export async function workspaceNow(tx: WorkspaceTx): Promise<Instant> {
  const workspace = await getWorkspace(tx);
  return workspace.clockAt ?? new Date().toISOString();
}
