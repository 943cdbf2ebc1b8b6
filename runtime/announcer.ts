/** Owns when the finance team is told of new exceptions: soon after they came in, and of an import in one word. */
import type { Logger } from 'pino';
import { announceExceptions, findUntold } from '../store/announcements.ts';
import type { Database } from '../store/database.ts';
import { type Loop, startLoop } from './loop.ts';

export interface AnnouncerOptions {
  database: Database;
  logger: Logger;
  everyMs?: number;
  /** Nothing new came in for so long. */
  quietMs?: number;
  /** However much comes in, the first of it is told after so long. */
  longestMs?: number;
}

/** Starts the announcer. Any number of processes may run one: an exception is told of in the transaction that takes it. */
export function startAnnouncer(options: AnnouncerOptions): Pick<Loop, 'stop'> {
  const { database, logger, everyMs = 2_000, quietMs = 3_000, longestMs = 300_000 } = options;
  return startLoop({
    name: 'announcer',
    logger,
    idleMs: everyMs,
    maxIdleMs: everyMs,
    step: async () => {
      for (const untold of await database.inSystem(findUntold)) {
        const evenNow = untold.waitingMs >= longestMs;
        if (evenNow || untold.quietMs >= quietMs)
          await database.inWorkspace(untold.workspaceId, (tx) => announceExceptions(tx, evenNow));
      }
      return 'idle';
    },
  });
}
