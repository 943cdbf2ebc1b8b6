/** Owns GET /price-lists. */
import { z } from 'zod';
import { priceLists } from '../../../store/price-lists.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { priceList } from './price-list.ts';

export const listPriceLists = defineRoute({
  name: 'list-price-lists',
  method: 'get',
  path: '/price-lists',
  summary: 'List price lists',
  permission: 'price_lists.read',
  query: z.object({ ...pageQuery }),
  responses: { 200: pageOf(priceList) },
  handler: ({ query: { limit, cursor }, transact }) =>
    transact(async (tx) => {
      const rows = await priceLists.list(tx, { limit, after: idAfter(cursor) });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
