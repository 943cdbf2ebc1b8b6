/** Owns how a contact of a client is read and written over the API. */
import { z } from 'zod';
import type { Subject } from '../../kit/record-change.ts';
import { email, id, instant, name, phone, shortText } from '../../kit/schemas.ts';

export const contactSubject: Subject = {
  type: 'contact',
  permission: 'clients.read',
  privateFields: ['name', 'email', 'phone'],
  ownerOf: ({ clientId }: { clientId: string }) => `client:${clientId}`,
};

export const contact = z
  .object({
    id,
    clientId: id,
    name: z.string(),
    email: z.string().nullable(),
    phone: z.string().nullable(),
    title: z.string().nullable(),
    memberId: id.nullable().meta({ description: 'Whom they come into the portal as; null: not invited.' }),
    createdAt: instant,
  })
  .meta({ id: 'Contact' });

export const newContact = z.object({
  name,
  email: email.transform((text) => text.toLowerCase()).nullish(),
  phone: phone.nullish(),
  title: shortText.nullish(),
});
export const contactChange = newContact.partial();
