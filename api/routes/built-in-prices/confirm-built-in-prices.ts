/** Owns POST /built-in-prices/confirm. */
import { z } from 'zod';
import { confirmBuiltInPrices as confirm, listConfirmations } from '../../../store/built-in-prices.ts';
import { record } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { currency } from '../../kit/schemas.ts';
import { builtInPriceConfirmation, builtInPriceSubject } from './built-in-price.ts';

export const confirmBuiltInPrices = defineRoute({
  name: 'confirm-built-in-prices',
  method: 'post',
  path: '/built-in-prices/confirm',
  summary: 'Confirm that transport may be invoiced at its built-in prices in a currency',
  description:
    'Asked for once per currency, before the first invoice with them. Invoices that were held for it are issued as any held one; runs after it pass. A repeat changes nothing.',
  permission: 'rate_cards.update',
  body: z.object({ currency }),
  example: { currency: 'EUR' },
  responses: { 200: builtInPriceConfirmation },
  handler: ({ body, actor, workspaceId, transact }) =>
    transact(async (tx) => {
      const made = await confirm(tx, body.currency, actor.id);
      if (made)
        await record(tx, actor, builtInPriceSubject, 'confirmed', workspaceId, {
          currency: made.currency,
          distancePrice: made.distancePrice,
          timePrice: made.timePrice,
        });
      const known = made ?? (await listConfirmations(tx)).find((row) => row.currency === body.currency)!;
      return { status: 200, body: known };
    }),
});
