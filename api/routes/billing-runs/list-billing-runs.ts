/** Owns GET /billing-runs. */
import { z } from 'zod';
import { listRuns } from '../../../store/runs.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { billingRun, runApprovalState, runStatus, runTrigger } from './billing-run.ts';

export const listBillingRuns = defineRoute({
  name: 'list-billing-runs',
  method: 'get',
  path: '/billing-runs',
  summary: 'List billing runs, newest first',
  permission: 'runs.read',
  query: z.object({
    ...pageQuery,
    status: runStatus.optional(),
    trigger: runTrigger.optional(),
    approval: runApprovalState.optional().meta({ description: 'asked: runs that wait for a second person.' }),
  }),
  responses: { 200: pageOf(billingRun) },
  handler: ({ query: { limit, cursor, ...filter }, transact }) =>
    transact(async (tx) => {
      const rows = await listRuns(tx, { ...filter, cursor: idAfter(cursor) ?? undefined, limit: limit + 1 });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
