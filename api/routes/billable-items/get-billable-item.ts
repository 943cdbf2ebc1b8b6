/** Owns GET /billable-items/:itemId. */
import { found } from '../../../domain/refusal.ts';
import { whyThisPrice } from '../../../domain/why-this-price.ts';
import { readBillableItem, readItemLines } from '../../../store/billable-items.ts';
import { defineRoute } from '../../kit/route.ts';
import { billableItemInFull } from './billable-item.ts';

export const getBillableItem = defineRoute({
  name: 'get-billable-item',
  method: 'get',
  path: '/billable-items/:itemId',
  summary: 'Read a billable item: why it has its price, and which lines it is on',
  permission: 'items.read',
  responses: { 200: billableItemInFull },
  handler: ({ params, transact }) =>
    transact(async (tx) => {
      const item = found(await readBillableItem(tx, params.itemId), 'billable_item');
      const { productName, productStep, productAutoCreated } = item;
      const product =
        productName === null
          ? null
          : { name: productName, step: productStep, autoCreated: productAutoCreated ?? false };
      return {
        status: 200,
        body: {
          ...item,
          whyThisPrice: whyThisPrice({ ...item, product }),
          lines: await readItemLines(tx, item.id),
        },
      };
    }),
});
