/** Owns POST /invitations/show: to what an invitation leads, before it is accepted. */
import { z } from 'zod';
import { definePublicRoute } from '../../kit/route.ts';
import { exampleToken, invitation, openInvitation, token } from './invitation.ts';

export const showInvitation = definePublicRoute({
  name: 'show-invitation',
  method: 'post',
  path: '/invitations/show',
  summary: 'Show an invitation',
  publicBecause: 'the token of the invitation, 256 random bits, is what lets one see it',
  body: z.object({ token }),
  example: { token: exampleToken },
  responses: { 200: invitation },
  errors: ['invitation.not_open'],
  handler: async ({ body, deps }) => {
    const { workspaceName, name, email, role, expiresAt } = await openInvitation(deps, body.token);
    const hasAccount = (await deps.signIn.findUser(email)) !== null;
    return { status: 200, body: { workspaceName, name, email, role, expiresAt, hasAccount } };
  },
});
