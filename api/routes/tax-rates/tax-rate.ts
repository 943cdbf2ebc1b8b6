/** Owns how a tax rate is read and written over the API. */
import { z } from 'zod';
import { Decimal } from '../../../domain/money.ts';
import type { Subject } from '../../kit/record-change.ts';
import { day, id, note, price, shortText, storedDay, storedDecimal, taxRegion } from '../../kit/schemas.ts';

export const taxRateSubject: Subject = { type: 'tax_rate', permission: 'tax_rates.read' };

export const taxRate = z
  .object({
    id,
    region: taxRegion,
    category: z.string().meta({ description: 'As contracts name it, e.g. standard.' }),
    productId: id.nullable().meta({ description: 'Only of this product; null: of the category.' }),
    rate: storedDecimal.meta({ description: 'Percent.' }),
    inclusive: z.boolean().meta({ description: 'Prices contain it.' }),
    exemptionReason: z.string().nullable(),
    reverseCharge: z.boolean(),
    legalText: z.string().nullable(),
    validFrom: storedDay,
    validTo: storedDay.nullable().meta({ description: 'First day on which it no longer counts.' }),
  })
  .meta({ id: 'TaxRate' });

const isZero = (rate: string) => new Decimal(rate).isZero();

export const newTaxRate = z
  .object({
    region: taxRegion,
    category: shortText,
    productId: id.nullish(),
    rate: price.refine((text) => new Decimal(text).lte(100), 'at most 100'),
    inclusive: z.boolean().optional(),
    exemptionReason: note.nullish(),
    reverseCharge: z.boolean().optional(),
    legalText: note.nullish().meta({ description: 'What a reverse charge must say.' }),
    validFrom: day.optional(),
    validTo: day.nullish(),
  })
  .strict()
  .refine((rate) => !rate.reverseCharge || Boolean(rate.legalText), {
    path: ['legalText'],
    message: 'a reverse charge has its legal text',
  })
  .refine((rate) => (!rate.reverseCharge && !rate.exemptionReason) || isZero(rate.rate), {
    path: ['rate'],
    message: '0 where the buyer owes the tax, or nobody does',
  })
  .refine((rate) => !rate.inclusive || !isZero(rate.rate), {
    path: ['inclusive'],
    message: 'prices contain a tax above 0 only',
  })
  .refine((rate) => !rate.validTo || !rate.validFrom || rate.validTo > rate.validFrom, {
    path: ['validTo'],
    message: 'after validFrom',
  });
/** What a rate is stays: another one says what comes after its end. */
export const taxRateChange = z.object({ validTo: day.nullable() });
