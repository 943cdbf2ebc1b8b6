/** Owns GET /tickets/:ticketId/history. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { ticketHistory } from '../../../store/ticket-history.ts';
import { readTicket } from '../../../store/tickets.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, instant } from '../../kit/schemas.ts';

const change = z
  .record(z.string(), z.tuple([z.unknown(), z.unknown()]))
  .meta({ description: 'Field → before and after.' });
const changes = z.object({
  fields: change,
  lines: z.array(z.object({ lineId: id, change: z.enum(['added', 'removed', 'changed']), fields: change })),
});
const revision = z.object({
  revision: z.int(),
  submittedBy: z.string(),
  submittedAt: instant,
  decision: z.enum(['approved', 'rejected', 'withdrawn']).nullable(),
  decidedBy: z.string().nullable(),
  decidedAt: instant.nullable(),
  onBehalfOf: id.nullable(),
  reason: z.string().nullable(),
  voidedBy: z.string().nullable(),
  voidedAt: instant.nullable(),
  voidReason: z.string().nullable(),
  changes: changes.nullable().meta({ description: 'Against the submission before; null on the first.' }),
});

export const getTicketHistory = defineRoute({
  name: 'get-ticket-history',
  method: 'get',
  path: '/tickets/:ticketId/history',
  summary: 'Every submission of a ticket, what was decided, and what changed since the one before',
  permission: 'tickets.read',
  own: true,
  responses: {
    200: z.object({
      items: z.array(revision),
      unsubmitted: changes.nullable().meta({
        description: 'What the ticket says now that its last submission did not; null where nothing differs.',
      }),
    }),
  },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const row = found(await readTicket(tx, params.ticketId, ownPerson(actor, 'tickets.read')), 'ticket');
      return { status: 200, body: await ticketHistory(tx, row) };
    }),
});
