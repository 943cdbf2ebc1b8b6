/** Owns GET /price-lists/:priceListId/prices. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { listPrices, priceLists } from '../../../store/price-lists.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { listPrice } from './price-list.ts';

export const listListPrices = defineRoute({
  name: 'list-list-prices',
  method: 'get',
  path: '/price-lists/:priceListId/prices',
  summary: 'List the prices of a price list',
  permission: 'price_lists.read',
  query: z.object({ ...pageQuery, productId: id.optional() }),
  responses: { 200: pageOf(listPrice) },
  handler: ({ params, query: { limit, cursor, productId }, transact }) =>
    transact(async (tx) => {
      const { id: priceListId } = found(await priceLists.find(tx, params.priceListId), 'price_list');
      const where = { priceListId, productId };
      const rows = await listPrices.list(tx, { limit, after: idAfter(cursor), where });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
