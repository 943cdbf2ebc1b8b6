/** Owns idempotency keys: a command's key is claimed before it runs, and its answer kept for the repeat. */
import type { Tx, WorkspaceTx } from './database.ts';

/** What a repeat is answered with: everything but the request id. */
export interface StoredAnswer {
  headers: Record<string, string>;
  /** JSON as text, since jsonb keeps no key order and the repeat gets the same bytes; null: no body. */
  json: string | null;
}
/** Proof that this process holds the claim: when it was made. A claim taken over has another. */
export type Fence = string;

export type Claim =
  | { outcome: 'claimed'; fence: Fence }
  | { outcome: 'in_flight' }
  | { outcome: 'mismatch' }
  | { outcome: 'stored'; status: number; answer: StoredAnswer };

/**
 * Claims a key, in a transaction of its own so that a second request sees it at once. A claim without an answer that is
 * older than `staleAfterSeconds` belongs to a process that died, and passes to the caller. The same key with another
 * route or body is a mismatch, whatever became of the first.
 */
export async function claimIdempotencyKey(
  tx: WorkspaceTx,
  request: { key: string; route: string; bodyHash: Buffer; staleAfterSeconds: number },
): Promise<Claim> {
  const { key, route, bodyHash, staleAfterSeconds } = request;
  const claimed = await tx.row<{ fence: Fence }>(
    `insert into idempotency_keys as k (workspace_id, key, route, body_hash) values ($1, $2, $3, $4)
     on conflict (workspace_id, key) do update set created_at = now()
       where k.status is null and k.route = excluded.route and k.body_hash = excluded.body_hash
         and k.created_at < now() - make_interval(secs => $5)
     returning created_at::text as fence`,
    [tx.workspaceId, key, route, bodyHash, staleAfterSeconds],
  );
  if (claimed) return { outcome: 'claimed', fence: claimed.fence };
  const held = await tx.row<{ same: boolean; status: number | null; response: StoredAnswer | null }>(
    `select route = $3 and body_hash = $4 as same, status, response from idempotency_keys
     where workspace_id = $1 and key = $2`,
    [tx.workspaceId, key, route, bodyHash],
  );
  // Pruned between the two statements: the caller repeats in a moment.
  if (!held) return { outcome: 'in_flight' };
  if (!held.same) return { outcome: 'mismatch' };
  if (held.status === null || !held.response) return { outcome: 'in_flight' };
  return { outcome: 'stored', status: held.status, answer: held.response };
}

/**
 * Keeps the answer. Called in the command's own transaction, it makes command and answer one: false means that the claim
 * was taken over meanwhile, and the caller must roll back.
 */
export async function storeAnswer(
  tx: WorkspaceTx,
  claim: { key: string; fence: Fence },
  status: number,
  answer: StoredAnswer,
): Promise<boolean> {
  const touched = await tx.run(
    `update idempotency_keys set status = $4, response = $5
     where workspace_id = $1 and key = $2 and status is null and created_at = $3::timestamptz`,
    [tx.workspaceId, claim.key, claim.fence, status, JSON.stringify(answer)],
  );
  return touched === 1;
}

/** Gives a claim back after a failure that changed nothing, so that a repeat may run at once. */
export async function releaseIdempotencyKey(
  tx: WorkspaceTx,
  claim: { key: string; fence: Fence },
): Promise<void> {
  await tx.run(
    `update idempotency_keys set created_at = 'epoch'
     where workspace_id = $1 and key = $2 and status is null and created_at = $3::timestamptz`,
    [tx.workspaceId, claim.key, claim.fence],
  );
}

/**
 * Gives back the claims of commands that were never answered, in every workspace. Only for a hub that has just started and is
 * the only one on its database: a command and its answer are one transaction, so what has no answer changed nothing.
 */
export async function forgetUnanswered(tx: Tx): Promise<void> {
  await tx.run('delete from idempotency_keys where status is null');
}
