/** Owns PATCH /milestones/:milestoneId. */
import { changeMilestone, lockMilestone } from '../../../store/milestones.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { milestone, milestoneChange, milestoneSubject } from './milestone.ts';

export const updateMilestone = defineRoute({
  name: 'update-milestone',
  method: 'patch',
  path: '/milestones/:milestoneId',
  summary: 'Change a milestone that was not reached yet',
  permission: 'projects.update',
  body: milestoneChange,
  example: { name: 'Sea trial passed and logged' },
  responses: { 200: milestone },
  errors: [
    'milestone.reached',
    'milestone.day_missing',
    'milestone.percentage_missing',
    'milestone.percentage_unused',
    'milestone.project_without_price',
    'milestone.beyond_price',
    'milestone.beyond_fixed_price',
  ],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = await lockMilestone(tx, params.milestoneId);
      requireCurrent(before);
      const after = await changeMilestone(tx, before, body);
      await recordUpdated(tx, actor, milestoneSubject, before, after);
      return { status: 200, body: after };
    }),
});
