/** Owns the finding that an item goes beyond the money that the contract allows: in all, in a period, in a phase, in a position. */
import { Decimal } from '../money.ts';
import type { PricedContext, PricedEntry, Rule } from './rule.ts';
import { showAmount } from './show-hours.ts';

export const notToExceed: Rule<Pick<PricedEntry, 'priced'>, Pick<PricedContext, 'currency' | 'caps'>> = {
  code: 'contract.not_to_exceed',
  severity: 'E',
  clause: 'billingModel.amount, caps',
  whatToDo: 'Have the amount raised by an amendment, or write the work off.',
  check: ({ priced }, { currency, caps }) => {
    if (caps.length === 0 || new Decimal(priced.amount).lte(0)) return null;
    for (const { where, limitAmount, usedAmount } of caps) {
      if (limitAmount === null) continue;
      const amount = usedAmount.plus(priced.amount);
      if (amount.gt(limitAmount))
        return {
          figure: `${showAmount(amount)} ${currency} ${where}, not to exceed ${showAmount(limitAmount)}`,
          amount: amount.toFixed(),
          limitAmount: limitAmount.toFixed(),
        };
    }
    return null;
  },
};
