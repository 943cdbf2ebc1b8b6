/** Owns the finding that work costs more than it earns. */
import { Decimal } from '../money.ts';
import type { PricedContext, PricedEntry, Rule } from './rule.ts';
import { showAmount } from './show-hours.ts';

export const marginNegative: Rule<
  Pick<PricedEntry, 'costRate' | 'priced' | 'included'>,
  Pick<PricedContext, 'currency'>
> = {
  code: 'item.margin_negative',
  severity: 'W',
  clause: 'rate card or markup',
  whatToDo: 'Correct the rate or the cost; release it with a reason where the loss is agreed.',
  // By the unit, so that a difference that takes hours back is judged as the hours were.
  check: ({ costRate, priced, included }, context) =>
    costRate !== null && !priced.flagged && !included && new Decimal(priced.unitPrice).lt(costRate)
      ? {
          figure: `${showAmount(priced.unitPrice)} ${context.currency} a ${priced.unit}, cost ${showAmount(costRate)}`,
          unitPrice: priced.unitPrice,
          costRate,
        }
      : null,
};
