/** Owns DELETE /teams/:teamId. */
import { found } from '../../../domain/refusal.ts';
import { teams } from '../../../store/teams.ts';
import { recordDeleted } from '../../kit/record-change.ts';
import { defineRoute, empty } from '../../kit/route.ts';
import { teamSubject } from './team.ts';

export const deleteTeam = defineRoute({
  name: 'delete-team',
  method: 'delete',
  path: '/teams/:teamId',
  summary: 'Delete a team that nobody is in',
  permission: 'teams.delete',
  responses: { 204: empty },
  errors: ['memberships.in_use'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const row = found(await teams.lock(tx, params.teamId), 'team');
      await teams.remove(tx, row.id);
      await recordDeleted(tx, actor, teamSubject, row);
      return { status: 204 };
    }),
});
