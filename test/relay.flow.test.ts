import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startPoke } from '../runtime/poke.ts';
import { type LaneLimits, type Relay, type RelayOptions, startRelay } from '../runtime/relay.ts';
import {
  createSignalLook,
  type SignalLook,
  type Subject,
  subjectWorkflowId,
  TemporalUnavailable,
} from '../runtime/temporal-signals.ts';
import { type Database, openDatabase } from '../store/database.ts';
import {
  deleteLooks,
  enqueueLooks,
  type Lane,
  type SubjectType,
  subjectTypes,
  takeLooks,
} from '../store/outbox.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { keepLog, newWorkspace, sleep, until } from './support/loops.ts';
import { createTestNamespace } from './support/temporal.ts';

let scratch: TestDatabase;
let database: Database;
let workspaceId: string;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  scratch = await createTestDatabase();
  database = openDatabase(scratch.url);
});
beforeEach(async () => {
  workspaceId = await newWorkspace(database);
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  await database.inWorkspace(workspaceId, (tx) => tx.run('delete from outbox'));
});
afterAll(async () => {
  await database.close();
  await scratch.drop();
});

const ids = (count: number): string[] => Array.from({ length: count }, () => randomUUID());
const enqueue = (subjectIds: string[], lane: Lane = 'interactive') =>
  database.inWorkspace(workspaceId, (tx) =>
    enqueueLooks(
      tx,
      subjectIds.map((subjectId) => ({
        subjectType: 'client_invoice' as const,
        subjectId,
        lane,
        reason: 'test',
      })),
    ),
  );
const acknowledge = (subjectId: string) =>
  database.inWorkspace(workspaceId, async (tx) => {
    const taken = await takeLooks(tx, 'client_invoice', subjectId);
    await deleteLooks(tx, taken);
    return taken.length;
  });
const waiting = (where = 'true') =>
  database.inWorkspace(workspaceId, async (tx) => {
    const row = await tx.row<{ n: number }>(`select count(*) as n from outbox where ${where}`);
    return row!.n;
  });

function start(signalLook: SignalLook, more: Partial<RelayOptions> = {}) {
  const log = keepLog();
  const poke = startPoke({ database, logger: log.logger });
  const relay = startRelay({ database, signalLook, poke, logger: log.logger, ...more });
  stops.push(
    () => poke.stop(),
    () => relay.stop(),
  );
  return { relay, log };
}
const fast: LaneLimits = { concurrency: 8, perSecond: Number.POSITIVE_INFINITY, burst: 8 };

test('no wake-up is lost and none storms, however calls fail and commands race with looks', async () => {
  const subjects = ids(12);
  await database.inWorkspace(workspaceId, (tx) =>
    tx.run(
      `insert into operations (workspace_id, id, kind, started_by) select $1, id, 'test', 'test' from unnest($2::uuid[]) id`,
      [workspaceId, subjects],
    ),
  );
  // A workflow as we write them: a signal only marks it dirty, and it looks until it is clean.
  const seen = new Map<string, number>();
  const dirty = new Set<string>();
  const looking = new Set<string>();
  const runWorkflow = async (subjectId: string) => {
    dirty.add(subjectId);
    if (looking.has(subjectId)) return;
    looking.add(subjectId);
    while (dirty.delete(subjectId)) {
      await database.inWorkspace(workspaceId, async (tx) => {
        const taken = await takeLooks(tx, 'client_invoice', subjectId);
        const row = await tx.row<{ done: number }>('select done from operations where id = $1', [subjectId]);
        seen.set(subjectId, row!.done);
        await sleep(Math.random() * 15);
        await deleteLooks(tx, taken);
      });
    }
    looking.delete(subjectId);
  };
  const workflows: Promise<void>[] = [];
  let signals = 0;
  const signalLook: SignalLook = async ({ subjectId }) => {
    signals += 1;
    await sleep(Math.random() * 10);
    const fate = Math.random();
    if (fate < 0.05) throw new TemporalUnavailable('never arrived');
    if (fate < 0.1) throw new Error('refused this once');
    workflows.push(runWorkflow(subjectId));
    if (fate < 0.15) throw new TemporalUnavailable('arrived, but the answer was lost');
  };
  const lanes = { interactive: fast, bulk: fast };
  const one = start(signalLook, { lanes, resignalAfterMs: 200 });
  const two = start(signalLook, { lanes, resignalAfterMs: 200 });
  const commands = 500;
  await Promise.all(
    Array.from({ length: 10 }, async (_, writer) => {
      for (let n = 0; n < commands / 10; n += 1) {
        const subjectId = subjects[(writer * 7 + n) % subjects.length]!;
        await database.inWorkspace(workspaceId, async (tx) => {
          await tx.run('update operations set done = done + 1 where id = $1', [subjectId]);
          const lane = n % 3 === 0 ? 'bulk' : 'interactive';
          await enqueueLooks(tx, [{ subjectType: 'client_invoice', subjectId, lane, reason: 'test' }]);
        });
        await sleep(Math.random() * 8);
      }
    }),
  );
  await until(
    'both relays are idle',
    async () => (await one.relay.idle()) && (await two.relay.idle()),
    30_000,
  );
  await Promise.all(workflows);
  const rows = await database.inWorkspace(workspaceId, (tx) =>
    tx.rows<{ id: string; done: number }>('select id, done from operations'),
  );
  expect(rows.reduce((sum, row) => sum + row.done, 0)).toBe(commands);
  expect(new Map(rows.map((row) => [row.id, row.done]))).toEqual(seen);
  expect(signals).toBeLessThan(commands);
});

