/** Owns how self-billing agreements are written and shown over the API. */
import { z } from 'zod';
import { day, id, instant, note, storedDay } from '../../kit/schemas.ts';

export const selfBillingAgreement = z
  .object({
    id,
    sellerId: id,
    personId: id,
    startsOn: storedDay,
    endsBefore: storedDay.nullable(),
    legalText: z.string(),
    status: z.enum(['proposed', 'accepted', 'refused', 'ended']),
    acceptedAt: instant.nullable(),
    createdAt: instant,
  })
  .meta({ id: 'SelfBillingAgreement' });

export const newSelfBillingAgreement = z.object({
  sellerId: id,
  personId: id,
  startsOn: day,
  endsBefore: day.nullish().meta({ description: 'The first day on which it is over.' }),
  legalText: note.meta({ description: 'The words that the law wants on each document.' }),
});
