/** Owns how billable items are named by a command, and its answer. */
import { z } from 'zod';
import { mostItemsAtOnce } from '../../../store/pending-items.ts';
import { id, note } from '../../kit/schemas.ts';

export const chosenItems = z.object({
  itemIds: z
    .array(id)
    .min(1)
    .max(mostItemsAtOnce)
    .refine((ids) => new Set(ids).size === ids.length, 'each of them once'),
  reason: note,
});
export const changedItems = z.object({ items: z.int() });
