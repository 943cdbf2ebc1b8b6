/** Owns how a person is read and written over the API. */
import { z } from 'zod';
import type { Subject } from '../../kit/record-change.ts';
import { currency, email, id, instant, name, shortText, zone } from '../../kit/schemas.ts';

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
    code: z
      .string()
      .nullable()
      .meta({ description: '{CONTRACTOR} in numbers; given with the first invoice where none is set.' }),
    currency: z.string().nullable().meta({ description: "What they are paid in; null: the workspace's." }),
    zone: z.string().nullable().meta({ description: "Where their days are; null: the workspace's zone." }),
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
  code: z
    .string()
    .regex(/^[A-Z0-9]{2,10}$/, '2 to 10 capital letters and digits')
    .nullish(),
  currency: currency.nullish(),
  zone: zone.nullish(),
});
export const personChange = newPerson.extend({ active: z.boolean() }).partial();
