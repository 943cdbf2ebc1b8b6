/** Owns GET /products. */
import { z } from 'zod';
import { products } from '../../../store/products.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery, shortText } from '../../kit/schemas.ts';
import { product, status } from './product.ts';

export const listProducts = defineRoute({
  name: 'list-products',
  method: 'get',
  path: '/products',
  summary: 'List products',
  permission: 'products.read',
  query: z.object({ ...pageQuery, status: status.optional(), unit: shortText.optional() }),
  responses: { 200: pageOf(product) },
  handler: ({ query: { limit, cursor, ...where }, transact }) =>
    transact(async (tx) => {
      const rows = await products.list(tx, { limit, after: idAfter(cursor), where });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
