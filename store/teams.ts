/** Owns teams and who is in them; later product resolution asks both for their product. */
import { type NewRow, tenantTable } from './tenant-table.ts';

export interface Team {
  id: string;
  name: string;
  defaultProductId: string | null;
}
export type NewTeam = NewRow<Team, 'name'>;
export const teams = tenantTable<Team>('teams', { name: 'plain', defaultProductId: 'plain' });

/** A person in a team. */
export interface Membership {
  id: string;
  teamId: string;
  personId: string;
  defaultProductId: string | null;
}
export type NewMembership = NewRow<Membership, 'teamId' | 'personId'>;
export const memberships = tenantTable<Membership>('memberships', {
  teamId: 'plain',
  personId: 'plain',
  defaultProductId: 'plain',
});
