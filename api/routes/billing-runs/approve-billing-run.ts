/** Owns POST /billing-runs/:runId/approve. */
import { z } from 'zod';
import { approveRun } from '../../../store/run-approvals.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { deciderOf } from '../tickets/ticket.ts';
import { billingRun } from './billing-run.ts';

export const approveBillingRun = defineRoute({
  name: 'approve-billing-run',
  method: 'post',
  path: '/billing-runs/:runId/approve',
  summary: 'Agree to a run by hand that is above the limit of whoever asked for it',
  description:
    'To the figures that it was asked with (GET /billing-runs/:runId): it goes on where its drafts come to the same or less, else they go back and it asks again.',
  permission: 'runs.approve',
  idempotency: 'required',
  body: z.object({
    ownReason: note
      .optional()
      .meta({ description: 'Of a lone admin who approves their own: for the duties report.' }),
  }),
  example: {},
  responses: { 202: billingRun },
  errors: ['billing_run.not_waiting', 'duty.own_run', 'duty.beyond_limit', 'duty.reason_required'],
  handler: ({ params, body: { ownReason = null }, actor, transact }) =>
    transact(async (tx) => ({
      status: 202,
      body: await approveRun(tx, params.runId, deciderOf(actor), ownReason),
    })),
});
