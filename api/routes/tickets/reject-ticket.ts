/** Owns POST /tickets/:ticketId/reject. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { decideTicket } from '../../../store/ticket-decisions.ts';
import { readTicket } from '../../../store/tickets.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { deciderOf, shownTicket, ticket } from './ticket.ts';

export const rejectTicket = defineRoute({
  name: 'reject-ticket',
  method: 'post',
  path: '/tickets/:ticketId/reject',
  summary: 'Send a submitted ticket back to its author, with the reason',
  permission: 'tickets.approve',
  body: z.object({ reason: note }),
  example: { reason: 'The overtime was not agreed' },
  responses: { 200: ticket },
  errors: ['ticket.already_decided', 'ticket.not_submitted', 'ticket.other_approver'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      await decideTicket(tx, params.ticketId, { to: 'reject', reason: body.reason }, deciderOf(actor));
      return { status: 200, body: shownTicket(found(await readTicket(tx, params.ticketId), 'ticket')) };
    }),
});
