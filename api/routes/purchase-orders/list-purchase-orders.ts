/** Owns GET /purchase-orders. */
import { z } from 'zod';
import { purchaseOrders } from '../../../store/purchase-orders.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { purchaseOrder, status } from './purchase-order.ts';

export const listPurchaseOrders = defineRoute({
  name: 'list-purchase-orders',
  method: 'get',
  path: '/purchase-orders',
  summary: 'List purchase orders, with what is used and left of each',
  permission: 'purchase_orders.read',
  query: z.object({ ...pageQuery, clientId: id.optional(), status: status.optional() }),
  responses: { 200: pageOf(purchaseOrder) },
  handler: ({ query: { limit, cursor, ...where }, transact }) =>
    transact(async (tx) => {
      const rows = await purchaseOrders.list(tx, { limit, after: idAfter(cursor), where });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
