/** Owns Temporal going away: commands still answer, the hub says what is missing, and everything catches up afterwards. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readToolPaths } from '../config.ts';
import { freePort } from '../runtime/ports.ts';
import { endProcess } from '../runtime/process-identity.ts';
import { startTemporalServer, type TemporalServer } from '../runtime/temporal-server.ts';
import { wakeOpenSubjects } from '../store/open-subjects.ts';
import { makeTestDirectory } from './support/directory.ts';
import { startTestHub, type TestHub } from './support/hub.ts';
import { until } from './support/loops.ts';
import { cutoffOn, openSpine, type ShownInvoice, type ShownRun, type Spine } from './support/spine.ts';

const dataDir = makeTestDirectory('temporal-down');
let port: number;
let server: TemporalServer | null = null;
let hub: TestHub;
let spine: Spine;

async function startServer(): Promise<void> {
  server = await startTemporalServer({ dataDir, tools: readToolPaths(process.env), port });
}
async function killServer(): Promise<void> {
  await endProcess(server!.pid, [{ signal: 'SIGKILL', waitMs: 5_000 }]);
}

beforeAll(async () => {
  port = await freePort();
  // Nothing listens there yet.
  hub = await startTestHub({ temporal: { address: `127.0.0.1:${port}`, namespace: 'default' } });
});
afterAll(async () => {
  await hub.stop();
  await spine.close();
  await server?.stop();
});

interface Ready {
  ok: boolean;
  parts: Record<string, { ok: boolean; missing?: string }>;
}
const readiness = async () => {
  const { status, json } = await hub.call('GET', '/readyz');
  return { status, ready: json as Ready };
};
const isReady = async () => (await readiness()).status === 200;

/** The slowest of these commands, in milliseconds: each is one transaction and needs no Temporal. */
async function slowest(commands: (() => Promise<unknown>)[]): Promise<number> {
  let slowestMs = 0;
  for (const command of commands) {
    const started = performance.now();
    await command();
    slowestMs = Math.max(slowestMs, performance.now() - started);
  }
  return slowestMs;
}
const runOverAll = {
  get scope() {
    return { type: 'workspace', id: hub.workspaceId };
  },
  cutoffOn,
  reason: 'while Temporal is away',
  finishAt: 'issue',
};
async function runBecomesDone(id: string): Promise<void> {
  await until(
    'the run is done',
    async () => (await hub.get<{ run: ShownRun }>(`/billing-runs/${id}`)).run.status === 'done',
    40_000,
  );
}
const byNumber = async (number: string) => (await spine.invoices()).find((one) => one.number === number);
async function invoiceBecomes(
  number: string,
  what: string,
  wanted: (invoice: ShownInvoice) => boolean,
): Promise<ShownInvoice> {
  let shown: ShownInvoice | undefined;
  await until(
    `${number} is ${what}`,
    async () => {
      shown = await byNumber(number);
      return shown !== undefined && wanted(shown);
    },
    40_000,
  );
  return shown!;
}
const isSynced = (invoice: ShownInvoice) => invoice.sync?.status === 'synced';
const pay = (invoice: ShownInvoice, amount: string) =>
  hub.post('/payments', {
    clientId: invoice.clientId,
    currency: 'USD',
    amount,
    valueDate: '2026-04-10',
    reference: null,
    applications: [{ invoiceId: invoice.id, amount }],
  });

it('a hub that starts before Temporal serves, says what is missing, and catches up', async () => {
  expect((await hub.call('GET', '/healthz')).status).toBe(200);
  const { status, ready } = await readiness();
  expect(status).toBe(503);
  expect(ready.parts).toMatchObject({
    database: { ok: true },
    temporal: { ok: false, missing: expect.stringMatching(/Temporal does not answer/) as string },
    worker: { ok: false, missing: expect.stringMatching(/not connected/) as string },
  });
  spine = await openSpine(hub);
  spine.work('NPF-101', 2);
  let run: ShownRun | null = null;
  const slowestMs = await slowest([
    () => spine.sync(spine.harvestId),
    async () => {
      run = await hub.post<ShownRun>('/billing-runs', runOverAll);
    },
  ]);
  expect(slowestMs).toBeLessThan(1_000);
  expect(run!.status).toBe('queued');

  await startServer();
  await until('the hub is ready', isReady, 30_000);
  await runBecomesDone(run!.id);
  await hub.idle(40_000);
  expect(await hub.get('/dashboard')).toMatchObject({ entries: 1 });
});

