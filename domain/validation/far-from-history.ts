/** Owns the finding that an item is many times what the contract's items of its kind come to. */
import { Decimal } from '../money.ts';
import type { PricedContext, PricedEntry, Rule } from './rule.ts';
import { showAmount } from './show-hours.ts';

/** Fewer say nothing about what is usual. */
export const leastHistory = 30;
/** Nobody's statute: ten times the average caught every slipped decimal point, and no long day. */
export const farTimes = 10;

export const farFromHistory: Rule<
  Pick<PricedEntry, 'kind' | 'priced'>,
  Pick<PricedContext, 'currency' | 'history'>
> = {
  code: 'item.far_from_history',
  severity: 'W',
  clause: null,
  whatToDo: 'Compare it with its receipt or its person; release it with a reason when it is right.',
  check: ({ kind, priced }, { currency, history }) => {
    if (!history || history.items < leastHistory) return null;
    const limit = new Decimal(history.averageAmount).abs().times(farTimes);
    const amount = new Decimal(priced.amount).abs();
    if (limit.isZero() || amount.lte(limit)) return null;
    return {
      figure: `${showAmount(priced.amount)} ${currency}, ${showAmount(new Decimal(history.averageAmount).toDecimalPlaces(2))} on average over ${history.items} items of ${kind.replaceAll('_', ' ')}`,
      amount: priced.amount,
      averageAmount: history.averageAmount,
    };
  },
};
