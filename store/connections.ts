/** Owns connections: one authorised account of a platform each, with its secrets, which are only kept encrypted. */
import type { Day } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { type NewRow, tenantTable, type Values } from './tenant-table.ts';

export const connectionStatuses = [
  'setup',
  'active',
  'paused',
  'authorization_lost',
  'disconnected',
] as const;
export type ConnectionStatus = (typeof connectionStatuses)[number];

export interface Connection {
  id: string;
  connector: string;
  name: string;
  status: ConnectionStatus;
  statusReason: string | null;
  settings: Record<string, string>;
  /** Speaks to another host than the vendor's: a sandbox or a proxy. */
  baseUrlOverride: string | null;
  /** Who makes the number, the PDF, the tax; whether the platform's rates price. */
  ownership: Record<string, unknown>;
  goLiveOn: Day;
  pollSeconds: number;
  lastSuccessAt: string | null;
  lastError: Record<string, unknown> | null;
  createdAt: string;
}
export type NewConnection = NewRow<Connection, 'connector' | 'name' | 'goLiveOn'>;

/** Where a secret belongs: authenticated with it, so that a ciphertext moved elsewhere does not open. */
export interface SecretPlace {
  workspaceId: string;
  connectionId: string;
  name: string;
}
export interface SealedSecret {
  keyVersion: number;
  ciphertext: Buffer;
}
/** Encrypts and decrypts secrets with keys that live outside the database; see runtime/secrets.ts. */
export interface SecretBox {
  seal(place: SecretPlace, plaintext: string): SealedSecret;
  /** Throws when the key version is not configured, or the ciphertext was changed or moved. */
  open(place: SecretPlace, sealed: SealedSecret): string;
  /**
   * Keyed hashes by which equal secrets of a workspace are found without opening any: one per key, the present key's first.
   * Store the first, look for all of them.
   */
  fingerprints(workspaceId: string, plaintext: string): Buffer[];
}

export const connections = tenantTable<Connection>('connections', {
  connector: 'plain',
  name: 'plain',
  status: 'plain',
  statusReason: 'plain',
  settings: 'json',
  baseUrlOverride: 'plain',
  ownership: 'json',
  goLiveOn: 'plain',
  pollSeconds: 'plain',
  lastSuccessAt: 'plain',
  lastError: 'json',
  createdAt: 'plain',
});

/** Makes a connection with its secrets, in the hub's present epoch: there is nothing older to reconcile. */
export async function insertConnection(
  tx: WorkspaceTx,
  box: SecretBox,
  values: NewConnection,
  secrets: Readonly<Record<string, string>>,
): Promise<Connection> {
  const connection = await connections.insert(tx, values);
  await tx.run('update connections set epoch = (select epoch from hub) where workspace_id = $1 and id = $2', [
    tx.workspaceId,
    connection.id,
  ]);
  await writeConnectionSecrets(tx, box, connection.id, secrets);
  return connection;
}

/** Changes a connection and replaces the named secrets. New secrets end a lost authorisation: the next look tries them. */
export async function changeConnection(
  tx: WorkspaceTx,
  box: SecretBox,
  before: Connection,
  change: Values<Connection>,
  secrets: Readonly<Record<string, string>> = {},
): Promise<Connection> {
  await writeConnectionSecrets(tx, box, before.id, secrets);
  const mended = Object.keys(secrets).length > 0 && before.status === 'authorization_lost';
  const status = change.status ?? (mended ? 'active' : undefined);
  const reason = status === undefined ? {} : { status, statusReason: change.statusReason ?? null };
  const after = await connections.update(tx, before.id, { ...change, ...reason });
  if (!after) throw new Error(`connection ${before.id} is gone`);
  // What was missed while it was lost or paused is read now, not at the next poll.
  if (before.status !== 'active' && after.status === 'active') await requestSync(tx, before.id);
  return after;
}

/** Asks for a poll before the next one is due: whatever began before this moment does not answer it. */
export async function requestSync(tx: WorkspaceTx, connectionId: string): Promise<void> {
  await tx.run(
    'update connections set sync_requested_at = clock_timestamp() where workspace_id = $1 and id = $2',
    [tx.workspaceId, connectionId],
  );
}

export async function writeConnectionSecrets(
  tx: WorkspaceTx,
  box: SecretBox,
  connectionId: string,
  secrets: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [name, plaintext] of Object.entries(secrets)) {
    const sealed = box.seal({ workspaceId: tx.workspaceId, connectionId, name }, plaintext);
    await tx.run(
      `insert into connection_secrets (workspace_id, connection_id, name, key_version, ciphertext)
       values ($1, $2, $3, $4, $5)
       on conflict (workspace_id, connection_id, name) do update
         set key_version = excluded.key_version, ciphertext = excluded.ciphertext, updated_at = now()`,
      [tx.workspaceId, connectionId, name, sealed.keyVersion, sealed.ciphertext],
    );
  }
}

/** The secrets of a connection by name, decrypted: for activities, never for an answer. */
export async function readConnectionSecrets(
  tx: WorkspaceTx,
  box: SecretBox,
  connectionId: string,
): Promise<Record<string, string>> {
  const rows = await tx.rows<SealedSecret & { name: string }>(
    `select name, key_version, ciphertext from connection_secrets where workspace_id = $1 and connection_id = $2`,
    [tx.workspaceId, connectionId],
  );
  const place = { workspaceId: tx.workspaceId, connectionId };
  return Object.fromEntries(rows.map((row) => [row.name, box.open({ ...place, name: row.name }, row)]));
}

/** Which secrets each connection holds, by name: what may be shown of them. */
export async function listSecretNames(
  tx: WorkspaceTx,
  connectionIds: readonly string[],
): Promise<ReadonlyMap<string, string[]>> {
  const rows = await tx.rows<{ connectionId: string; names: string[] }>(
    `select connection_id, array_agg(name order by name) as names from connection_secrets
     where workspace_id = $1 and connection_id = any($2::uuid[]) group by connection_id`,
    [tx.workspaceId, connectionIds],
  );
  return new Map(rows.map((row) => [row.connectionId, row.names]));
}
