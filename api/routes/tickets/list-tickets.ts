/** Owns GET /tickets; with `status=approved` it is the read-only view of approved tickets. */
import { z } from 'zod';
import { listTickets as readTickets } from '../../../store/tickets.ts';
import { ownPerson } from '../../kit/auth.ts';
import { idAfter, toPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { shownTicket, ticket, ticketQuery } from './ticket.ts';

export const listTickets = defineRoute({
  name: 'list-tickets',
  method: 'get',
  path: '/tickets',
  summary: 'List tickets, newest first',
  permission: 'tickets.read',
  own: true,
  query: z.object({ ...pageQuery, ...ticketQuery }),
  responses: { 200: pageOf(ticket) },
  handler: ({ query: { limit, cursor, ...filter }, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'tickets.read');
      const rows = await readTickets(
        tx,
        { ...filter, ownPersonId: own },
        { after: idAfter(cursor), limit: limit + 1 },
      );
      return { status: 200, body: toPage(rows, limit, (row) => [row.id], shownTicket) };
    }),
});
