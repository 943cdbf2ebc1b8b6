/** Owns POST /notifications/:notificationId/read. */
import { found } from '../../../domain/refusal.ts';
import { findNotification, markRead } from '../../../store/notifications.ts';
import { defineRoute } from '../../kit/route.ts';
import { notification, requireMember, toNotification } from './notification.ts';

export const markNotificationRead = defineRoute({
  name: 'mark-notification-read',
  method: 'post',
  path: '/notifications/:notificationId/read',
  summary: 'Mark a notification of yours as read',
  description: 'Again changes nothing: the first time stays.',
  permission: 'notifications.update',
  responses: { 200: notification },
  errors: ['notifications.no_member'],
  handler: ({ params: { notificationId }, actor, transact }) =>
    transact(async (tx) => {
      found(await findNotification(tx, notificationId), 'notification');
      const row = found(await markRead(tx, requireMember(actor), notificationId), 'notification');
      return { status: 200, body: toNotification(row) };
    }),
});
