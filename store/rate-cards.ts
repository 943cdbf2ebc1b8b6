/** Owns rate-card lines: position → regular and overtime rate, of a contract or a client, by work date. */
import type { Day, DecimalText } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { requireReference } from './references.ts';
import { type NewRow, tenantTable } from './tenant-table.ts';

export const rateUnits = ['hour', 'day', 'shift', 'standby'] as const;

export interface RateCard {
  id: string;
  scopeType: 'contract' | 'client';
  scopeId: string;
  /** `*` prices every position that has no line of its own. */
  position: string;
  unit: (typeof rateUnits)[number];
  regularRate: DecimalText;
  /** Null: the contract's multiplier, else the regular rate with a warning (BILLING §4). */
  overtimeRate: DecimalText | null;
  currency: string;
  validFrom: Day;
  validTo: Day | null;
}
export type NewRateCard = NewRow<RateCard, 'scopeType' | 'scopeId' | 'position' | 'regularRate' | 'currency'>;

export const rateCards = tenantTable<RateCard>('rate_cards', {
  scopeType: 'plain',
  scopeId: 'plain',
  position: 'plain',
  unit: 'plain',
  regularRate: 'plain',
  overtimeRate: 'plain',
  currency: 'plain',
  validFrom: 'plain',
  validTo: 'plain',
});

/** Refuses a scope that this workspace does not have: the column has no foreign key, as it names one of two tables. */
export async function insertRateCard(tx: WorkspaceTx, values: NewRateCard): Promise<RateCard> {
  await requireReference(tx, values.scopeType, values.scopeId, '/scopeId');
  return rateCards.insert(tx, values);
}
