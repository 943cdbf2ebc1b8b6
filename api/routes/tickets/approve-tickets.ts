/** Owns POST /tickets/approve. */
import { z } from 'zod';
import { decideTickets } from '../../../store/ticket-decisions.ts';
import { defineRoute } from '../../kit/route.ts';
import { decidedIds, deciderOf, outcomes, ownReason, shownOutcome } from './ticket.ts';

export const approveTickets = defineRoute({
  name: 'approve-tickets',
  method: 'post',
  path: '/tickets/approve',
  summary: 'Approve up to 1,000 tickets, each with an outcome of its own',
  description:
    'A refused ticket keeps none of the others. Sending it again is safe: what is approved stays so.',
  permission: 'tickets.approve',
  body: z.object({ ids: decidedIds, ownReason }),
  example: { ids: ['{ticketId}'] },
  responses: { 200: outcomes },
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const decision = { to: 'approve', ownReason: body.ownReason ?? null } as const;
      const decided = await decideTickets(tx, body.ids, decision, deciderOf(actor));
      return { status: 200, body: { items: decided.map(shownOutcome) } };
    }),
});
