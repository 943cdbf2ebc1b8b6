/** Owns GET /people/:personId/compliance. */
import { found } from '../../../domain/refusal.ts';
import { readCompliance } from '../../../store/documents.ts';
import { people } from '../../../store/people.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { personCompliance, shownCompliance } from './compliance.ts';

export const getPersonCompliance = defineRoute({
  name: 'get-person-compliance',
  method: 'get',
  path: '/people/:personId/compliance',
  summary: 'Read what is required of a person, and what there is of it',
  permission: 'documents.read',
  own: true,
  responses: { 200: personCompliance },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'documents.read');
      const row = own === null || own === params.personId ? await people.find(tx, params.personId) : null;
      return { status: 200, body: shownCompliance(await readCompliance(tx, found(row, 'person'))) };
    }),
});
