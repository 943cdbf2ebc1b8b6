/** Owns which price of a list counts: of the product and currency, valid on the day, the highest tier that the quantity reaches. */
import { Decimal } from '../money.ts';
import type { Day, DecimalText } from '../work-entry.ts';

/** One price of a list; `list` is its name, for "why this price?". */
export interface ListPrice {
  list: string;
  productId: string;
  currency: string;
  /** In the product's unit; this tier begins here. */
  minimumQuantity: DecimalText;
  unitPrice: DecimalText;
  validFrom: Day;
  /** First day on which it no longer holds. */
  validTo: Day | null;
}

/**
 * The tier goes by the whole quantity of the entry: not by the day, the line or the invoice, which may be cut otherwise later,
 * and not by the difference that a correction bills. A list in another currency prices nothing.
 */
export function listPriceOf(
  prices: readonly ListPrice[],
  wanted: { productId: string; currency: string; quantity: Decimal; day: Day },
): ListPrice | null {
  let found: ListPrice | null = null;
  for (const price of prices) {
    if (price.productId !== wanted.productId || price.currency !== wanted.currency) continue;
    if (price.validFrom > wanted.day || (price.validTo !== null && wanted.day >= price.validTo)) continue;
    if (wanted.quantity.lt(price.minimumQuantity)) continue;
    if (!found || new Decimal(price.minimumQuantity).gt(found.minimumQuantity)) found = price;
  }
  return found;
}
