/** Owns POST /people/:personId/forget. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { forgetPerson as forget, forgetUser } from '../../../store/forget-person.ts';
import { people } from '../../../store/people.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { person } from './person.ts';

export const forgetPerson = defineRoute({
  name: 'forget-person',
  method: 'post',
  path: '/people/:personId/forget',
  summary: 'Forget a person',
  description:
    'Deletes what names them, for good, also in the audit, whose chain still verifies. Documents that were issued stay until their term ends. Forgetting again changes nothing.',
  permission: 'people.forget',
  body: z.object({ reason: note }),
  example: { reason: 'Asked for it by letter of 12 March' },
  responses: { 200: person },
  errors: ['person.has_open_work'],
  handler: async ({ params, body, actor, deps, transact }) => {
    let userId: string | null = null;
    const answer = await transact(async (tx) => {
      const before = found(await people.lock(tx, params.personId), 'person');
      ({ userId } = await forget(tx, before, { reason: body.reason, actor: actor.id }));
      return { status: 200, body: found(await people.find(tx, before.id), 'person') };
    });
    if (userId !== null) await forgetUser(deps.database, userId);
    return answer;
  },
});
