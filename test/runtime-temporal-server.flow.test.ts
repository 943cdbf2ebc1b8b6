import { chmodSync, existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readToolPaths } from '../config.ts';
import { freePort } from '../runtime/ports.ts';
import { isAlive } from '../runtime/process-identity.ts';
import { searchAttributes } from '../runtime/search-attributes.ts';
import { startTemporalServer, type TemporalServer } from '../runtime/temporal-server.ts';
import { makeTestDirectory } from './support/directory.ts';

let dataDir: string;
let running: TemporalServer[];
const tools = readToolPaths(process.env);

beforeEach(() => {
  dataDir = makeTestDirectory('temporal');
  running = [];
});
afterEach(async () => {
  for (const server of running) if (isAlive(server.pid)) await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(
  options: Partial<Parameters<typeof startTemporalServer>[0]> = {},
): Promise<TemporalServer> {
  const server = await startTemporalServer({ dataDir, tools, ...options });
  running.push(server);
  return server;
}

async function withClient<T>(address: string, work: (client: Client) => Promise<T>, namespace = 'default') {
  const connection = await Connection.connect({ address });
  try {
    return await work(new Client({ connection, namespace }));
  } finally {
    await connection.close();
  }
}

/** Starts a workflow that nobody works on, so it stays open; with all our search attributes. */
async function open(address: string, workflowId: string): Promise<void> {
  const pairs = searchAttributes.map((name) => ({
    key: defineSearchAttributeKey(name, 'KEYWORD'),
    value: 'x',
  }));
  await withClient(address, (client) =>
    client.workflow.start('waiting', {
      workflowId,
      taskQueue: 'nobody',
      typedSearchAttributes: new TypedSearchAttributes(pairs),
    }),
  );
}

async function statusOf(address: string, workflowId: string): Promise<string> {
  return withClient(address, async (client) => {
    const { status } = await client.workflow.getHandle(workflowId).describe();
    return status.name;
  });
}

test('a workflow is still open after a stop and a start, under a namespace and with attributes of ours', async () => {
  const first = await start();
  await open(first.address, 'invoice-1');
  await first.stop();
  expect(isAlive(first.pid)).toBe(false);
  expect(statSync(join(dataDir, 'temporal')).mode & 0o777).toBe(0o700);
  const second = await start({ namespace: 'harbour' });
  expect(second.adopted).toBe(false);
  expect(await statusOf(second.address, 'invoice-1')).toBe('RUNNING');
  const count = await withClient(
    second.address,
    (client) => client.workflow.count("SlipwayWorkspace = 'x'"),
    'harbour',
  );
  expect(count.count).toBe(0);
});

test('a workflow is still open after the server was killed', async () => {
  const first = await start();
  await open(first.address, 'invoice-2');
  process.kill(first.pid, 'SIGKILL');
  const second = await start();
  expect(second.adopted).toBe(false);
  expect(await statusOf(second.address, 'invoice-2')).toBe('RUNNING');
});

test('a server that a killed run left running is adopted', async () => {
  const left = await start();
  const next = await start();
  expect(next).toMatchObject({ adopted: true, pid: left.pid, address: left.address, how: left.how });
  await next.stop();
  expect(isAlive(left.pid)).toBe(false);
  expect(existsSync(join(dataDir, 'temporal', 'server.json'))).toBe(false);
});

test('one that does not answer, or is not what this start asks for, is ended first', async () => {
  const left = await start({ dbFile: null });
  process.kill(left.pid, 'SIGSTOP');
  const second = await start({ dbFile: null });
  expect(second.adopted).toBe(false);
  expect(isAlive(left.pid)).toBe(false);
  const port = await freePort();
  const third = await start({ dbFile: null, port });
  expect(third).toMatchObject({ adopted: false, address: `127.0.0.1:${port}` });
  expect(isAlive(second.pid)).toBe(false);
});

test('a record of a server that is gone, or cut off by a crash, is passed over', async () => {
  const record = join(dataDir, 'temporal', 'server.json');
  await (await start({ dbFile: null })).stop();
  writeFileSync(
    record,
    JSON.stringify({ pid: process.pid, startedAt: 'earlier', address: '127.0.0.1:9', args: [] }),
  );
  const next = await start({ dbFile: null });
  expect(next.adopted).toBe(false);
  await next.stop();
  writeFileSync(record, '{"pid": 1');
  expect((await start({ dbFile: null })).adopted).toBe(false);
});

test('one that was started in the instant its hub was killed, before it was recorded, is found and ended', async () => {
  const left = await start();
  rmSync(join(dataDir, 'temporal', 'server.json'));
  const next = await start();
  expect(next.adopted).toBe(false);
  expect(isAlive(left.pid)).toBe(false);
});

test('a server that cannot start says why', async () => {
  const binary = join(dataDir, 'temporal-cli');
  const script =
    '#!/bin/sh\ntest "$1" = --version && echo "temporal version 0" && exit 0\necho "no such flag: $2" >&2\nexit 2\n';
  writeFileSync(binary, script);
  chmodSync(binary, 0o755);
  await expect(start({ binary })).rejects.toThrow(
    /did not start[\s\S]*no such flag: start-dev[\s\S]*Its log is/,
  );
});
