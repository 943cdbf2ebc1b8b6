/** Owns GET /sellers. */
import { z } from 'zod';
import { sellers } from '../../../store/sellers.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { seller } from './seller.ts';

export const listSellers = defineRoute({
  name: 'list-sellers',
  method: 'get',
  path: '/sellers',
  summary: 'List sellers',
  permission: 'sellers.read',
  query: z.object({ ...pageQuery }),
  responses: { 200: pageOf(seller) },
  handler: ({ query: { limit, cursor }, transact }) =>
    transact(async (tx) => {
      const rows = await sellers.list(tx, { limit, after: idAfter(cursor) });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
