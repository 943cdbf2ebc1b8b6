/** Owns GET /sellers/:sellerId. */
import { found } from '../../../domain/refusal.ts';
import { sellers } from '../../../store/sellers.ts';
import { defineRoute } from '../../kit/route.ts';
import { seller } from './seller.ts';

export const getSeller = defineRoute({
  name: 'get-seller',
  method: 'get',
  path: '/sellers/:sellerId',
  summary: 'Read a seller',
  permission: 'sellers.read',
  responses: { 200: seller },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await sellers.find(tx, params.sellerId), 'seller'),
    })),
});
