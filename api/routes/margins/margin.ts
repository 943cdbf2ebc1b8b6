/** Owns how margins are shown over the API; never to a client or a contractor. */
import { z } from 'zod';
import { currency, id, storedDecimal } from '../../kit/schemas.ts';

const figures = {
  currency,
  revenue: storedDecimal.meta({ description: 'Net, after discounts and issued credits.' }),
  cost: storedDecimal.meta({
    description: 'Of contractors and employees, converted at the rate of the work day.',
  }),
  margin: storedDecimal,
  percentage: storedDecimal.nullable().meta({ description: 'Of the revenue; null where there is none.' }),
  itemsWithoutCost: z
    .int()
    .meta({ description: 'Their cost is not known: the margin is less than it says.' }),
};

export const margin = z.object(figures).meta({ id: 'Margin' });
export const lineMargin = z
  .object({ lineId: id, lineNo: z.int(), description: z.string(), ...figures })
  .meta({ id: 'LineMargin' });
export const clientMargin = z
  .object({
    ...figures,
    includedCost: storedDecimal.meta({ description: 'Of it, the hours under fixed prices and retainers.' }),
  })
  .meta({ id: 'ClientMargin' });
