/** Owns POST /billing-runs/:runId/reject. */
import { z } from 'zod';
import { rejectRun } from '../../../store/run-approvals.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { deciderOf } from '../tickets/ticket.ts';
import { billingRun } from './billing-run.ts';

export const rejectBillingRun = defineRoute({
  name: 'reject-billing-run',
  method: 'post',
  path: '/billing-runs/:runId/reject',
  summary: 'Refuse a run by hand that waits for a second person',
  description: 'It ends as cancelled, and has billed nothing. Whoever asked may take it back with this too.',
  permission: 'runs.approve',
  idempotency: 'required',
  body: z.object({ reason: note }),
  example: { reason: 'The client pays by milestones' },
  responses: { 200: billingRun },
  errors: ['billing_run.not_waiting'],
  handler: ({ params, body: { reason }, actor, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: await rejectRun(tx, params.runId, deciderOf(actor), reason),
    })),
});
