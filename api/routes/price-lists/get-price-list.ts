/** Owns GET /price-lists/:priceListId. */
import { found } from '../../../domain/refusal.ts';
import { priceLists } from '../../../store/price-lists.ts';
import { defineRoute } from '../../kit/route.ts';
import { priceList } from './price-list.ts';

export const getPriceList = defineRoute({
  name: 'get-price-list',
  method: 'get',
  path: '/price-lists/:priceListId',
  summary: 'Read a price list',
  permission: 'price_lists.read',
  responses: { 200: priceList },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await priceLists.find(tx, params.priceListId), 'price_list'),
    })),
});
