/** Owns POST /billing-runs. */
import { requestByHand } from '../../../store/run-approvals.ts';
import { defineRoute } from '../../kit/route.ts';
import { deciderOf } from '../tickets/ticket.ts';
import { billingRun, billingRunExample, newBillingRun, toWantedDrafts } from './billing-run.ts';

export const createBillingRun = defineRoute({
  name: 'create-billing-run',
  method: 'post',
  path: '/billing-runs',
  summary: 'Start a billing run by hand',
  description:
    'A run that ends at issue also needs the permission invoices.issue. Asked for again while the same one is under way, it is that one. What would come to more than your limit (duty limit run) waits for somebody else, see approval.',
  permission: 'runs.create',
  idempotency: 'required',
  body: newBillingRun,
  example: billingRunExample,
  responses: { 202: billingRun },
  errors: ['reference.unknown', 'auth.permission_missing'],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const run = await requestByHand(tx, deciderOf(actor), await toWantedDrafts(tx, actor, body));
      return { status: 202, body: run, headers: { Location: `/api/v1/billing-runs/${run.id}` } };
    }),
});
