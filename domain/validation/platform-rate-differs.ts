/** Owns the finding that a platform would charge another rate than ours: its rate is information, ours prices (BILLING §4). */
import { Decimal } from '../money.ts';
import type { PricedContext, PricedEntry, Rule } from './rule.ts';
import { showAmount } from './show-hours.ts';

export const platformRateDiffers: Rule<
  Pick<PricedEntry, 'kind' | 'currency' | 'sourceRate' | 'priced' | 'included'>,
  Pick<PricedContext, 'currency'>
> = {
  code: 'item.platform_rate_differs',
  severity: 'W',
  clause: 'rate card or markup',
  whatToDo:
    'Correct the rate card or the rate at the platform; where the platform is right, say so on the ownership card of its connection.',
  // The price is the agreed one: what differs is told, and holds nothing back.
  tellsOnly: true,
  check: ({ kind, currency, sourceRate, priced, included }, context) =>
    kind === 'labor' &&
    sourceRate !== undefined &&
    sourceRate !== null &&
    !included &&
    !priced.flagged &&
    priced.unit === 'hour' &&
    (currency === null || currency === context.currency) &&
    !new Decimal(priced.unitPrice).eq(sourceRate)
      ? {
          figure: `${showAmount(priced.unitPrice)} ${context.currency} an hour, ${showAmount(sourceRate)} at its source`,
          unitPrice: priced.unitPrice,
          sourceRate,
        }
      : null,
};
