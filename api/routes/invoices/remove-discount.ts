/** Owns DELETE /invoices/:invoiceId/discounts/:discountId. */
import { removeDiscount as takeBack } from '../../../store/draft-discounts.ts';
import { defineRoute, empty } from '../../kit/route.ts';

export const removeDiscount = defineRoute({
  name: 'remove-discount',
  method: 'delete',
  path: '/invoices/:invoiceId/discounts/:discountId',
  summary: 'Take a discount on a draft back',
  permission: 'invoices.update',
  responses: { 204: empty },
  errors: ['invoice.not_editable'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      await takeBack(tx, params.invoiceId, params.discountId, actor.id);
      return { status: 204 };
    }),
});