test('a look that nobody answers is not repeated before its time', async () => {
  const sent: string[] = [];
  start(async ({ subjectId }) => void sent.push(subjectId), { resignalAfterMs: 400 });
  const subjectId = randomUUID();
  await enqueue([subjectId]);
  await until('it is signalled', () => sent.length === 1);
  for (let n = 0; n < 10; n += 1) {
    await enqueue([subjectId]);
    await sleep(15);
  }
  expect(sent).toHaveLength(1);
  await until('it is signalled again', () => sent.length === 2, 3_000);
});

test('a command is signalled within milliseconds, not at the next poll', async () => {
  const arrived = new Map<string, number>();
  start(async ({ subjectId }) => void arrived.set(subjectId, performance.now()));
  await sleep(1_500);
  const waits: number[] = [];
  for (const subjectId of ids(9)) {
    await enqueue([subjectId]);
    const from = performance.now();
    await until('it is signalled', () => arrived.has(subjectId));
    waits.push(arrived.get(subjectId)! - from);
    await acknowledge(subjectId);
    await sleep(61);
  }
  expect(waits.sort((a, b) => a - b)[4]).toBeLessThan(100);
});

test('people do not wait behind a bulk import, and bulk keeps to its rate', async () => {
  const bulk = ids(200);
  const urgent: string = randomUUID();
  const sent: string[] = [];
  const from = performance.now();
  start(
    async ({ subjectId }) => {
      sent.push(subjectId);
      await sleep(5);
    },
    { lanes: { bulk: { concurrency: 4, perSecond: 40, burst: 10 } } },
  );
  await enqueue(bulk, 'bulk');
  await until('bulk has begun', () => sent.length >= 10);
  await enqueue([urgent]);
  await until('the urgent one is sent', () => sent.includes(urgent));
  expect(sent.indexOf(urgent)).toBeLessThan(60);
  await sleep(800);
  const seconds = (performance.now() - from) / 1_000;
  expect(sent.length - 1).toBeLessThanOrEqual(10 + 40 * seconds);
  expect(sent.length - 1).toBeGreaterThan(20);
});

test('calls at the same time are bounded', async () => {
  let current = 0;
  let most = 0;
  const sent: string[] = [];
  start(
    async ({ subjectId }) => {
      current += 1;
      most = Math.max(most, current);
      await sleep(10);
      current -= 1;
      sent.push(subjectId);
    },
    { lanes: { interactive: { ...fast, concurrency: 5 } } },
  );
  await enqueue(ids(60));
  await until('all are sent', () => sent.length === 60);
  expect(most).toBe(5);
});

