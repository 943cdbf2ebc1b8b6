/** Owns what a contract's policy does next with the triggers that were pulled: one run now, or what it waits for. */
import type { Day, Instant } from './work-entry.ts';

export interface WaitingPull {
  id: string;
  trigger: 'entry' | 'period_end' | 'ready_for_billing' | 'by_hand' | 'threshold';
  cutoffOn: Day;
  projectId: string | null;
  period: string | null;
}

export interface PolicyFacts<Pull extends WaitingPull> {
  now: Instant;
  /** By cut-off, then by when they were pulled. */
  pulls: readonly Pull[];
  /** Until then entries gather; null: they are billed at once. */
  gatherUntil: Instant | null;
  isPaused: boolean;
  /** Of a run of an overlapping scope that has not ended. */
  runUnderWay: string | null;
}

export type NextOfPolicy<Pull extends WaitingPull> =
  | { next: 'run'; pulls: readonly [Pull, ...Pull[]] }
  | { next: 'wait'; for: 'resume' | 'run' | 'gathering' | 'trigger' };

/**
 * The oldest work first: pulls that reach no further than the first and ask for the same become one run with it. A period's
 * end is a run of its own, so that each missed period gets its invoice.
 */
export function nextOfPolicy<Pull extends WaitingPull>(facts: PolicyFacts<Pull>): NextOfPolicy<Pull> {
  if (facts.pulls.length === 0) return { next: 'wait', for: 'trigger' };
  if (facts.isPaused) return { next: 'wait', for: 'resume' };
  if (facts.runUnderWay !== null) return { next: 'wait', for: 'run' };
  const isGathering = facts.gatherUntil !== null && facts.gatherUntil > facts.now;
  const ready = facts.pulls.filter((pull) => !isGathering || pull.trigger !== 'entry');
  const [first, ...others] = ready;
  if (!first) return { next: 'wait', for: 'gathering' };
  return { next: 'run', pulls: [first, ...others.filter((other) => isServedWith(first, other))] };
}

/** True where the run that the first one asks for does what the other one asks for. */
function isServedWith(first: WaitingPull, other: WaitingPull): boolean {
  if (first.trigger === 'period_end' || other.trigger === 'period_end') return false;
  return first.projectId === other.projectId;
}
