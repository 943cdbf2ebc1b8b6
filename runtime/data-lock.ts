/** Owns the rule that one hub works on a data folder: the lock file, its holder, and when a dead holder's lock is taken over. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, isStillRunning } from './process-identity.ts';

/** What the lock file holds. `since` is an ISO instant; `address` is where the hub answers, once it does. */
type Holder = {
  token: string;
  host: string;
  pid: number;
  startedAt: string;
  since: string;
  address: string | null;
};

export type DataLock = {
  /** Tells a refused second start where this hub answers. */
  announce(address: string): void;
  release(): void;
};

/** Another living hub holds the data folder. */
export class DataLockedError extends Error {
  override name = 'DataLockedError';
}

/** A pid means nothing on another machine or in another container, so a lock of those is judged by its heartbeat. */
const heartbeatMs = 2_000;
const heartbeatLostAfterMs = 10_000;
/** A lock file without readable content is one being written, unless its writer died in that instant. */
const writtenWithinMs = 1_000;
const takeoverLostAfterMs = 5_000;
const attempts = 200;

function ageMs(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? 0 : Date.now() - stat.mtimeMs;
}

/** The holder in the lock file; 'free' when there is none, 'unreadable' when it holds nothing sensible. */
function readHolder(path: string): Holder | 'free' | 'unreadable' {
  try {
    const holder = JSON.parse(readFileSync(path, 'utf8')) as Holder;
    return typeof holder.token === 'string' ? holder : 'unreadable';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'free' : 'unreadable';
  }
}

function isStale(path: string, holder: Holder | 'unreadable'): boolean {
  if (holder === 'unreadable') return ageMs(path) > writtenWithinMs;
  if (holder.host !== hostname()) return ageMs(path) > heartbeatLostAfterMs;
  return !isStillRunning(holder);
}

/** Creates a file that must not exist yet; false when it does. */
function createExclusively(path: string, content: string): boolean {
  try {
    writeFileSync(path, content, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes a dead holder's lock. Only the owner of the takeover file may, and it judges again once it owns that: of two
 * starters that both saw the stale lock, the slower one would else remove the lock that the faster one just made.
 */
function removeStale(path: string): void {
  const takeover = `${path}.takeover`;
  if (ageMs(takeover) > takeoverLostAfterMs) rmSync(takeover, { force: true });
  if (!createExclusively(takeover, '')) return;
  try {
    const holder = readHolder(path);
    if (holder !== 'free' && isStale(path, holder)) rmSync(path, { force: true });
  } finally {
    rmSync(takeover, { force: true });
  }
}

function refusal(dir: string, holder: Holder): DataLockedError {
  const elsewhere = holder.host === hostname() ? '' : ` on ${holder.host}`;
  const where = holder.address === null ? '' : `, answering at ${holder.address}`;
  const stop =
    elsewhere === '' ? `Stop it first (Ctrl-C there, or: kill ${holder.pid})` : 'Stop it there first';
  return new DataLockedError(
    `The data in ${dir} is in use by another Slipway: process ${holder.pid}${elsewhere}, since ${holder.since}${where}.\n` +
      `${stop}, or give this one a folder of its own: SLIPWAY_DATA_DIR=...`,
  );
}

function hold(path: string, holder: Holder): DataLock {
  const isOurs = (): boolean => {
    const found = readHolder(path);
    return typeof found === 'object' && found.token === holder.token;
  };
  const heartbeat = setInterval(() => {
    const now = new Date();
    if (isOurs()) utimesSync(path, now, now);
  }, heartbeatMs);
  heartbeat.unref();
  return {
    announce: (address) => {
      if (!isOurs()) return;
      writeFileSync(`${path}.new`, JSON.stringify({ ...holder, address }), { mode: 0o600 });
      renameSync(`${path}.new`, path);
    },
    release: () => {
      clearInterval(heartbeat);
      if (isOurs()) rmSync(path, { force: true });
    },
  };
}

/** Where the hub that works on this folder answers; null: none does, or not yet. */
export function announcedAddress(dir: string): string | null {
  const holder = readHolder(join(dir, 'hub.lock'));
  return typeof holder === 'object' ? holder.address : null;
}

/**
 * Makes this process the only hub on a data folder (created where missing) until `release()` or its death.
 * @throws DataLockedError with who holds it and what to do, when a living hub has it
 */
export async function acquireDataLock(dir: string): Promise<DataLock> {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, 'hub.lock');
  const self = identify(process.pid);
  if (self === null) throw new Error('cannot read the start time of this process');
  const holder: Holder = {
    token: randomUUID(),
    host: hostname(),
    ...self,
    since: new Date().toISOString(),
    address: null,
  };
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    if (createExclusively(path, JSON.stringify(holder))) return hold(path, holder);
    const found = readHolder(path);
    if (found === 'free') continue;
    if (isStale(path, found)) removeStale(path);
    else if (found !== 'unreadable') throw refusal(dir, found);
    await sleep(20);
  }
  throw new DataLockedError(
    `The lock ${path} cannot be taken. If no Slipway runs on this folder, delete that file.`,
  );
}
