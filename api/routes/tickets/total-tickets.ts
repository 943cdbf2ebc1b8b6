/** Owns GET /tickets/totals. */
import { z } from 'zod';
import { totalTickets as readTotals } from '../../../store/tickets.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { ticketQuery, ticketTotalsOfMany } from './ticket.ts';

export const totalTickets = defineRoute({
  name: 'total-tickets',
  method: 'get',
  path: '/tickets/totals',
  summary: 'What the tickets of a list add up to',
  permission: 'tickets.read',
  own: true,
  query: z.object(ticketQuery),
  responses: { 200: ticketTotalsOfMany },
  handler: ({ query, actor, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: await readTotals(tx, { ...query, ownPersonId: ownPerson(actor, 'tickets.read') }),
    })),
});
