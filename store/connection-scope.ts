/** Owns the scope of a connection: which of its entries come in. */
import type { Scope } from '../domain/scope.ts';
import { rereadStream } from './checkpoints.ts';
import { requestSync } from './connections.ts';
import type { WorkspaceTx } from './database.ts';
import { enqueueLook } from './outbox.ts';

/** Empty where nobody has set one: everything comes in. */
export async function readScope(tx: WorkspaceTx, connectionId: string): Promise<Scope> {
  const row = await tx.row<{ scope: Scope }>(
    'select scope from connections where workspace_id = $1 and id = $2',
    [tx.workspaceId, connectionId],
  );
  return row?.scope ?? {};
}

/**
 * Sets the scope and has everything read from its beginning: what a wider scope takes in is older than the checkpoint, and
 * what a narrower one keeps out is here already.
 */
export async function writeScope(tx: WorkspaceTx, connectionId: string, scope: Scope): Promise<void> {
  await tx.run('update connections set scope = $3 where workspace_id = $1 and id = $2', [
    tx.workspaceId,
    connectionId,
    JSON.stringify(scope),
  ]);
  await rereadStream(tx, connectionId, 'time');
  await requestSync(tx, connectionId);
  await enqueueLook(tx, {
    subjectType: 'connection',
    subjectId: connectionId,
    lane: 'interactive',
    reason: 'scope changed',
  });
}
