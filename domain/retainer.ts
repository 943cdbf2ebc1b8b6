/** Owns drawing on a retainer: which hours it takes, what is carried into the next period, and what is beyond it. */
import type { BillingModel, ContractTerms } from './contract-terms.ts';
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
  /** In its unit; negative for a correction downwards, which a retainer does not take. */
  open: DecimalText;
  unitPrice: DecimalText;
  /** 1, or the hours of a day or shift. */
  hoursPerUnit: DecimalText;
  /** Of the invoice that it would be on: what is drawn for it goes back with that invoice. */
  groupKey: string;
}

/** A labor item as it is drawn: by the hour, or by the day or shift of the terms of its day. */
export function toDrawable(
  { id, workDate, open, unitPrice, unit }: Omit<DrawableItem, 'hoursPerUnit' | 'groupKey'> & { unit: string },
  { workCalendar }: Pick<ContractTerms, 'workCalendar'>,
  groupKey: string,
): DrawableItem {
  const long = { day: workCalendar?.hoursPerDay, shift: workCalendar?.hoursPerShift }[unit];
  return { id, workDate, open, unitPrice, groupKey, hoursPerUnit: long ?? '1' };
}

export interface Draw {
  itemId: string;
  groupKey: string;
  /** In the item's unit. */
  quantity: DecimalText;
  /** In the retainer's measure. */
  used: DecimalText;
}
export interface Drawn {
  draws: Draw[];
  /** What is open beyond it, in part or whole. */
  beyond: string[];
}

/**
 * Draws work in the order of its days until the balance is used up; the last item is taken in part, in whole hundredths of
 * its unit. Of a retainer in money each unit takes its price.
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
  for (const { id, open, unitPrice, hoursPerUnit, groupKey } of inOrder) {
    const perUnit = new Decimal(measure === 'hours' ? hoursPerUnit : unitPrice);
    const wanted = new Decimal(open);
    if (wanted.lte(0)) continue;
    const bearable = perUnit.isZero() ? wanted : round(left.div(perUnit), 2, 'down');
    const quantity = Decimal.min(wanted, bearable);
    if (quantity.gt(0)) {
      const used = quantity.times(perUnit);
      draws.push({ itemId: id, groupKey, quantity: quantity.toFixed(), used: used.toFixed() });
      left = left.minus(used);
    }
    if (quantity.lt(wanted)) beyond.push(id);
  }
  return { draws, beyond };
}

/**
 * What of an ended period goes into the next one; of `next_period` only what the period itself brought, less what went over
 * before. The rest expires.
 */
export function carriedOver(
  { rollOver, quantity }: RetainerModel,
  balance: DecimalText,
  before: DecimalText = '0',
): DecimalText {
  if (rollOver === 'none') return '0';
  if (rollOver === 'all') return balance;
  return Decimal.max(0, Decimal.min(balance, new Decimal(quantity).minus(before))).toFixed();
}

const compare = (a: string, b: string) => Number(a > b) - Number(a < b);
