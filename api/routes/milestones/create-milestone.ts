/** Owns POST /milestones. */
import { insertMilestone } from '../../../store/milestones.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { milestone, milestoneSubject, newMilestone } from './milestone.ts';

export const createMilestone = defineRoute({
  name: 'create-milestone',
  method: 'post',
  path: '/milestones',
  summary: 'Add a milestone to a project',
  permission: 'projects.update',
  body: newMilestone,
  example: { projectId: '{projectId}', name: 'Sea trial passed', kind: 'acceptance' },
  responses: { 201: milestone },
  errors: [
    'milestone.day_missing',
    'milestone.percentage_missing',
    'milestone.percentage_unused',
    'milestone.project_without_price',
    'milestone.beyond_price',
    'milestone.beyond_fixed_price',
    'milestone.too_many',
  ],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const created = await insertMilestone(tx, body);
      await recordCreated(tx, actor, milestoneSubject, created);
      return { status: 201, body: created, headers: { Location: `/api/v1/milestones/${created.id}` } };
    }),
});
