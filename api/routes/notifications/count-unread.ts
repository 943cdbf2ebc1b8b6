/** Owns GET /notifications/unread-count. */
import { z } from 'zod';
import { countUnread as readUnread } from '../../../store/notifications.ts';
import { defineRoute } from '../../kit/route.ts';

export const countUnread = defineRoute({
  name: 'count-unread',
  method: 'get',
  path: '/notifications/unread-count',
  summary: 'Count what you have not read',
  permission: 'notifications.read',
  responses: { 200: z.object({ unread: z.int() }) },
  handler: ({ actor: { memberId }, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: { unread: memberId === null ? 0 : await readUnread(tx, memberId) },
    })),
});
