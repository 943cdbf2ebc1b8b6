/** Owns POST /notifications/read-all. */
import { z } from 'zod';
import { markAllRead as readAll } from '../../../store/notifications.ts';
import { defineRoute } from '../../kit/route.ts';

export const markAllRead = defineRoute({
  name: 'mark-all-read',
  method: 'post',
  path: '/notifications/read-all',
  summary: 'Mark all notifications of yours as read',
  permission: 'notifications.update',
  responses: { 200: z.object({ read: z.int().meta({ description: 'How many were unread.' }) }) },
  handler: ({ actor: { memberId }, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: { read: memberId === null ? 0 : await readAll(tx, memberId) },
    })),
});
