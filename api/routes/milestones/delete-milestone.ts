/** Owns DELETE /milestones/:milestoneId. */
import { lockMilestone, removeMilestone } from '../../../store/milestones.ts';
import { recordDeleted } from '../../kit/record-change.ts';
import { defineRoute, empty } from '../../kit/route.ts';
import { milestoneSubject } from './milestone.ts';

export const deleteMilestone = defineRoute({
  name: 'delete-milestone',
  method: 'delete',
  path: '/milestones/:milestoneId',
  summary: 'Remove a milestone that was not reached yet',
  permission: 'projects.update',
  responses: { 204: empty },
  errors: ['milestone.reached'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const row = await lockMilestone(tx, params.milestoneId);
      await removeMilestone(tx, row);
      await recordDeleted(tx, actor, milestoneSubject, row);
      return { status: 204 };
    }),
});
