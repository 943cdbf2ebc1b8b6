/** Owns how a person's place in a team is read and written over the API. */
import { z } from 'zod';
import type { Subject } from '../../kit/record-change.ts';
import { id } from '../../kit/schemas.ts';

export const membershipSubject: Subject = { type: 'membership', permission: 'teams.read' };

export const membership = z
  .object({ id, teamId: id, personId: id, defaultProductId: id.nullable() })
  .meta({ id: 'Membership' });
export const newMembership = z.object({
  teamId: id,
  personId: id,
  defaultProductId: id.nullish().meta({ description: "Before the team's." }),
});
export const membershipChange = newMembership.pick({ defaultProductId: true });
