/** Owns consents under way: a person is at a platform's page, and what comes back is for one connection, once. */
import { createHash } from 'node:crypto';
import type { SealedSecret, SecretBox } from './connections.ts';
import type { WorkspaceTx } from './database.ts';

export const consentMinutes = 10;

/** What proves that an answer is the one we asked for. */
export interface ConsentProof {
  redirectUrl: string;
  /** `<workspace>.<random>`: the answer names its workspace, and only its hash is kept. */
  state: string;
  verifier: string;
  nonce: string;
}
export interface TakenConsent {
  connectionId: string;
  askedBy: string;
  proof: ConsentProof;
}

const hashOf = (state: string) => createHash('sha256').update(state).digest();
const place = (workspaceId: string, connectionId: string) => ({
  workspaceId,
  connectionId,
  name: 'authorisation',
});

/** A new question replaces what was asked before of the connection. */
export async function openConsent(
  tx: WorkspaceTx,
  box: SecretBox,
  { connectionId, askedBy, proof }: TakenConsent,
): Promise<void> {
  const sealed = box.seal(
    place(tx.workspaceId, connectionId),
    JSON.stringify({ verifier: proof.verifier, nonce: proof.nonce }),
  );
  await tx.run('delete from authorisations where workspace_id = $1 and connection_id = $2', [
    tx.workspaceId,
    connectionId,
  ]);
  await tx.run(
    `insert into authorisations (workspace_id, state_hash, connection_id, key_version, ciphertext, redirect_url, asked_by, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, now() + $8 * interval '1 minute')`,
    [
      tx.workspaceId,
      hashOf(proof.state),
      connectionId,
      sealed.keyVersion,
      sealed.ciphertext,
      proof.redirectUrl,
      askedBy,
      consentMinutes,
    ],
  );
}

/** Takes the one use of a state; null: unknown, used, or older than ten minutes. */
export async function takeConsent(
  tx: WorkspaceTx,
  box: SecretBox,
  state: string,
): Promise<TakenConsent | null> {
  const row = await tx.row<SealedSecret & { connectionId: string; askedBy: string; redirectUrl: string }>(
    `update authorisations set used_at = now() where workspace_id = $1 and state_hash = $2 and used_at is null and expires_at > now()
     returning connection_id, asked_by, redirect_url, key_version, ciphertext`,
    [tx.workspaceId, hashOf(state)],
  );
  if (!row) return null;
  const { connectionId, askedBy, redirectUrl } = row;
  const { verifier, nonce } = JSON.parse(box.open(place(tx.workspaceId, connectionId), row)) as {
    verifier: string;
    nonce: string;
  };
  return { connectionId, askedBy, proof: { redirectUrl, state, verifier, nonce } };
}
