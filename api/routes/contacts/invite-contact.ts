/** Owns POST /contacts/:contactId/invite: a contact comes into the client portal. */
import { found, invalidField, Refusal } from '../../../domain/refusal.ts';
import { contacts } from '../../../store/contacts.ts';
import { members } from '../../../store/members.ts';
import { recordCreated, recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import {
  inviteAgain,
  invitedMember,
  memberSubject,
  requireMayManage,
  withoutLink,
} from '../members/member.ts';
import { contactSubject } from './contact.ts';

export const inviteContact = defineRoute({
  name: 'invite-contact',
  method: 'post',
  path: '/contacts/:contactId/invite',
  summary: 'Invite a contact to the client portal',
  description:
    "They become a member of the role client, who sees what is this client's. A new link: POST /members/{memberId}/resend-invitation.",
  permission: 'members.create',
  responses: { 201: invitedMember },
  errors: ['contact.email_missing', 'contact.invited', 'members.duplicate', 'member.role_exceeds_own'],
  keptBody: withoutLink,
  handler: ({ params, actor, deps, transact }) =>
    transact(async (tx) => {
      const before = found(await contacts.lock(tx, params.contactId), 'contact');
      const { name, email, clientId } = before;
      if (before.memberId !== null)
        throw new Refusal({
          code: 'contact.invited',
          message: 'This contact was invited already.',
          whatToDo: 'Send a new link: POST /members/{memberId}/resend-invitation.',
          details: { memberId: before.memberId },
        });
      if (email === null)
        throw invalidField('/email', 'contact.email_missing', 'An invitation needs an e-mail address.');
      await requireMayManage(tx, actor, 'client');
      const member = await members.insert(tx, { name, email, clientId, role: 'client', status: 'invited' });
      await recordCreated(tx, actor, memberSubject, member);
      const after = found(await contacts.update(tx, before.id, { memberId: member.id }), 'contact');
      await recordUpdated(tx, actor, contactSubject, before, after, 'invited');
      return {
        status: 201,
        body: await inviteAgain(tx, actor, deps, member),
        headers: { Location: `/api/v1/members/${member.id}` },
      };
    }),
});
