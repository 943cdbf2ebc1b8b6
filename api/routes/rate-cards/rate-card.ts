/** Owns how a rate-card line is read and written over the API. */
import { z } from 'zod';
import { rateUnits } from '../../../store/rate-cards.ts';
import type { Subject } from '../../kit/record-change.ts';
import { currency, day, id, price, shortText, storedDay, storedDecimal } from '../../kit/schemas.ts';

export const rateCardSubject: Subject = { type: 'rate_card', permission: 'rate_cards.read' };

export const scopeType = z.enum(['contract', 'client']);
const unit = z.enum(rateUnits);

export const rateCard = z
  .object({
    id,
    scopeType,
    scopeId: id,
    position: z.string().meta({ description: '* prices every position without a line of its own.' }),
    unit,
    regularRate: storedDecimal,
    overtimeRate: storedDecimal.nullable(),
    currency,
    validFrom: storedDay,
    validTo: storedDay.nullable(),
  })
  .meta({ id: 'RateCard' });

export const newRateCard = z.object({
  scopeType,
  scopeId: id,
  position: shortText.meta({ description: '* prices every position without a line of its own.' }),
  unit: unit.optional(),
  regularRate: price,
  overtimeRate: price.nullish(),
  currency,
  validFrom: day.optional(),
  validTo: day.nullish(),
});
/** A new rate from a day on is a new line; this corrects one. */
export const rateCardChange = newRateCard
  .pick({ regularRate: true, overtimeRate: true, validFrom: true, validTo: true })
  .partial();
