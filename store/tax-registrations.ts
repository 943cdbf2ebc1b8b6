/** Owns the tax numbers of sellers, each of a country and a time; invoices name those that count on their tax point. */

import type { Day } from '../domain/work-entry.ts';
import { type NewRow, tenantTable } from './tenant-table.ts';

export interface TaxRegistration {
  id: string;
  sellerId: string;
  country: string;
  number: string;
  validFrom: Day;
  validTo: Day | null;
}
export type NewTaxRegistration = NewRow<TaxRegistration, 'sellerId' | 'country' | 'number'>;

export const taxRegistrations = tenantTable<TaxRegistration>('tax_registrations', {
  sellerId: 'plain',
  country: 'plain',
  number: 'plain',
  validFrom: 'plain',
  validTo: 'plain',
});
