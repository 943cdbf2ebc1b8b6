/** Owns what a deletion of a client is confirmed with, and what it says that it did. */
import { z } from 'zod';

export const deletionPurpose = 'client-deletion';
export const deletionMinutes = 10;
/** Of the confirmation: whose deletion, by whom. */
export const deletionFacts = z.object({ clientId: z.uuid(), actor: z.string() });

export const deletionOutcome = z.object({
  outcome: z.enum(['deleted', 'archived']),
  because: z.string().nullable().meta({ description: 'Why it is archived; null: it is deleted.' }),
});
