/** Owns POST /clients/:clientId/contacts. */
import { lockClient } from '../../../store/clients.ts';
import { insertContact } from '../../../store/contacts.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { contact, contactSubject, newContact } from './contact.ts';

export const createContact = defineRoute({
  name: 'create-contact',
  method: 'post',
  path: '/clients/:clientId/contacts',
  summary: 'Add a contact to a client',
  permission: 'clients.update',
  body: newContact,
  example: { name: 'Siri Aas', email: 'siri.aas@nsl.example', title: 'Fleet manager' },
  responses: { 201: contact },
  errors: ['contact.too_many', 'contacts.duplicate'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const { id: clientId } = await lockClient(tx, params.clientId, 'no_key');
      const created = await insertContact(tx, { ...body, clientId });
      await recordCreated(tx, actor, contactSubject, created);
      return { status: 201, body: created, headers: { Location: `/api/v1/clients/${clientId}` } };
    }),
});
