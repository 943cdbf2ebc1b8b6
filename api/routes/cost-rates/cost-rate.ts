/** Owns how cost rates are written and shown over the API. */
import { z } from 'zod';
import { costRateKinds } from '../../../store/cost-rates.ts';
import type { Subject } from '../../kit/record-change.ts';
import { currency, day, id, instant, price, shortText, storedDay, storedDecimal } from '../../kit/schemas.ts';

export const costRateSubject: Subject = { type: 'cost_rate', permission: 'cost_rates.read' };

const kind = z.enum(costRateKinds);
export const costRate = z
  .object({
    id,
    personId: id,
    kind,
    position: z.string().meta({ description: "'*' is for every position without a row of its own." }),
    currency: z.string(),
    regularRate: storedDecimal.meta({ description: 'Per hour, or per kilometre.' }),
    overtimeRate: storedDecimal.nullable(),
    validFrom: storedDay,
    validTo: storedDay.nullable(),
    createdBy: z.string(),
    createdAt: instant,
  })
  .meta({ id: 'CostRate' });

export const newCostRate = z
  .strictObject({
    personId: id,
    kind: kind.default('labor'),
    position: shortText.default('*'),
    currency,
    regularRate: price,
    overtimeRate: price.nullish().meta({ description: 'None: overtime costs the regular rate.' }),
    validFrom: day.meta({ description: 'It takes over from earlier rows on this day.' }),
    validTo: day.nullish().meta({ description: 'First day on which it no longer holds.' }),
  })
  .refine((rate) => rate.validTo == null || rate.validTo > rate.validFrom, {
    path: ['validTo'],
    message: 'after validFrom',
  })
  .refine((rate) => rate.kind === 'labor' || (rate.position === '*' && rate.overtimeRate == null), {
    path: ['kind'],
    message: 'mileage has neither position nor overtime',
  });
