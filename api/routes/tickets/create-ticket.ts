/** Owns POST /tickets. */
import { invalidField } from '../../../domain/refusal.ts';
import { createTicket as create } from '../../../store/ticket-editing.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { authorOf, lineErrors, newTicket, receiptErrors, shownTicket, ticket, toLine } from './ticket.ts';

export const createTicket = defineRoute({
  name: 'create-ticket',
  method: 'post',
  path: '/tickets',
  summary: 'Write a ticket: one person, one date, one project',
  permission: 'tickets.create',
  own: true,
  body: newTicket,
  example: {
    personId: '{personId}',
    projectId: '{projectId}',
    workDate: '2026-03-02',
    notes: 'Stern tube inspection',
    lines: [
      { kind: 'labor', position: 'Fitter', seconds: 11_700 },
      { kind: 'labor', position: 'Fitter', overtime: true, seconds: 5_400 },
      { kind: 'expense', amount: '34.50', currency: 'EUR', category: 'Parking' },
      { kind: 'mileage', metres: 42_000, transportSeconds: 2_700 },
    ],
  },
  responses: { 201: ticket },
  errors: ['ticket.no_person', 'ticket.no_series', ...lineErrors, ...receiptErrors],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'tickets.create');
      if (own !== null && body.personId != null && body.personId !== own)
        throw invalidField('/personId', 'ticket.person_unknown', 'You write tickets for yourself only.');
      const personId = own ?? body.personId ?? actor.personId;
      if (personId === null)
        throw invalidField('/personId', 'ticket.no_person', 'Whose work it is has to be said.');
      const row = await create(
        tx,
        {
          personId,
          projectId: body.projectId,
          workDate: body.workDate,
          notes: body.notes,
          correctsTicketId: body.correctsTicketId ?? null,
          lines: body.lines.map(toLine),
        },
        authorOf(actor),
      );
      return { status: 201, body: shownTicket(row), headers: { Location: `/api/v1/tickets/${row.id}` } };
    }),
});
