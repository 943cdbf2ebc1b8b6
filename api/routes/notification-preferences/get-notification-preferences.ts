/** Owns GET /notification-preferences. */
import { z } from 'zod';
import { readPreferences, standardPreferences } from '../../../store/notifications.ts';
import { defineRoute } from '../../kit/route.ts';
import { notificationPreference, toPreference } from './notification-preference.ts';

export const getNotificationPreferences = defineRoute({
  name: 'get-notification-preferences',
  method: 'get',
  path: '/notification-preferences',
  summary: 'Read by which channels you are told what',
  description: 'Every kind of notification. A key of no member gets what holds for those who said nothing.',
  permission: 'notifications.read',
  responses: { 200: z.object({ items: z.array(notificationPreference) }) },
  handler: ({ actor: { memberId }, transact }) =>
    transact(async (tx) => {
      const preferences = memberId === null ? standardPreferences : await readPreferences(tx, memberId);
      return { status: 200, body: { items: preferences.map(toPreference) } };
    }),
});
