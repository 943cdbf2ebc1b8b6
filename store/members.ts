/** Owns members: who may enter a workspace, in which role, and as which person or client. */
import type { MemberStatus } from '../domain/member.ts';
import type { Role } from '../domain/permissions.ts';
import { Refusal } from '../domain/refusal.ts';
import type { Tx, WorkspaceTx } from './database.ts';
import { type NewRow, tenantTable } from './tenant-table.ts';

export interface Member {
  id: string;
  role: Role;
  name: string;
  /** In small letters; one member of a workspace has it. */
  email: string;
  /** Whose work is their own; never of a client's member. */
  personId: string | null;
  /** Of a client's member only: whose invoices they see. */
  clientId: string | null;
  /** Whom they sign in as; null until they accepted their invitation. */
  userId: string | null;
  /** Only an active one gets in, by session or by key. */
  status: MemberStatus;
  createdAt: string;
}
export type NewMember = NewRow<Member, 'role' | 'name' | 'email'>;

export const members = tenantTable<Member>('members', {
  role: 'plain',
  name: 'plain',
  email: 'plain',
  personId: 'plain',
  clientId: 'plain',
  userId: 'plain',
  status: 'plain',
  createdAt: 'plain',
});

/**
 * Refuses to take the last active admin away: nobody could let anybody in any more. Holds the admins until the transaction
 * ends, so that two of them cannot end each other.
 */
export async function requireOtherAdmin(tx: WorkspaceTx, memberId: string): Promise<void> {
  const admins = await tx.rows<{ id: string }>(
    `select id from members where workspace_id = $1 and role = 'admin' and status = 'active' order by id for no key update`,
    [tx.workspaceId],
  );
  if (admins.some(({ id }) => id !== memberId)) return;
  throw new Refusal({
    code: 'member.last_admin',
    message: 'This is the last admin of the workspace.',
    whatToDo: 'Make another member an admin first.',
  });
}

/** A workspace that a signed-in user may enter, and as what. */
export interface UserMember {
  workspaceId: string;
  workspaceName: string;
  memberId: string;
  name: string;
  role: Role;
  personId: string | null;
  clientId: string | null;
  /** What the workspace has given the role; null: the default. */
  roleScopes: string[] | null;
}

/** Those of active members; a system transaction, because no workspace is known before. */
export function findMembersOfUser(tx: Tx, userId: string): Promise<UserMember[]> {
  return tx.rows<UserMember>('select * from find_members_of_user($1)', [userId]);
}
