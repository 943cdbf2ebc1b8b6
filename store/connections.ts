/** Owns connections: one authorised account of a platform each, with its secrets, which are only kept encrypted. */
import type { Day } from '../domain/work-entry.ts';
import { rereadStream } from './checkpoints.ts';
import type { WorkspaceTx } from './database.ts';
import { hasQuarantined } from './quarantine.ts';
import { settleBefore } from './settle-before.ts';
import { renameSource } from './sources.ts';
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
  await forgetTokenFacts(tx, before.id, Object.keys(secrets));
  const mended = Object.keys(secrets).length > 0 && before.status === 'authorization_lost';
  const status = change.status ?? (mended ? 'active' : undefined);
  const reason = status === undefined ? {} : { status, statusReason: change.statusReason ?? null };
  const after = await connections.update(tx, before.id, { ...change, ...reason });
  if (!after) throw new Error(`connection ${before.id} is gone`);
  if (after.status === 'disconnected') await destroyConnectionSecrets(tx, before.id);
  if (after.name !== before.name) await renameSource(tx, after.id, after.name);
  await readAnew(tx, before, after);
  // What was missed while it was lost or paused is read now, not at the next poll.
  if (before.status !== 'active' && after.status === 'active') await requestSync(tx, before.id);
  return after;
}

/**
 * What came in already was judged by another go-live date, or by another word of who approves: it is read again by this one. So
 * is what could not be read, where a setting may be what it lacked.
 */
async function readAnew(tx: WorkspaceTx, before: Connection, after: Connection): Promise<void> {
  if (after.goLiveOn > before.goLiveOn) await settleBefore(tx, after.id, after.goLiveOn);
  const isSameJudge =
    after.goLiveOn === before.goLiveOn && after.ownership.approval === before.ownership.approval;
  const isSet = JSON.stringify(after.settings) !== JSON.stringify(before.settings);
  if (isSameJudge && !(isSet && (await hasQuarantined(tx, after.id)))) return;
  await rereadStream(tx, after.id, 'time');
  await requestSync(tx, after.id);
}

/** One failure, or several alike in a row, as a person reads it. */
export interface ConnectionFailure {
  kind: string;
  /** One or two sentences without secrets. */
  message: string;
  /** To quote to the platform's support. */
  requestId: string | null;
  at: string;
  /** How often in a row; the first time is `since`. */
  times?: number;
  since?: string;
}
const keptErrors = 10;

/** Keeps a failure as the last one and among the latest; one that repeats itself is counted. */
export async function noteConnectionError(
  tx: WorkspaceTx,
  connectionId: string,
  failure: Omit<ConnectionFailure, 'times' | 'since'>,
): Promise<void> {
  const row = await tx.row<{ recentErrors: ConnectionFailure[] }>(
    'select recent_errors from connections where workspace_id = $1 and id = $2 for no key update',
    [tx.workspaceId, connectionId],
  );
  const [newest, ...older] = row?.recentErrors ?? [];
  const isRepeated = newest?.kind === failure.kind && newest.message === failure.message;
  const noted = {
    ...failure,
    times: isRepeated ? (newest.times ?? 1) + 1 : 1,
    since: isRepeated ? (newest.since ?? newest.at) : failure.at,
  };
  const recent = [noted, ...(newest && !isRepeated ? [newest] : []), ...older].slice(0, keptErrors);
  await tx.run(
    'update connections set last_error = $3, recent_errors = $4 where workspace_id = $1 and id = $2',
    [tx.workspaceId, connectionId, JSON.stringify(failure), JSON.stringify(recent)],
  );
}

export async function readRecentErrors(tx: WorkspaceTx, connectionId: string): Promise<ConnectionFailure[]> {
  const row = await tx.row<{ recentErrors: ConnectionFailure[] }>(
    'select recent_errors from connections where workspace_id = $1 and id = $2',
    [tx.workspaceId, connectionId],
  );
  return row?.recentErrors ?? [];
}

/** Stops an active connection until a person authorises it anew; false where it was not active any more. */
export async function markAuthorizationLost(
  tx: WorkspaceTx,
  connectionId: string,
  reason: string,
): Promise<boolean> {
  const changed = await tx.run(
    `update connections set status = 'authorization_lost', status_reason = $3 where workspace_id = $1 and id = $2 and status = 'active'`,
    [tx.workspaceId, connectionId, reason],
  );
  return changed > 0;
}

/** Ends a connection: its secrets are destroyed with what is known of them. Documents and entries stay. */
export async function destroyConnectionSecrets(tx: WorkspaceTx, connectionId: string): Promise<void> {
  for (const table of ['connection_secrets', 'authorisations'])
    await tx.run(`delete from ${table} where workspace_id = $1 and connection_id = $2`, [
      tx.workspaceId,
      connectionId,
    ]);
  await tx.run(
    `update connection_tokens set generation = generation + 1, access_expires_at = null, lease_holder = null, lease_until = null
     where workspace_id = $1 and connection_id = $2`,
    [tx.workspaceId, connectionId],
  );
}

/** Asks for a poll before the next one is due: whatever began before this moment does not answer it. */
export async function requestSync(tx: WorkspaceTx, connectionId: string): Promise<void> {
  await tx.run(
    'update connections set sync_requested_at = clock_timestamp() where workspace_id = $1 and id = $2',
    [tx.workspaceId, connectionId],
  );
}

/** Asks for a poll soon, as a webhook does. */
export async function hintSync(tx: WorkspaceTx, connectionId: string): Promise<void> {
  await tx.run('update connections set hinted_at = clock_timestamp() where workspace_id = $1 and id = $2', [
    tx.workspaceId,
    connectionId,
  ]);
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

const tokenNames = ['accessToken', 'refreshToken', 'clientId', 'clientSecret'];

/** A person gave new ones: what is known of the old ones no longer holds, and whoever exchanges them takes these. */
async function forgetTokenFacts(
  tx: WorkspaceTx,
  connectionId: string,
  names: readonly string[],
): Promise<void> {
  if (!names.some((name) => tokenNames.includes(name))) return;
  await ensureTokenRow(tx, connectionId);
  // Without an access token of its own a new refresh token, or another app, is exchanged at the next call.
  await tx.run(
    `update connection_tokens set generation = generation + 1, access_life_ms = null, lease_holder = null, lease_until = null,
       access_expires_at = case when $3 then null else clock_timestamp() end
     where workspace_id = $1 and connection_id = $2`,
    [tx.workspaceId, connectionId, names.includes('accessToken')],
  );
}

/** The row that leases and generations of a connection's tokens are kept in. */
export async function ensureTokenRow(tx: WorkspaceTx, connectionId: string): Promise<void> {
  await tx.run(
    `insert into connection_tokens (workspace_id, connection_id) values ($1, $2) on conflict do nothing`,
    [tx.workspaceId, connectionId],
  );
}
