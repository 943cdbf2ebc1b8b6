/** Owns POST /task-entries/approve. */
import { z } from 'zod';
import { decideTaskEntries } from '../../../store/task-entry-decisions.ts';
import { defineRoute } from '../../kit/route.ts';
import { decidedIds, doerOf, outcomes, ownReason, shownOutcome } from './decision.ts';

export const approveTaskEntries = defineRoute({
  name: 'approve-task-entries',
  method: 'post',
  path: '/task-entries/approve',
  summary: 'Approve up to 500 task entries, each with an outcome of its own',
  permission: 'entries.approve',
  body: z.object({ ids: decidedIds, ownReason }),
  example: { ids: ['{taskEntryId}'], ownReason: 'Nobody else is in the office' },
  responses: { 200: outcomes },
  errors: ['task_entry.not_found'],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const decision = { to: 'approved', ownReason: body.ownReason ?? null } as const;
      const decided = await decideTaskEntries(tx, body.ids, decision, doerOf(actor));
      return { status: 200, body: { items: decided.map(shownOutcome) } };
    }),
});
