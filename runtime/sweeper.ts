/** Owns waking the subjects whose time has passed while nobody kept a timer for them. */
import type { Database } from '../store/database.ts';
import { enqueueOverdue } from '../store/due.ts';

const batchSize = 1_000;
const maxBatches = 100;

/**
 * Asks every subject with an overdue due row to look, and answers how many subjects. Safe to repeat at any time, and
 * from several places: a subject that is already on its way is left out.
 */
export async function sweepOverdue(database: Database, { graceMs = 10_000 } = {}): Promise<number> {
  let woken = 0;
  for (let batch = 0; batch < maxBatches; batch += 1) {
    const added = await database.inSystem((tx) => enqueueOverdue(tx, { limit: batchSize, graceMs }));
    woken += added;
    if (added === 0) break;
  }
  return woken;
}
