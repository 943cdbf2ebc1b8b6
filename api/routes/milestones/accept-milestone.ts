/** Owns POST /milestones/:milestoneId/accept. */
import { z } from 'zod';
import { requireAcceptable } from '../../../domain/milestone.ts';
import { found } from '../../../domain/refusal.ts';
import { findAcceptance, lockMilestone, reachMilestone } from '../../../store/milestones.ts';
import { ownClient } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { acceptance } from './milestone.ts';

export const acceptMilestone = defineRoute({
  name: 'accept-milestone',
  method: 'post',
  path: '/milestones/:milestoneId/accept',
  summary: 'Accept what a milestone stands for, as the client',
  description:
    'It is reached then, and cannot be taken back. Where the contract says so, it is billed at once.',
  permission: 'milestones.accept',
  own: true,
  body: z.object({ comment: note.optional() }),
  example: { comment: 'Inspected on board, no remarks' },
  responses: { 200: acceptance },
  errors: ['milestone.reached', 'milestone.no_acceptance'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const clientId = ownClient(actor, 'milestones.accept');
      found(await findAcceptance(tx, params.milestoneId, clientId), 'milestone');
      const before = await lockMilestone(tx, params.milestoneId);
      requireAcceptable(before);
      await reachMilestone(tx, before, { actor: actor.id, reason: body.comment ?? null });
      return { status: 200, body: (await findAcceptance(tx, before.id, clientId))! };
    }),
});
