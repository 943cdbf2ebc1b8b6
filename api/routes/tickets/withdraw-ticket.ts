/** Owns POST /tickets/:ticketId/withdraw. */
import { takeTicket, withdrawTicket as withdraw } from '../../../store/ticket-editing.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { shownTicket, ticket } from './ticket.ts';

export const withdrawTicket = defineRoute({
  name: 'withdraw-ticket',
  method: 'post',
  path: '/tickets/:ticketId/withdraw',
  summary: 'Take a submitted ticket back, to change it',
  permission: 'tickets.update',
  own: true,
  responses: { 200: ticket },
  errors: ['ticket.wrong_status'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const before = await takeTicket(tx, params.ticketId, ownPerson(actor, 'tickets.update'));
      return { status: 200, body: shownTicket(await withdraw(tx, before, actor.id)) };
    }),
});
