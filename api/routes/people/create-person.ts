/** Owns POST /people. */
import { people } from '../../../store/people.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { newPerson, person, personSubject } from './person.ts';

export const createPerson = defineRoute({
  name: 'create-person',
  method: 'post',
  path: '/people',
  summary: 'Create a person',
  permission: 'people.create',
  body: newPerson,
  example: { name: 'Ida Berg', kind: 'contractor', position: 'Welder' },
  responses: { 201: person },
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const created = await people.insert(tx, body);
      await recordCreated(tx, actor, personSubject, created);
      return { status: 201, body: created, headers: { Location: `/api/v1/people/${created.id}` } };
    }),
});
