/** Owns GET /events. */
import { z } from 'zod';
import { eventHead, readEvents } from '../../../store/events.ts';
import { requireWithin } from '../../kit/events.ts';
import { defineRoute } from '../../kit/route.ts';
import { event } from './event.ts';

export const listEvents = defineRoute({
  name: 'list-events',
  method: 'get',
  path: '/events',
  summary: 'Read the event log',
  description: 'Oldest first. Events that your key may not see are skipped; `next` is behind them too.',
  permission: 'events.read',
  query: z.object({
    after: z.coerce
      .number()
      .int()
      .min(0)
      .default(0)
      .meta({ description: 'Number of the last event you have.' }),
    limit: z.coerce.number().int().min(1).max(1000).default(200),
  }),
  responses: {
    200: z.object({
      items: z.array(event),
      next: z.int().meta({ description: 'Pass on as `after`.' }),
      head: z.int().meta({ description: 'The last number given out.' }),
    }),
  },
  errors: ['events.position_ahead'],
  handler: ({ query: { after, limit }, actor, transact }) =>
    transact(async (tx) => {
      const head = (await eventHead(tx)).seq;
      requireWithin(after, head);
      const page = await readEvents(tx, { after, limit, permissions: [...actor.permissions] });
      return { status: 200, body: { items: page.events, next: page.next, head: Math.max(head, page.next) } };
    }),
});
