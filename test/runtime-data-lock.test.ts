import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { acquireDataLock, DataLockedError } from '../runtime/data-lock.ts';
import { identify } from '../runtime/process-identity.ts';

let dir: string;
let path: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-lock-'));
  path = join(dir, 'hub.lock');
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(dir, { recursive: true });
});

/** A process that tries for the lock, says "won" or "refused", and keeps what it has until it is killed. */
function contender(): ChildProcess {
  const module = join(import.meta.dirname, '..', 'runtime', 'data-lock.ts');
  const script = `
    import { acquireDataLock } from ${JSON.stringify(module)};
    try {
      await acquireDataLock(${JSON.stringify(dir)});
      console.log('won');
    } catch (error) {
      console.log(error.name === 'DataLockedError' ? 'refused' : error.stack);
    }
    setInterval(() => {}, 1000);`;
  const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script];
  const child = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

async function verdict(child: ChildProcess): Promise<string> {
  const [chunk] = (await once(child.stdout!, 'data')) as [Buffer];
  return chunk.toString().trim();
}

const written = (holder: object): void => writeFileSync(path, JSON.stringify(holder));
const foreign = {
  token: 't',
  host: 'another-machine',
  pid: 1,
  startedAt: 's',
  since: '2026-01-02',
  address: null,
};

test('a second start is refused with who holds the data, since when, and where it answers', async () => {
  const lock = await acquireDataLock(dir);
  lock.announce('http://127.0.0.1:4680');
  const refused = acquireDataLock(dir);
  await expect(refused).rejects.toThrow(DataLockedError);
  await expect(refused).rejects.toThrow(
    new RegExp(`process ${process.pid}, since 20.*answering at http://127.0.0.1:4680`),
  );
  lock.release();
  expect(existsSync(path)).toBe(false);
  (await acquireDataLock(dir)).release();
});

test('the lock of a killed hub is taken over', async () => {
  const hub = contender();
  expect(await verdict(hub)).toBe('won');
  await expect(acquireDataLock(dir)).rejects.toThrow(`process ${hub.pid}`);
  hub.kill('SIGKILL');
  await once(hub, 'exit');
  const lock = await acquireDataLock(dir);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid });
  lock.release();
});

test('a pid that another process got since does not hold the lock', async () => {
  written({ ...foreign, host: hostname(), ...identify(process.pid), startedAt: 'an earlier boot/1' });
  (await acquireDataLock(dir)).release();
});

test('of many that find a stale lock at once, exactly one wins', async () => {
  written({ ...foreign, host: hostname(), pid: 2 ** 22 + 1 });
  const verdicts = await Promise.all(Array.from({ length: 6 }, () => verdict(contender())));
  expect(verdicts.toSorted()).toEqual([...Array.from({ length: 5 }, () => 'refused'), 'won']);
});

test('a hub on another machine holds the lock while its heart beats', async () => {
  written(foreign);
  await expect(acquireDataLock(dir)).rejects.toThrow(/process 1 on another-machine/);
  const minuteAgo = new Date(Date.now() - 60_000);
  utimesSync(path, minuteAgo, minuteAgo);
  (await acquireDataLock(dir)).release();
});

test('a lock file cut off by a crash does not keep the data locked', async () => {
  writeFileSync(path, '{"tok');
  (await acquireDataLock(dir)).release();
});

test('a released lock does not take away the next one', async () => {
  const first = await acquireDataLock(dir);
  first.release();
  const second = await acquireDataLock(dir);
  first.release();
  first.announce('http://127.0.0.1:1');
  await expect(acquireDataLock(dir)).rejects.toThrow(DataLockedError);
  second.release();
});
