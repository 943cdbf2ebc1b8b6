/** Owns POST /price-lists. */
import { priceLists } from '../../../store/price-lists.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { newPriceList, priceList, priceListSubject } from './price-list.ts';

export const createPriceList = defineRoute({
  name: 'create-price-list',
  method: 'post',
  path: '/price-lists',
  summary: 'Create a price list',
  permission: 'price_lists.create',
  body: newPriceList,
  example: { name: 'Workshop 2026', currency: 'EUR' },
  responses: { 201: priceList },
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const created = await priceLists.insert(tx, body);
      await recordCreated(tx, actor, priceListSubject, created);
      return { status: 201, body: created, headers: { Location: `/api/v1/price-lists/${created.id}` } };
    }),
});
