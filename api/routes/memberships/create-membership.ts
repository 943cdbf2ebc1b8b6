/** Owns POST /memberships. */
import { requireActiveProduct } from '../../../store/products.ts';
import { memberships } from '../../../store/teams.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { membership, membershipSubject, newMembership } from './membership.ts';

export const createMembership = defineRoute({
  name: 'create-membership',
  method: 'post',
  path: '/memberships',
  summary: 'Put a person into a team',
  permission: 'teams.update',
  body: newMembership,
  example: { teamId: '{teamId}', personId: '{personId}' },
  responses: { 201: membership },
  errors: ['memberships.duplicate', 'product.unfit'],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      await requireActiveProduct(tx, body.defaultProductId, '/defaultProductId');
      const created = await memberships.insert(tx, body);
      await recordCreated(tx, actor, membershipSubject, created);
      return { status: 201, body: created };
    }),
});
