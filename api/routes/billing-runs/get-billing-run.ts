/** Owns GET /billing-runs/:runId. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { projectsInScope } from '../../../store/entries.ts';
import { countBlockingExceptions } from '../../../store/exceptions.ts';
import { readRun, readRunSteps, sumRunInvoices } from '../../../store/runs.ts';
import { defineRoute } from '../../kit/route.ts';
import { storedDecimal } from '../../kit/schemas.ts';
import { ruleCount } from '../exceptions/exception.ts';
import { billingRun, runStep } from './billing-run.ts';

export const getBillingRun = defineRoute({
  name: 'get-billing-run',
  method: 'get',
  path: '/billing-runs/:runId',
  summary: 'Read a billing run: its steps, its invoices, what it left',
  permission: 'runs.read',
  responses: {
    200: z.object({
      run: billingRun,
      steps: z.array(runStep),
      invoices: z.array(
        z.object({
          status: z.string(),
          currency: z.string(),
          invoices: z.int(),
          net: storedDecimal,
          total: storedDecimal,
          seconds: z.int(),
        }),
      ),
      exceptions: z
        .array(ruleCount)
        .meta({ description: 'What keeps work of its scope before its cutoff from being billed now.' }),
    }),
  },
  handler: ({ params, transact }) =>
    transact(async (tx) => {
      const run = found(await readRun(tx, params.runId), 'billing_run');
      const projectIds = await projectsInScope(tx, { type: run.scopeType, id: run.scopeId });
      return {
        status: 200,
        body: {
          run,
          steps: await readRunSteps(tx, run.id),
          invoices: await sumRunInvoices(tx, run.id),
          exceptions: await countBlockingExceptions(tx, projectIds, run.cutoffOn),
        },
      };
    }),
});
