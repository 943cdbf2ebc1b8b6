/** Owns how a client's word that they paid is given and shown. */
import { z } from 'zod';
import { day, decimal, id, instant, shortText, storedDay, storedDecimal } from '../../kit/schemas.ts';

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
  amount: decimal.refine((text) => !text.startsWith('-') && /[1-9]/.test(text), 'more than zero').nullish(),
  reference: shortText.nullish(),
});
