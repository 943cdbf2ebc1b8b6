/** Owns cost rates: what a person's work costs, from a day on; a new row takes over, none is changed. */
import type { Day, DecimalText, Instant } from '../domain/work-entry.ts';
import { type NewRow, tenantTable } from './tenant-table.ts';

export const costRateKinds = ['labor', 'mileage_distance', 'mileage_time'] as const;

export interface CostRate {
  id: string;
  personId: string;
  kind: (typeof costRateKinds)[number];
  /** `*` is for every position without a row of its own. */
  position: string;
  currency: string;
  /** Per hour, or per kilometre. */
  regularRate: DecimalText;
  /** Per hour of overtime; null: the regular rate. */
  overtimeRate: DecimalText | null;
  validFrom: Day;
  /** First day on which it no longer holds; null: until another takes over. */
  validTo: Day | null;
  createdBy: string;
  createdAt: Instant;
}
export type NewCostRate = NewRow<
  CostRate,
  'personId' | 'kind' | 'currency' | 'regularRate' | 'validFrom' | 'createdBy'
>;

export const costRates = tenantTable<CostRate>('cost_rates', {
  personId: 'plain',
  kind: 'plain',
  position: 'plain',
  currency: 'plain',
  regularRate: 'plain',
  overtimeRate: 'plain',
  validFrom: 'plain',
  validTo: 'plain',
  createdBy: 'plain',
  createdAt: 'plain',
});
