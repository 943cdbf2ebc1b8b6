/** Owns how a compilation is asked for over the API. */
import { z } from 'zod';
import { mostTasks } from '../../../store/compilations.ts';
import { day, id, note } from '../../kit/schemas.ts';

export const newCompilation = z.object({
  scope: z.object({ type: z.enum(['contract', 'client', 'project', 'workspace']), id }).strict(),
  cutoffOn: day.meta({ description: 'Work dated before this day is compiled.' }),
  taskIds: z
    .array(id)
    .min(1)
    .max(mostTasks)
    .optional()
    .meta({ description: 'Only work on these tasks; left out: all of the scope.' }),
  reason: note.optional(),
});
