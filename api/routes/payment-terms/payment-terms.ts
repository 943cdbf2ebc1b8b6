/** Owns how payment terms are read and written over the API. */
import { z } from 'zod';
import { paymentTermsVariables } from '../../../domain/payment-terms.ts';
import type { Subject } from '../../kit/record-change.ts';
import { id, instant, language, name } from '../../kit/schemas.ts';

export const paymentTermsSubject: Subject = { type: 'payment_terms', permission: 'payment_terms.read' };

const variables = Object.entries(paymentTermsVariables)
  .map(([variable, meaning]) => `{{${variable}}} (${meaning})`)
  .join(', ');
const text = z.string().trim().min(1).max(10_000);

const parts = {
  message: text.meta({
    description: `Standard terms. Plain text without logic; it may name ${variables}.`,
    example: 'Payable within {{terms.days}} days, by {{dueDate}}.',
  }),
  paymentInstructions: text.nullish(),
  lateFeePolicy: text.nullish(),
};

export const paymentTerms = z
  .object({
    id,
    name: z.string(),
    language,
    message: z.string(),
    paymentInstructions: z.string().nullable(),
    lateFeePolicy: z.string().nullable(),
    standard: z.boolean().meta({ description: 'Taken where neither run, contract nor client names others.' }),
    createdAt: instant,
  })
  .meta({ id: 'PaymentTerms' });

export const newPaymentTerms = z.object({
  name,
  language: language.optional(),
  ...parts,
  standard: z.boolean().optional(),
});
export const paymentTermsChange = newPaymentTerms.partial();
