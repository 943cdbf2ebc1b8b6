/** Owns POST /tickets/:ticketId/discard. */
import { discardTicket as discard, takeTicket } from '../../../store/ticket-editing.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { shownTicket, ticket } from './ticket.ts';

export const discardTicket = defineRoute({
  name: 'discard-ticket',
  method: 'post',
  path: '/tickets/:ticketId/discard',
  summary: 'End a draft or rejected ticket; it keeps its number',
  permission: 'tickets.update',
  own: true,
  responses: { 200: ticket },
  errors: ['ticket.wrong_status', 'ticket.corrected'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const before = await takeTicket(tx, params.ticketId, ownPerson(actor, 'tickets.update'));
      return { status: 200, body: shownTicket(await discard(tx, before, actor.id)) };
    }),
});
