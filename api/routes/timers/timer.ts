/** Owns how a timer is started, stopped and shown over the API. */
import { z } from 'zod';
import type { Subject } from '../../kit/record-change.ts';
import { id, instant, shortText } from '../../kit/schemas.ts';

export const timerSubject: Subject = {
  type: 'timer',
  permission: 'entries.read',
  privateFields: ['note'],
  ownerOf: ({ personId }: { personId: string }) => `person:${personId}`,
};

export const timer = z
  .object({
    id,
    taskId: id,
    taskName: z.string(),
    personId: id,
    zone: z.string().meta({ description: 'By which its time is cut into days.' }),
    position: z.string().nullable(),
    note: z.string(),
    startedAt: instant,
    stoppedAt: instant.nullable(),
    discarded: z.boolean(),
    createdBy: z.string(),
  })
  .meta({ id: 'Timer' });

export const newTimer = z.object({
  taskId: id,
  personId: id.nullish().meta({ description: 'Whose it is; left out: your own.' }),
  position: shortText.nullish(),
  note: z.string().trim().max(500).optional(),
});
