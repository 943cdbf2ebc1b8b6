/** Owns the closing of a seller's books: how a period goes from open to closed, and whether something may post into it. */
import type { Day } from './work-entry.ts';

/** What a period closes: entries, client invoices, contractors' invoices, or money. */
export const periodAreas = ['time', 'billing', 'payables', 'payments'] as const;
export type PeriodArea = (typeof periodAreas)[number];

export const periodStatuses = ['open', 'soft_closed', 'closed'] as const;
export type PeriodStatus = (typeof periodStatuses)[number];

/** From each status, where it may go. Closed months never change, so nothing leads out of `closed`. */
export const periodTransitions: Record<PeriodStatus, readonly PeriodStatus[]> = {
  open: ['soft_closed', 'closed'],
  soft_closed: ['open', 'closed'],
  closed: [],
};

export interface PeriodFacts {
  status: PeriodStatus;
  /** Half-open end of the grace of a soft-closed period; null: it has none, and lasts until it is closed. */
  graceEndsBefore: Day | null;
}

/** The status that counts on `today` in the seller's zone: when its grace is over, a soft-closed period is as good as closed. */
export function statusOn({ status, graceEndsBefore }: PeriodFacts, today: Day): PeriodStatus {
  if (status !== 'soft_closed') return status;
  return graceEndsBefore !== null && today >= graceEndsBefore ? 'closed' : 'soft_closed';
}

/** Why a posting may not go into the period: null while it may. An override counts only within the grace. */
export function whyShut(
  period: PeriodFacts,
  today: Day,
  hasOverride: boolean,
): 'soft_closed' | 'closed' | null {
  const status = statusOn(period, today);
  if (status === 'open' || (status === 'soft_closed' && hasOverride)) return null;
  return status;
}
