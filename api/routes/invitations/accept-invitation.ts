/** Owns POST /invitations/accept: an invited person becomes a member who can sign in. */
import type { Request } from 'express';
import { z } from 'zod';
import { moveMember } from '../../../domain/member.ts';
import { found, invalidField, Refusal } from '../../../domain/refusal.ts';
import { recordEvents } from '../../../store/events.ts';
import { type OpenInvitation, useInvitation } from '../../../store/invitations.ts';
import { members } from '../../../store/members.ts';
import { maxPasswordLength, minPasswordLength } from '../../auth/sign-in.ts';
import type { ApiDeps } from '../../deps.ts';
import { requireOwnPage } from '../../kit/auth.ts';
import { definePublicRoute } from '../../kit/route.ts';
import { exampleToken, openInvitation, proof, token } from './invitation.ts';

export const acceptInvitation = definePublicRoute({
  name: 'accept-invitation',
  method: 'post',
  path: '/invitations/accept',
  summary: 'Accept an invitation',
  description:
    'A new person chooses a password; who has an account signs in first and sends none. Then sign in.',
  publicBecause: 'the token of the invitation, 256 random bits, lets one person in once',
  body: z.object({
    token,
    proof,
    password: z.string().min(minPasswordLength).max(maxPasswordLength).optional(),
  }),
  example: { token: exampleToken, password: 'a long pass phrase' },
  responses: { 200: z.object({ workspaceId: z.uuid(), workspaceName: z.string(), email: z.string() }) },
  errors: ['invitation.not_open', 'invitation.sign_in_first', 'invitation.password_required'],
  handler: async ({ body, request, deps }) => {
    const invitation = await openInvitation(deps, body.token);
    const userId = await accountOf(deps, request, invitation, body);
    await deps.database.inWorkspace(invitation.workspaceId, async (tx) => {
      const member = found(await members.lock(tx, invitation.memberId), 'member');
      // Whoever was first has used it; nobody comes in twice.
      if (!(await useInvitation(tx, invitation.id))) await openInvitation(deps, body.token);
      const status = moveMember(member.status, 'accept');
      await members.update(tx, member.id, { status, userId });
      await recordEvents(tx, [
        {
          type: 'member.joined',
          subjectType: 'member',
          subjectId: member.id,
          actor: `member:${member.id}`,
          permission: 'members.read',
        },
      ]);
    });
    const { workspaceId, workspaceName, email } = invitation;
    return { status: 200, body: { workspaceId, workspaceName, email } };
  },
});

/** A new account with the password; of an address that has one, only who is signed in with it may accept. */
async function accountOf(
  deps: ApiDeps,
  request: Request,
  { email, name }: OpenInvitation,
  given: { token: string; proof?: string | undefined; password?: string | undefined },
): Promise<string> {
  const known = await deps.signIn.findUser(email);
  if (known === null) {
    const { password } = given;
    if (password === undefined)
      throw invalidField('/password', 'invitation.password_required', 'Choose a password.');
    const emailVerified = given.proof !== undefined && deps.signIn.isMailProof(given.token, given.proof);
    return (await deps.signIn.createUser({ email, name, password, emailVerified })).id;
  }
  const user = await deps.signIn.signedIn(request.headers);
  if (user?.userId !== known.id)
    throw new Refusal({
      code: 'invitation.sign_in_first',
      message: `${email} has an account already.`,
      whatToDo: 'Sign in with it, then accept the invitation without a password.',
    });
  requireOwnPage(request, deps.signIn);
  return user.userId;
}
