/** Owns members: who may enter a workspace, in which role, and as which person or client. */
import type { Role } from '../domain/permissions.ts';
import type { Tx } from './database.ts';
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
  status: 'invited' | 'active' | 'suspended';
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

/** A workspace that a signed-in user may enter, and as what. */
export interface Membership {
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
export function findMemberships(tx: Tx, userId: string): Promise<Membership[]> {
  return tx.rows<Membership>('select * from find_memberships($1)', [userId]);
}
