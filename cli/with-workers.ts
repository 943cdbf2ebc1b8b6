/** Owns how a command gets at workers: those of a hub that runs, else some of its own for as long as it needs them. */
import type { Database } from '../store/database.ts';
import type { CommandContext } from './command.ts';
import { startHub } from './hub.ts';
import { withDatabase } from './with-database.ts';

/** `visit` answers the exit code, or null where it needs workers and there are none: then it is asked again, with some. */
export async function withWorkers(
  { config, logger, version }: CommandContext,
  visit: (database: Database, workersRun: boolean) => Promise<number | null>,
): Promise<number> {
  const elsewhere = await withDatabase(config, visit);
  if (elsewhere !== null) return elsewhere;
  const hub = await startHub({ config, logger, version, parts: { api: false, worker: true } });
  try {
    return (await visit(hub.database, true))!;
  } finally {
    await hub.stop();
  }
}
