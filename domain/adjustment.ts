/** Owns writing an item up or down: what of it is billed instead, never what was worked (BILLING §1). */
import { Decimal, minorPlaces, round } from './money.ts';
import { invalidField, Refusal } from './refusal.ts';
import type { DecimalText } from './work-entry.ts';

export interface Adjustable {
  quantity: DecimalText;
  unitPrice: DecimalText;
  currency: string;
}
/** Another quantity, another price, or another amount at the same quantity. */
export type Adjustment = { quantity: DecimalText } | { unitPrice: DecimalText } | { amount: DecimalText };

/** Places of a price that an amount is turned into. */
const pricePlaces = 6;

/**
 * What the item is billed as. Its sign stays, and so something of it: work that is not billed at all is written off. Refuses
 * with 422 an amount that no price of six places gives, with 409 what changes nothing.
 */
export function adjust(
  item: Adjustable,
  change: Adjustment,
): { quantity: DecimalText; unitPrice: DecimalText; amount: DecimalText } {
  const before = new Decimal(item.quantity);
  let quantity = before;
  let unitPrice = new Decimal(item.unitPrice);
  if ('quantity' in change) {
    quantity = new Decimal(change.quantity);
    if (quantity.isZero() || quantity.isNegative() !== before.isNegative())
      throw invalidField(
        '/quantity',
        'item.sign_changes',
        `A quantity of ${item.quantity} keeps its sign, and is not adjusted to nothing.`,
        'Write it off, or hold it for a later invoice.',
      );
  } else if ('unitPrice' in change) unitPrice = new Decimal(change.unitPrice);
  else {
    const places = minorPlaces(item.currency);
    const wanted = new Decimal(change.amount);
    unitPrice = round(wanted.div(before), pricePlaces, 'half_up');
    if (unitPrice.isNegative() || !round(before.times(unitPrice), places, 'half_up').eq(wanted))
      throw invalidField(
        '/amount',
        'item.amount_unreachable',
        `No price of ${pricePlaces} places makes ${item.quantity} come to ${change.amount}.`,
        'Take an amount of the same sign with as many places as the currency has, or change the quantity.',
      );
  }
  if (quantity.eq(before) && unitPrice.eq(item.unitPrice))
    throw new Refusal({
      code: 'item.unchanged',
      message: `It is ${item.quantity} at ${item.unitPrice} already.`,
      whatToDo: 'Nothing.',
    });
  return {
    quantity: quantity.toFixed(),
    // As it was written, where it stays.
    unitPrice: unitPrice.eq(item.unitPrice) ? item.unitPrice : unitPrice.toFixed(),
    amount: quantity.times(unitPrice).toFixed(),
  };
}
