/** Owns the finding that no line of a rate card prices the position: why the item has no price. */
import type { PricedContext, PricedEntry, Rule } from './rule.ts';

export const positionNotOnRateCard: Rule<
  Pick<PricedEntry, 'kind' | 'position' | 'workDate' | 'priced'>,
  Pick<PricedContext, 'method' | 'currency'>
> = {
  code: 'item.position_not_on_rate_card',
  severity: 'W',
  clause: 'rate card',
  whatToDo: 'Add a line for the position, valid on that day and in the currency of the contract.',
  // The item is there at 0.00 and flagged (invariant 3): the missing price is what blocks its invoice.
  tellsOnly: true,
  check: ({ kind, position, workDate, priced }, { method, currency }) =>
    kind === 'labor' && position !== null && method === 'service_rates' && priced.flagged
      ? {
          figure: `no ${currency} rate for ${position} on ${workDate}`,
          position,
          workDate,
        }
      : null,
};
