/** Owns making a member for a test: active, with a key that may do whatever the member may. */
import type { Role } from '../../domain/permissions.ts';
import { createApiKey } from '../../store/api-keys.ts';
import type { WorkspaceTx } from '../../store/database.ts';
import { members } from '../../store/members.ts';
import { newId } from '../../store/new-id.ts';
import { people } from '../../store/people.ts';

export interface NewMemberOptions {
  name?: string;
  personId?: string;
  /** Of a client's member: whose documents they see. */
  clientId?: string;
}
export interface TestMember {
  id: string;
  key: string;
  /** Null of those who do no work: managers, admins, clients. */
  personId: string | null;
}

/** A contractor and an employee get a person, unless told whose member it is. */
export async function makeMember(
  tx: WorkspaceTx,
  role: Role,
  options: NewMemberOptions,
): Promise<TestMember> {
  const { name = `Test ${role}`, clientId = null } = options;
  const kind = role === 'contractor' || role === 'employee' ? role : null;
  const personId = options.personId ?? (kind && (await people.insert(tx, { name, kind })).id);
  const member = await members.insert(tx, {
    role,
    name,
    email: `${newId()}@example.com`,
    personId,
    clientId,
    status: 'active',
  });
  const { key } = await createApiKey(tx, { name: `key of ${name}`, scopes: ['*'], memberId: member.id });
  return { id: member.id, key, personId };
}
