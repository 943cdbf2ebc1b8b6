/** Owns GET /teams/:teamId. */
import { found } from '../../../domain/refusal.ts';
import { teams } from '../../../store/teams.ts';
import { defineRoute } from '../../kit/route.ts';
import { team } from './team.ts';

export const getTeam = defineRoute({
  name: 'get-team',
  method: 'get',
  path: '/teams/:teamId',
  summary: 'Read a team',
  permission: 'teams.read',
  responses: { 200: team },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({ status: 200, body: found(await teams.find(tx, params.teamId), 'team') })),
});
