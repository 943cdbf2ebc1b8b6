/** Owns what was agreed for transport on a day: the contract's clause stands before the client's. */
import type { ContractTerms } from '../contract-terms.ts';
import type { Day, DecimalText, EntryKind } from '../work-entry.ts';
import type { MileageTerm } from './priceable-entry.ts';

/** Of a client: a rate in its currency, or a markup on cost; one of the two. */
export interface MileageClause {
  kind: 'distance' | 'time';
  /** Per km, or per hour on the road. */
  rate: DecimalText | null;
  currency: string | null;
  percentage: DecimalText | null;
  validFrom: Day;
  validTo: Day | null;
}

/**
 * `clauses` are the client's, the latest first. A rate in another currency than the contract's is none: nothing is converted
 * silently (BILLING §5).
 */
export function mileageTerm(
  kind: EntryKind,
  day: Day,
  { mileage, currency }: Pick<ContractTerms, 'mileage' | 'currency'>,
  clauses: readonly MileageClause[],
): MileageTerm | null {
  if (kind !== 'mileage_distance' && kind !== 'mileage_time') return null;
  const isDistance = kind === 'mileage_distance';
  if (mileage) {
    const rate = isDistance ? mileage.distanceRate : mileage.timeRate;
    if (rate !== null) return { source: 'contract mileage', rate };
    const percentage = isDistance ? mileage.distanceMarkup : mileage.timeMarkup;
    if (percentage !== null) return { source: 'contract mileage', percentage };
  }
  const clause = clauses.find(
    (one) =>
      one.kind === (isDistance ? 'distance' : 'time') &&
      one.validFrom <= day &&
      (one.validTo === null || day < one.validTo) &&
      (one.currency === null || one.currency === currency),
  );
  if (!clause) return null;
  const source = 'client mileage';
  return clause.rate === null ? { source, percentage: clause.percentage! } : { source, rate: clause.rate };
}
