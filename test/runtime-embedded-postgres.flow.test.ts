import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../runtime/embedded-postgres.ts';
import { freePort } from '../runtime/ports.ts';
import { isAlive, waitForExit } from '../runtime/process-identity.ts';
import { makeTestDirectory } from './support/directory.ts';

let dataDir: string;
let running: EmbeddedPostgres[];
let said: string[];

beforeEach(() => {
  dataDir = makeTestDirectory('postgres');
  running = [];
  said = [];
});
afterEach(async () => {
  for (const server of running) if (isAlive(server.pid)) await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

type Options = Partial<Parameters<typeof startEmbeddedPostgres>[0]>;

async function start(options: Options = {}): Promise<EmbeddedPostgres> {
  const onProgress = (message: string): void => void said.push(message);
  const server = await startEmbeddedPostgres({ dataDir, onProgress, test: true, ...options });
  running.push(server);
  return server;
}

async function query<T extends pg.QueryResultRow>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function setting(url: string, name: string): Promise<string> {
  const [row] = await query<{ value: string }>(url, `select current_setting('${name}') as value`);
  return row!.value;
}

async function kill(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  expect(await waitForExit(pid, 5_000)).toBe(true);
}

const cluster = (): string => join(dataDir, 'postgres', 'cluster');

describe('a start in order', () => {
  test('what is written stays, from one start to the next', async () => {
    const first = await start({ test: false });
    await query(first.url, 'create table kept as select 42 as answer');
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);
    const second = await start({ test: false });
    expect(second.adopted).toBe(false);
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    expect(said).toEqual(['Preparing a PostgreSQL database (first start only) ...']);
  });

  test('it keeps commits through a power cut, listens on this machine only, and guards its password', async () => {
    const { url } = await start({ test: false });
    expect(await setting(url, 'fsync')).toBe('on');
    expect(await setting(url, 'synchronous_commit')).toBe('on');
    expect(await setting(url, 'listen_addresses')).toBe('127.0.0.1');
    expect(await setting(url, 'server_encoding')).toBe('UTF8');
    expect(await setting(url, 'max_connections')).toBe('200');
    expect(statSync(join(dataDir, 'postgres.password')).mode & 0o777).toBe(0o600);
    const wrong = new URL(url);
    wrong.password = 'postgres';
    await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/);
  });

  test('a wanted port is used, and refused with what to change when it is taken', async () => {
    const port = await freePort();
    const server = await start({ port });
    expect(server.port).toBe(port);
    const other = makeTestDirectory('postgres');
    try {
      await expect(start({ dataDir: other, port })).rejects.toThrow(/in use. Set SLIPWAY_POSTGRES_PORT/);
    } finally {
      rmSync(other, { recursive: true });
    }
  });
});

