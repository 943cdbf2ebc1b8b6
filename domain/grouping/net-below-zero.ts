/** Owns onto which invoice goes what would come to less than nothing by itself, where the days that it is cut by do not come again. */
import { earlierDay } from '../day.ts';
import { Decimal } from '../money.ts';
import { type TooLittleAt, type WouldBe, whyTooLittle } from '../too-little.ts';
import type { Day } from '../work-entry.ts';
import { type GroupingMode, keyBy, type Modes, modesOf } from './group-keys.ts';
import type { GroupableItem } from './group-rule.ts';

/** A draft as it would be by its own group. */
export interface GroupedDraft extends WouldBe {
  key: string;
  /** Its first line's first item. */
  sample: GroupableItem;
  serviceTo: Day;
}

/** No later run has more of the same entry, day, week or month; of a project, task or person it may. */
const passing: readonly GroupingMode[] = ['entry', 'day', 'week', 'month'];

/**
 * Invoice key → the key that its items go to instead: of the drafts that agree in all that lasts (project, person …) the one that
 * asks for most by then, as long as it stays at nothing or more, and does not come to too little by it (`at` null: nothing does).
 * What does not fit there is left, and so is what is credited instead.
 */
export function netBelowZero(
  invoiceModes: Modes,
  drafts: readonly GroupedDraft[],
  at: TooLittleAt | null,
): Map<string, string> {
  const moved = new Map<string, string>();
  const modes = modesOf(invoiceModes);
  const lasting = modes.filter((mode) => !passing.includes(mode));
  const below = drafts.filter(
    ({ totals, terms }) => new Decimal(totals.total).lt(0) && terms.belowZero === 'carry_forward',
  );
  if (below.length === 0 || lasting.length === modes.length) return moved;
  const groupOf = lasting.length === 0 ? () => '' : keyBy(lasting);
  const groups = Map.groupBy(
    drafts.filter(({ totals }) => new Decimal(totals.total).gt(0)),
    ({ sample }) => groupOf(sample),
  );
  for (const [group, ofGroup] of Map.groupBy(below, ({ sample }) => groupOf(sample))) {
    // Sorted so, it is a heap: no place has less than the two below it.
    const takers = (groups.get(group) ?? []).map(toTaker).sort((a, b) => b.left.cmp(a.left));
    for (const correction of takers.length === 0 ? [] : ofGroup) {
      const { key } = takers[0]!;
      const both = toTaker(withCorrection(takers[0]!, correction));
      if (both.left.lt(0) || (at !== null && whyTooLittle(both, at) !== null)) continue;
      takers[0] = both;
      sink(takers);
      moved.set(correction.key, key);
    }
  }
  return moved;
}

interface Taker extends GroupedDraft {
  left: Decimal;
}
const toTaker = (draft: GroupedDraft): Taker => ({ ...draft, left: new Decimal(draft.totals.total) });

/** Terms are those of the last day of service. */
function withCorrection(taker: GroupedDraft, correction: GroupedDraft): GroupedDraft {
  const last = correction.serviceTo > taker.serviceTo ? correction : taker;
  const sum = (part: 'net' | 'total') =>
    new Decimal(taker.totals[part]).plus(correction.totals[part]).toFixed();
  return {
    ...taker,
    totals: { net: sum('net'), total: sum('total') },
    terms: last.terms,
    serviceFrom: earlierDay(taker.serviceFrom, correction.serviceFrom),
    serviceTo: last.serviceTo,
  };
}

/** The first has lost some: down to its place in the heap. */
function sink(takers: Taker[]): void {
  for (let place = 0; ; ) {
    let most = place;
    for (const below of [2 * place + 1, 2 * place + 2])
      if (takers[below]?.left.gt(takers[most]!.left)) most = below;
    if (most === place) return;
    [takers[place], takers[most]] = [takers[most]!, takers[place]!];
    place = most;
  }
}
