/** Owns per-process chores by the clock: prune what has served its time, and see that the sweep's schedule exists. */
import cron from 'node-cron';
import type { Logger } from 'pino';
import type { Database } from '../store/database.ts';
import { pruneTenantRows } from '../store/prune.ts';
import { pruneSignIn } from '../store/prune-sign-in.ts';
import { listWorkspaces } from '../store/workspaces.ts';
import type { FileStore } from './file-store.ts';

const idempotencyKeptHours = 48;

/** Deletes what has served its time in every workspace, batch by batch. */
export async function pruneWorkspaces(database: Database): Promise<void> {
  for (const { id } of await listWorkspaces(database))
    while (await database.inWorkspace(id, pruneTenantRows));
}

export function startHousekeeping(options: {
  database: Database;
  files: Pick<FileStore, 'prune'>;
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
  const pruneOld = chore('prune what has served its time', async () => {
    await pruneWorkspaces(database);
    await options.files.prune(database);
    while (await database.inSystem(pruneSignIn));
  });
  const tasks = [
    cron.schedule('*/5 * * * *', sweep),
    cron.schedule('17 * * * *', prune),
    cron.schedule('41 3 * * *', pruneOld),
  ];
  void sweep();
  return {
    stop: async () => {
      for (const task of tasks) await task.stop();
      await under;
    },
  };
}