describe('leftovers', () => {
  test('a server that a killed run left running is adopted with its data', async () => {
    const left = await start();
    await query(left.url, 'create table kept as select 1 as one');
    const next = await start();
    expect(next).toMatchObject({ adopted: true, pid: left.pid });
    expect(await query(next.url, 'select one from kept')).toEqual([{ one: 1 }]);
  });

  test('one that runs with other settings, or on another port than asked for, is ended first', async () => {
    const left = await start();
    const next = await start({ settings: { work_mem: '7MB' } });
    expect(next.adopted).toBe(false);
    expect(isAlive(left.pid)).toBe(false);
    expect(await setting(next.url, 'work_mem')).toBe('7MB');
    expect(said.at(-1)).toContain(`process ${left.pid}`);
    const port = await freePort();
    expect(await start({ settings: { work_mem: '7MB' }, port })).toMatchObject({ adopted: false, port });
  });

  test('after the server itself was killed, every commit is still there', async () => {
    const left = await start({ test: false });
    await query(left.url, 'create table kept as select generate_series(1, 1000) as n');
    await kill(left.pid);
    const next = await start({ test: false });
    expect(next.adopted).toBe(false);
    expect(await query(next.url, 'select count(*)::int as n from kept')).toEqual([{ n: 1000 }]);
  });

  test('a pid file whose pid another process got since does not stop the start', async () => {
    const left = await start();
    await kill(left.pid);
    const pidFile = join(cluster(), 'postmaster.pid');
    // Of the same account as the server: PostgreSQL refuses to start beside such a process.
    const { uid, gid } = statSync(pidFile);
    const account = process.getuid?.() === 0 ? { uid, gid } : {};
    const other = spawn('sleep', ['60'], { ...account, stdio: 'ignore', cwd: '/' });
    try {
      await once(other, 'spawn');
      writeFileSync(pidFile, readFileSync(pidFile, 'utf8').replace(/^\d+/, String(other.pid)));
      const next = await start();
      expect(next.adopted).toBe(false);
      expect(isAlive(other.pid!)).toBe(true);
    } finally {
      other.kill('SIGKILL');
    }
  });

  test('one that is just starting while we start is adopted, not fought', async () => {
    await (await start()).stop();
    const [one, other] = await Promise.all([start(), start()]);
    expect(one.pid).toBe(other.pid);
    expect(one.adopted).not.toBe(other.adopted);
  });

  test('a pid file that a crash left empty is waited for a moment, then removed', async () => {
    await (await start()).stop();
    writeFileSync(join(cluster(), 'postmaster.pid'), '');
    const next = await start();
    expect(next.adopted).toBe(false);
    expect(await query(next.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('one that does not answer is ended and started again', async () => {
    const left = await start();
    process.kill(left.pid, 'SIGSTOP');
    const next = await start();
    expect(next.adopted).toBe(false);
    expect(isAlive(left.pid)).toBe(false);
    expect(await query(next.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('without its password the data are refused with what to put back', async () => {
    await start();
    writeFileSync(join(dataDir, 'postgres.password'), 'another');
    await expect(start()).rejects.toThrow(/refuses the stored password: put back postgres.password/);
  });

  test('an initialisation cut off half-way is done again, and what it left is removed', async () => {
    const cut = join(dataDir, 'postgres', 'cluster.new-0a1b2c3d');
    mkdirSync(join(cut, 'base'), { recursive: true });
    writeFileSync(join(cut, 'PG_VERSION'), '18\n');
    const { url } = await start();
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(readdirSync(join(dataDir, 'postgres'))).toEqual(['cluster']);
  });
});

test('data of another major version are refused, untouched', async () => {
  await (await start()).stop();
  writeFileSync(join(cluster(), 'PG_VERSION'), '17\n');
  await expect(start()).rejects.toThrow(/were written by PostgreSQL 17, this Slipway carries 18/);
  writeFileSync(join(cluster(), 'PG_VERSION'), '18\n');
  await start();
});

test('a server that cannot start says why', async () => {
  await expect(start({ settings: { shared_buffers: 'plenty' } })).rejects.toThrow(
    /did not start[\s\S]*shared_buffers[\s\S]*Its log is/,
  );
});

// Only root has an account that may not enter a folder of its own making.
describe.runIf(process.getuid?.() === 0)('as root, which PostgreSQL refuses', () => {
  test('it runs under another account, inside a data folder that was closed to it', async () => {
    const { pid } = await start();
    expect(statSync(`/proc/${pid}`).uid).not.toBe(0);
    expect(statSync(cluster()).mode & 0o777).toBe(0o700);
    expect(statSync(dataDir).mode & 0o777).toBe(0o711);
  });

  test('where the account cannot go at all, the files are elsewhere and a pointer says where', async () => {
    const inner = join(dataDir, 'closed', 'data');
    const first = await start({ dataDir: inner });
    const elsewhere = readFileSync(join(inner, 'postgres.location'), 'utf8').trim();
    try {
      expect(said).toContainEqual(expect.stringContaining(`its files are kept in ${elsewhere}`));
      expect(readFileSync(join(elsewhere, 'belongs-to'), 'utf8').trim()).toBe(inner);
      await query(first.url, 'create table kept as select 1 as one');
      await first.stop();
      const second = await start({ dataDir: inner });
      expect(await query(second.url, 'select one from kept')).toEqual([{ one: 1 }]);
      await second.stop();
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });
});
