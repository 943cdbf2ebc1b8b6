/** Owns mileage clauses of clients: what a kilometre or an hour on the road costs them, by work date. A contract's own is a clause of its version. */
import type { MileageClause as Clause } from '../domain/pricing/mileage-term.ts';
import { invalidField } from '../domain/refusal.ts';
import type { WorkspaceTx } from './database.ts';
import { requireReference } from './references.ts';
import { type NewRow, tenantTable } from './tenant-table.ts';

export const mileageKinds = ['distance', 'time'] as const;

export interface MileageClause extends Clause {
  id: string;
  scopeType: 'client';
  /** The client. */
  scopeId: string;
  unit: 'km' | 'hour';
}
export type NewMileageClause = NewRow<Omit<MileageClause, 'scopeType' | 'unit'>, 'scopeId' | 'kind'>;

export const mileageClauses = tenantTable<MileageClause>('mileage_clauses', {
  scopeType: 'plain',
  scopeId: 'plain',
  kind: 'plain',
  unit: 'plain',
  rate: 'plain',
  currency: 'plain',
  percentage: 'plain',
  validFrom: 'plain',
  validTo: 'plain',
});

/** Refuses a client that this workspace does not have, and what is neither a rate in a currency nor a markup. */
export async function insertMileageClause(tx: WorkspaceTx, values: NewMileageClause): Promise<MileageClause> {
  await requireReference(tx, 'client', values.scopeId, '/scopeId');
  requireOnePrice(values);
  return mileageClauses.insert(tx, {
    ...values,
    scopeType: 'client',
    unit: values.kind === 'distance' ? 'km' : 'hour',
  });
}

export function requireOnePrice({
  rate = null,
  currency = null,
  percentage = null,
}: Pick<NewMileageClause, 'rate' | 'currency' | 'percentage'>): void {
  if ((rate === null) === (percentage === null))
    throw invalidField(
      '/rate',
      'mileage_clause.one_price',
      'A mileage clause is a rate, or a percentage on what the transport cost: one of the two.',
    );
  if ((rate === null) !== (currency === null))
    throw invalidField(
      '/currency',
      'mileage_clause.currency',
      'A rate has a currency, and a percentage has none.',
    );
}
