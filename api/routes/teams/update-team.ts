/** Owns PATCH /teams/:teamId. */
import { found } from '../../../domain/refusal.ts';
import { requireActiveProduct } from '../../../store/products.ts';
import { teams } from '../../../store/teams.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { team, teamChange, teamSubject } from './team.ts';

export const updateTeam = defineRoute({
  name: 'update-team',
  method: 'patch',
  path: '/teams/:teamId',
  summary: 'Change a team',
  permission: 'teams.update',
  body: teamChange,
  example: { name: 'Hull and deck' },
  responses: { 200: team },
  errors: ['product.unfit'],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await teams.lock(tx, params.teamId), 'team');
      requireCurrent(before);
      await requireActiveProduct(tx, body.defaultProductId, '/defaultProductId', before.defaultProductId);
      const after = found(await teams.update(tx, before.id, body), 'team');
      await recordUpdated(tx, actor, teamSubject, before, after);
      return { status: 200, body: after };
    }),
});
