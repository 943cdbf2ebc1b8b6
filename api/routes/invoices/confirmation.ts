/** Owns how a client's word that they paid is given and shown. */
import { z } from 'zod';
import { day, id, instant, shortText, storedDay, storedDecimal } from '../../kit/schemas.ts';
import { positive } from '../payments/payment.ts';

export const confirmation = z
  .object({
    id,
    invoiceId: id,
    paidOn: storedDay.nullable(),
    amount: storedDecimal.nullable(),
    reference: z.string().nullable(),
    status: z
      .enum(['waiting', 'shown', 'refused', 'matched', 'unmatched'])
      .meta({ description: 'waiting: an admin decides first, where the workspace asks for one.' }),
    confirmedAt: instant,
  })
  .meta({ id: 'ClientConfirmation' });

export const newConfirmation = z.object({
  paidOn: day.nullish(),
  amount: positive.nullish(),
  reference: shortText.nullish(),
});
