/** Owns POST /contracts/:contractId/billing-policy/resume. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { contracts } from '../../../store/contracts.ts';
import { describePolicy } from '../../../store/describe-policy.ts';
import { resumePolicy } from '../../../store/pause-policy.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { billingPolicy } from './billing-policy.ts';

export const resumeBillingPolicy = defineRoute({
  name: 'resume-billing-policy',
  method: 'post',
  path: '/contracts/:contractId/billing-policy/resume',
  summary: 'Let a paused contract bill by itself again',
  description: 'What waited is billed now; of periods that ended meanwhile each by itself, the oldest first.',
  permission: 'contracts.update',
  body: z.object({ reason: note }),
  example: { reason: 'Settled with the client' },
  responses: { 200: billingPolicy },
  errors: ['billing_policy.not_paused', 'billing_policy.no_triggers'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const contract = found(await contracts.find(tx, params.contractId), 'contract');
      await resumePolicy(tx, contract.id, { actor: actor.id, reason: body.reason });
      return { status: 200, body: await describePolicy(tx, contract.id) };
    }),
});
