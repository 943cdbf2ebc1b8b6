/** Owns how a payment is recorded and shown over the API. */
import { z } from 'zod';
import {
  currency,
  day,
  decimal,
  id,
  instant,
  shortText,
  storedDay,
  storedDecimal,
} from '../../kit/schemas.ts';

const positive = decimal.refine((text) => !text.startsWith('-') && /[1-9]/.test(text), 'more than zero');

const facts = {
  id,
  direction: z.enum(['incoming', 'outgoing']),
  clientId: id.nullable(),
  currency: z.string(),
  amount: storedDecimal,
  applied: storedDecimal.meta({ description: 'What of it is on documents; the rest is on account.' }),
  valueDate: storedDay,
  status: z.enum(['pending', 'cleared', 'reversed']),
  reference: z.string().nullable(),
  connectionId: id.nullable(),
  externalId: z.string().nullable(),
  recordedBy: z.string(),
  createdAt: instant,
};
export const payment = z.object(facts).meta({ id: 'Payment' });

const application = z.object({
  kind: z.string(),
  documentId: id.nullable(),
  invoiceNumber: z.string().nullable(),
  amount: storedDecimal.meta({ description: 'Signed: a reversal is a row of its own.' }),
  postingDate: storedDay,
  createdAt: instant,
});
export const paymentInFull = z
  .object({ ...facts, applications: z.array(application) })
  .meta({ id: 'PaymentInFull' });

export const newPayment = z.object({
  clientId: id.nullish().meta({ description: 'Who paid; the invoices must then be theirs.' }),
  currency,
  amount: positive,
  valueDate: day,
  postingDate: day.optional().meta({
    description:
      "The day in the seller's books, where the value date's period is closed; else the value date.",
  }),
  reference: shortText.nullish(),
  applications: z
    .array(z.object({ invoiceId: id, amount: positive }).strict())
    .max(500)
    .default([])
    .meta({ description: 'What of it settles which invoice; the rest stays on account.' }),
});
