/** Owns GET /tickets/:ticketId. */
import { found } from '../../../domain/refusal.ts';
import { readTicket } from '../../../store/tickets.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { shownTicket, ticket } from './ticket.ts';

export const getTicket = defineRoute({
  name: 'get-ticket',
  method: 'get',
  path: '/tickets/:ticketId',
  summary: 'Read a ticket with its lines',
  permission: 'tickets.read',
  own: true,
  responses: { 200: ticket },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const row = found(await readTicket(tx, params.ticketId, ownPerson(actor, 'tickets.read')), 'ticket');
      return { status: 200, body: shownTicket(row) };
    }),
});
