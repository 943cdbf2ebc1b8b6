/** Owns GET /people/:personId. */
import { found } from '../../../domain/refusal.ts';
import { people } from '../../../store/people.ts';
import { defineRoute } from '../../kit/route.ts';
import { person } from './person.ts';

export const getPerson = defineRoute({
  name: 'get-person',
  method: 'get',
  path: '/people/:personId',
  summary: 'Read a person',
  permission: 'people.read',
  responses: { 200: person },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await people.find(tx, params.personId), 'person'),
    })),
});
