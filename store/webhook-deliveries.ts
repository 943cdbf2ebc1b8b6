/** Owns webhook deliveries: what a vendor sent, stored once, and the wish for a sync that follows from it. */
import type { ConnectionStatus } from './connections.ts';
import type { Tx, WorkspaceTx } from './database.ts';
import { newId } from './new-id.ts';
import { enqueueLook } from './outbox.ts';

export interface ConnectionOwner {
  workspaceId: string;
  connector: string;
  status: ConnectionStatus;
}
/** Whose connection an address names; a system transaction, because its workspace is not known before. */
export function findConnectionOwner(tx: Tx, connectionId: string): Promise<ConnectionOwner | null> {
  return tx.row<ConnectionOwner>('select * from find_connection($1)', [connectionId]);
}

export interface Delivery {
  connectionId: string;
  /** The vendor's id of the delivery, or the hash of its body. */
  key: string;
  body: Uint8Array;
  headers: Record<string, string>;
}

/**
 * Stores a delivery and asks its connection for a sync; false when it is known already. A wish that no poll has yet
 * answered is not renewed: the poll to come begins after this delivery, and the row would be the hottest of the hub.
 */
export async function storeDelivery(tx: WorkspaceTx, delivery: Delivery): Promise<boolean> {
  const stored = await tx.run(
    `insert into webhook_deliveries (workspace_id, id, connection_id, delivery_key, body, headers) values ($1, $2, $3, $4, $5, $6)
     on conflict (workspace_id, connection_id, delivery_key) do nothing`,
    [
      tx.workspaceId,
      newId(),
      delivery.connectionId,
      delivery.key,
      Buffer.from(delivery.body),
      JSON.stringify(delivery.headers),
    ],
  );
  if (stored === 0) return false;
  await tx.run(
    `update connections c set sync_requested_at = clock_timestamp()
     where c.workspace_id = $1 and c.id = $2 and (c.sync_requested_at is null or exists (
       select from checkpoints k where k.workspace_id = c.workspace_id and k.connection_id = c.id and k.updated_at >= c.sync_requested_at))`,
    [tx.workspaceId, delivery.connectionId],
  );
  await enqueueLook(tx, {
    subjectType: 'connection',
    subjectId: delivery.connectionId,
    lane: 'interactive',
    reason: 'webhook',
  });
  return true;
}
