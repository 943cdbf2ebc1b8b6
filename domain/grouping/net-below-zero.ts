/** Owns onto which invoice goes what would come to less than nothing by itself, where the days that it is cut by do not come again. */
import { Decimal } from '../money.ts';
import type { BelowZero } from '../too-little.ts';
import type { DecimalText } from '../work-entry.ts';
import { type GroupingMode, keyBy, type Modes, modesOf } from './group-keys.ts';
import type { GroupableItem } from './group-rule.ts';

/** A draft as it would be by its own group. */
export interface GroupedDraft {
  key: string;
  /** Its first line's first item. */
  sample: GroupableItem;
  total: DecimalText;
  belowZero: BelowZero;
}

/** No later run has more of the same entry, day, week or month; of a project, task or person it may. */
const passing: readonly GroupingMode[] = ['entry', 'day', 'week', 'month'];

/**
 * Invoice key → the key that its items go to instead: of the drafts that agree in all that lasts (project, person …) the one that
 * asks for most, as long as it still comes to nothing or more, then the next. What is credited instead stays as it is.
 */
export function netBelowZero(invoiceModes: Modes, drafts: readonly GroupedDraft[]): Map<string, string> {
  const moved = new Map<string, string>();
  const modes = modesOf(invoiceModes);
  const lasting = modes.filter((mode) => !passing.includes(mode));
  const below = drafts.filter(({ total, belowZero }) => isBelowZero(total) && belowZero === 'carry_forward');
  if (below.length === 0 || lasting.length === modes.length) return moved;
  const groupOf = lasting.length === 0 ? () => '' : keyBy(lasting);
  const groups = Map.groupBy(
    drafts.filter(({ total }) => new Decimal(total).gt(0)),
    ({ sample }) => groupOf(sample),
  );
  for (const [group, ofGroup] of Map.groupBy(below, ({ sample }) => groupOf(sample))) {
    const takers = (groups.get(group) ?? [])
      .map(({ key, total }) => ({ key, left: new Decimal(total) }))
      .sort((a, b) => b.left.cmp(a.left));
    for (const { key, total } of ofGroup) {
      while (takers[0]?.left.plus(total).lt(0)) takers.shift();
      const taker = takers[0];
      if (!taker) break;
      taker.left = taker.left.plus(total);
      moved.set(key, taker.key);
    }
  }
  return moved;
}

const isBelowZero = (total: DecimalText) => new Decimal(total).lt(0);
