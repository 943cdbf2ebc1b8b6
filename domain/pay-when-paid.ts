/** Owns pay when paid: what of a contractor's claim the client's money has released, line by line; it delays, and never cancels. */
import { Decimal, minorPlaces } from './money.ts';
import type { Day, DecimalText } from './work-entry.ts';

/** A line of a contractor invoice with what is known of the client's side of its work. */
export interface TiedLine {
  amount: DecimalText;
  /** Its contract says so, and the client is to be billed for it. */
  tied: boolean;
  /** From this day it is paid whatever the client does. */
  longStopOn: Day | null;
  /** How much of its client's bill is paid, 0 to 1: by money or a retainer, never by a client's word. */
  paidShare: DecimalText;
}

/** What of the total may be paid on the day, tax in proportion; a fraction of a cent waits for the rest. */
export function releasedTotal(
  invoice: { net: DecimalText; total: DecimalText; currency: string },
  lines: readonly TiedLine[],
  today: Day,
): Decimal {
  const waiting = lines.reduce((sum, line) => sum.plus(waitingOf(line, today)), new Decimal(0));
  if (waiting.lte(0)) return new Decimal(invoice.total);
  const released = new Decimal(invoice.net).minus(waiting);
  if (released.lte(0)) return new Decimal(0);
  return released
    .times(invoice.total)
    .div(invoice.net)
    .toDecimalPlaces(minorPlaces(invoice.currency), Decimal.ROUND_DOWN);
}

/** What of a line waits for the client. What takes back is never waited for. */
export function waitingOf({ amount, tied, longStopOn, paidShare }: TiedLine, today: Day): Decimal {
  const isOver = longStopOn !== null && longStopOn <= today;
  if (!tied || isOver || new Decimal(amount).lte(0)) return new Decimal(0);
  const share = Decimal.max(0, Decimal.min(1, paidShare));
  return new Decimal(amount).times(new Decimal(1).minus(share));
}
