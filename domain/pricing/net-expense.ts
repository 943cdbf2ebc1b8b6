/** Owns what an expense cost us: net of the input tax that we get back, at the rate of its receipt's day (BILLING §5). */
import { Decimal, fixed, round } from '../money.ts';
import type { DecimalText } from '../work-entry.ts';
import { type Conversion, conversionInto, conversionRule } from './conversion.ts';
import type { PriceBook } from './price-books.ts';
import type { PriceableEntry } from './priceable-entry.ts';
import { exactQuantity } from './quantities.ts';

export interface NetExpense {
  /** In the currency that was paid. */
  net: DecimalText;
  /** In the book's currency, as the line shows it; null where no rate is known. */
  quantity: DecimalText | null;
  conversion: Conversion | null;
  rule: Record<string, string>;
}

/** `paid` is the whole amount as it would be shown. */
export function netExpense(entry: PriceableEntry, book: PriceBook, paid: DecimalText): NetExpense {
  const { receipt, currency, workDate, quantity } = entry;
  const gross = exactQuantity('expense', quantity);
  const net = receipt?.net ?? gross.toFixed();
  const taxed: Record<string, string> = gross.eq(net) ? {} : { gross: paid, net };
  const { moneyPlaces, mode } = book.rounding;
  const shown = (amount: Decimal | DecimalText) => fixed(round(amount, moneyPlaces, mode), moneyPlaces);
  if (currency === null || currency === book.currency)
    return { net, quantity: 'net' in taxed ? shown(net) : paid, conversion: null, rule: taxed };
  const conversion = conversionInto(book, currency, receipt?.on ?? workDate, 'receipt_date');
  if (!conversion) return { net, quantity: null, conversion, rule: taxed };
  return {
    net,
    quantity: shown(new Decimal(net).times(conversion.rate)),
    conversion,
    rule: { paid, ...taxed, ...conversionRule(conversion) },
  };
}
