/** Owns DELETE /memberships/:membershipId. */
import { found } from '../../../domain/refusal.ts';
import { memberships } from '../../../store/teams.ts';
import { recordDeleted } from '../../kit/record-change.ts';
import { defineRoute, empty } from '../../kit/route.ts';
import { membershipSubject } from './membership.ts';

export const deleteMembership = defineRoute({
  name: 'delete-membership',
  method: 'delete',
  path: '/memberships/:membershipId',
  summary: 'Take a person out of a team',
  permission: 'teams.update',
  responses: { 204: empty },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const row = found(await memberships.lock(tx, params.membershipId), 'membership');
      await memberships.remove(tx, row.id);
      await recordDeleted(tx, actor, membershipSubject, row);
      return { status: 204 };
    }),
});
