/** Owns what a second person agrees to when they approve a run: its figures by currency. */
import { Decimal } from './money.ts';
import type { DecimalText } from './work-entry.ts';

/** What a run bills in a currency. */
export interface BilledFigures {
  currency: string;
  invoices: number;
  net: DecimalText;
  total: DecimalText;
  seconds: number;
}

/** The same as what was agreed to, or less: in no currency more money, and in none that nobody saw. */
export function isWithin(billed: readonly BilledFigures[], agreed: readonly BilledFigures[]): boolean {
  const totals = new Map(agreed.map(({ currency, total }) => [currency, total]));
  return billed.every(({ currency, total }) => new Decimal(total).lte(totals.get(currency) ?? '0'));
}

/** More than one person starts alone, in any currency; a currency without a limit has none. */
export const isBeyond = (
  figures: readonly Pick<BilledFigures, 'currency' | 'total'>[],
  limits: ReadonlyMap<string, DecimalText>,
): boolean =>
  figures.some(({ currency, total }) => {
    const limit = limits.get(currency);
    return limit !== undefined && new Decimal(total).gt(limit);
  });
