/** Owns GET /milestones/:milestoneId. */
import { found } from '../../../domain/refusal.ts';
import { findMilestone } from '../../../store/milestones.ts';
import { defineRoute } from '../../kit/route.ts';
import { milestone } from './milestone.ts';

export const getMilestone = defineRoute({
  name: 'get-milestone',
  method: 'get',
  path: '/milestones/:milestoneId',
  summary: 'Read a milestone',
  permission: 'contracts.read',
  responses: { 200: milestone },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await findMilestone(tx, params.milestoneId), 'milestone'),
    })),
});
