/** Owns GET /billing-runs/:runId/pulls. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { listRunPulls as read } from '../../../store/run-page.ts';
import { readRun } from '../../../store/runs.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, instant, pageOf, pageQuery, storedDay } from '../../kit/schemas.ts';
import { runTrigger } from './billing-run.ts';

const pull = z
  .object({
    id,
    contractId: id,
    trigger: runTrigger,
    pulledBy: z.string(),
    reason: z.string().nullable(),
    cutoffOn: storedDay,
    projectId: id.nullable().meta({ description: 'Null: the whole contract.' }),
    period: z.string().nullable(),
    pulls: z.int().meta({ description: 'How often it was pulled while it waited.' }),
    pulledAt: instant,
  })
  .meta({ id: 'RunPull' });

export const listRunPulls = defineRoute({
  name: 'list-run-pulls',
  method: 'get',
  path: '/billing-runs/:runId/pulls',
  summary: 'List what pulled the trigger of a run: all that it took',
  description: 'A run that a person started has none: see pulledBy.',
  permission: 'runs.read',
  query: z.object(pageQuery),
  responses: { 200: pageOf(pull) },
  handler: ({ params, query: { limit, cursor }, transact }) =>
    transact(async (tx) => {
      found(await readRun(tx, params.runId), 'billing_run');
      const rows = await read(tx, params.runId, { after: idAfter(cursor), limit: limit + 1 });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
