/** Owns GET /events/stream. */
import { z } from 'zod';
import { eventHead } from '../../../store/events.ts';
import { requireWithin, resumePosition, streamEvents } from '../../kit/events.ts';
import { defineRoute, streamOf } from '../../kit/route.ts';

export const streamEventsRoute = defineRoute({
  name: 'stream-events',
  method: 'get',
  path: '/events/stream',
  summary: 'Follow the event log',
  description:
    'Server-sent events, from the number in Last-Event-ID or ?after=, else from now on. A reader that takes nothing for 30 seconds is cut off and can resume.',
  permission: 'events.read',
  query: z.object({ after: z.coerce.number().int().min(0).optional() }),
  responses: {
    200: streamOf('text/event-stream', 'Events as they are numbered; a heartbeat every 15 seconds.'),
  },
  errors: ['events.position_ahead', 'events.invalid_position', 'events.too_many_streams'],
  handler: async ({ query, actor, workspaceId, request, deps, signal, stillAllowed }) => {
    const wanted = resumePosition(request.get('last-event-id'), query.after);
    const head = (await deps.database.inWorkspace(workspaceId, eventHead)).seq;
    requireWithin(wanted ?? head, head);
    const permissions = [...actor.permissions];
    return {
      status: 200,
      headers: { 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' },
      stream: streamEvents(deps, { workspaceId, after: wanted ?? head, permissions, signal, stillAllowed }),
    };
  },
});
