/** Owns POST /tickets/:ticketId/submit. */
import { submitTicket as submit, takeTicket } from '../../../store/ticket-editing.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { lineErrors, shownTicket, ticket } from './ticket.ts';

export const submitTicket = defineRoute({
  name: 'submit-ticket',
  method: 'post',
  path: '/tickets/:ticketId/submit',
  summary: 'Ask for a decision; its lines become work entries',
  permission: 'tickets.update',
  own: true,
  responses: { 200: ticket },
  errors: [
    'ticket.wrong_status',
    'ticket.empty',
    'ticket.timer_running',
    'document.not_compliant',
    'period.closed',
    'period.soft_closed',
    ...lineErrors,
  ],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const before = await takeTicket(tx, params.ticketId, ownPerson(actor, 'tickets.update'));
      return { status: 200, body: shownTicket(await submit(tx, before, actor.id)) };
    }),
});
