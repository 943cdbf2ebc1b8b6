/** Owns how a markup is read and written over the API. */
import { z } from 'zod';
import { strategyCategories, strategyScopes } from '../../../store/strategies.ts';
import type { Subject } from '../../kit/record-change.ts';
import { day, decimal, id, storedDay, storedDecimal } from '../../kit/schemas.ts';

export const markupSubject: Subject = { type: 'markup', permission: 'markups.read' };

export const scopeType = z.enum(strategyScopes);
const category = z.enum(strategyCategories);
const percentage = decimal
  .refine((text) => Number(text) >= -100, 'not less than -100: a price is never below nothing')
  .meta({ description: 'Percent on cost; of an expense on its net.', example: '12.5' });

export const markup = z
  .object({
    id,
    scopeType,
    scopeId: id.meta({ description: "The workspace's own id where the scope is the workspace." }),
    category,
    percentage: storedDecimal,
    validFrom: storedDay,
    validTo: storedDay.nullable().meta({ description: 'First day on which it no longer holds.' }),
  })
  .meta({ id: 'Markup' });

export const newMarkup = z.object({
  scopeType,
  scopeId: id,
  category,
  percentage,
  validFrom: day.optional(),
  validTo: day.nullish(),
});
/** A new markup from a day on is a row of its own; this corrects one. */
export const markupChange = newMarkup.pick({ percentage: true, validFrom: true, validTo: true }).partial();
