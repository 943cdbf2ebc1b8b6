/** Owns asking again what somebody may do, by who they are: for what they left behind, such as a link. */
import { type Permission, toGrants } from '../domain/permissions.ts';
import { getApiKey } from './api-keys.ts';
import type { WorkspaceTx } from './database.ts';
import { members } from './members.ts';
import { readRole } from './roles.ts';

/**
 * Whether the member is active, the key neither revoked nor expired, and whichever there is of the two holds the permission
 * for all rows: a key of a member never does more than the member.
 */
export async function mayStill(
  tx: WorkspaceTx,
  who: { memberId: string | null; apiKeyId: string | null },
  permission: Permission,
): Promise<boolean> {
  if (who.memberId === null && who.apiKeyId === null) return false;
  if (who.apiKeyId !== null) {
    const key = await getApiKey(tx, who.apiKeyId);
    if (key === null || key.revokedAt !== null) return false;
    if (key.expiresAt !== null && Date.parse(key.expiresAt) <= Date.now()) return false;
    if (!toGrants(key.scopes).permissions.has(permission)) return false;
  }
  if (who.memberId === null) return true;
  const member = await members.find(tx, who.memberId);
  if (member?.status !== 'active') return false;
  return toGrants((await readRole(tx, member.role)).scopes).permissions.has(permission);
}
