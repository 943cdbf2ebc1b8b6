/** Owns invitations: links that let one member in, once, within a time. Only a token's SHA-256 is kept. */
import { createHash, randomBytes } from 'node:crypto';
import type { Role } from '../domain/permissions.ts';
import type { Tx, WorkspaceTx } from './database.ts';

/** An invitation that may still be accepted. */
export interface OpenInvitation {
  workspaceId: string;
  workspaceName: string;
  id: string;
  memberId: string;
  name: string;
  email: string;
  role: Role;
  expiresAt: string;
}

const daysOpen = 7;
const tokenPattern = /^[\w-]{43}$/;
const hashToken = (token: string) => createHash('sha256').update(token).digest();

/** Invites a member; links sent before end. The token (256 random bits in base64url) cannot be read again. */
export async function invite(
  tx: WorkspaceTx,
  memberId: string,
  invitedBy: string,
): Promise<{ id: string; token: string; expiresAt: string }> {
  await endInvitations(tx, memberId);
  const token = randomBytes(32).toString('base64url');
  const row = await tx.row<{ id: string; expiresAt: string }>(
    `insert into invitations (workspace_id, member_id, token_hash, invited_by, expires_at)
     values ($1, $2, $3, $4, now() + make_interval(days => $5)) returning id, expires_at`,
    [tx.workspaceId, memberId, hashToken(token), invitedBy, daysOpen],
  );
  if (!row) throw new Error('insert into invitations returned no row');
  return { token, ...row };
}

/** No link that was sent to the member works any more. */
export async function endInvitations(tx: WorkspaceTx, memberId: string): Promise<void> {
  await tx.run(
    `update invitations set expires_at = now() where workspace_id = $1 and member_id = $2 and accepted_at is null and expires_at > now()`,
    [tx.workspaceId, memberId],
  );
}

/** The open invitation of a token; null: unknown, used, out of time, or the member was suspended. */
export function findInvitation(tx: Tx, token: string): Promise<OpenInvitation | null> {
  if (!tokenPattern.test(token)) return Promise.resolve(null);
  return tx.row<OpenInvitation>('select * from find_invitation($1)', [hashToken(token)]);
}

/** Uses an invitation up; false when another request was first, or its time is over. */
export async function useInvitation(tx: WorkspaceTx, id: string): Promise<boolean> {
  return (
    (await tx.run(
      `update invitations set accepted_at = now() where workspace_id = $1 and id = $2 and accepted_at is null and expires_at > now()`,
      [tx.workspaceId, id],
    )) > 0
  );
}

/** Whether some workspace has invited this address, or has a member with it: nobody else may have an account. */
export async function isExpected(tx: Tx, email: string): Promise<boolean> {
  const row = await tx.row<{ expected: boolean }>('select is_expected($1) as expected', [email]);
  return row?.expected === true;
}
