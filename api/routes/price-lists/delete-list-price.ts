/** Owns DELETE /price-lists/:priceListId/prices/:listPriceId. */
import { found } from '../../../domain/refusal.ts';
import { listPrices } from '../../../store/price-lists.ts';
import { recordDeleted } from '../../kit/record-change.ts';
import { defineRoute, empty } from '../../kit/route.ts';
import { listPriceSubject } from './price-list.ts';

export const deleteListPrice = defineRoute({
  name: 'delete-list-price',
  method: 'delete',
  path: '/price-lists/:priceListId/prices/:listPriceId',
  summary: 'Delete a price of a list',
  permission: 'price_lists.delete',
  responses: { 204: empty },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const row = await listPrices.lock(tx, params.listPriceId);
      const before = found(row?.priceListId === params.priceListId ? row : null, 'list_price');
      await listPrices.remove(tx, before.id);
      await recordDeleted(tx, actor, listPriceSubject, before);
      return { status: 204 };
    }),
});