test('while Temporal is down rows wait, the log says so once, and all goes on by itself', async () => {
  let down = true;
  let attempts = 0;
  const sent = new Set<string>();
  const { relay, log } = start(async ({ subjectId }) => {
    attempts += 1;
    if (down) throw new TemporalUnavailable('connection refused');
    sent.add(subjectId);
    await acknowledge(subjectId);
  });
  await enqueue(ids(50));
  await enqueue(ids(10), 'bulk');
  await sleep(2_000);
  expect(await waiting()).toBe(60);
  expect(sent.size).toBe(0);
  // A lane's calls fail together, at ever longer waits: of 0.1, 0.2, 0.4, 0.8 s and so on, half by chance.
  expect(attempts).toBeLessThan(200);
  expect(log.warnings()).toEqual(['Temporal does not answer: looks wait in the outbox']);
  expect(await relay.idle()).toBe(false);
  down = false;
  await until('everything is sent and acknowledged', () => relay.idle());
  expect(sent.size).toBe(60);
  expect(log.warnings()).toHaveLength(1);
  expect(log.lines.filter((line) => line.msg.startsWith('Temporal answers again'))).toHaveLength(1);
});

test('a subject that Temporal refuses does not stop the others', async () => {
  const [refused, ...fine] = ids(40);
  const sent = new Set<string>();
  const { log } = start(async ({ subjectId }) => {
    if (subjectId === refused) throw new Error('too many signals');
    sent.add(subjectId);
    await acknowledge(subjectId);
  });
  await enqueue([refused!]);
  await enqueue(fine);
  await until('the others are sent', () => sent.size === fine.length);
  await until('the others are acknowledged', async () => (await waiting()) === 1);
  expect(log.warnings()).toEqual(['a look could not be signalled, and will be tried again']);
});

test('subjects that cannot be reached do not stand before those that can', async () => {
  const [unreachable, fine] = [ids(30), ids(5)];
  const sent = new Set<string>();
  start(async ({ subjectId }) => {
    if (unreachable.includes(subjectId)) throw new TemporalUnavailable('this shard is gone');
    sent.add(subjectId);
    await acknowledge(subjectId);
  });
  await enqueue(unreachable);
  await enqueue(fine);
  await until('those that can be reached were', () => sent.size === fine.length, 5_000);
  await until('they are acknowledged', async () => (await waiting()) === unreachable.length);
});

test('stopping is prompt, cuts off calls that hang, and gives their rows back', async () => {
  const { relay } = start(
    (_, signal) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('cut off')));
      }),
  );
  await enqueue(ids(20));
  await until('calls hang', async () => (await waiting('signalled_at is not null')) > 0);
  const from = performance.now();
  await relay.stop();
  expect(performance.now() - from).toBeLessThan(3_000);
  expect(await waiting('signalled_at is null')).toBe(20);
});

test('Postgres going away for a moment ends nothing', async () => {
  const sent = new Set<string>();
  let broken = false;
  const flaky: Database = {
    ...database,
    inSystem: (work) =>
      broken ? Promise.reject(new Error('the server closed the connection')) : database.inSystem(work),
  };
  const { log } = start(
    async ({ subjectId }) => {
      sent.add(subjectId);
      await acknowledge(subjectId);
    },
    { database: flaky },
  );
  broken = true;
  await enqueue(ids(5));
  // Each lane asks on its own: gone only ends once both have noticed.
  await until('both lanes notice', () => new Set(log.warnings()).size === 2);
  broken = false;
  await until('all are sent', () => sent.size === 5);
  expect([...new Set(log.warnings())].sort()).toEqual([
    'relay bulk failed, and will be tried again',
    'relay interactive failed, and will be tried again',
  ]);
});

// From here on with a real server.

const taskQueues = Object.fromEntries(
  subjectTypes.map((type) => [type, type === 'connection' ? 'vendor' : 'interactive']),
) as Record<SubjectType, string>;

async function connectTemporal(namespaceOverride?: string) {
  const { address, namespace } = await createTestNamespace();
  const connection = await Connection.connect({ address });
  stops.push(() => connection.close());
  return new Client({ connection, namespace: namespaceOverride ?? namespace }).workflow;
}

