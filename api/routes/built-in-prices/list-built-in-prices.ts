/** Owns GET /built-in-prices. */
import { z } from 'zod';
import { builtInPrices, listConfirmations } from '../../../store/built-in-prices.ts';
import { defineRoute } from '../../kit/route.ts';
import { storedDecimal } from '../../kit/schemas.ts';
import { builtInPriceConfirmation } from './built-in-price.ts';

export const listBuiltInPrices = defineRoute({
  name: 'list-built-in-prices',
  method: 'get',
  path: '/built-in-prices',
  summary: 'Read the built-in prices of transport, and for which currencies they were confirmed',
  permission: 'rate_cards.read',
  responses: {
    200: z.object({
      distance: storedDecimal,
      time: storedDecimal,
      items: z.array(builtInPriceConfirmation),
    }),
  },
  handler: ({ transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: { ...builtInPrices, items: await listConfirmations(tx) },
    })),
});
