/** Owns PATCH /price-lists/:priceListId/prices/:listPriceId. */
import { found } from '../../../domain/refusal.ts';
import { changeListPrice, listPrices } from '../../../store/price-lists.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { listPrice, listPriceChange, listPriceSubject } from './price-list.ts';

export const updateListPrice = defineRoute({
  name: 'update-list-price',
  method: 'patch',
  path: '/price-lists/:priceListId/prices/:listPriceId',
  summary: 'Change a price of a list, or end it',
  description: 'What is compiled keeps the price that it was compiled with.',
  permission: 'price_lists.update',
  body: listPriceChange,
  example: { validTo: '2027-01-01' },
  responses: { 200: listPrice },
  errors: ['list_price.overlap', 'list_price.dates_conflict'],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const row = await listPrices.lock(tx, params.listPriceId);
      const before = found(row?.priceListId === params.priceListId ? row : null, 'list_price');
      requireCurrent(before);
      const after = await changeListPrice(tx, before, body);
      await recordUpdated(tx, actor, listPriceSubject, before, after);
      return { status: 200, body: after };
    }),
});
