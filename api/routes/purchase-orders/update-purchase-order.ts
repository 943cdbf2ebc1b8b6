/** Owns PATCH /purchase-orders/:purchaseOrderId. */
import { found } from '../../../domain/refusal.ts';
import { changePurchaseOrder, purchaseOrders } from '../../../store/purchase-orders.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { purchaseOrder, purchaseOrderChange, purchaseOrderSubject } from './purchase-order.ts';

export const updatePurchaseOrder = defineRoute({
  name: 'update-purchase-order',
  method: 'patch',
  path: '/purchase-orders/:purchaseOrderId',
  summary: 'Change a purchase order, archive it, or take it up again',
  permission: 'purchase_orders.update',
  body: purchaseOrderChange,
  example: { limitAmount: '60000.00' },
  responses: { 200: purchaseOrder },
  errors: [
    'purchase_order.number_taken',
    'purchase_order.validity',
    'purchase_order.limit_below_used',
    'purchase_order.currency_fixed',
    'purchase_order.in_use',
  ],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await purchaseOrders.lock(tx, params.purchaseOrderId), 'purchase_order');
      requireCurrent(before);
      const after = await changePurchaseOrder(tx, before, body);
      const isArchived = before.status === 'active' && after.status === 'archived';
      await recordUpdated(
        tx,
        actor,
        purchaseOrderSubject,
        before,
        after,
        isArchived ? 'archived' : 'updated',
      );
      return { status: 200, body: after };
    }),
});
