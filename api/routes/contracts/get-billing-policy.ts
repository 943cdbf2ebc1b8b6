/** Owns GET /contracts/:contractId/billing-policy. */
import { describePolicy } from '../../../store/describe-policy.ts';
import { defineRoute } from '../../kit/route.ts';
import { billingPolicy } from './billing-policy.ts';

export const getBillingPolicy = defineRoute({
  name: 'get-billing-policy',
  method: 'get',
  path: '/contracts/:contractId/billing-policy',
  summary: 'See what a contract bills by itself, what is next, and what it waits for',
  permission: 'contracts.read',
  responses: { 200: billingPolicy },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({ status: 200, body: await describePolicy(tx, params.contractId) })),
});
