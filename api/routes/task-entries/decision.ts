/** Owns how deciding on task entries is asked for and answered over the API. */
import { z } from 'zod';
import type { Doer } from '../../../domain/duties.ts';
import { type DecidedEntry, mostDecided } from '../../../store/task-entry-decisions.ts';
import type { Actor } from '../../kit/auth.ts';
import { id, note } from '../../kit/schemas.ts';

export const decidedIds = z.array(id).min(1).max(mostDecided);
export const ownReason = note.nullish().meta({
  description: 'Why an admin on their own approves what is their own; listed in the duties report.',
});
export const outcomes = z.object({
  items: z.array(
    z.object({
      taskEntryId: id,
      outcome: z.enum(['approved', 'rejected', 'unchanged', 'refused']),
      code: z.string().nullable().meta({ description: 'Of a refused one.' }),
      message: z.string().nullable(),
    }),
  ),
});

export const shownOutcome = ({ id: taskEntryId, outcome, refusal }: DecidedEntry) => ({
  taskEntryId,
  outcome,
  code: refusal?.code ?? null,
  message: refusal?.message ?? null,
});

export const doerOf = ({ id: actorId, name, memberId, personId, role }: Actor): Doer => ({
  id: actorId,
  name,
  memberId,
  personId,
  role,
});
