/** Owns DELETE /contacts/:contactId. */
import { found, Refusal } from '../../../domain/refusal.ts';
import { contacts } from '../../../store/contacts.ts';
import { members } from '../../../store/members.ts';
import { recordDeleted } from '../../kit/record-change.ts';
import { defineRoute, empty } from '../../kit/route.ts';
import { contactSubject } from './contact.ts';

export const deleteContact = defineRoute({
  name: 'delete-contact',
  method: 'delete',
  path: '/contacts/:contactId',
  summary: 'Delete a contact',
  description: 'Who may come into the portal is suspended first (POST /members/{memberId}/suspend).',
  permission: 'clients.update',
  responses: { 204: empty },
  errors: ['contact.in_portal'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const before = found(await contacts.lock(tx, params.contactId), 'contact');
      const member = before.memberId === null ? null : await members.find(tx, before.memberId);
      if (member !== null && member.status !== 'suspended')
        throw new Refusal({
          code: 'contact.in_portal',
          message: 'This contact may come into the portal.',
          whatToDo: 'Suspend the member first, then delete the contact.',
          details: { memberId: member.id },
        });
      await contacts.remove(tx, before.id);
      await recordDeleted(tx, actor, contactSubject, before);
      return { status: 204 };
    }),
});
