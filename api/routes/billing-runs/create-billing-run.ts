/** Owns POST /billing-runs. */
import { requestRun } from '../../../store/runs.ts';
import { defineRoute } from '../../kit/route.ts';
import { billingRun, billingRunExample, newBillingRun, requireRunAllowed } from './billing-run.ts';

export const createBillingRun = defineRoute({
  name: 'create-billing-run',
  method: 'post',
  path: '/billing-runs',
  summary: 'Start a billing run by hand',
  description: 'A run that ends at issue also needs the permission invoices.issue.',
  permission: 'runs.create',
  idempotency: 'required',
  body: newBillingRun,
  example: billingRunExample,
  responses: { 202: billingRun },
  errors: ['reference.unknown', 'auth.permission_missing'],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      await requireRunAllowed(tx, actor, body);
      const run = await requestRun(tx, { ...body, trigger: 'by_hand', pulledBy: actor.id });
      return { status: 202, body: run, headers: { Location: `/api/v1/billing-runs/${run.id}` } };
    }),
});
