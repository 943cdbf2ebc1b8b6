/** Owns PATCH /products/:productId. */
import { found } from '../../../domain/refusal.ts';
import { changeProduct, products } from '../../../store/products.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { product, productChange, productSubject } from './product.ts';

export const updateProduct = defineRoute({
  name: 'update-product',
  method: 'patch',
  path: '/products/:productId',
  summary: 'Change or archive a product',
  description: 'What is priced already keeps its price.',
  permission: 'products.update',
  body: productChange,
  example: { defaultPrice: '145.00' },
  responses: { 200: product },
  errors: ['products.duplicate', 'product.default_fixed', 'units.unknown'],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await products.lock(tx, params.productId), 'product');
      requireCurrent(before);
      const after = await changeProduct(tx, before, body);
      await recordUpdated(tx, actor, productSubject, before, after);
      return { status: 200, body: after };
    }),
});
