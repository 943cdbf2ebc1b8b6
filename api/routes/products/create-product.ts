/** Owns POST /products. */
import { insertProduct } from '../../../store/products.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { newProduct, product, productSubject } from './product.ts';

export const createProduct = defineRoute({
  name: 'create-product',
  method: 'post',
  path: '/products',
  summary: 'Create a product: what work is sold as',
  permission: 'products.create',
  body: newProduct,
  example: { name: 'Class survey', unit: 'hour', defaultPrice: '140.00', currency: 'EUR' },
  responses: { 201: product },
  errors: ['products.duplicate', 'units.unknown'],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const created = await insertProduct(tx, body);
      await recordCreated(tx, actor, productSubject, created);
      return { status: 201, body: created, headers: { Location: `/api/v1/products/${created.id}` } };
    }),
});
