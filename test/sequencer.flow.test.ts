import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startEventFeed } from '../runtime/event-feed.ts';
import { startPoke } from '../runtime/poke.ts';
import { type Sequencer, startSequencer } from '../runtime/sequencer.ts';
import { type Database, openDatabase } from '../store/database.ts';
import {
  eventHead,
  type NewEvent,
  numberEvents,
  readEvents,
  recordEvents,
  verifyChain,
} from '../store/events.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { keepLog, newWorkspace, sleep, until } from './support/loops.ts';

let scratch: TestDatabase;
let database: Database;
let admin: pg.Client;
const stops: (() => unknown)[] = [];

beforeAll(async () => {
  scratch = await createTestDatabase();
  database = openDatabase(scratch.url);
  admin = new pg.Client(scratch.url);
  await admin.connect();
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});
afterAll(async () => {
  await admin.end();
  await database.close();
  await scratch.drop();
});

const event = (more: Partial<NewEvent> = {}): NewEvent => ({
  actor: 'system',
  type: 'ticket.submitted',
  subjectType: 'ticket',
  subjectId: randomUUID(),
  permission: 'events.read',
  ...more,
});
const record = (workspaceId: string, ...events: NewEvent[]) =>
  database.inWorkspace(workspaceId, (tx) => recordEvents(tx, events));
const read = (workspaceId: string, after: number, more: { limit?: number; permissions?: string[] } = {}) =>
  database.inWorkspace(workspaceId, (tx) => readEvents(tx, { after, limit: 500, ...more }));
const head = (workspaceId: string) => database.inWorkspace(workspaceId, eventHead);
const verify = (workspaceId: string) => database.inWorkspace(workspaceId, verifyChain);
const numberAll = async () => {
  while ((await database.inSystem((tx) => numberEvents(tx, 2_000))) > 0);
};
const unnumbered = async () => {
  const { rows } = await admin.query<{ n: string }>('select count(*) as n from events where seq is null');
  return Number(rows[0]?.n);
};

/** A process of its own: pools, poke and sequencer under a name by which its sessions can be found. */
function startProcess(applicationName: string) {
  const own = openDatabase(scratch.url, { applicationName });
  const log = keepLog();
  const poke = startPoke({ database: own, logger: log.logger });
  const sequencer = startSequencer({ database: own, poke, logger: log.logger });
  stops.push(async () => {
    await sequencer.stop();
    await poke.stop();
    await own.close();
  });
  return { database: own, poke, sequencer, log };
}

