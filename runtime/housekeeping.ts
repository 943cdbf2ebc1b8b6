/** Owns per-process chores by the clock: prune what has served its time, and see that the sweep's schedule exists. */
import cron from 'node-cron';
import type { Logger } from 'pino';
import type { Database } from '../store/database.ts';

const idempotencyKeptHours = 48;

export function startHousekeeping(options: {
  database: Database;
  logger: Logger;
  ensureSweep: () => Promise<void>;
}): { stop(): Promise<void> } {
  const { database, logger } = options;
  let under: Promise<void> = Promise.resolve();
  const chore = (name: string, work: () => Promise<unknown>) => () => {
    under = work().then(
      () => undefined,
      (error: unknown) =>
        logger.warn({ err: error, chore: name }, 'a chore failed; it is done again at its next time'),
    );
    return under;
  };
  const sweep = chore('sweep schedule', options.ensureSweep);
  const prune = chore('prune idempotency keys', () =>
    database.inSystem((tx) =>
      tx.run(`delete from idempotency_keys where created_at < now() - $1 * interval '1 hour'`, [
        idempotencyKeptHours,
      ]),
    ),
  );
  const tasks = [cron.schedule('*/5 * * * *', sweep), cron.schedule('17 * * * *', prune)];
  void sweep();
  return {
    stop: async () => {
      for (const task of tasks) await task.stop();
      await under;
    },
  };
}
