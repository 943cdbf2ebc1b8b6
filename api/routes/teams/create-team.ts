/** Owns POST /teams. */
import { requireActiveProduct } from '../../../store/products.ts';
import { teams } from '../../../store/teams.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { newTeam, team, teamSubject } from './team.ts';

export const createTeam = defineRoute({
  name: 'create-team',
  method: 'post',
  path: '/teams',
  summary: 'Create a team',
  permission: 'teams.create',
  body: newTeam,
  example: { name: 'Hull' },
  responses: { 201: team },
  errors: ['product.unfit'],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      await requireActiveProduct(tx, body.defaultProductId, '/defaultProductId');
      const created = await teams.insert(tx, body);
      await recordCreated(tx, actor, teamSubject, created);
      return { status: 201, body: created, headers: { Location: `/api/v1/teams/${created.id}` } };
    }),
});
