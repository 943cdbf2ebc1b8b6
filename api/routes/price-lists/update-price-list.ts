/** Owns PATCH /price-lists/:priceListId. */
import { found } from '../../../domain/refusal.ts';
import { priceLists } from '../../../store/price-lists.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { newPriceList, priceList, priceListSubject } from './price-list.ts';

export const updatePriceList = defineRoute({
  name: 'update-price-list',
  method: 'patch',
  path: '/price-lists/:priceListId',
  summary: 'Rename a price list',
  permission: 'price_lists.update',
  body: newPriceList.pick({ name: true }).partial(),
  example: { name: 'Workshop, until June' },
  responses: { 200: priceList },
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await priceLists.lock(tx, params.priceListId), 'price_list');
      requireCurrent(before);
      const after = found(await priceLists.update(tx, before.id, body), 'price_list');
      await recordUpdated(tx, actor, priceListSubject, before, after);
      return { status: 200, body: after };
    }),
});
