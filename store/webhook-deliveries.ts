/** Owns webhook deliveries: what a vendor sent, stored once, and the wish for a sync that follows from it. */
import { plainArray, textArray } from './arrays.ts';
import type { ConnectionStatus } from './connections.ts';
import type { Database, Tx, WorkspaceTx } from './database.ts';
import { raiseFindings } from './exceptions.ts';
import { newId } from './new-id.ts';

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
  /** The body's hash where nobody can read what it announces: kept, and shown to a person. */
  unreadable: string | null;
}
/** `gone`: the connection was disconnected meanwhile, and nothing was stored. */
export type Stored = 'new' | 'known' | 'gone';

/**
 * Stores deliveries of one workspace and asks their connections for a sync, in a handful of statements however many there
 * are, and mostly in one way to the server and back: they come a thousand times a second. Answers what became of each, in their order.
 */
export async function storeTogether(
  database: Database,
  workspaceId: string,
  deliveries: readonly Delivery[],
): Promise<Stored[]> {
  // What is shown to a person depends on what was new.
  if (deliveries.some(({ unreadable }) => unreadable !== null))
    return database.inWorkspace(workspaceId, (tx) => storeDeliveries(tx, deliveries));
  const ids = deliveries.map(() => newId());
  const [rows] = await database.inOneTrip(workspaceId, [
    insertion(workspaceId, ids, deliveries),
    wishes(workspaceId, ids, deliveries),
  ]);
  const stored = new Set((rows as { id: string }[]).map((row) => row.id));
  const all = stored.size === deliveries.length;
  const living = all ? null : await database.inWorkspace(workspaceId, (tx) => livingAmong(tx, deliveries));
  return outcomesOf(ids, deliveries, stored, living);
}

/** The same within a transaction. */
export async function storeDeliveries(tx: WorkspaceTx, deliveries: readonly Delivery[]): Promise<Stored[]> {
  const ids = deliveries.map(() => newId());
  const insert = insertion(tx.workspaceId, ids, deliveries);
  const stored = new Set((await tx.rows<{ id: string }>(insert.sql, insert.params)).map((row) => row.id));
  await raiseUnreadable(
    tx,
    deliveries.filter((_, index) => stored.has(ids[index]!)),
  );
  const ask = wishes(tx.workspaceId, ids, deliveries);
  if ((await tx.run(ask.sql, ask.params)) > 0) tx.touch('outbox');
  const living = stored.size < deliveries.length ? await livingAmong(tx, deliveries) : null;
  return outcomesOf(ids, deliveries, stored, living);
}

/** `living`: the connections that are there, where not all were stored. */
function outcomesOf(
  ids: readonly string[],
  deliveries: readonly Delivery[],
  stored: ReadonlySet<string>,
  living: ReadonlySet<string> | null,
): Stored[] {
  return deliveries.map((each, index) => {
    if (stored.has(ids[index]!)) return 'new';
    return living?.has(each.connectionId) ? 'known' : 'gone';
  });
}

/** Answers the ids of those that were not there yet, and whose connection still is. */
function insertion(workspaceId: string, ids: readonly string[], deliveries: readonly Delivery[]) {
  return {
    sql: `insert into webhook_deliveries (workspace_id, id, connection_id, delivery_key, body, headers)
     select $1, d.id, d.connection_id, d.delivery_key, decode(d.body, 'base64'), d.headers
     from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::jsonb[]) as d(id, connection_id, delivery_key, body, headers)
     join connections c on c.workspace_id = $1 and c.id = d.connection_id and c.status <> 'disconnected'
     -- In one order everywhere: processes that store the same keys wait for each other, but never in a circle.
     order by d.connection_id, d.delivery_key, d.id
     on conflict (workspace_id, connection_id, delivery_key) do nothing returning id`,
    params: [
      workspaceId,
      plainArray(ids),
      plainArray(deliveries.map((each) => each.connectionId)),
      textArray(deliveries.map((each) => each.key)),
      textArray(deliveries.map((each) => Buffer.from(each.body).toString('base64'))),
      textArray(deliveries.map((each) => JSON.stringify(each.headers))),
    ],
  };
}

