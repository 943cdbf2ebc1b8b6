/** Owns how a member's preferences are read and written over the API. */
import { z } from 'zod';
import { kinds, notificationKinds } from '../../../domain/notification.ts';
import type { Preference } from '../../../store/notifications.ts';

const channels = {
  inApp: z.boolean().meta({ description: 'In the app: the list, the count, the stream.' }),
  email: z.boolean(),
};
export const notificationPreference = z
  .object({
    kind: z.string(),
    label: z.string().meta({ description: 'What it tells, in words.' }),
    ...channels,
    standard: z.object(channels).meta({ description: 'What holds unless a member says otherwise.' }),
  })
  .meta({ id: 'NotificationPreference' });

export const preferencesBody = z.object({
  preferences: z
    .array(z.strictObject({ kind: z.enum(kinds as [(typeof kinds)[number]]), ...channels }))
    .min(1)
    .max(kinds.length)
    .refine(
      (list) => new Set(list.map(({ kind }) => kind)).size === list.length,
      'names each kind at most once',
    ),
});

export function toPreference({ kind, inApp, email }: Preference): z.input<typeof notificationPreference> {
  const { label, inApp: standardInApp, email: standardEmail } = notificationKinds[kind];
  return { kind, label, inApp, email, standard: { inApp: standardInApp, email: standardEmail } };
}
