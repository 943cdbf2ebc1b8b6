/** Owns POST /billing-runs/:runId/run-again. */
import { z } from 'zod';
import { readRunToRepeat, runAgain } from '../../../store/run-again.ts';
import { requirePermission } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { deciderOf } from '../tickets/ticket.ts';
import { billingRun } from './billing-run.ts';

export const runBillingRunAgain = defineRoute({
  name: 'run-billing-run-again',
  method: 'post',
  path: '/billing-runs/:runId/run-again',
  summary: 'Run an ended run again, for what is left',
  description:
    'A new run by hand of the same scope, cutoff and choices, linked to the first. What is on documents stays there.',
  permission: 'runs.create',
  idempotency: 'required',
  body: z.object({ reason: note.optional().meta({ description: 'Left out: the reason of the first.' }) }),
  example: {},
  responses: { 202: billingRun },
  errors: ['billing_run.under_way', 'billing_run.compilation', 'auth.permission_missing'],
  handler: ({ params, body: { reason = null }, actor, transact }) =>
    transact(async (tx) => {
      const first = await readRunToRepeat(tx, params.runId);
      if (first.finishAt === 'issue') requirePermission(actor, 'invoices.issue');
      const run = await runAgain(tx, first, deciderOf(actor), reason);
      return { status: 202, body: run, headers: { Location: `/api/v1/billing-runs/${run.id}` } };
    }),
});
