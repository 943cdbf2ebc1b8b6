/** Owns how a mileage clause of a client is read and written over the API. */
import { z } from 'zod';
import { mileageKinds } from '../../../store/mileage-clauses.ts';
import type { Subject } from '../../kit/record-change.ts';
import { currency, day, decimal, id, price, storedDay, storedDecimal } from '../../kit/schemas.ts';

export const mileageClauseSubject: Subject = { type: 'mileage_clause', permission: 'rate_cards.read' };

const kind = z.enum(mileageKinds);

export const mileageClause = z
  .object({
    id,
    scopeType: z.literal('client'),
    scopeId: id.meta({
      description: 'The client. A contract has its own in its clauses, which stand first.',
    }),
    kind,
    unit: z.enum(['km', 'hour']),
    rate: storedDecimal.nullable(),
    currency: currency.nullable(),
    percentage: storedDecimal.nullable().meta({ description: 'On what the transport cost.' }),
    validFrom: storedDay,
    validTo: storedDay.nullable().meta({ description: 'First day that it no longer prices.' }),
  })
  .meta({ id: 'MileageClause' });

export const newMileageClause = z.object({
  scopeId: id.meta({ description: 'The client.' }),
  kind,
  rate: price.nullish(),
  currency: currency.nullish(),
  percentage: decimal.nullish(),
  validFrom: day.optional(),
  validTo: day.nullish(),
});
/** A new rate from a day on is a new clause; this corrects one. */
export const mileageClauseChange = newMileageClause.omit({ scopeId: true, kind: true }).partial();
