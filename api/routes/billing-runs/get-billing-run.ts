/** Owns GET /billing-runs/:runId. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { projectsInScope } from '../../../store/entries.ts';
import { countBlockingExceptions } from '../../../store/exceptions.ts';
import { readRunPage } from '../../../store/run-page.ts';
import { readRun, readRunSteps, sumRunInvoices } from '../../../store/runs.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, storedDecimal } from '../../kit/schemas.ts';
import { ruleCount } from '../exceptions/exception.ts';
import { billingRun, runApproval, runStep } from './billing-run.ts';

export const getBillingRun = defineRoute({
  name: 'get-billing-run',
  method: 'get',
  path: '/billing-runs/:runId',
  summary: 'Read a billing run: its steps, its invoices, what it left, what it waits for',
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
      waitsFor: z
        .object({ what: z.enum(['run', 'approval']), runId: id.nullable(), message: z.string() })
        .nullable()
        .meta({ description: 'Null: for nothing.' }),
      approvals: z.array(runApproval).meta({ description: 'Newest first.' }),
      repeatedBy: z.array(id).meta({ description: 'Runs that were asked for again of it.' }),
      pulls: z
        .int()
        .meta({ description: 'How many pulls of triggers it took: GET /billing-runs/:runId/pulls.' }),
      addedTo: z.array(id).meta({ description: 'Drafts of earlier runs that it added to.' }),
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
          ...(await readRunPage(tx, run)),
        },
      };
    }),
});
