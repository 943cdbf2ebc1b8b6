/** Owns drawing on a retainer: which hours it takes, what is carried into the next period, and what is beyond it. */
import type { BillingModel } from './contract-terms.ts';
import { Decimal, round } from './money.ts';
import type { Severity } from './validation/rule.ts';
import type { Day, DecimalText } from './work-entry.ts';

/** Found where hours go beyond a retainer whose overage is an exception. */
export const retainerUsedUp = {
  code: 'retainer.used_up',
  severity: 'W' as Severity,
  whatToDo: 'Release it to bill the hours at their price, or write them off.',
};

export type RetainerModel = Extract<BillingModel, { type: 'retainer' }>;

/** Open labor of the contract. */
export interface DrawableItem {
  id: string;
  workDate: Day;
  /** Hours; negative for a correction downwards, which a retainer does not take. */
  open: DecimalText;
  unitPrice: DecimalText;
}
export interface Draw {
  itemId: string;
  /** Hours. */
  quantity: DecimalText;
}
export interface Drawn {
  draws: Draw[];
  /** In the retainer's measure. */
  used: DecimalText;
  /** What is open beyond it, in part or whole. */
  beyond: string[];
}

/**
 * Draws hours in the order of their days until the balance is used up; the last item is taken in part. Of a retainer in
 * money each hour takes its price, in whole hundredths of an hour.
 */
export function drawOn(
  balance: DecimalText,
  measure: RetainerModel['measure'],
  items: readonly DrawableItem[],
): Drawn {
  const inOrder = [...items].sort((a, b) => compare(a.workDate, b.workDate) || compare(a.id, b.id));
  let left = new Decimal(balance);
  const draws: Draw[] = [];
  const beyond: string[] = [];
  for (const { id, open, unitPrice } of inOrder) {
    const perHour = measure === 'hours' ? new Decimal(1) : new Decimal(unitPrice);
    const wanted = new Decimal(open);
    if (wanted.lte(0)) continue;
    const bearable = perHour.isZero() ? wanted : round(left.div(perHour), 2, 'down');
    const quantity = Decimal.min(wanted, bearable);
    if (quantity.gt(0)) {
      draws.push({ itemId: id, quantity: quantity.toFixed() });
      left = left.minus(quantity.times(perHour));
    }
    if (quantity.lt(wanted)) beyond.push(id);
  }
  return { draws, used: new Decimal(balance).minus(left).toFixed(), beyond };
}

/** What of an ended period goes into the next one; of `next_period` only what the period itself brought. */
export function carriedOver({ rollOver, quantity }: RetainerModel, balance: DecimalText): DecimalText {
  if (rollOver === 'none') return '0';
  return rollOver === 'all' ? balance : Decimal.min(balance, quantity).toFixed();
}

const compare = (a: string, b: string) => Number(a > b) - Number(a < b);
