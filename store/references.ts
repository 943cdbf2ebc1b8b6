/** Owns checking ids that no foreign key can, because the column names a row of one of several tables. */
import { invalidField } from '../domain/refusal.ts';
import type { WorkspaceTx } from './database.ts';

const tables = {
  client: 'clients',
  contract: 'contracts',
  project: 'projects',
  task: 'tasks',
  person: 'people',
} as const;
export type ReferenceKind = keyof typeof tables | 'workspace';

/** Refuses with 422 at `pointer` when this workspace has no such row. Nothing of these tables is ever deleted. */
export async function requireReference(
  tx: WorkspaceTx,
  kind: ReferenceKind,
  id: string,
  pointer: string,
): Promise<void> {
  if (kind === 'workspace' ? id.toLowerCase() === tx.workspaceId : await exists(tx, tables[kind], id)) return;
  throw invalidField(
    pointer,
    'reference.unknown',
    `There is no ${kind} with this id in this workspace.`,
    'Use the id of an existing record.',
  );
}

async function exists(tx: WorkspaceTx, table: string, id: string): Promise<boolean> {
  const row = await tx.row(`select 1 from ${table} where workspace_id = $1 and id = $2`, [
    tx.workspaceId,
    id,
  ]);
  return row !== null;
}
