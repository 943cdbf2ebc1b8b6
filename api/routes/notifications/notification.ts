/** Owns how a notification is shown over the API, in words. */
import { z } from 'zod';
import { fillWords, placeOf } from '../../../domain/notification.ts';
import { Refusal } from '../../../domain/refusal.ts';
import type { NotificationRow } from '../../../store/notifications.ts';
import type { Actor } from '../../kit/auth.ts';
import { id, instant } from '../../kit/schemas.ts';

export const notification = z
  .object({
    id,
    kind: z.string().meta({ example: 'ticket.rejected' }),
    title: z.string().meta({ description: 'One line.' }),
    body: z.string(),
    quote: z.string().nullable().meta({ description: "Somebody's own words, such as a reason." }),
    list: z.array(z.string()),
    action: z.string().nullable().meta({ description: 'What the button says that leads to the subject.' }),
    place: z.string().meta({ description: 'Where the console shows the subject: a path.' }),
    subject: z.object({ type: z.string(), id: id.nullable() }),
    createdAt: instant,
    readAt: instant.nullable(),
  })
  .meta({ id: 'Notification' });

export function toNotification(row: NotificationRow): z.input<typeof notification> {
  const { id: rowId, kind, subjectType, subjectId, detail, createdAt, readAt } = row;
  const subject = { type: subjectType, id: subjectId };
  return {
    id: rowId,
    kind,
    ...fillWords(kind, detail),
    place: placeOf(subjectType, subjectId),
    subject,
    createdAt,
    readAt,
  };
}

/** Notifications are a member's: a key that belongs to none has nothing to read or to prefer. */
export function requireMember({ memberId, name }: Actor): string {
  if (memberId !== null) return memberId;
  throw new Refusal({
    code: 'notifications.no_member',
    message: `"${name}" is a key of no member, and only members are told something.`,
    whatToDo: "Sign in, or use a member's own key.",
  });
}
