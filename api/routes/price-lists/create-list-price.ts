/** Owns POST /price-lists/:priceListId/prices. */
import { insertListPrice } from '../../../store/price-lists.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { listPrice, listPriceSubject, newListPrice } from './price-list.ts';

export const createListPrice = defineRoute({
  name: 'create-list-price',
  method: 'post',
  path: '/price-lists/:priceListId/prices',
  summary: 'Price a product on a list, from a quantity and a day on',
  permission: 'price_lists.update',
  body: newListPrice,
  example: { productId: '{productId}', minimumQuantity: '10', unitPrice: '72.00', validFrom: '2026-07-01' },
  responses: { 201: listPrice },
  errors: ['reference.unknown', 'list_price.overlap', 'list_price.dates_conflict', 'price_list.full'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const created = await insertListPrice(tx, { ...body, priceListId: params.priceListId });
      await recordCreated(tx, actor, listPriceSubject, created);
      return { status: 201, body: created };
    }),
});
