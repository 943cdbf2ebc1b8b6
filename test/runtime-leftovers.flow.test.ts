import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readToolPaths } from '../config.ts';
import { startEmbeddedPostgres } from '../runtime/embedded-postgres.ts';
import { isAlive } from '../runtime/process-identity.ts';
import { startTemporalServer } from '../runtime/temporal-server.ts';
import { makeTestDirectory } from './support/directory.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = makeTestDirectory('leftovers');
});
afterEach(async () => {
  // Whatever a failed test left is adopted, and so ended by its pid.
  const { postgres, temporal } = await startBoth();
  await Promise.all([postgres.stop(), temporal.stop()]);
  rmSync(dataDir, { recursive: true, force: true });
});

const startBoth = async () => {
  const [postgres, temporal] = await Promise.all([
    startEmbeddedPostgres({ dataDir }),
    startTemporalServer({ dataDir, tools: readToolPaths(process.env) }),
  ]);
  return { postgres, temporal };
};

/** A hub in small: starts both servers, says "up", and waits to be killed. */
function smallHub(): ChildProcess {
  const root = join(import.meta.dirname, '..');
  const script = `
    import { startEmbeddedPostgres } from ${JSON.stringify(join(root, 'runtime', 'embedded-postgres.ts'))};
    import { startTemporalServer } from ${JSON.stringify(join(root, 'runtime', 'temporal-server.ts'))};
    import { readToolPaths } from ${JSON.stringify(join(root, 'config.ts'))};
    const dataDir = ${JSON.stringify(dataDir)};
    console.log('starting');
    const servers = await Promise.all([
      startEmbeddedPostgres({ dataDir }),
      startTemporalServer({ dataDir, tools: readToolPaths(process.env) }),
    ]);
    console.log('up', ...servers.map((server) => server.pid));
    setInterval(() => {}, 1000);`;
  const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script];
  // A group of its own, as a terminal gives one: a signal to the group is a Ctrl-C.
  return spawn(process.execPath, flags, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
}

async function linesOf(hub: ChildProcess, wanted: string): Promise<string> {
  let text = '';
  for await (const chunk of hub.stdout!.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    const line = text.split('\n').find((one) => one.startsWith(wanted));
    if (line !== undefined) return line;
  }
  throw new Error(`the small hub ended without saying "${wanted}": ${text}`);
}

async function kill(hub: ChildProcess): Promise<void> {
  const ended = once(hub, 'exit');
  // It must be alive until now: a hub that ended by itself failed.
  expect(hub.exitCode).toBeNull();
  hub.kill('SIGKILL');
  await ended;
}

async function expectWorking(postgresUrl: string, temporalAddress: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  try {
    await client.query('create table if not exists works (at timestamptz)');
    await client.query('insert into works values (now())');
  } finally {
    await client.end();
  }
  const connection = await Connection.connect({ address: temporalAddress });
  const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace: 'default' });
  await connection.close();
  expect(namespaceInfo?.name).toBe('default');
}

test('the servers of a killed hub are adopted by the next start, and work', async () => {
  const hub = smallHub();
  const pids = (await linesOf(hub, 'up')).split(' ').slice(1).map(Number);
  await kill(hub);
  expect(pids.map(isAlive)).toEqual([true, true]);
  const { postgres, temporal } = await startBoth();
  expect([postgres.pid, temporal.pid]).toEqual(pids);
  expect([postgres.adopted, temporal.adopted]).toEqual([true, true]);
  await expectWorking(postgres.url, temporal.address);
  await Promise.all([postgres.stop(), temporal.stop()]);
  expect(pids.map(isAlive)).toEqual([false, false]);
});

test('a Ctrl-C in the terminal reaches the hub and not its servers, which the hub stops in order', async () => {
  const hub = smallHub();
  const pids = (await linesOf(hub, 'up')).split(' ').slice(1).map(Number);
  process.kill(-hub.pid!, 'SIGINT');
  await once(hub, 'exit');
  await sleep(500);
  expect(pids.map(isAlive)).toEqual([true, true]);
});

test('a first start that is killed at any moment does not spoil the next one', async () => {
  // From before initdb to about when both answer; each round starts from what the one before left.
  for (const afterMs of [60, 200, 400, 700, 1_000]) {
    const hub = smallHub();
    await linesOf(hub, 'starting');
    await sleep(afterMs);
    await kill(hub);
  }
  const { postgres, temporal } = await startBoth();
  await expectWorking(postgres.url, temporal.address);
});
