/** Owns sources, which entries hang on: a connection's is found by the connection, whatever it is called. */
import type { Day } from '../domain/work-entry.ts';
import type { Connection } from './connections.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { newId } from './new-id.ts';

export interface NewSource {
  kind: 'connection' | 'file' | 'ticket' | 'timer';
  name: string;
  connectionId: string | null;
}

/** Finds or makes the source row that entries of a connection, of a kind of file or of tickets hang on. */
export async function ensureSource(tx: WorkspaceTx, source: NewSource): Promise<string> {
  const known = await findSource(tx, source);
  if (known) return known;
  await insertSource(tx, source);
  // Another connection's may still be called so: two of one name would share what they read.
  return (await findSource(tx, source)) ?? insertUnder(tx, source, `${source.name} (${source.connectionId})`);
}

async function findSource(
  tx: WorkspaceTx,
  { kind, name, connectionId }: NewSource,
): Promise<string | undefined> {
  const row = await tx.row<{ id: string }>(
    connectionId === null
      ? 'select id from sources where workspace_id = $1 and kind = $2 and name = $3 and $4::uuid is null'
      : `select id from sources where workspace_id = $1 and kind = $2 and connection_id = $4
         order by (name = $3) desc, id limit 1`,
    [tx.workspaceId, kind, name, connectionId],
  );
  return row?.id;
}

async function insertUnder(tx: WorkspaceTx, source: NewSource, name: string): Promise<string> {
  await insertSource(tx, { ...source, name });
  return (await findSource(tx, source))!;
}

async function insertSource(tx: WorkspaceTx, { kind, name, connectionId }: NewSource): Promise<void> {
  await tx.run(
    `insert into sources (workspace_id, id, kind, name, connection_id) values ($1, $2, $3, $4, $5)
     on conflict (workspace_id, kind, name) do nothing`,
    [tx.workspaceId, newId(), kind, name, connectionId],
  );
}

/** Held to the commit: whoever takes in, maps or ends entries of the source goes one after the other. */
export async function lockSource(tx: WorkspaceTx, sourceId: string): Promise<void> {
  await tx.run('select pg_advisory_xact_lock(hashtextextended($1, 1))', [sourceId]);
}

/** Calls a connection's source as the connection is called, where nothing else is called so. */
export async function renameSource(tx: WorkspaceTx, connectionId: string, name: string): Promise<void> {
  await tx.run(
    `update sources s set name = $3 where s.workspace_id = $1 and s.connection_id = $2 and s.kind = 'connection'
       and not exists (select from sources o where o.workspace_id = $1 and o.kind = 'connection' and o.name = $3)`,
    [tx.workspaceId, connectionId, name],
  );
}

/**
 * A connection of an account whose last one has ended goes on with its entries: they would all be new otherwise, and be billed
 * again. `account`: the settings that say which account it is; of none there is nothing to go on with. Answers the go-live date
 * from then on, the earlier of both, since what was open is not settled by a new sign-in; null where there is nothing.
 */
export async function takeOverSource(
  tx: WorkspaceTx,
  connection: Connection,
  account: Readonly<Record<string, string>>,
): Promise<Day | null> {
  const { id, name } = connection;
  if (await findSource(tx, { kind: 'connection', name, connectionId: id })) return null;
  const ended = await findEnded(tx, connection, account, 'for update of s');
  if (!ended) return null;
  const goLiveOn = ended.goLiveOn < connection.goLiveOn ? ended.goLiveOn : connection.goLiveOn;
  await tx.run('update sources set connection_id = $3 where workspace_id = $1 and id = $2', [
    tx.workspaceId,
    ended.sourceId,
    id,
  ]);
  await renameSource(tx, id, name);
  await tx.run('update billed_marks set connection_id = $3 where workspace_id = $1 and connection_id = $2', [
    tx.workspaceId,
    ended.connectionId,
    id,
  ]);
  await tx.run('update connections set go_live_on = $3 where workspace_id = $1 and id = $2', [
    tx.workspaceId,
    id,
    goLiveOn,
  ]);
  await recordEvents(tx, [
    {
      type: 'connection.source_taken_over',
      subjectType: 'connection',
      subjectId: id,
      actor: `connection:${id}`,
      permission: 'connections.read',
      payload: { from: ended.connectionId },
      before: { goLiveOn: connection.goLiveOn },
      after: { goLiveOn },
    },
  ]);
  return goLiveOn;
}

const mostSiblings = 20;

/** Sources of other connections of the same account. */
export async function listSiblings(
  tx: WorkspaceTx,
  { id, connector, baseUrlOverride }: Connection,
  account: Readonly<Record<string, string>>,
): Promise<string[]> {
  if (Object.keys(account).length === 0) return [];
  const rows = await tx.rows<{ id: string }>(
    `select s.id from sources s
     join connections c on c.workspace_id = $1 and c.id = s.connection_id and c.id <> $2 and c.connector = $3
       and c.base_url_override is not distinct from $4 and c.settings @> $5::jsonb
     where s.workspace_id = $1 and s.kind = 'connection' order by s.id limit ${mostSiblings}`,
    [tx.workspaceId, id, connector, baseUrlOverride, JSON.stringify(account)],
  );
  return rows.map((row) => row.id);
}

/** The source that a reading of the connection would have; null: a new one. */
export async function peekSource(
  tx: WorkspaceTx,
  connection: Connection,
  account: Readonly<Record<string, string>>,
): Promise<string | null> {
  const { id: connectionId, name } = connection;
  const own = await findSource(tx, { kind: 'connection', name, connectionId });
  return own ?? (await findEnded(tx, connection, account, ''))?.sourceId ?? null;
}

async function findEnded(
  tx: WorkspaceTx,
  { connector, baseUrlOverride }: Connection,
  account: Readonly<Record<string, string>>,
  lock: '' | 'for update of s',
): Promise<{ sourceId: string; connectionId: string; goLiveOn: Day } | null> {
  if (Object.keys(account).length === 0) return null;
  return tx.row(
    `select s.id as source_id, c.id as connection_id, c.go_live_on from sources s
     join connections c on c.workspace_id = $1 and c.id = s.connection_id and c.status = 'disconnected' and c.connector = $2
       and c.base_url_override is not distinct from $3 and c.settings @> $4::jsonb
     where s.workspace_id = $1 and s.kind = 'connection' order by s.id desc limit 1 ${lock}`,
    [tx.workspaceId, connector, baseUrlOverride, JSON.stringify(account)],
  );
}
