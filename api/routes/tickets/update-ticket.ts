/** Owns PATCH /tickets/:ticketId. */
import { editTicket, takeTicket } from '../../../store/ticket-editing.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { authorOf, lineErrors, receiptErrors, shownTicket, ticket, ticketChange, toLine } from './ticket.ts';

export const updateTicket = defineRoute({
  name: 'update-ticket',
  method: 'patch',
  path: '/tickets/:ticketId',
  summary: 'Change a ticket; it is a draft then, and an approval of what it was is void',
  permission: 'tickets.update',
  own: true,
  body: ticketChange,
  example: { notes: 'Stern tube and shaft seal' },
  responses: { 200: ticket },
  errors: [
    'ticket.wrong_status',
    'ticket.on_issued_invoice',
    'ticket.corrected',
    'period.closed',
    'period.soft_closed',
    ...lineErrors,
    ...receiptErrors,
  ],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = await takeTicket(tx, params.ticketId, ownPerson(actor, 'tickets.update'));
      requireCurrent(shownTicket(before));
      const { projectId = before.projectId, workDate = before.workDate, notes = before.notes } = body;
      const lines = body.lines?.map(toLine) ?? before.lines;
      const after = await editTicket(tx, before, { projectId, workDate, notes, lines }, authorOf(actor));
      return { status: 200, body: shownTicket(after) };
    }),
});
