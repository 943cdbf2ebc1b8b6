/** Owns PUT /notification-preferences. */
import { z } from 'zod';
import { recordEvents } from '../../../store/events.ts';
import { readPreferences, writePreferences } from '../../../store/notifications.ts';
import { defineRoute } from '../../kit/route.ts';
import { requireMember } from '../notifications/notification.ts';
import { notificationPreference, preferencesBody, toPreference } from './notification-preference.ts';

export const putNotificationPreferences = defineRoute({
  name: 'put-notification-preferences',
  method: 'put',
  path: '/notification-preferences',
  summary: 'Choose by which channels you are told what',
  description: 'Kinds that are left out keep what they have.',
  permission: 'notifications.update',
  body: preferencesBody,
  example: { preferences: [{ kind: 'ticket.submitted', inApp: true, email: false }] },
  responses: { 200: z.object({ items: z.array(notificationPreference) }) },
  errors: ['notifications.no_member'],
  handler: ({ body: { preferences }, actor, transact }) =>
    transact(async (tx) => {
      const memberId = requireMember(actor);
      await writePreferences(tx, memberId, preferences);
      await recordEvents(tx, [
        {
          type: 'notification_preferences.updated',
          subjectType: 'member',
          subjectId: memberId,
          actor: actor.id,
          permission: 'members.read',
          payload: { preferences },
        },
      ]);
      return { status: 200, body: { items: (await readPreferences(tx, memberId)).map(toPreference) } };
    }),
});
