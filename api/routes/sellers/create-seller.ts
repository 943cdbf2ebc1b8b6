/** Owns POST /sellers. */
import { sellers } from '../../../store/sellers.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { newSeller, seller, sellerSubject } from './seller.ts';

export const createSeller = defineRoute({
  name: 'create-seller',
  method: 'post',
  path: '/sellers',
  summary: 'Create a seller',
  permission: 'sellers.create',
  body: newSeller,
  example: { name: 'Harbour Works AS', country: 'NO', functionalCurrency: 'EUR', zone: 'Europe/Oslo' },
  responses: { 201: seller },
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const created = await sellers.insert(tx, body);
      await recordCreated(tx, actor, sellerSubject, created);
      return { status: 201, body: created, headers: { Location: `/api/v1/sellers/${created.id}` } };
    }),
});
