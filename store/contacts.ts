/** Owns contacts: the people at a client, and which of them come into the portal. */
import { Refusal } from '../domain/refusal.ts';
import type { WorkspaceTx } from './database.ts';
import { type NewRow, tenantTable } from './tenant-table.ts';

export interface Contact {
  id: string;
  clientId: string;
  name: string;
  /** In small letters; one contact of a client has it. */
  email: string | null;
  phone: string | null;
  title: string | null;
  /** Whom they come into the portal as; null: they were not invited. */
  memberId: string | null;
  createdAt: string;
}
export type NewContact = NewRow<Contact, 'clientId' | 'name'>;

export const contacts = tenantTable<Contact>('contacts', {
  clientId: 'plain',
  name: 'plain',
  email: 'plain',
  phone: 'plain',
  title: 'plain',
  memberId: 'plain',
  createdAt: 'plain',
});

/** So that a client with all that is its own is one answer. */
export const maxContacts = 200;

/** The caller holds the client. Refuses with 409 more contacts than one client has. */
export async function insertContact(tx: WorkspaceTx, values: NewContact): Promise<Contact> {
  const present = await contacts.list(tx, {
    limit: maxContacts,
    after: null,
    where: { clientId: values.clientId },
  });
  if (present.length >= maxContacts)
    throw new Refusal({
      code: 'contact.too_many',
      message: `A client has at most ${maxContacts} contacts.`,
      whatToDo: 'Delete those that are no longer there.',
      details: { limit: maxContacts },
    });
  return contacts.insert(tx, values);
}
