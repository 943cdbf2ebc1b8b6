/** Owns how an invitation is shown to whoever holds its token. */
import { z } from 'zod';
import { Refusal } from '../../../domain/refusal.ts';
import { findInvitation, type OpenInvitation } from '../../../store/invitations.ts';
import type { ApiDeps } from '../../deps.ts';
import { instant } from '../../kit/schemas.ts';
import { role } from '../members/member.ts';

/** In the body, never in the path: paths stand in logs. */
export const token = z.string().max(200).meta({ description: 'What follows #token= in the link.' });
export const proof = z.string().max(200).optional().meta({
  description: 'What follows &proof= in the link, where it was mailed: the address is then theirs.',
});
export const exampleToken = 'x'.repeat(43);

export const invitation = z
  .object({
    workspaceName: z.string(),
    name: z.string(),
    email: z.string(),
    role,
    expiresAt: instant,
    hasAccount: z.boolean().meta({
      description: 'True: sign in, then accept without a password. False: accept with a new password.',
    }),
  })
  .meta({ id: 'Invitation' });

/** The invitation of a token. The same 404 for unknown, used and out of time: a token is no way to ask questions. */
export async function openInvitation(deps: ApiDeps, given: string): Promise<OpenInvitation> {
  const found = await deps.database.inSystem((tx) => findInvitation(tx, given));
  if (found) return found;
  throw new Refusal({
    code: 'invitation.not_open',
    status: 404,
    message: 'This invitation does not exist, was used, or is out of time.',
    whatToDo: 'Sign in if you have accepted it; else ask for a new link.',
  });
}
