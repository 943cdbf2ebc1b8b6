/** Owns POST /task-entries/reject. */
import { z } from 'zod';
import { decideTaskEntries } from '../../../store/task-entry-decisions.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { decidedIds, doerOf, outcomes, shownOutcome } from './decision.ts';

export const rejectTaskEntries = defineRoute({
  name: 'reject-task-entries',
  method: 'post',
  path: '/task-entries/reject',
  summary: 'Reject up to 500 task entries: they are not billed until they are changed',
  permission: 'entries.approve',
  body: z.object({ ids: decidedIds, reason: note }),
  example: { ids: ['{taskEntryId}'], reason: 'That day nobody was on board' },
  responses: { 200: outcomes },
  errors: ['task_entry.not_found'],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const decision = { to: 'rejected', reason: body.reason } as const;
      const decided = await decideTaskEntries(tx, body.ids, decision, doerOf(actor));
      return { status: 200, body: { items: decided.map(shownOutcome) } };
    }),
});
