/** Owns API keys: making, finding, listing and revoking them. Only a key's SHA-256 is kept. */
import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Role, Scope } from '../domain/permissions.ts';
import type { Tx, WorkspaceTx } from './database.ts';
import { tenantTable } from './tenant-table.ts';

/** A key as it may be shown: without the key. */
export interface ApiKey {
  id: string;
  name: string;
  /** First characters, to recognise it by. */
  prefix: string;
  scopes: string[];
  /** Whom it counts as (BILLING §8). */
  memberId: string | null;
  createdAt: string;
  lastUsedAt: string | null;
  expiresAt: string | null;
  revokedAt: string | null;
}
/** A key that was found to be valid, and the active member whom it counts as, if any. */
export interface KnownApiKey {
  workspaceId: string;
  id: string;
  name: string;
  scopes: string[];
  memberId: string | null;
  role: Role | null;
  personId: string | null;
  clientId: string | null;
  /** What the workspace has given the role; null: the default. */
  roleScopes: string[] | null;
}
export interface NewApiKey {
  name: string;
  scopes: readonly Scope[];
  memberId?: string | null;
  /** Instant; null: never. */
  expiresAt?: string | null;
}

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const keyPattern = /^slk_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;

function toBase62(bytes: Uint8Array, length: number): string {
  let rest = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  let text = '';
  for (; rest > 0n; rest /= 62n) text = base62[Number(rest % 62n)] + text;
  return text.padStart(length, '0');
}

function checksum(body: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return toBase62(bytes, 6);
}

/** `slk_` + 256 random bits in base62 + a CRC-32, so that a mistyped key is told apart without asking the database. */
export function generateApiKey(): string {
  const body = toBase62(randomBytes(32), 43);
  return `slk_${body}${checksum(body)}`;
}

/**
 * The hash that a key is kept and looked up by, or null when the text is no key. A fast hash suffices for 256 random
 * bits, and no constant-time comparison is needed: an index finds the hash, and how long that takes says nothing
 * useful about a hash that nobody can choose.
 */
export function hashApiKey(text: string): Buffer | null {
  const match = keyPattern.exec(text);
  if (!match?.[1] || checksum(match[1]) !== match[2]) return null;
  return createHash('sha256').update(text).digest();
}

/** The valid key with this hash; a system transaction, because its workspace is not known before. */
export function findApiKey(tx: Tx, hash: Buffer): Promise<KnownApiKey | null> {
  return tx.row<KnownApiKey>('select * from find_api_key($1)', [hash]);
}

const table = tenantTable<ApiKey>('api_keys', {
  name: 'plain',
  prefix: 'plain',
  scopes: 'plain',
  memberId: 'plain',
  createdAt: 'plain',
  lastUsedAt: 'plain',
  expiresAt: 'plain',
  revokedAt: 'plain',
});
export const { find: getApiKey, list: listApiKeys } = table;

/** Makes a key. `key` is shown to a person once and cannot be read again. */
export async function createApiKey(
  tx: WorkspaceTx,
  { name, scopes, memberId = null, expiresAt = null }: NewApiKey,
): Promise<{ apiKey: ApiKey; key: string }> {
  const key = generateApiKey();
  const apiKey = await tx.row<ApiKey>(
    `insert into api_keys (workspace_id, name, prefix, key_hash, scopes, member_id, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7)
     returning id, name, prefix, scopes, member_id, created_at, last_used_at, expires_at, revoked_at`,
    [tx.workspaceId, name, key.slice(0, 12), hashApiKey(key), scopes, memberId, expiresAt],
  );
  if (!apiKey) throw new Error('insert into api_keys returned no row');
  return { apiKey, key };
}

/** Whether the workspace can be entered: by a key that is neither revoked nor expired. */
export async function hasUsableApiKey(tx: WorkspaceTx): Promise<boolean> {
  const row = await tx.row<{ found: boolean }>(
    `select exists (select from api_keys where workspace_id = $1 and revoked_at is null
       and (expires_at is null or expires_at > now())) as found`,
    [tx.workspaceId],
  );
  return row?.found === true;
}

/** Ends a key; it stays listed. Null when there is none; revoking again changes nothing. */
export async function revokeApiKey(tx: WorkspaceTx, id: string): Promise<ApiKey | null> {
  await tx.run(
    'update api_keys set revoked_at = now() where workspace_id = $1 and id = $2 and revoked_at is null',
    [tx.workspaceId, id],
  );
  return table.find(tx, id);
}

/** Notes that a key was used, at most once a minute: a write per request would be the busiest row of the hub. */
export async function noteApiKeyUse(tx: WorkspaceTx, id: string): Promise<void> {
  await tx.run(
    `update api_keys set last_used_at = now() where workspace_id = $1 and id = $2
       and (last_used_at is null or last_used_at < now() - interval '1 minute')`,
    [tx.workspaceId, id],
  );
}
