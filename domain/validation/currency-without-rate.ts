/** Owns the finding that an amount is in another currency than the contract, and no rate turns one into the other. */
import type { PricedContext, PricedEntry, Rule } from './rule.ts';

export const currencyWithoutRate: Rule<
  Pick<PricedEntry, 'kind' | 'currency' | 'workDate'>,
  Pick<PricedContext, 'currency' | 'hasCurrencyRate'>
> = {
  code: 'item.currency_without_rate',
  severity: 'E',
  clause: 'currency',
  whatToDo: 'Enter the rate of that day, or the amount in the currency of the contract.',
  // Money and goods carry their own amounts; hours and distances are priced by the contract.
  check: ({ kind, currency, workDate }, context) =>
    (kind === 'expense' || kind === 'goods') &&
    currency !== null &&
    currency !== context.currency &&
    !context.hasCurrencyRate
      ? { figure: `${currency} on ${workDate}, the contract is in ${context.currency}`, currency, workDate }
      : null,
};
