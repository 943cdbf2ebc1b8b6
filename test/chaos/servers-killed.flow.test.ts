/** Owns the promise of a hub whose own servers are killed: it starts them again, loses nothing, and gives up with a clear word. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { endProcess, isAlive, processesWith } from '../../runtime/process-identity.ts';
import { type CliRun, shareBundles, startCli } from '../support/cli.ts';
import { makeTestDirectory } from '../support/directory.ts';
import { until } from '../support/loops.ts';

const started: CliRun[] = [];
afterAll(async () => {
  for (const run of started)
    if (isAlive(run.pid)) await endProcess(run.pid, [{ signal: 'SIGKILL', waitMs: 5_000 }]);
});

interface RunningHub {
  run: CliRun;
  dataDir: string;
  /** Null while the hub does not answer, or answers with an error. */
  ask: (method: string, path: string, body?: unknown) => Promise<Record<string, unknown> | null>;
}
async function startHub(name: string): Promise<RunningHub> {
  const dataDir = makeTestDirectory(name);
  shareBundles(dataDir);
  const run = startCli(['start'], {
    SLIPWAY_DATA_DIR: dataDir,
    SLIPWAY_PORT: '0',
    SLIPWAY_LOG_LEVEL: 'warn',
  });
  started.push(run);
  const url = (await run.says(/Slipway serves (http:\/\/\S+)/))[1]!;
  const [key] = await run.says(/slk_[A-Za-z0-9]+/);
  let count = 0;
  const ask: RunningHub['ask'] = async (method, path, body) => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'idempotency-key': `ask-${++count}`,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return answer.ok ? ((await answer.json()) as Record<string, unknown>) : null;
  };
  return { run, dataDir, ask };
}
const postgresPid = (dataDir: string) =>
  Number(readFileSync(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0]);
const temporalPid = (dataDir: string) =>
  (JSON.parse(readFileSync(join(dataDir, 'temporal', 'server.json'), 'utf8')) as { pid: number }).pid;
const ready = ({ ask }: RunningHub) =>
  until('the hub is ready', async () => (await ask('GET', '/readyz')) !== null, 60_000);

/** A run over everything, which only the workflow brings to its end. */
async function runs(hub: RunningHub, workspaceId: unknown): Promise<void> {
  const asked = await hub.ask('POST', '/api/v1/billing-runs', {
    scope: { type: 'workspace', id: workspaceId },
    cutoffOn: '2026-12-01',
    reason: 'After a crash',
    finishAt: 'draft',
  });
  expect(asked, hub.run.text()).not.toBeNull();
  let status: unknown;
  const isOver = async () => {
    const answer = await hub.ask('GET', `/api/v1/billing-runs/${String(asked!.id)}`);
    status = (answer?.run as { status: string } | undefined)?.status;
    return status !== undefined && status !== 'queued' && status !== 'running';
  };
  await until('the run is over', isOver, 60_000).catch((error: unknown) => {
    throw new Error(`the run is ${String(status)}: ${hub.run.text()}`, { cause: error });
  });
  expect(status).toBe('done');
}

describe.concurrent('a hub whose servers are killed', { timeout: 240_000 }, () => {
  it('starts them again within seconds, at the same address, and goes on where it was', async () => {
    const hub = await startHub('servers-killed');
    const { run, dataDir, ask } = hub;
    await ready(hub);
    const { id } = (await ask('GET', '/api/v1/workspace'))!;
    expect(
      await ask('POST', '/api/v1/clients', {
        name: 'Before',
        email: 'ap@before.example',
        code: 'BEF',
        currency: 'GBP',
      }),
    ).not.toBeNull();
    await runs(hub, id);

    const [postgres, temporal] = [postgresPid(dataDir), temporalPid(dataDir)];
    process.kill(postgres, 'SIGKILL');
    await run.says(/PostgreSQL runs again/, 30_000);
    process.kill(temporal, 'SIGKILL');
    await run.says(/Temporal runs again/, 30_000);
    expect(run.text()).toMatch(/PostgreSQL ended by itself: starting it again/);
    expect(run.text()).toMatch(/Temporal ended by itself: starting it again/);
    expect([postgres, temporal].map(isAlive)).toEqual([false, false]);

    await ready(hub);
    expect(
      await ask('POST', '/api/v1/clients', {
        name: 'After',
        email: 'ap@after.example',
        code: 'AFT',
        currency: 'GBP',
      }),
    ).not.toBeNull();
    const clients = (await ask('GET', '/api/v1/clients'))!.items as { code: string }[];
    expect(clients.map((client) => client.code)).toEqual(['BEF', 'AFT']);
    await runs(hub, id);

    const servers = [postgresPid(dataDir), temporalPid(dataDir)];
    run.signal('SIGINT');
    expect(await run.ended, run.text()).toBe(0);
    expect(servers.map(isAlive)).toEqual([false, false]);
    expect(processesWith(`${dataDir}/`)).toEqual([]);
  });

  it('gives up when one ends again and again, says so, and ends with 1', async () => {
    const { run, dataDir } = await startHub('servers-lost');
    let killed = 0;
    let last = 0;
    while (!/was started again 5 times within 10 minutes/.test(run.text())) {
      expect(killed, run.text()).toBeLessThan(7);
      await until(
        'Temporal runs',
        () => temporalPid(dataDir) !== last && isAlive(temporalPid(dataDir)),
        60_000,
      );
      last = temporalPid(dataDir);
      process.kill(last, 'SIGKILL');
      killed += 1;
      await run.says(
        killed <= 5
          ? new RegExp(`(Temporal runs again[\\s\\S]*){${killed}}`)
          : /Temporal ended by itself, and was started again 5 times within 10 minutes/,
        60_000,
      );
    }
    expect(killed).toBe(6);
    expect(await run.ended, run.text()).toBe(1);
    expect(processesWith(`${dataDir}/`)).toEqual([]);
  });
});
