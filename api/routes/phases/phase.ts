/** Owns how a phase is read and written over the API. */
import { z } from 'zod';
import { phaseStatuses } from '../../../store/phases.ts';
import type { Subject } from '../../kit/record-change.ts';
import { day, id, name, storedDay } from '../../kit/schemas.ts';

export const phaseSubject: Subject = { type: 'phase', permission: 'projects.read' };

export const status = z.enum(phaseStatuses);

export const phase = z
  .object({
    id,
    projectId: id,
    name: z.string(),
    status,
    startsOn: storedDay.nullable(),
    endsBefore: storedDay.nullable().meta({ description: 'First day that is no longer of it.' }),
  })
  .meta({ id: 'Phase' });

export const newPhase = z.object({
  projectId: id,
  name,
  status: status.optional(),
  startsOn: day.nullish(),
  endsBefore: day.nullish(),
});
export const phaseChange = newPhase.omit({ projectId: true }).partial();
