/** Owns the tokens of a connection: what is stored, until when it works, and who may ask the platform for new ones. */
import {
  type ConnectionStatus,
  ensureTokenRow,
  readConnectionSecrets,
  type SecretBox,
  writeConnectionSecrets,
} from './connections.ts';
import type { WorkspaceTx } from './database.ts';

export interface StoredTokens {
  secrets: Record<string, string>;
  /** Grows with each change of the stored tokens. */
  generation: number;
  /** Of the access token, from now; null: nobody knows. */
  expiresInMs: number | null;
  lifeMs: number | null;
  redirectUrl: string | null;
  status: ConnectionStatus;
}

interface TokenRow {
  generation: number;
  expiresInMs: number | null;
  accessLifeMs: number | null;
  redirectUrl: string | null;
  status: ConnectionStatus;
}

export async function readTokens(
  tx: WorkspaceTx,
  box: SecretBox,
  connectionId: string,
): Promise<StoredTokens | null> {
  const row = await tx.row<TokenRow>(
    `select coalesce(t.generation, 0) as generation, c.status, t.access_life_ms, t.redirect_url,
       (extract(epoch from t.access_expires_at - clock_timestamp()) * 1000)::bigint as expires_in_ms
     from connections c left join connection_tokens t on t.workspace_id = $1 and t.connection_id = c.id
     where c.workspace_id = $1 and c.id = $2`,
    [tx.workspaceId, connectionId],
  );
  if (!row) return null;
  const { accessLifeMs: lifeMs, ...facts } = row;
  return { ...facts, lifeMs, secrets: await readConnectionSecrets(tx, box, connectionId) };
}

/** What came of the wish to exchange tokens. `orphaned`: somebody held the lease before and never came back. */
export type TokenLease =
  | { outcome: 'taken'; orphaned: boolean }
  | { outcome: 'newer' }
  | { outcome: 'busy'; waitMs: number };

/** Lets `holder` exchange for `leaseMs`, unless others do or somebody has stored newer tokens than were `seen`. */
export async function takeTokenLease(
  tx: WorkspaceTx,
  connectionId: string,
  { holder, seen, leaseMs }: { holder: string; seen: number; leaseMs: number },
): Promise<TokenLease> {
  await ensureTokenRow(tx, connectionId);
  const row = await tx.row<{ generation: number; leftMs: number | null; orphaned: boolean }>(
    `select generation, (extract(epoch from lease_until - clock_timestamp()) * 1000)::bigint as left_ms, lease_holder is not null as orphaned
     from connection_tokens where workspace_id = $1 and connection_id = $2 for update`,
    [tx.workspaceId, connectionId],
  );
  // A connection without a row is read as generation 0, and its row begins with 1.
  if (row!.generation > Math.max(1, seen)) return { outcome: 'newer' };
  if (row!.leftMs !== null && row!.leftMs > 0) return { outcome: 'busy', waitMs: row!.leftMs };
  await tx.run(
    `update connection_tokens set lease_holder = $3, lease_until = clock_timestamp() + $4 * interval '1 millisecond'
     where workspace_id = $1 and connection_id = $2`,
    [tx.workspaceId, connectionId, holder, leaseMs],
  );
  return { outcome: 'taken', orphaned: row!.orphaned };
}

export interface NewTokens {
  accessToken: string;
  /** Null: the one that is stored stays. */
  refreshToken: string | null;
  lifeMs: number | null;
  /** Settings that the platform told with them. */
  settings: Readonly<Record<string, string>>;
  redirectUrl?: string;
}

/**
 * Stores a pair in one transaction, before anybody uses it, and ends the lease. Answers the new generation; null where
 * somebody stored newer ones than were `seen`, or the connection was disconnected, whose secrets are gone for good.
 */
export async function storeTokens(
  tx: WorkspaceTx,
  box: SecretBox,
  connectionId: string,
  tokens: NewTokens,
  seen: number | null = null,
): Promise<number | null> {
  await ensureTokenRow(tx, connectionId);
  const before = await tx.row<{ generation: number }>(
    `select generation from connection_tokens where workspace_id = $1 and connection_id = $2 for update`,
    [tx.workspaceId, connectionId],
  );
  if (seen !== null && before!.generation > Math.max(1, seen)) return null;
  const connection = await tx.row<{ status: ConnectionStatus }>(
    `update connections set settings = settings || $3::jsonb where workspace_id = $1 and id = $2 and status <> 'disconnected' returning status`,
    [tx.workspaceId, connectionId, JSON.stringify(tokens.settings)],
  );
  if (!connection) return null;
  await writeConnectionSecrets(tx, box, connectionId, {
    accessToken: tokens.accessToken,
    ...(tokens.refreshToken === null ? {} : { refreshToken: tokens.refreshToken }),
  });
  const row = await tx.row<{ generation: number }>(
    `update connection_tokens set generation = generation + 1, refreshed_at = now(), access_life_ms = $3::bigint,
       access_expires_at = clock_timestamp() + $3::bigint * interval '1 millisecond', redirect_url = coalesce($4, redirect_url),
       lease_holder = null, lease_until = null
     where workspace_id = $1 and connection_id = $2 returning generation`,
    [tx.workspaceId, connectionId, tokens.lifeMs, tokens.redirectUrl ?? null],
  );
  return row!.generation;
}

/** Ends `holder`'s lease without new tokens. */
export async function releaseTokenLease(
  tx: WorkspaceTx,
  connectionId: string,
  holder: string,
): Promise<void> {
  await tx.run(
    `update connection_tokens set lease_holder = null, lease_until = null
     where workspace_id = $1 and connection_id = $2 and lease_holder = $3`,
    [tx.workspaceId, connectionId, holder],
  );
}
