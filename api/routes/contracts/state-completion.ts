/** Owns POST /contracts/:contractId/completion. */
import { z } from 'zod';
import { localDay } from '../../../domain/day.ts';
import { found } from '../../../domain/refusal.ts';
import { lockContract, readTimeline } from '../../../store/contract-versions.ts';
import { contracts } from '../../../store/contracts.ts';
import { readSchedule, stateCompletion as state } from '../../../store/price-schedules.ts';
import { projects } from '../../../store/projects.ts';
import { workspaceNow } from '../../../store/workspaces.ts';
import { record } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { day, id, price } from '../../kit/schemas.ts';
import { contractSubject, priceSchedule } from './contract.ts';

export const stateCompletion = defineRoute({
  name: 'state-completion',
  method: 'post',
  path: '/contracts/:contractId/completion',
  summary: 'Say how much of the work under a fixed price is complete',
  description:
    'What that comes to, less what is billed, is drafted by the next run. Stated anew it replaces what no document holds yet. 100 bills the rest of the price.',
  permission: 'contracts.update',
  idempotency: 'required',
  body: z.object({
    percentage: price.refine((text) => Number(text) <= 100, 'at most 100'),
    on: day.optional().meta({ description: "Left out: today in the contract's zone." }),
    projectId: id.nullish().meta({ description: 'That the line names; left out: the only one, or none.' }),
  }),
  example: { percentage: '40' },
  responses: { 200: priceSchedule },
  errors: [
    'contract.no_fixed_price',
    'contract.by_milestones',
    'contract.open_milestones',
    'contract.completion_below_billed',
    'project.not_found',
  ],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const contract = found(await contracts.lock(tx, params.contractId), 'contract');
      await lockContract(tx, contract.id);
      const timeline = await readTimeline(tx, contract.id);
      const on = body.on ?? localDay(await workspaceNow(tx), contract.zone);
      const own = await projects.list(tx, { limit: 1, after: null, where: { contractId: contract.id } });
      const only = own.length === 1 ? own[0]!.id : null;
      const wanted = body.projectId ? await projects.find(tx, body.projectId) : null;
      if (body.projectId) found(wanted?.contractId === contract.id ? wanted : null, 'project');
      const projectId = wanted?.id ?? only;
      const { percentage } = body;
      const made = await state(tx, contract, timeline, { percentage, on, projectId });
      await record(tx, actor, contractSubject, 'completion_stated', contract.id, { percentage, on, ...made });
      return { status: 200, body: (await readSchedule(tx, contract.id))! };
    }),
});
