/** Owns PATCH /contacts/:contactId. */
import { found } from '../../../domain/refusal.ts';
import { contacts } from '../../../store/contacts.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { contact, contactChange, contactSubject } from './contact.ts';

export const updateContact = defineRoute({
  name: 'update-contact',
  method: 'patch',
  path: '/contacts/:contactId',
  summary: 'Change a contact',
  description: 'Whoever was invited keeps the address that they sign in with.',
  permission: 'clients.update',
  body: contactChange,
  example: { title: 'Head of fleet' },
  responses: { 200: contact },
  errors: ['contacts.duplicate'],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await contacts.lock(tx, params.contactId), 'contact');
      requireCurrent(before);
      const after = found(await contacts.update(tx, before.id, body), 'contact');
      await recordUpdated(tx, actor, contactSubject, before, after);
      return { status: 200, body: after };
    }),
});
