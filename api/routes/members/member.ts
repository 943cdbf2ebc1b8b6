/** Owns how a member is read and written over the API, and who may manage whom. */
import { z } from 'zod';
import { invitationPath, memberStatuses } from '../../../domain/member.ts';
import { exceeding, type Role, roles } from '../../../domain/permissions.ts';
import { Refusal } from '../../../domain/refusal.ts';
import { clients } from '../../../store/clients.ts';
import type { WorkspaceTx } from '../../../store/database.ts';
import { invite } from '../../../store/invitations.ts';
import { queueMail } from '../../../store/mails.ts';
import type { Member } from '../../../store/members.ts';
import { readRole } from '../../../store/roles.ts';
import { getWorkspace } from '../../../store/workspaces.ts';
import type { ApiDeps } from '../../deps.ts';
import type { Actor } from '../../kit/auth.ts';
import type { Subject } from '../../kit/record-change.ts';
import { email, id, instant, name } from '../../kit/schemas.ts';

export const memberSubject: Subject = {
  type: 'member',
  permission: 'members.read',
  privateFields: ['name', 'email'],
};

export const role = z.enum(roles);

export const member = z
  .object({
    id,
    role,
    name: z.string(),
    email: z.string(),
    personId: id.nullable().meta({ description: 'Whose work is their own.' }),
    clientId: id.nullable().meta({ description: "Of a client's member: whose invoices they see." }),
    status: z.enum(memberStatuses).meta({ description: 'Only an active member gets in.' }),
    createdAt: instant,
  })
  .meta({ id: 'Member' });

/** One address, however it is written. */
const memberEmail = email.transform((text) => text.toLowerCase());

export const newMember = z.object({
  name,
  email: memberEmail,
  role,
  personId: id
    .nullish()
    .meta({ description: 'Of a contractor or employee: the person whose work is theirs.' }),
  clientId: id.nullish().meta({ description: 'Of the role client only.' }),
});
export const memberChange = newMember.omit({ email: true }).partial();

export const invitedMember = member
  .extend({
    invitationLink: z.string().nullable().meta({
      description: 'Lets them in once, within seven days. Shown this once; null in a repeated answer.',
    }),
    invitationExpiresAt: instant,
    mailed: z
      .boolean()
      .meta({ description: 'False: their client wants no mail, so hand the link over yourself.' }),
  })
  .meta({ id: 'InvitedMember' });
/** What is kept for a repeat must not hold the link. */
export const withoutLink = (body: unknown) => ({ ...(body as object), invitationLink: null });

/** Refuses an actor who would manage somebody of a role that may do more than they: nobody hands out more than they have. */
export async function requireMayManage(tx: WorkspaceTx, actor: Actor, ofRole: Role): Promise<void> {
  const { scopes } = await readRole(tx, ofRole);
  const missing = exceeding(scopes, actor);
  if (missing.length === 0) return;
  throw new Refusal({
    code: 'member.role_exceeds_own',
    status: 403,
    message: `The role ${ofRole} may do more than you: ${missing.slice(0, 5).join(', ')}.`,
    whatToDo: 'Ask an admin to do it.',
    details: { missing },
  });
}

/** A new link for a member who has not come in yet, mailed to them unless their client wants no mail; those before it end. */
export async function inviteAgain(tx: WorkspaceTx, actor: Actor, deps: ApiDeps, row: Member) {
  const { id: invitationId, token, expiresAt } = await invite(tx, row.id, actor.id);
  const { name: workspace } = await getWorkspace(tx);
  const proof = deps.signIn.mailProof(token);
  const client = row.clientId === null ? null : await clients.find(tx, row.clientId);
  const mailed = client?.mailNotifications ?? true;
  if (mailed)
    await queueMail(tx, {
      to: row.email,
      template: 'invitation',
      params: { inviter: actor.name, workspace, role: row.role, expiresOn: expiresAt.slice(0, 10) },
      key: `invitation:${invitationId}`,
      link: invitationPath(token, proof),
    });
  const invitationLink = deps.publicUrl() + invitationPath(token);
  return { ...row, invitationLink, invitationExpiresAt: expiresAt, mailed };
}
