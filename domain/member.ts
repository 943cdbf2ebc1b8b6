/** Owns the life of a member: its transition table, whom a role must belong to, and the link that lets them in. */
import type { Role } from './permissions.ts';
import { invalidField, Refusal } from './refusal.ts';

export const memberStatuses = ['invited', 'active', 'suspended'] as const;
export type MemberStatus = (typeof memberStatuses)[number];
type MemberAction = 'accept' | 'suspend' | 'reactivate';

/** From each status, what may be done and where it leads. Reactivating one who never came in invites them anew. */
export const memberTransitions: Record<MemberStatus, Partial<Record<MemberAction, MemberStatus>>> = {
  invited: { accept: 'active', suspend: 'suspended' },
  active: { suspend: 'suspended' },
  suspended: { reactivate: 'active' },
};

/** The status after it. Refuses with 409 what the table does not have. */
export function moveMember(from: MemberStatus, action: MemberAction): MemberStatus {
  const to = memberTransitions[from][action];
  if (to !== undefined) return to;
  const words = { accept: 'join', suspend: 'be suspended', reactivate: 'be reactivated' };
  throw new Refusal({
    code: 'member.wrong_status',
    message: `This member is ${from} and cannot ${words[action]}.`,
    whatToDo: 'Nothing: read the member again.',
  });
}

/** Refuses a client's member without a client, one who does work without a person, and what does not go together. */
export function requireOwner(role: Role, owner: { personId: string | null; clientId: string | null }): void {
  if (role === 'client' && owner.clientId === null)
    throw invalidField(
      '/clientId',
      'member.client_missing',
      'A member of the role client belongs to a client.',
    );
  if ((role === 'contractor' || role === 'employee') && owner.personId === null)
    throw invalidField(
      '/personId',
      'member.person_missing',
      `A member of the role ${role} is a person whose work is recorded.`,
    );
  if (role === 'client' && owner.personId !== null)
    throw invalidField(
      '/personId',
      'member.person_of_client',
      "A client's member is nobody whose work is recorded here.",
    );
  if (role !== 'client' && owner.clientId !== null)
    throw invalidField(
      '/clientId',
      'member.client_of_other_role',
      'Only a member of the role client belongs to a client.',
    );
}

/**
 * Where an invitation leads, on the hub. After the #, which browsers keep to themselves: a path stands in every log. Only
 * the link that is mailed carries the proof that its reader has the address: the inviter is shown the other one.
 */
export const invitationPath = (token: string, proof?: string) =>
  `/accept-invitation#token=${token}${proof === undefined ? '' : `&proof=${proof}`}`;
/** Where a forgotten password is replaced. */
export const passwordResetPath = (token: string) => `/reset-password#token=${token}`;
