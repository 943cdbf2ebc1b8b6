/** Owns POST /tickets/:ticketId/approve. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { decideTicket } from '../../../store/ticket-decisions.ts';
import { readTicket } from '../../../store/tickets.ts';
import { defineRoute } from '../../kit/route.ts';
import { shortText } from '../../kit/schemas.ts';
import { deciderOf, decisionErrors, ownReason, shownTicket, ticket } from './ticket.ts';

export const approveTicket = defineRoute({
  name: 'approve-ticket',
  method: 'post',
  path: '/tickets/:ticketId/approve',
  summary: 'Approve a submitted ticket',
  permission: 'tickets.approve',
  body: z.object({
    ownReason,
    contentHash: shortText.optional().meta({
      description: 'Of the ticket that was looked at; refused where it says something else by now.',
    }),
  }),
  example: { ownReason: 'Nobody else is in the office' },
  responses: { 200: ticket },
  errors: [...decisionErrors, 'ticket.changed_since'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const { ownReason = null, contentHash } = body;
      const decision = { to: 'approve', ownReason, contentHash } as const;
      await decideTicket(tx, params.ticketId, decision, deciderOf(actor));
      return { status: 200, body: shownTicket(found(await readTicket(tx, params.ticketId), 'ticket')) };
    }, 'kept'),
});
