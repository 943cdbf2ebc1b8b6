/** Owns GET /notifications/stream. */
import { streamNotifications as follow } from '../../kit/notification-stream.ts';
import { defineRoute, streamOf } from '../../kit/route.ts';
import { requireMember, toNotification } from './notification.ts';

export const streamNotifications = defineRoute({
  name: 'stream-notifications',
  method: 'get',
  path: '/notifications/stream',
  summary: 'Follow what you are told',
  description:
    'Server-sent events: `unread` with the count, first and whenever it changes, and `notification` for each new one. Nothing is replayed: after a reconnect, read the list.',
  permission: 'notifications.read',
  responses: { 200: streamOf('text/event-stream', 'As you are told; a heartbeat every 15 seconds.') },
  errors: ['notifications.no_member', 'events.too_many_streams'],
  handler: async ({ actor, workspaceId, deps, signal, stillAllowed }) => {
    const memberId = requireMember(actor);
    return {
      status: 200,
      headers: { 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' },
      stream: follow(deps, { workspaceId, memberId, signal, stillAllowed, toItem: toNotification }),
    };
  },
});
