/** Owns what a milestone waits for, what it must say for that, and the bound of their sum. */
import { Decimal } from './money.ts';
import { invalidField, Refusal } from './refusal.ts';
import type { Severity } from './validation/rule.ts';
import type { Day, DecimalText } from './work-entry.ts';

/** A day comes; the hours worked reach a percentage of the budget; a person accepts. */
export const milestoneKinds = ['date', 'percentage', 'acceptance'] as const;
export type MilestoneKind = (typeof milestoneKinds)[number];

/** Found where reached milestones come to more than the fixed price of their contract. */
export const beyondPrice = {
  code: 'contract.beyond_price',
  severity: 'E' as Severity,
  whatToDo: 'Raise the price by an amendment, or lower the milestone: it is billed by the run after that.',
};

export interface MilestoneFacts {
  name: string;
  kind: MilestoneKind;
  dueOn: Day | null;
  percentage: DecimalText | null;
}

/** Refuses with 422 a kind without what it waits for, or with what another kind waits for. */
export function checkMilestone({ kind, dueOn, percentage }: MilestoneFacts): void {
  if (kind === 'date' && dueOn === null)
    throw invalidField(
      '/dueOn',
      'milestone.day_missing',
      'A milestone by date needs its day.',
      'Name dueOn.',
    );
  if (kind === 'percentage' && percentage === null)
    throw invalidField(
      '/percentage',
      'milestone.percentage_missing',
      'A milestone by percentage needs its percentage.',
      'Name the percentage of the budgeted hours that must have been worked.',
    );
  if (kind !== 'percentage' && percentage !== null)
    throw invalidField(
      '/percentage',
      'milestone.percentage_unused',
      `A milestone by ${kind} waits for no percentage.`,
      'Leave percentage out, or make it a milestone by percentage.',
    );
}

/** Worked so much of the budgeted hours that the milestone is reached; never without a budget. */
export function reachesPercentage(
  percentage: DecimalText,
  usedSeconds: number,
  budgetSeconds: number | null,
) {
  if (budgetSeconds === null || budgetSeconds === 0) return false;
  return new Decimal(usedSeconds).times(100).gte(new Decimal(percentage).times(budgetSeconds));
}

/**
 * Holds the prices of a project's milestones to the project's own: their sum is at most that. `pointer` is the field of the
 * request that would break it.
 */
export function requireWithinPrice(
  projectPrice: DecimalText | null,
  milestonePrices: readonly DecimalText[],
  pointer: string,
): void {
  if (milestonePrices.length === 0) return;
  if (projectPrice === null)
    throw invalidField(
      pointer,
      'milestone.project_without_price',
      'Milestones bill parts of the price of their project, and the project has none.',
      'Give the project a price, or its milestones none.',
    );
  const sum = milestonePrices.reduce((running, price) => running.plus(price), new Decimal(0));
  if (sum.lte(projectPrice)) return;
  throw invalidField(
    pointer,
    'milestone.beyond_price',
    `The milestones would add up to ${sum.toFixed()}, and the price of the project is ${new Decimal(projectPrice).toFixed()}.`,
    'Lower a milestone, or raise the price of the project.',
    { sum: sum.toFixed(), price: projectPrice },
  );
}

/**
 * Holds the prices of all milestones under a contract to its fixed price; null where it has none. `milestones` is their sum with
 * the one that is made or changed.
 */
export function requireWithinFixedPrice(
  price: DecimalText | null,
  milestones: DecimalText,
  pointer: string,
): void {
  if (price === null || new Decimal(milestones).lte(price)) return;
  throw invalidField(
    pointer,
    'milestone.beyond_fixed_price',
    `The milestones under the contract would add up to ${milestones}, and its fixed price is ${price}.`,
    'Lower a milestone, or raise the price by an amendment.',
    { sum: milestones, price },
  );
}

/** What was reached may be billed already: it stays as it is. */
export function requireNotReached(milestone: { name: string; reachedAt: string | null }): void {
  if (milestone.reachedAt === null) return;
  throw new Refusal({
    code: 'milestone.reached',
    message: `The milestone ${milestone.name} was reached already.`,
    whatToDo: 'Make another milestone for what is still to come.',
    details: { reachedAt: milestone.reachedAt },
  });
}

/** The client accepts what waits for an acceptance; days and percentages come by themselves. */
export function requireAcceptable(milestone: { name: string; kind: MilestoneKind }): void {
  if (milestone.kind === 'acceptance') return;
  throw new Refusal({
    code: 'milestone.no_acceptance',
    message: `The milestone ${milestone.name} waits for its ${milestone.kind === 'date' ? 'day' : 'percentage'}, and not for an acceptance.`,
    whatToDo: 'It is reached by itself.',
  });
}
