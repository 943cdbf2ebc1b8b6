/** Owns gathering the items that drafts pass over: counted by reason, and the first of them one by one. */
import { explainLeftOut, type LeftOut } from '../domain/left-out.ts';
import { Decimal } from '../domain/money.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';

export interface LeftOutGroup {
  code: LeftOut;
  message: string;
  whatToDo: string;
  items: number;
  /** What they would come to. */
  amounts: { currency: string; amount: DecimalText }[];
}
export interface LeftOutItem {
  itemId: string;
  code: LeftOut;
  /** Why it is held. */
  reason: string | null;
  workDate: Day | null;
  amount: DecimalText | null;
}

interface Told {
  id: string;
  currency: string;
  workDate?: Day;
  amount?: DecimalText;
  heldReason?: string | null;
}

const mostShown = 500;

export class LeftOutItems {
  readonly #groups = new Map<LeftOut, { items: number; amounts: Map<string, Decimal> }>();
  readonly #first: LeftOutItem[] = [];
  readonly #known = new Set<string>();

  add(item: Told, code: LeftOut): void {
    this.#known.add(item.id);
    const group = this.#groups.get(code) ?? { items: 0, amounts: new Map<string, Decimal>() };
    this.#groups.set(code, group);
    group.items += 1;
    if (item.amount !== undefined) {
      const sum = group.amounts.get(item.currency) ?? new Decimal(0);
      group.amounts.set(item.currency, sum.plus(item.amount));
    }
    const { id, workDate = null, amount = null, heldReason = null } = item;
    if (this.#first.length < mostShown)
      this.#first.push({ itemId: id, code, reason: heldReason, workDate, amount });
  }

  addIfNew(item: Told, code: LeftOut): void {
    if (!this.#known.has(item.id)) this.add(item, code);
  }

  /** The reason of most items first. */
  groups(): LeftOutGroup[] {
    return [...this.#groups]
      .map(([code, { items, amounts }]) => ({
        ...explainLeftOut(code),
        items,
        amounts: [...amounts].map(([currency, amount]) => ({ currency, amount: amount.toFixed() })),
      }))
      .sort((a, b) => b.items - a.items || a.code.localeCompare(b.code));
  }

  first(): LeftOutItem[] {
    return this.#first;
  }
}
