/** Owns GET /notifications. */
import { z } from 'zod';
import { listNotifications as readNotifications } from '../../../store/notifications.ts';
import { idAfter, toPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { notification, toNotification } from './notification.ts';

export const listNotifications = defineRoute({
  name: 'list-notifications',
  method: 'get',
  path: '/notifications',
  summary: 'List what you were told, newest first',
  description: "Your own as a member. A key of no member has none; nobody reads another's.",
  permission: 'notifications.read',
  query: z.object({
    ...pageQuery,
    unread: z.stringbool().default(false).meta({ description: 'Only those that are not read yet.' }),
  }),
  responses: { 200: pageOf(notification) },
  handler: ({ query: { limit, cursor, unread }, actor: { memberId }, transact }) =>
    transact(async (tx) => {
      const before = idAfter(cursor);
      const rows =
        memberId === null ? [] : await readNotifications(tx, memberId, { unread, before, limit: limit + 1 });
      return { status: 200, body: toPage(rows, limit, (row) => [row.id], toNotification) };
    }),
});
