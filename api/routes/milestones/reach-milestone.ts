/** Owns POST /milestones/:milestoneId/reach. */
import { z } from 'zod';
import { invalidField } from '../../../domain/refusal.ts';
import { lockMilestone, reachMilestone as markReached } from '../../../store/milestones.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { milestone } from './milestone.ts';

export const reachMilestone = defineRoute({
  name: 'reach-milestone',
  method: 'post',
  path: '/milestones/:milestoneId/reach',
  summary: 'Say that a milestone is reached: it is accepted, or came before its time',
  description:
    'Days and percentages are reached by themselves, once a day; before that, a reason is needed. It cannot be taken back.',
  permission: 'projects.update',
  body: z.object({ reason: note.optional() }),
  example: { reason: 'Accepted by the owner on board' },
  responses: { 200: milestone },
  errors: ['milestone.reached', 'milestone.reason_missing'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const before = await lockMilestone(tx, params.milestoneId);
      if (before.kind !== 'acceptance' && before.reachedAt === null && body.reason === undefined)
        throw invalidField(
          '/reason',
          'milestone.reason_missing',
          `A milestone by ${before.kind} is reached by itself; before that it needs a reason.`,
          'Say why it counts as reached now.',
        );
      const reached = await markReached(tx, before, { actor: actor.id, reason: body.reason ?? null });
      return { status: 200, body: reached };
    }),
});