test('a look starts the workflow of its subject and signals it, again only signals it', async () => {
  const client = await connectTemporal();
  const subject: Subject = { workspaceId, subjectType: 'client_invoice', subjectId: randomUUID() };
  const signalLook = createSignalLook(client, taskQueues, {
    durations: { client_invoice: { remindAfterMs: 5 } },
  });
  await signalLook(subject);
  await signalLook(subject);

  const handle = client.getHandle(`${workspaceId}/client-invoice/${subject.subjectId}`);
  const description = await handle.describe();
  expect(description).toMatchObject({
    type: 'clientInvoice',
    taskQueue: 'interactive',
    status: { name: 'RUNNING' },
  });
  expect(description.searchAttributes).toMatchObject({ SlipwayWorkspace: [workspaceId] });
  const { events = [] } = await handle.fetchHistory();
  const started = events?.find((event) => event.workflowExecutionStartedEventAttributes);
  const input = started?.workflowExecutionStartedEventAttributes?.input?.payloads?.map((payload) =>
    JSON.parse(Buffer.from(payload.data ?? []).toString()),
  );
  expect(input).toEqual([{ workspaceId, subjectId: subject.subjectId, durations: { remindAfterMs: 5 } }]);
  const signals = events
    ?.map((event) => event.workflowExecutionSignaledEventAttributes?.signalName)
    .filter(Boolean);
  expect(signals).toEqual(['look', 'look']);

  await handle.terminate('test');
  await signalLook(subject);
  expect((await client.getHandle(subjectWorkflowId(subject)).describe()).status.name).toBe('RUNNING');
});

test('a server without our search attribute gets looks without it', async () => {
  const { address, namespace } = await createTestNamespace();
  const connection = await Connection.connect({ address });
  stops.push(() => connection.close());
  await connection.operatorService.removeSearchAttributes({
    namespace,
    searchAttributes: ['SlipwayWorkspace'],
  });
  const client = new Client({ connection, namespace }).workflow;
  const subject: Subject = { workspaceId, subjectType: 'connection', subjectId: randomUUID() };
  const signalLook = createSignalLook(client, taskQueues);
  await signalLook(subject);
  const description = await client.getHandle(subjectWorkflowId(subject)).describe();
  expect(description).toMatchObject({ type: 'connection', taskQueue: 'vendor' });
});

test('a server that is not there, or a namespace that is not there, is an outage', async () => {
  const connection = Connection.lazy({ address: '127.0.0.1:9', connectTimeout: 500 });
  stops.push(() => connection.close());
  const subject: Subject = { workspaceId, subjectType: 'ticket', subjectId: randomUUID() };
  const nobody = createSignalLook(new Client({ connection }).workflow, taskQueues, { timeoutMs: 1_500 });
  await expect(nobody(subject)).rejects.toBeInstanceOf(TemporalUnavailable);
  const elsewhere = createSignalLook(await connectTemporal('no-such-namespace'), taskQueues);
  await expect(elsewhere(subject)).rejects.toBeInstanceOf(TemporalUnavailable);
});

test('a call that Temporal refuses is this subject’s own trouble', async () => {
  const client = await connectTemporal();
  const tooLong = 'x'.repeat(2_000);
  const refused = createSignalLook(client, { ...taskQueues, ticket: tooLong });
  const error = await refused({ workspaceId, subjectType: 'ticket', subjectId: randomUUID() }).catch(
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(Error);
  expect(error).not.toBeInstanceOf(TemporalUnavailable);
});

test('the relay carries a burst of subjects to a real server', async () => {
  const client = await connectTemporal();
  const { relay }: { relay: Relay } = start(createSignalLook(client, taskQueues));
  const subjects = ids(40);
  await enqueue(subjects);
  await until('all are signalled', async () => (await waiting('signalled_at is null')) === 0);
  for (const subjectId of subjects) await acknowledge(subjectId);
  await until('the relay is idle', () => relay.idle());
  for (const subjectId of subjects) {
    const handle = client.getHandle(
      subjectWorkflowId({ workspaceId, subjectType: 'client_invoice', subjectId }),
    );
    expect((await handle.describe()).status.name).toBe('RUNNING');
  }
});