it('Temporal killed: commands answer as quickly, and what they asked for happens once it is back', async () => {
  await hub.post('/billing-runs', runOverAll);
  const first = await invoiceBecomes('NPF-0001', 'synced', isSynced);
  expect(await hub.workflowStatus('client_invoice', first.id)).toBe('RUNNING');
  spine.work('NPF-102', 3);
  await spine.sync(spine.harvestId);
  await hub.idle();

  await killServer();
  await until('readyz says so', async () => !(await readiness()).ready.parts.temporal!.ok);
  let run: ShownRun | null = null;
  const slowestMs = await slowest([
    () => pay(first, '200.00'),
    async () => {
      run = await hub.post<ShownRun>('/billing-runs', runOverAll);
    },
    () => spine.sync(spine.quickbooksId),
    () => hub.get('/invoices'),
  ]);
  expect(slowestMs).toBeLessThan(1_000);
  // Money that arrived is booked at once; only what happens next waits.
  expect((await byNumber('NPF-0001'))!.status).toBe('settled');

  await startServer();
  await until('the hub is ready again', isReady, 30_000);
  await runBecomesDone(run!.id);
  await invoiceBecomes('NPF-0002', 'synced', isSynced);
  await until(
    'the paid invoice has ended',
    async () => (await hub.workflowStatus('client_invoice', first.id)) === 'COMPLETED',
    30_000,
  );
  await hub.idle(30_000);
  await hub.verify();
});

it('Temporal’s state lost: restart-workflows starts what is open, and it goes on', async () => {
  const open = await invoiceBecomes('NPF-0002', 'synced', isSynced);
  spine.work('NPF-101', 5);
  await killServer();
  for (const name of ['temporal.db', 'temporal.db-wal', 'temporal.db-shm'])
    rmSync(join(dataDir, 'temporal', name), { force: true });
  await startServer();
  await until('the hub is ready again', isReady, 30_000);
  expect(await hub.workflowStatus('client_invoice', open.id)).toBe('NONE');
  expect(await hub.workflowStatus('connection', spine.harvestId)).toBe('NONE');

  // Two connections and the one open invoice; the settled one needs nothing.
  expect(await hub.in(wakeOpenSubjects)).toBe(3);
  const isRunning = async (type: 'client_invoice' | 'connection', id: string) =>
    (await hub.workflowStatus(type, id)) === 'RUNNING';
  await until(
    'the open workflows run',
    async () =>
      (await isRunning('client_invoice', open.id)) &&
      (await isRunning('connection', spine.harvestId)) &&
      (await isRunning('connection', spine.quickbooksId)),
    40_000,
  );
  // Nothing is booked or read twice by starting anew.
  await spine.sync(spine.harvestId);
  await hub.idle(30_000);
  expect(await hub.get('/dashboard')).toMatchObject({ entries: 3 });
  expect(spine.quickbooks.invoices).toHaveLength(2);
  spine.quickbooks.bookPayment({
    invoiceId: open.sync!.externalId!,
    amount: '300.00',
    date: '2026-04-11',
  });
  await spine.sync(spine.quickbooksId);
  await invoiceBecomes('NPF-0002', 'settled', (invoice) => invoice.status === 'settled');
  await hub.idle(30_000);
  // Its last look is done; the workflow's own end follows in a moment.
  await until(
    'its workflow ends',
    async () => (await hub.workflowStatus('client_invoice', open.id)) === 'COMPLETED',
  );
  await hub.verify();
});

it('a hub ends in good time while Temporal is away', async () => {
  await killServer();
  const started = performance.now();
  await hub.hub.stop();
  expect(performance.now() - started).toBeLessThan(20_000);
});
