/** Owns people: those who do the work that is recorded. */
import { type NewRow, tenantTable } from './tenant-table.ts';

export interface Person {
  id: string;
  name: string;
  email: string | null;
  kind: 'contractor' | 'employee';
  /** Position on the rate cards. */
  position: string | null;
  /** {CONTRACTOR} in numbers; given with their first invoice where none is set. */
  code: string | null;
  /** What they are paid in; null: the workspace's. */
  currency: string | null;
  /** IANA; where their days are; null: the workspace's. */
  zone: string | null;
  active: boolean;
  /** When name and address were taken out of here and of the audit; for good. */
  forgottenAt: string | null;
  createdAt: string;
}
export type NewPerson = NewRow<Person, 'name'>;

export const people = tenantTable<Person>('people', {
  name: 'plain',
  email: 'plain',
  kind: 'plain',
  position: 'plain',
  code: 'plain',
  currency: 'plain',
  zone: 'plain',
  active: 'plain',
  forgottenAt: 'plain',
  createdAt: 'plain',
});
