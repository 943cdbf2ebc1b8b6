/** Owns folding open deltas into the totals, so that reading them stays cheap. */
import type { Logger } from 'pino';
import type { Database } from '../store/database.ts';
import { foldDeltas } from '../store/totals.ts';
import { type Loop, startLoop } from './loop.ts';

const batchSize = 5_000;

/** Starts folding, about once a second and faster while there is more. Any number of processes may; one works. */
export function startRoller(options: {
  database: Database;
  logger: Logger;
  everyMs?: number;
}): Pick<Loop, 'stop'> {
  const { database, logger, everyMs = 1_000 } = options;
  return startLoop({
    name: 'roller',
    logger,
    idleMs: everyMs,
    maxIdleMs: everyMs,
    step: async () => {
      const moved = await database.inSystem((tx) => foldDeltas(tx, batchSize));
      return moved === batchSize ? 'again' : 'idle';
    },
  });
}
