/** Owns GET /products/:productId. */
import { found } from '../../../domain/refusal.ts';
import { products } from '../../../store/products.ts';
import { defineRoute } from '../../kit/route.ts';
import { product } from './product.ts';

export const getProduct = defineRoute({
  name: 'get-product',
  method: 'get',
  path: '/products/:productId',
  summary: 'Read a product',
  permission: 'products.read',
  responses: { 200: product },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await products.find(tx, params.productId), 'product'),
    })),
});
