/** Owns PATCH /memberships/:membershipId. */
import { found } from '../../../domain/refusal.ts';
import { requireActiveProduct } from '../../../store/products.ts';
import { memberships } from '../../../store/teams.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { membership, membershipChange, membershipSubject } from './membership.ts';

export const updateMembership = defineRoute({
  name: 'update-membership',
  method: 'patch',
  path: '/memberships/:membershipId',
  summary: "Change a person's place in a team",
  permission: 'teams.update',
  body: membershipChange,
  example: { defaultProductId: null },
  responses: { 200: membership },
  errors: ['product.unfit'],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await memberships.lock(tx, params.membershipId), 'membership');
      requireCurrent(before);
      await requireActiveProduct(tx, body.defaultProductId, '/defaultProductId', before.defaultProductId);
      const after = found(await memberships.update(tx, before.id, body), 'membership');
      await recordUpdated(tx, actor, membershipSubject, before, after);
      return { status: 200, body: after };
    }),
});
