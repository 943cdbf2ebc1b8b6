/** Owns how a team is read and written over the API. */
import { z } from 'zod';
import type { Subject } from '../../kit/record-change.ts';
import { id, name } from '../../kit/schemas.ts';

export const teamSubject: Subject = { type: 'team', permission: 'teams.read' };

const defaultProductId = id
  .nullish()
  .meta({ description: 'What work of its people is sold as, where nothing nearer says so.' });

export const team = z.object({ id, name: z.string(), defaultProductId: id.nullable() }).meta({ id: 'Team' });
export const newTeam = z.object({ name, defaultProductId });
export const teamChange = newTeam.partial();
