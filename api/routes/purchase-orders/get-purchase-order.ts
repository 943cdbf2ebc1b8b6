/** Owns GET /purchase-orders/:purchaseOrderId. */
import { found } from '../../../domain/refusal.ts';
import { purchaseOrders } from '../../../store/purchase-orders.ts';
import { defineRoute } from '../../kit/route.ts';
import { purchaseOrder } from './purchase-order.ts';

export const getPurchaseOrder = defineRoute({
  name: 'get-purchase-order',
  method: 'get',
  path: '/purchase-orders/:purchaseOrderId',
  summary: 'Read a purchase order, with what is used and left of it',
  permission: 'purchase_orders.read',
  responses: { 200: purchaseOrder },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await purchaseOrders.find(tx, params.purchaseOrderId), 'purchase_order'),
    })),
});
