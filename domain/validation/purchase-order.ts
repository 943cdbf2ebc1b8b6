/** Owns the finding that a purchase order is missing or used up. What is left of one is bounded again at issue, under its lock. */
import { Decimal } from '../money.ts';
import type { PricedContext, PricedEntry, Rule } from './rule.ts';
import { showAmount } from './show-hours.ts';

export const purchaseOrderUsedUp: Rule<
  Pick<PricedEntry, 'priced'>,
  Pick<PricedContext, 'purchaseOrderRequired' | 'purchaseOrder'>
> = {
  code: 'contract.purchase_order',
  severity: 'E',
  clause: 'purchaseOrderRequired',
  whatToDo: 'Ask the client for a purchase order, or for more on this one, and name it on the contract.',
  check: ({ priced }, { purchaseOrderRequired, purchaseOrder: order }) => {
    if (!order)
      return purchaseOrderRequired ? { figure: 'no purchase order, and the contract asks for one' } : null;
    const { number, currency, limitAmount, usedAmount } = order;
    if (limitAmount === null || new Decimal(usedAmount).lt(limitAmount) || new Decimal(priced.amount).lte(0))
      return null;
    return {
      figure: `${showAmount(usedAmount)} ${currency} of purchase order ${number} invoiced, limit ${showAmount(limitAmount)}`,
      number,
      usedAmount,
      limitAmount,
    };
  },
};
