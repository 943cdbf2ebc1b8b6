/** Owns the promise that test runs which start in the same moment sweep up after dead ones, and leave each other alone. */
import { chmodSync, existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { readToolPaths } from '../config.ts';
import { startEmbeddedPostgres } from '../runtime/embedded-postgres.ts';
import { isAlive } from '../runtime/process-identity.ts';
import { startTemporalServer } from '../runtime/temporal-server.ts';
import { makeTestDirectory } from './support/directory.ts';
import { makeRun, removeRun, sweepKilledRuns } from './support/test-runs.ts';

const nobody = { pid: 2 ** 22 + 1, startedAt: 'long ago' };
const startTemporal = (dataDir: string) =>
  startTemporalServer({ dataDir, tools: readToolPaths(process.env), dbFile: null });

test('runs that start at once end the servers of dead runs, and none of a living one', async () => {
  const parent = makeTestDirectory('runs');
  // As the system's folder for temporary files is: the account of PostgreSQL may pass through.
  chmodSync(parent, 0o711);
  const [dead, emptied, living] = [makeRun(parent, nobody), makeRun(parent, nobody), makeRun(parent)];
  const [postgres, left, ours] = await Promise.all([
    startEmbeddedPostgres({ dataDir: dead, test: true }),
    startTemporal(dead),
    startTemporal(living),
  ]);
  // A dead run whose servers are gone already: whoever starts one there would find it taken for a leftover.
  const gone = await startTemporal(emptied);
  process.kill(gone.pid, 'SIGKILL');

  const said: string[] = [];
  const sweep = async (afterMs: number) => {
    await sleep(afterMs);
    await sweepKilledRuns(parent, (message) => said.push(message));
  };
  const sweeps = await Promise.allSettled([sweep(0), sweep(0), sweep(30), sweep(300)]);
  expect(sweeps.map((outcome) => outcome.status)).toEqual(Array.from(sweeps, () => 'fulfilled'));
  expect([postgres.pid, left.pid].map(isAlive)).toEqual([false, false]);
  expect([dead, emptied].map(existsSync)).toEqual([false, false]);
  expect([existsSync(living), isAlive(ours.pid)]).toEqual([true, true]);
  expect(said.filter((line) => line.includes(living))).toEqual([]);
  await ours.stop();
  await removeRun(living, () => undefined);
});
