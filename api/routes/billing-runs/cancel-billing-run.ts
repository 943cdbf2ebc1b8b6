/** Owns POST /billing-runs/:runId/cancel. */
import { found, Refusal } from '../../../domain/refusal.ts';
import { readRun, requestCancel } from '../../../store/runs.ts';
import { defineRoute } from '../../kit/route.ts';
import { billingRun } from './billing-run.ts';

export const cancelBillingRun = defineRoute({
  name: 'cancel-billing-run',
  method: 'post',
  path: '/billing-runs/:runId/cancel',
  summary: 'Stop a billing run',
  description: 'It discards its own drafts; what has a number stays issued.',
  permission: 'runs.cancel',
  responses: { 202: billingRun },
  errors: ['billing_run.ended'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const run = found(await readRun(tx, params.runId), 'billing_run');
      if (!(await requestCancel(tx, run.id, actor.id)))
        throw new Refusal({
          code: 'billing_run.ended',
          message: `This run has ended: it is ${run.status}.`,
          whatToDo: 'Discard its drafts one by one: POST /invoices/:invoiceId/discard.',
        });
      return { status: 202, body: { ...run, cancelRequested: true } };
    }),
});
