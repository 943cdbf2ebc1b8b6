/** Owns POST /purchase-orders. */
import { insertPurchaseOrder } from '../../../store/purchase-orders.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { newPurchaseOrder, purchaseOrder, purchaseOrderSubject } from './purchase-order.ts';

export const createPurchaseOrder = defineRoute({
  name: 'create-purchase-order',
  method: 'post',
  path: '/purchase-orders',
  summary: 'Enter a purchase order of a client',
  description:
    'Contracts name it by purchaseOrderId; their invoices are then issued as far as it covers them.',
  permission: 'purchase_orders.create',
  body: newPurchaseOrder,
  example: {
    clientId: '{clientId}',
    number: 'PO-2026-117',
    currency: 'EUR',
    limitAmount: '50000.00',
    validFrom: '2026-01-01',
    validTo: '2027-01-01',
  },
  responses: { 201: purchaseOrder },
  errors: ['reference.unknown', 'purchase_order.number_taken', 'purchase_order.validity'],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const created = await insertPurchaseOrder(tx, body);
      await recordCreated(tx, actor, purchaseOrderSubject, created);
      return { status: 201, body: created, headers: { Location: `/api/v1/purchase-orders/${created.id}` } };
    }),
});
