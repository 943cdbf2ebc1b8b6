/** Owns how the confirmations of built-in prices are read over the API. */
import { z } from 'zod';
import type { Subject } from '../../kit/record-change.ts';
import { currency, instant, storedDecimal } from '../../kit/schemas.ts';

export const builtInPriceSubject: Subject = { type: 'built_in_price', permission: 'rate_cards.read' };

export const builtInPriceConfirmation = z
  .object({
    currency,
    distancePrice: storedDecimal.meta({ description: 'A km.' }),
    timePrice: storedDecimal.meta({ description: 'An hour on the road.' }),
    confirmedBy: z.string(),
    confirmedAt: instant,
  })
  .meta({ id: 'BuiltInPriceConfirmation' });
