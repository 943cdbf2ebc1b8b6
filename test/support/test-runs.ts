/** Owns the folders of test runs: each names the process that it belongs to, so that what a killed run left is found and ended. */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  commandLine,
  endProcess,
  identify,
  isStillRunning,
  type ProcessIdentity,
  processesWith,
} from '../../runtime/process-identity.ts';
import { endLeftoverTemporal } from '../../runtime/temporal-server.ts';

const prefix = 'slipway-test-run-';
type Say = (message: string) => void;

/** Makes the folder of a run in `parent`; it belongs to this process, or to who is said. */
export function makeRun(parent: string, owner: ProcessIdentity | null = identify(process.pid)): string {
  const dir = mkdtempSync(join(parent, prefix));
  writeFileSync(join(dir, 'owner.json'), JSON.stringify(owner));
  return dir;
}

/** Ends every server that works in a run's folder, and removes that. Two may do it at once. */
export async function removeRun(dir: string, say: Say): Promise<void> {
  for (const pid of processesWith(`${dir}/`)) {
    say(`ending a server that a test left running: ${commandLine(pid)?.slice(0, 120)}`);
    await endProcess(pid, [
      { signal: 'SIGINT', waitMs: 10_000 },
      { signal: 'SIGQUIT', waitMs: 5_000 },
      { signal: 'SIGKILL', waitMs: 5_000 },
    ]);
  }
  await rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

/**
 * Ends what killed test runs left behind in `parent`. Runs that start in the same moment sweep at once, so it only ends and
 * starts nothing: what it started in a dead run's folder the other would take for a leftover.
 */
export async function sweepKilledRuns(parent: string, say: Say): Promise<void> {
  for (const name of readdirSync(parent).filter((entry) => entry.startsWith(prefix))) {
    const dir = join(parent, name);
    let owner: ProcessIdentity;
    try {
      owner = JSON.parse(readFileSync(join(dir, 'owner.json'), 'utf8')) as ProcessIdentity;
    } catch {
      continue; // Just being made, or another program's.
    }
    if (isStillRunning(owner)) continue;
    say(`ending the servers of a killed run in ${dir}`);
    // Its state is in memory, so no file of the run's is in its command line: only its record knows it.
    await endLeftoverTemporal(dir);
    await removeRun(dir, say);
  }
}
