/** Owns POST /tickets/reject. */
import { z } from 'zod';
import { decideTickets } from '../../../store/ticket-decisions.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { decidedIds, deciderOf, outcomes, shownOutcome } from './ticket.ts';

export const rejectTickets = defineRoute({
  name: 'reject-tickets',
  method: 'post',
  path: '/tickets/reject',
  summary: 'Send up to 1,000 tickets back for one reason, each with an outcome of its own',
  permission: 'tickets.approve',
  body: z.object({ ids: decidedIds, reason: note }),
  example: { ids: ['{ticketId}'], reason: 'The project is on hold' },
  responses: { 200: outcomes },
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const decision = { to: 'reject', reason: body.reason } as const;
      const decided = await decideTickets(tx, body.ids, decision, deciderOf(actor));
      return { status: 200, body: { items: decided.map(shownOutcome) } };
    }),
});
