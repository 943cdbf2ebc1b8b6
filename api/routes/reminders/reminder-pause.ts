/** Owns how pauses of reminders are read and written over the API. */
import { z } from 'zod';
import { day, id, instant, note, storedDay } from '../../kit/schemas.ts';

export const reminderPause = z
  .object({
    id,
    clientId: id,
    invoiceId: id.nullable().meta({ description: 'Null: no letter goes out about any of the client.' }),
    reason: z.string(),
    untilOn: storedDay.nullable(),
    pausedBy: z.string(),
    createdAt: instant,
    endedBy: z.string().nullable(),
    endedAt: instant.nullable(),
  })
  .meta({ id: 'ReminderPause' });

export const newReminderPause = z
  .object({
    clientId: id.optional(),
    invoiceId: id.optional(),
    reason: note,
    untilOn: day
      .nullish()
      .meta({ description: 'On this day it is over by itself; without, when somebody ends it.' }),
  })
  .refine(
    ({ clientId, invoiceId }) => (clientId === undefined) !== (invoiceId === undefined),
    'name a client or an invoice',
  );