/**
 * The wish of each connection that a delivery was stored for, and its look. A wish that no poll has yet answered is not renewed,
 * nor is its look: the poll to come begins after these deliveries, and both rows would be the hottest of the hub.
 */
function wishes(workspaceId: string, ids: readonly string[], deliveries: readonly Delivery[]) {
  return {
    sql: `with asked as (
       update connections c set hinted_at = clock_timestamp()
       where c.workspace_id = $1 and c.id = any($2::uuid[])
         and (c.hinted_at is null or exists (
           select from checkpoints k where k.workspace_id = c.workspace_id and k.connection_id = c.id and k.updated_at >= c.hinted_at))
         and exists (
           select from webhook_deliveries d where d.workspace_id = $1 and d.id = any($3::uuid[]) and d.connection_id = c.id)
       returning c.id)
     insert into outbox (workspace_id, subject_type, subject_id, lane, reason)
     select $1, 'connection', id, 'interactive', 'webhook' from asked returning subject_id`,
    params: [
      workspaceId,
      plainArray([...new Set(deliveries.map((each) => each.connectionId))]),
      plainArray(ids),
    ],
    touches: 'outbox' as const,
  };
}

async function livingAmong(tx: WorkspaceTx, deliveries: readonly Delivery[]): Promise<Set<string>> {
  const rows = await tx.rows<{ id: string }>(
    `select id from connections where workspace_id = $1 and id = any($2::uuid[]) and status <> 'disconnected'`,
    [tx.workspaceId, plainArray([...new Set(deliveries.map((each) => each.connectionId))])],
  );
  return new Set(rows.map((row) => row.id));
}

async function raiseUnreadable(tx: WorkspaceTx, deliveries: readonly Delivery[]): Promise<void> {
  await raiseFindings(
    tx,
    deliveries.flatMap(({ connectionId, key, body, unreadable }) =>
      unreadable === null
        ? []
        : [
            {
              rule: 'webhook.unreadable',
              severity: 'W' as const,
              subjectKey: `connection:${connectionId}`,
              fingerprint: unreadable,
              subjectType: 'connection' as const,
              subjectId: connectionId,
              detail: { deliveryKey: key, bytes: body.length },
              entries: [],
            },
          ],
    ),
  );
}

/** Stores one that brings its content itself, looked into as it is stored; false when it is known already. */
export async function keepDelivery(
  tx: WorkspaceTx,
  delivery: Pick<Delivery, 'connectionId' | 'key' | 'body' | 'headers'>,
): Promise<boolean> {
  const stored = await tx.run(
    `insert into webhook_deliveries (workspace_id, id, connection_id, delivery_key, body, headers, handled_at) values ($1, $2, $3, $4, $5, $6, now())
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
  return stored > 0;
}

/** Data flows: what is sent to us counts as what we read. */
export async function noteIntake(tx: WorkspaceTx, connectionId: string): Promise<void> {
  await tx.run(
    'update connections set last_success_at = now(), last_error = null where workspace_id = $1 and id = $2',
    [tx.workspaceId, connectionId],
  );
}

/** A delivery that no reading has looked into yet. */
export interface OpenDelivery {
  id: string;
  body: Buffer;
  headers: Record<string, string>;
}

/** Oldest first. */
export function listOpenDeliveries(
  tx: WorkspaceTx,
  connectionId: string,
  limit: number,
): Promise<OpenDelivery[]> {
  return tx.rows<OpenDelivery>(
    `select id, body, headers from webhook_deliveries
     where workspace_id = $1 and connection_id = $2 and handled_at is null order by id limit $3`,
    [tx.workspaceId, connectionId, limit],
  );
}

export async function closeDeliveries(tx: WorkspaceTx, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.run(
    'update webhook_deliveries set handled_at = now() where workspace_id = $1 and id = any($2::uuid[])',
    [tx.workspaceId, plainArray(ids)],
  );
}
