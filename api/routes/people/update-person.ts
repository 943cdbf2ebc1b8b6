/** Owns PATCH /people/:personId. */
import { found } from '../../../domain/refusal.ts';
import { requireRemembered } from '../../../store/forget-person.ts';
import { people } from '../../../store/people.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { person, personChange, personSubject } from './person.ts';

export const updatePerson = defineRoute({
  name: 'update-person',
  method: 'patch',
  path: '/people/:personId',
  summary: 'Change a person',
  permission: 'people.update',
  body: personChange,
  example: { position: 'Senior welder' },
  responses: { 200: person },
  errors: ['person.forgotten'],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await people.lock(tx, params.personId), 'person');
      requireCurrent(before);
      requireRemembered(before);
      const after = found(await people.update(tx, before.id, body), 'person');
      await recordUpdated(tx, actor, personSubject, before, after);
      return { status: 200, body: after };
    }),
});