/** Ends the sessions that number or hold the turn, as a crash of the server process or of the network would. */
async function killSequencer(applicationName: string) {
  const { rowCount } = await admin.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and (application_name = $1 or query like '% as held')`,
    [applicationName],
  );
  return rowCount ?? 0;
}

test('a reader that continues by number misses nothing, while writers are fast and slow and the sequencer is killed', async () => {
  const workspaces = [await newWorkspace(database), await newWorkspace(database, 'Dry Dock')];
  startProcess('under-fire');
  const poke = startPoke({ database, logger: keepLog().logger });
  stops.push(() => poke.stop());
  const feed = startEventFeed(poke);
  const reading = new AbortController();
  const seen = new Map(workspaces.map((id) => [id, [] as { seq: number; id: string }[]]));
  const readers = workspaces.map(async (workspaceId) => {
    let after = 0;
    while (!reading.signal.aborted) {
      const version = feed.version();
      const page = await read(workspaceId, after, { limit: 100 });
      seen.get(workspaceId)!.push(...page.events.map(({ seq, id }) => ({ seq, id })));
      after = page.next;
      if (page.events.length === 0) await feed.wait(reading.signal, version);
    }
  });

  let kills = 0;
  let writing = true;
  const killer = (async () => {
    while (writing) {
      await sleep(150);
      kills += await killSequencer('under-fire');
    }
  })();
  let written = 0;
  await Promise.all(
    Array.from({ length: 10 }, async (_, writer) => {
      for (let n = 0; n < (writer < 2 ? 6 : 60); n += 1) {
        const workspaceId = workspaces[(writer + n) % 2]!;
        const count = 1 + (n % 4);
        await database.inWorkspace(workspaceId, async (tx) => {
          await recordEvents(
            tx,
            Array.from({ length: count }, () => event({ payload: { writer, n } })),
          );
          // The slow ones commit long after younger events were numbered.
          await sleep(writer < 2 ? 300 : (writer * n) % 7);
        });
        written += count;
      }
    }),
  );
  writing = false;
  await killer;
  expect(kills).toBeGreaterThan(0);

  await until('every event is numbered and read', async () => {
    const read = [...seen.values()].reduce((sum, list) => sum + list.length, 0);
    return read >= written && (await unnumbered()) === 0;
  });
  reading.abort();
  await Promise.all(readers);
  feed.stop();
  for (const workspaceId of workspaces) {
    const list = seen.get(workspaceId)!;
    expect(list.map((each) => each.seq)).toEqual(list.map((_, index) => index + 1));
    const { rows } = await admin.query<{ id: string }>('select id from events where workspace_id = $1', [
      workspaceId,
    ]);
    expect(new Set(list.map((each) => each.id))).toEqual(new Set(rows.map((row) => row.id)));
    expect(list).toHaveLength(rows.length);
    expect(await verify(workspaceId)).toEqual({ events: rows.length, ok: true, firstBrokenSeq: null });
  }
});

test('two that number at the same time give each event one number', async () => {
  const workspaceId = await newWorkspace(database);
  await record(workspaceId, ...Array.from({ length: 400 }, () => event()));
  const counts = await Promise.all(
    Array.from({ length: 4 }, () => database.inSystem((tx) => numberEvents(tx, 150))),
  );
  await numberAll();
  expect(counts.every((count) => count <= 150)).toBe(true);
  expect(await verify(workspaceId)).toEqual({ events: 400, ok: true, firstBrokenSeq: null });
});

test('events of one command are numbered in the order in which it recorded them', async () => {
  const workspaceId = await newWorkspace(database);
  const types = Array.from({ length: 300 }, (_, index) => `step.${index}`);
  await record(workspaceId, ...types.map((type) => event({ type })));
  await numberAll();
  expect((await read(workspaceId, 0)).events.map((each) => each.type)).toEqual(types);
});

test('an event is committed with its change or not at all', async () => {
  const workspaceId = await newWorkspace(database);
  await expect(
    database.inWorkspace(workspaceId, async (tx) => {
      await recordEvents(tx, [event()]);
      throw new Error('refused');
    }),
  ).rejects.toThrow('refused');
  await numberAll();
  expect(await head(workspaceId)).toMatchObject({ seq: 0 });
  expect(await verify(workspaceId)).toEqual({ events: 0, ok: true, firstBrokenSeq: null });
});

test('pages end where they say, and what may not be seen is passed over', async () => {
  const workspaceId = await newWorkspace(database);
  const permissions = ['events.read', 'invoices.read'] as const;
  await record(
    workspaceId,
    ...Array.from({ length: 10 }, (_, n) => event({ permission: permissions[n % 2]! })),
  );
  await numberAll();
  const page = await read(workspaceId, 0, { limit: 3, permissions: ['events.read'] });
  expect(page.events.map((each) => each.seq)).toEqual([1, 3, 5]);
  expect(page.next).toBe(5);
  const rest = await read(workspaceId, page.next, { limit: 3, permissions: ['events.read'] });
  expect(rest.events.map((each) => each.seq)).toEqual([7, 9]);
  expect(rest.next).toBe(10);
  expect(await read(workspaceId, 10)).toEqual({ events: [], next: 10 });
  expect((await read(workspaceId, 0, { permissions: [] })).events).toEqual([]);
});

test('a workspace sees only its own events', async () => {
  const [one, other] = [await newWorkspace(database), await newWorkspace(database, 'Other Yard')];
  await record(one, event());
  await numberAll();
  expect((await read(one, 0)).events).toHaveLength(1);
  expect((await read(other, 0)).events).toEqual([]);
  expect(await head(other)).toMatchObject({ seq: 0 });
});

test('text that jsonb refuses does not fail the change; a payload that is a document does', async () => {
  const workspaceId = await newWorkspace(database);
  await record(workspaceId, event({ payload: { raw: 'a\u0000b\ud800', literal: '\\u0000' } }));
  await numberAll();
  expect((await read(workspaceId, 0)).events[0]?.payload).toEqual({
    raw: 'a\uFFFDb\uFFFD',
    literal: '\\u0000',
  });
  await expect(record(workspaceId, event({ payload: { text: 'x'.repeat(70_000) } }))).rejects.toThrow(
    RangeError,
  );
});

test('an event of a sandbox keeps its time too', async () => {
  const workspaceId = await newWorkspace(database);
  await admin.query(`update workspaces set clock_at = '2030-02-01T00:00:00Z' where id = $1`, [workspaceId]);
  await record(workspaceId, event());
  await numberAll();
  const [only] = (await read(workspaceId, 0)).events;
  expect(only?.sandboxAt).toBe('2030-02-01T00:00:00.000000Z');
  expect(Math.abs(Date.parse(only!.at) - Date.now())).toBeLessThan(60_000);
});

test.each([
  [
    'an altered payload',
    `update events set payload = '{"total": "9"}' where workspace_id = $1 and seq = 7`,
    7,
  ],
  [
    'an altered time',
    `update events set at = at + interval '1 microsecond' where workspace_id = $1 and seq = 3`,
    3,
  ],
  ['a deleted event', 'delete from events where workspace_id = $1 and seq = 5', 5],
  ['a cut end', 'delete from events where workspace_id = $1 and seq > 8', 9],
  ['a head beside the chain', `update event_heads set hash = '\\x00' where workspace_id = $1`, 10],
])('verify finds %s', async (_, tampering, brokenSeq) => {
  const workspaceId = await newWorkspace(database);
  await record(workspaceId, ...Array.from({ length: 10 }, () => event({ payload: { total: '10' } })));
  await numberAll();
  expect((await verify(workspaceId)).ok).toBe(true);
  // Only whoever owns the database can do this: the triggers refuse it to everyone else.
  await expect(
    admin.query(tampering.replace(/update event_heads.*/, 'delete from events where workspace_id = $1'), [
      workspaceId,
    ]),
  ).rejects.toThrow('append-only');
  await admin.query('begin');
  await admin.query('set local session_replication_role = replica');
  await admin.query(tampering, [workspaceId]);
  await admin.query('commit');
  expect(await verify(workspaceId)).toMatchObject({ ok: false, firstBrokenSeq: brokenSeq });
});

test('one process numbers, another takes over when it stops or dies', async () => {
  const workspaceId = await newWorkspace(database);
  const first = startProcess('first');
  await until('the first has the turn', () => first.sequencer.active());
  const second = startProcess('second');
  await sleep(700);
  expect(second.sequencer.active()).toBe(false);

  await record(workspaceId, event());
  await until('the first numbers', async () => (await head(workspaceId)).seq === 1);
  await first.sequencer.stop();
  await until('the second takes over', () => second.sequencer.active(), 3_000);
  await record(workspaceId, event());
  await until('the second numbers', async () => (await head(workspaceId)).seq === 2);

  expect(await killSequencer('second')).toBeGreaterThan(0);
  await until('the second lost its turn', () => !second.sequencer.active(), 3_000);
  await until('the second has it again', () => second.sequencer.active(), 5_000);
  await record(workspaceId, event());
  await until('it numbers on', async () => (await head(workspaceId)).seq === 3);
});

test('a reader in another process is told within milliseconds, not at its next poll', async () => {
  const workspaceId = await newWorkspace(database);
  const writer = startProcess('writer');
  const reader = openDatabase(scratch.url, { applicationName: 'reader' });
  const poke = startPoke({ database: reader, logger: keepLog().logger });
  const feed = startEventFeed(poke);
  stops.push(
    () => reader.close(),
    () => poke.stop(),
    () => feed.stop(),
  );
  await until('the sequencer has the turn', () => writer.sequencer.active());
  await sleep(300);

  const waits: number[] = [];
  const signal = new AbortController().signal;
  for (let n = 1; n <= 9; n += 1) {
    const from = performance.now();
    await writer.database.inWorkspace(workspaceId, (tx) => recordEvents(tx, [event()]));
    let version = feed.version();
    while ((await reader.inWorkspace(workspaceId, eventHead)).seq < n) {
      await feed.wait(signal, version);
      version = feed.version();
    }
    waits.push(performance.now() - from);
    // Off the rhythm of any poll.
    await sleep(37 * n);
  }
  expect(waits.sort((a, b) => a - b)[4]).toBeLessThan(250);
});

test('waiting for events ends at once when the reader goes', async () => {
  const poke = startPoke({ database, logger: keepLog().logger });
  const feed = startEventFeed(poke);
  stops.push(
    () => poke.stop(),
    () => feed.stop(),
  );
  const leaving = new AbortController();
  const from = performance.now();
  setTimeout(() => leaving.abort(), 20);
  await feed.wait(leaving.signal);
  expect(performance.now() - from).toBeLessThan(500);
});

test('everything stops promptly, also in the middle of much work', async () => {
  const workspaceId = await newWorkspace(database);
  const busy = startProcess('busy');
  await until('it has the turn', () => busy.sequencer.active());
  await record(workspaceId, ...Array.from({ length: 10_000 }, () => event()));
  const from = performance.now();
  await stopAll(busy.sequencer, busy.poke);
  expect(performance.now() - from).toBeLessThan(3_000);
  await numberAll();
  expect(await verify(workspaceId)).toEqual({ events: 10_000, ok: true, firstBrokenSeq: null });
});

async function stopAll(sequencer: Sequencer, poke: { stop(): Promise<void> }) {
  await sequencer.stop();
  await poke.stop();
}
