/** Owns how the accounts that people are paid to are written and shown over the API: always masked, but for a reveal. */
import { z } from 'zod';
import { country, id, instant, name, shortText } from '../../kit/schemas.ts';

export const payeeAccountStatus = z.enum(['proposed', 'confirmed', 'refused', 'superseded']);
export const payeeAccount = z
  .object({
    id,
    personId: id,
    personName: z.string(),
    version: z.int(),
    status: payeeAccountStatus,
    holder: z.string(),
    bank: z.string().nullable(),
    country: z.string().nullable(),
    masked: z.string().meta({ description: 'The last characters; each look at the rest is an event.' }),
    proposedBy: z.string().nullable(),
    confirmedBy: z.string().nullable(),
    callBackAt: instant.nullable(),
    callBackTo: z.string().nullable(),
    usableFrom: instant.nullable().meta({ description: 'Nothing is paid out before.' }),
    decidedAt: instant.nullable(),
    decisionReason: z.string().nullable(),
    createdAt: instant,
  })
  .meta({ id: 'PayeeAccount' });

export const newPayeeAccount = z.object({
  personId: id.nullish().meta({ description: 'Who is paid to it; left out: yourself.' }),
  holder: name,
  accountNumber: z.string().trim().min(4).max(60).meta({ description: 'An IBAN, or a national number.' }),
  routing: shortText.nullish().meta({ description: 'Routing number, sort code or BIC.' }),
  bank: shortText.nullish(),
  country: country.nullish(),
});
