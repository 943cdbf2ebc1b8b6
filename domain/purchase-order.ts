/** Owns what a purchase order covers, when most of it is used, and how far its limit may go down. */
import { Decimal } from './money.ts';
import { invalidField, Refusal } from './refusal.ts';
import type { Day, DecimalText } from './work-entry.ts';

export const purchaseOrderStatuses = ['active', 'archived'] as const;

/** What a client ordered. Amounts are net, in its currency. */
export interface OrderedWork {
  number: string;
  status: (typeof purchaseOrderStatuses)[number];
  currency: string;
  /** Null: no limit. */
  limitAmount: DecimalText | null;
  validFrom: Day | null;
  /** Half-open, as every end of ours. */
  validTo: Day | null;
  /** What issued invoices took of it, less what was credited. */
  used: DecimalText;
}
interface InvoicedWork {
  currency: string;
  net: DecimalText;
  serviceFrom: Day;
  serviceTo: Day;
}

/** Why the order does not pay for an invoice; null: it does. */
export function whyNotCovered(order: OrderedWork, invoice: InvoicedWork): string | null {
  const { number, limitAmount, validFrom, validTo } = order;
  const { serviceFrom, serviceTo } = invoice;
  if (order.status === 'archived')
    return `purchase order ${number} is archived: name another on the contract, or take it up again`;
  if (order.currency !== invoice.currency) return `purchase order ${number} is in ${order.currency}`;
  if ((validTo !== null && serviceTo >= validTo) || (validFrom !== null && serviceFrom < validFrom))
    return `purchase order ${number} is not valid from ${serviceFrom} to ${serviceTo}`;
  const used = new Decimal(order.used).plus(invoice.net);
  if (limitAmount !== null && used.gt(limitAmount))
    return `purchase order ${number} of ${limitAmount} would come to ${used.toFixed()}`;
  return null;
}

/** Of an invoice whose contract asks for an order and names none. */
export const missingOrder =
  "the contract asks for a purchase order and names none: enter the client's, name it on the contract, then issue again";

/** Percent of the limit at which a person is told. */
const nearlyUsedPercent = 80;

export function isNearlyUsed(used: DecimalText, limitAmount: DecimalText): boolean {
  const amount = new Decimal(used);
  return amount.gt(0) && amount.times(100).gte(new Decimal(limitAmount).times(nearlyUsedPercent));
}

/** Below zero where more was released than was ordered; null without a limit. */
export const leftOf = ({ limitAmount, used }: Pick<OrderedWork, 'limitAmount' | 'used'>) =>
  limitAmount === null ? null : new Decimal(limitAmount).minus(used).toFixed();

/** Refuses with 409 a limit that goes down below what is used. It may always go up, also where more is used already. */
export function requireLimitCoversUse(order: OrderedWork, limitAmount: DecimalText | null): void {
  if (limitAmount === null || new Decimal(limitAmount).gte(order.used)) return;
  if (order.limitAmount !== null && new Decimal(limitAmount).gte(order.limitAmount)) return;
  throw new Refusal({
    code: 'purchase_order.limit_below_used',
    message: `${order.used} ${order.currency} of purchase order ${order.number} is invoiced: its limit cannot go down to ${limitAmount}.`,
    whatToDo: 'Set a limit of at least what is used, or credit or void an invoice first.',
    details: { used: order.used, limitAmount },
  });
}

/** Refuses with 422 an order that ends before it begins. */
export function requireValidityInOrder({
  validFrom,
  validTo,
}: Pick<OrderedWork, 'validFrom' | 'validTo'>): void {
  if (validFrom === null || validTo === null || validTo > validFrom) return;
  throw invalidField(
    '/validTo',
    'purchase_order.validity',
    `An order that is valid from ${validFrom} cannot have ended before ${validTo}.`,
    'validTo is the first day that is no longer covered: give a later one.',
  );
}
