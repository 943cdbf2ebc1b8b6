/** Owns POST /contracts/:contractId/billing-policy/pause. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { contracts } from '../../../store/contracts.ts';
import { describePolicy } from '../../../store/describe-policy.ts';
import { pausePolicy } from '../../../store/pause-policy.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { billingPolicy } from './billing-policy.ts';

export const pauseBillingPolicy = defineRoute({
  name: 'pause-billing-policy',
  method: 'post',
  path: '/contracts/:contractId/billing-policy/pause',
  summary: 'Stop a contract from billing by itself, until it is resumed',
  description:
    'What asks for a run meanwhile waits. A run that is under way goes on; work is still billed by hand.',
  permission: 'contracts.update',
  body: z.object({ reason: note }),
  example: { reason: 'The client wants to talk about the last invoice first' },
  responses: { 200: billingPolicy },
  errors: ['billing_policy.paused', 'billing_policy.no_triggers'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const contract = found(await contracts.find(tx, params.contractId), 'contract');
      await pausePolicy(tx, contract.id, { actor: actor.id, reason: body.reason });
      return { status: 200, body: await describePolicy(tx, contract.id) };
    }),
});
