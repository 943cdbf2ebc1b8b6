/** Owns how a person is read and written over the API. */
import { z } from 'zod';
import type { Subject } from '../../kit/record-change.ts';
import { email, id, instant, name, shortText } from '../../kit/schemas.ts';

export const personSubject: Subject = {
  type: 'person',
  permission: 'people.read',
  privateFields: ['name', 'email'],
};

const kind = z.enum(['contractor', 'employee']);

export const person = z
  .object({
    id,
    name: z.string(),
    email: z.string().nullable(),
    kind,
    position: z.string().nullable().meta({ description: 'Position on the rate cards.' }),
    active: z.boolean(),
    forgottenAt: instant.nullable().meta({ description: 'Their personal data was deleted then.' }),
    createdAt: instant,
  })
  .meta({ id: 'Person' });

export const newPerson = z.object({
  name,
  email: email.nullish(),
  kind: kind.optional(),
  position: shortText.nullish(),
});
export const personChange = newPerson.extend({ active: z.boolean() }).partial();
