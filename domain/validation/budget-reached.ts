/** Owns the finding that an item goes beyond the budget of its project, in hours or in money. */
import type { PricedContext, PricedEntry, Rule } from './rule.ts';
import { showAmount, showHours } from './show-hours.ts';

export const budgetReached: Rule<
  Pick<PricedEntry, 'kind' | 'quantity' | 'priced'>,
  Pick<PricedContext, 'currency' | 'budget'>
> = {
  code: 'project.budget_reached',
  severity: 'E',
  clause: null,
  whatToDo: 'Raise the budget of the project, or write the work off.',
  check: ({ kind, quantity, priced }, { currency, budget }) => {
    if (!budget || quantity <= 0) return null;
    const { limitAmount, limitSeconds, usedAmount, usedSeconds } = budget;
    const amount = usedAmount.plus(priced.amount);
    if (limitAmount !== null && amount.gt(limitAmount))
      return {
        figure: `${showAmount(amount)} ${currency}, budget ${showAmount(limitAmount)}`,
        amount: amount.toFixed(),
        limitAmount: limitAmount.toFixed(),
      };
    const seconds = usedSeconds + quantity;
    if (kind === 'labor' && limitSeconds !== null && seconds > limitSeconds)
      return {
        figure: `${showHours(seconds)} h, budget ${showHours(limitSeconds)}`,
        seconds,
        limitSeconds,
      };
    return null;
  },
};
