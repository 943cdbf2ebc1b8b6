/** Owns how a seller's tax registration is read and written over the API. */
import { z } from 'zod';
import type { Subject } from '../../kit/record-change.ts';
import { country, day, id, shortText, storedDay } from '../../kit/schemas.ts';

export const taxRegistrationSubject: Subject = { type: 'tax_registration', permission: 'sellers.read' };

export const taxRegistration = z
  .object({
    id,
    sellerId: id,
    country,
    number: z.string(),
    validFrom: storedDay,
    validTo: storedDay.nullable().meta({ description: 'First day on which it no longer counts.' }),
  })
  .meta({ id: 'TaxRegistration' });

export const newTaxRegistration = z
  .object({ country, number: shortText, validFrom: day.optional(), validTo: day.nullish() })
  .strict()
  .refine((row) => !row.validTo || !row.validFrom || row.validTo > row.validFrom, {
    path: ['validTo'],
    message: 'after validFrom',
  });
/** A number is never changed: documents carry it. */
export const taxRegistrationChange = z.object({ validTo: day.nullable() });
