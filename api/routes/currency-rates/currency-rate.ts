/** Owns how a rate between two currencies is read and written over the API. */
import { z } from 'zod';
import type { Subject } from '../../kit/record-change.ts';
import { currency, day, id, instant, shortText, storedDay, storedDecimal } from '../../kit/schemas.ts';

export const currencyRateSubject: Subject = { type: 'currency_rate', permission: 'currency_rates.read' };

export const currencyRate = z
  .object({
    id,
    base: currency,
    quote: currency,
    rateOn: storedDay,
    rate: storedDecimal.meta({ description: 'What one unit of base is in quote.' }),
    source: z.string(),
    bothWays: z.boolean(),
    createdBy: z.string(),
    createdAt: instant,
  })
  .meta({ id: 'CurrencyRate' });

const rateFields = {
  base: currency,
  quote: currency,
  rateOn: day.meta({
    description: 'The day that it is of. It also holds for the six days after, where they have none.',
  }),
  rate: z
    .string()
    .regex(/^\d{1,9}(\.\d{1,12})?$/, 'a plain decimal number as text, with at most 12 decimals')
    .refine((text) => /[1-9]/.test(text), 'more than nothing')
    .meta({ description: 'What one unit of base is in quote.', example: '1.1634' }),
  source: shortText.meta({ description: 'Who says so: a bank, an agreement.', example: 'ECB' }),
  bothWays: z
    .boolean()
    .optional()
    .meta({ description: 'It also turns quote into base. Without it only base into quote is known.' }),
};
const differ = (row: { base: string; quote: string }) => row.base !== row.quote;
const sameCurrency = { path: ['quote'], message: 'is the base: one currency has no rate to itself' };

export const newCurrencyRate = z.object(rateFields).refine(differ, sameCurrency);
/** Of a file: cells are texts, and the source may be said once for all. */
export const currencyRateRow = z
  .strictObject({ ...rateFields, source: rateFields.source.optional() })
  .refine(differ, sameCurrency);
