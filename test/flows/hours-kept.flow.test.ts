/** Owns that no hour of a platform is lost or taken twice, however its time moves while we read, or before we read it again. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { clockify } from '../../connectors/clockify/index.ts';
import { startStand as startClockify } from '../../connectors/clockify/stand.ts';
import { harvest } from '../../connectors/harvest/index.ts';
import { startHarvestSandbox } from '../../connectors/harvest/sandbox.ts';
import { hubstaff } from '../../connectors/hubstaff/index.ts';
import { startHubstaffSandbox } from '../../connectors/hubstaff/sandbox.ts';
import { type Connector, defineConnector, type TimeSource } from '../../connectors/kit/define.ts';
import { Throttled, Unavailable } from '../../connectors/kit/errors.ts';
import { createVendorHttp } from '../../connectors/kit/http.ts';
import { unlimited } from '../../connectors/kit/limit.ts';
import { connectors } from '../../connectors/kit/registry.ts';
import { toggl } from '../../connectors/toggl/index.ts';
import { startStand as startToggl } from '../../connectors/toggl/stand.ts';
import { addDays } from '../../domain/day.ts';
import type { SourceEntry } from '../../domain/work-entry.ts';
import { changeConnection, connections } from '../../store/connections.ts';
import { insertMappingRule } from '../../store/mapping-rules.ts';
import { newId } from '../../store/new-id.ts';
import { insertProject } from '../../store/projects.ts';
import { askResync } from '../../store/resyncs.ts';
import { markSynced } from '../../store/sync.ts';
import { expectBalanced } from '../support/books.ts';
import { clockPlatform, clockWebhooks } from '../support/clock-platform.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { sourceEntry } from '../support/source-entry.ts';
import { openTimeConnection as openConnection } from '../support/time-connection.ts';

const startAt = new Date().toISOString();
const today = startAt.slice(0, 10);
const day = (ago: number) => addDays(today, -ago);
const goLiveOn = day(300);

/** A platform that does as a test says. */
const platform: { [Name in 'changedSince' | 'window' | 'readEntry']-?: NonNullable<TimeSource[Name]> } = {
  changedSince: () => pages(),
  window: () => pages(),
  readEntry: () => Promise.resolve(null),
};
async function* pages(...found: SourceEntry[][]) {
  for (const entries of found) {
    await Promise.resolve();
    yield { entries, unreadable: [], checkpoint: 'read' };
  }
}
function says(over: Partial<typeof platform>): void {
  const silent = {
    changedSince: () => pages(),
    window: () => pages(),
    readEntry: () => Promise.resolve(null),
  };
  Object.assign(platform, silent, over);
}
const base = { ...clockPlatform, webhooks: clockWebhooks };
const reading: TimeSource = {
  rescan: { days: 30, everyMinutes: 60 },
  tellsDeletions: false,
  tellsApproval: true,
  window: (...asked) => platform.window(...asked),
  readEntry: (...asked) => platform.readEntry(...asked),
};
const feedless = defineConnector({
  ...base,
  id: 'test-kept-feedless',
  name: 'No feed',
  timeSource: { ...reading, tellsApproval: false },
});
const feeding = defineConnector({
  ...base,
  id: 'test-kept-feeding',
  name: 'A feed',
  timeSource: { ...reading, changedSince: (...asked) => platform.changedSince(...asked) },
});

const both = defineConnector({
  ...base,
  id: 'test-kept-both',
  name: 'A feed, and takes time',
  timeSource: { ...reading, changedSince: (...asked) => platform.changedSince(...asked) },
  timeTarget: {
    find: () => Promise.resolve(null),
    create: () => Promise.reject(new Error('nothing is pushed')),
  },
});
/** Its one setting says which account it is. */
const accounted = defineConnector({
  ...base,
  id: 'test-kept-account',
  name: 'An account',
  settings: { workspace: 'Number of the workspace' },
  timeSource: { ...reading, tellsApproval: false },
});
const used = [feedless, feeding, both, accounted];

let books: TestDatabase;
beforeAll(async () => {
  for (const each of used) (connectors as Map<string, Connector>).set(each.id, each);
  books = await createTestDatabase();
});
/** Of the workspaces of a test: whatever comes and goes, their books balance. */
const opened: { workspaceId: string }[] = [];
const openTimeConnection = async (...asked: Parameters<typeof openConnection>) => {
  const connection = await openConnection(...asked);
  opened.push(connection);
  return connection;
};
beforeEach(() => says({}));
afterEach(async () => {
  for (const each of opened.splice(0)) await expectBalanced(books.database, each);
});
afterAll(async () => {
  for (const each of used) (connectors as Map<string, Connector>).delete(each.id);
  await books.drop();
});

const party = (name: string) => ({ externalId: `id of ${name}`, code: null, name });
const hour = (externalId: string, over: Partial<SourceEntry> = {}) =>
  sourceEntry(externalId, {
    workDate: day(2),
    zone: 'UTC',
    person: { ...party('Ines Roth'), email: 'ines@nordwerft.example' },
    client: party('Nordlicht'),
    project: party('Hull refit'),
    ...over,
  });

async function openHubstaff() {
  let nowMs = Date.parse(startAt);
  const sandbox = await startHubstaffSandbox({
    organizationId: 13_001,
    accessToken: 'token-one',
    refreshToken: 'refresh-one',
    clientId: 'app',
    clientSecret: 'app-secret',
    tokenLifeMs: 400 * 86_400_000,
    rateLimit: 'off',
    now: () => new Date(nowMs),
  });
  const userId = sandbox.addUser({ name: 'Ines Roth', email: 'ines@nordwerft.example' });
  const projectId = sandbox.addProject({ name: 'Hull refit', clientId: sandbox.addClient('Nordlicht') });
  const taskId = sandbox.addTask({ summary: 'Welding', projectId });
  const worked = day(3);
  const timesheetId = sandbox.addTimesheet({ userId, from: worked, to: worked, status: 'approved' });
  const connection = await openTimeConnection(books, hubstaff, {
    goLiveOn,
    url: sandbox.url,
    settings: { organizationId: '13001', timeZone: 'UTC' },
    secrets: {
      clientId: 'app',
      clientSecret: 'app-secret',
      accessToken: 'token-one',
      refreshToken: 'refresh-one',
    },
  });
  return {
    sandbox,
    connection,
    timesheetId,
    id: `${userId}:${worked}:${projectId}:${taskId}`,
    later: (minutes: number) => {
      nowMs += minutes * 60_000;
    },
    /** Ten minutes from `HH:MM` on. */
    slot: (startsAt: string) =>
      sandbox.addTime({
        userId,
        projectId,
        taskId,
        timesheetId,
        startedAt: `${worked}T${startsAt}:00Z`,
        seconds: 600,
      })[0]!,
  };
}

test('Hubstaff: a slot that was deleted takes its time with it, also where it was the last to be changed', async () => {
  const { sandbox, connection, slot, later, id } = await openHubstaff();
  slot('08:00');
  later(120);
  const wrong = slot('09:00');
  later(120);
  await connection.read();
  expect(await connection.entries()).toMatchObject([{ id, open: 1_200, approval: 'approved' }]);
  sandbox.deleteActivities([wrong]);
  await connection.ago('window', 361);
  await connection.read();
  expect(await connection.entries()).toMatchObject([{ id, open: 600 }]);
  await sandbox.close();
});

test('Hubstaff: what it has invoiced itself leaves what we bill, and is not in both', async () => {
  const { sandbox, connection, slot, later, id } = await openHubstaff();
  slot('08:00');
  later(120);
  const invoiced = slot('09:00');
  later(120);
  await connection.read();
  sandbox.changeActivity(invoiced, {
    client_invoiced: true,
    updated_at: new Date(Date.parse(startAt) + 5 * 3_600_000).toISOString(),
  });
  later(120);
  await connection.read();
  expect(await connection.entries()).toMatchObject([
    { id, open: 600, settled: false },
    { id: `${id}:invoiced`, open: 0, settled: true },
  ]);
  await sandbox.close();
});

test('what changes between the feed and the re-scan of one reading is the later word, not a duplicate', async () => {
  const connection = await openTimeConnection(books, feeding, { goLiveOn });
  says({ changedSince: () => pages([hour('a')]) });
  await connection.read();
  await connection.ago('window', 61);
  says({
    changedSince: () => pages([hour('a', { quantity: 5_400 })]),
    window: () => pages([hour('a', { quantity: 7_200 })]),
  });
  await connection.read();
  expect(await connection.entries()).toMatchObject([{ id: 'a', open: 7_200 }]);
  expect(await connection.quarantined()).toEqual([]);
});

test('of more webhooks than a reading asks for, the rest waits for the next', async () => {
  const connection = await openTimeConnection(books, feedless, { goLiveOn, approval: 'automatic' });
  await connection.read();
  // Dated back beyond every window: only the webhooks tell of them.
  const ids = Array.from({ length: 250 }, (_, index) => `far ${String(index).padStart(3, '0')}`);
  says({ readEntry: (_http, externalId) => Promise.resolve(hour(externalId, { workDate: day(200) })) });
  await connection.hint(ids);
  await connection.read();
  await connection.read();
  expect((await connection.entries()).map(({ id }) => id)).toEqual(ids);
});

test('Toggl: an entry older than what is read by itself is still there when a webhook names it', async () => {
  const stand = await startToggl({ startAt });
  const connection = await openTimeConnection(books, toggl, {
    goLiveOn: day(400),
    settings: { ...stand.settings, readFrom: day(380) },
    secrets: stand.secrets,
    url: stand.sandbox.url,
  });
  const id = stand.time.add({ day: day(360), seconds: 3_600 });
  await connection.read();
  expect(await connection.entries()).toMatchObject([{ id, open: 3_600 }]);
  // Somebody takes the setting away: what is here already must not count as deleted.
  await connection.inside((tx) =>
    connections.update(tx, connection.connectionId, { settings: { ...stand.settings } }),
  );
  const { rawBody } = stand.webhooks.delivery({ externalId: id, change: 'updated' }, 'secret', stand.now());
  await connection.hint([Buffer.from(rawBody).toString()]);
  await connection.read();
  expect(await connection.entries()).toMatchObject([{ id, gone: null, open: 3_600 }]);
  await stand.sandbox.close();
});

test('Clockify: of two approvals in the same moment the one that shows later comes in too', async () => {
  const stand = await startClockify({ startAt });
  const connection = await openTimeConnection(books, clockify, {
    goLiveOn,
    settings: stand.settings,
    secrets: stand.secrets,
    url: stand.sandbox.url,
  });
  const early = stand.time.add({ day: day(60), seconds: 3_600 });
  await connection.read();
  const late = stand.time.add({ day: day(70), seconds: 1_800 });
  await connection.read();
  stand.later(3 * 60);
  await connection.read();
  const open = new Map((await connection.entries()).map((entry) => [entry.id, entry.open]));
  expect([open.get(early), open.get(late)]).toEqual([3_600, 1_800]);
  await stand.sandbox.close();
});

test('Toggl: of two timesheets approved in the same moment the one that shows later counts too', async () => {
  const stand = await startToggl({ startAt });
  const connection = await openTimeConnection(books, toggl, {
    goLiveOn,
    settings: stand.settings,
    secrets: stand.secrets,
    url: stand.sandbox.url,
  });
  const first = stand.time.add({ day: day(60), seconds: 3_600, approved: false });
  const second = stand.time.add({ day: day(74), seconds: 1_800, approved: false });
  stand.later(60);
  await connection.read();
  stand.later(60);
  // Writing down work on an approved week is what approves it at this stand.
  stand.time.add({ day: day(60), seconds: 60 });
  await connection.read();
  stand.time.add({ day: day(74), seconds: 60 });
  await connection.read();
  const approvals = new Map((await connection.entries()).map(({ id, approval }) => [id, approval]));
  expect([approvals.get(first), approvals.get(second)]).toEqual(['approved', 'approved']);
  await stand.sandbox.close();
});

test('a re-scan that failed half-way is due again, and not in hours', async () => {
  const connection = await openTimeConnection(books, feeding, { goLiveOn });
  says({ changedSince: () => pages([hour('a'), hour('b')]) });
  await connection.read();
  await connection.ago('window', 61);
  let fails = true;
  says({
    async *window() {
      yield* pages([hour('a')]);
      if (fails) throw new Unavailable('The platform has a problem.', { connector: feeding.id });
    },
  });
  await expect(connection.read()).rejects.toThrow('problem');
  fails = false;
  await connection.ago('window', 11);
  await connection.read();
  expect(await connection.entries()).toMatchObject([
    { id: 'a', gone: null },
    { id: 'b', gone: 'deleted' },
  ]);
});

test('the re-scan brings what the feed missed also where the card, not the platform, approves', async () => {
  const connection = await openTimeConnection(books, feeding, { goLiveOn, approval: 'automatic' });
  await connection.read();
  await connection.ago('window', 61);
  says({ window: () => pages([hour('missed', { approval: 'unsubmitted' })]) });
  await connection.read();
  expect(await connection.entries()).toMatchObject([{ id: 'missed', approval: 'approved', open: 3_600 }]);
});

test('a connection that is paused in the middle of a reading takes in no further page, and goes on where it stopped', async () => {
  const connection = await openTimeConnection(books, feeding, { goLiveOn });
  const set = (status: 'paused' | 'active') =>
    connection.inside((tx) => connections.update(tx, connection.connectionId, { status }));
  let pauses = true;
  says({
    async *changedSince() {
      yield { entries: [hour('a')], unreadable: [], checkpoint: null };
      // The page before is stored by the time that this one is asked for again.
      yield { entries: [], unreadable: [], checkpoint: null };
      if (pauses) await set('paused');
      yield { entries: [hour('b')], unreadable: [], checkpoint: 'read' };
    },
  });
  await connection.read();
  expect((await connection.entries()).map(({ id }) => id)).not.toContain('b');
  pauses = false;
  await set('active');
  await connection.read();
  expect((await connection.entries()).map(({ id }) => id)).toEqual(['a', 'b']);
});

test('a stretch that a person asked for is read after a bad moment of the platform, without being asked for again', async () => {
  const connection = await openTimeConnection(books, feeding, { goLiveOn });
  await connection.read();
  await connection.inside((tx) =>
    askResync(tx, connection.connectionId, { from: day(250), to: day(240) }, 'member:someone'),
  );
  let fails = true;
  says({
    async *window() {
      if (fails) throw new Unavailable('The platform has a problem.', { connector: feeding.id });
      yield* pages([hour('far', { workDate: day(245) })]);
    },
  });
  await expect(connection.read()).rejects.toThrow('problem');
  fails = false;
  await connection.read();
  expect(await connection.entries()).toMatchObject([{ id: 'far', open: 3_600 }]);
  expect(await connection.operations('resync')).toMatchObject([{ status: 'done' }]);
});

test('what a platform denied before its calls ran out is not asked for again', async () => {
  const connection = await openTimeConnection(books, feeding, { goLiveOn });
  const ids = ['a', 'b', 'c', 'd', 'e'];
  says({ changedSince: () => pages(ids.map((id) => hour(id))) });
  await connection.read();
  await connection.ago('window', 61);
  let callsLeft = 3;
  says({
    readEntry: () => {
      callsLeft -= 1;
      return callsLeft < 0
        ? Promise.reject(new Throttled('No calls are left.', 3_600_000, { connector: feeding.id }))
        : Promise.resolve(null);
    },
  });
  await expect(connection.read()).rejects.toThrow('No calls');
  expect((await connection.entries()).filter(({ gone }) => gone === 'deleted')).toHaveLength(3);
});

test('a go-live date that is moved earlier brings what was settled by it, from the feed and from the window', async () => {
  for (const connector of [feeding, feedless]) {
    const connection = await openTimeConnection(books, connector, { goLiveOn: day(20) });
    const all = [hour('early', { workDate: day(100) }), hour('late')];
    const between = (from: string, to: string) =>
      all.filter(({ workDate }) => from <= workDate && workDate <= to);
    says({
      changedSince: (_http, checkpoint) => (checkpoint === null ? pages(all) : pages()),
      window: (_http, from, to) => pages(between(from, to)),
    });
    await connection.read();
    const before = (await connection.inside((tx) => connections.find(tx, connection.connectionId)))!;
    await connection.inside((tx) =>
      changeConnection(tx, connection.deps.secrets, before, { goLiveOn: day(120) }),
    );
    expect(await connection.step()).toBe('sync_time');
    await connection.read();
    expect(await connection.entries()).toMatchObject([
      { id: 'early', settled: false, open: 3_600 },
      { id: 'late', settled: false, open: 3_600 },
    ]);
  }
});

test('who approves is changed on the card: what came in before goes by it too', async () => {
  const connection = await openTimeConnection(books, feeding, { goLiveOn });
  const unsubmitted = hour('old', { workDate: day(200), approval: 'unsubmitted' });
  says({ changedSince: (_http, checkpoint) => (checkpoint === null ? pages([unsubmitted]) : pages()) });
  await connection.read();
  expect(await connection.entries()).toMatchObject([{ approval: 'unsubmitted' }]);
  const before = (await connection.inside((tx) => connections.find(tx, connection.connectionId)))!;
  await connection.inside((tx) =>
    changeConnection(tx, connection.deps.secrets, before, {
      ownership: { ...before.ownership, approval: 'automatic' },
    }),
  );
  await connection.read();
  expect(await connection.entries()).toMatchObject([{ id: 'old', approval: 'approved' }]);
});

test('Hubstaff: a time sheet that is opened again takes its approval back with the next poll', async () => {
  const { sandbox, connection, slot, later, id, timesheetId } = await openHubstaff();
  slot('08:00');
  later(120);
  await connection.read();
  expect(await connection.entries()).toMatchObject([{ id, approval: 'approved' }]);
  sandbox.setTimesheet(timesheetId, { status: 'open' });
  later(5);
  await connection.read();
  expect(await connection.entries()).toMatchObject([{ id, approval: 'unsubmitted' }]);
  await sandbox.close();
});

test('an entry that we made there ourselves is not billed from there, whatever its note says by now', async () => {
  const connection = await openTimeConnection(books, both, { goLiveOn });
  await connection.inside((tx) =>
    markSynced(tx, {
      connectionId: connection.connectionId,
      subjectType: 'entry',
      subjectId: newId(),
      externalId: 'ours',
      versionToken: null,
      total: null,
      actor: 'test',
    }),
  );
  says({
    changedSince: () =>
      pages([hour('ours', { notes: 'Nobody knows what the old note was for' }), hour('theirs')]),
  });
  await connection.read();
  expect(await connection.entries()).toMatchObject([
    { id: 'ours', settled: true, open: 0 },
    { id: 'theirs', settled: false, open: 3_600 },
  ]);
});

test('Harvest: rows that move up a page while somebody deletes one are read all the same', async () => {
  const sandbox = await startHarvestSandbox({
    accountId: '1',
    accessToken: 'token',
    rateLimit: 'off',
    pageSizeMax: 3,
    pageStyle: 'page',
  });
  const user = sandbox.addUser({ first_name: 'Ines', last_name: 'Roth', email: 'ines@nordwerft.example' });
  const project = sandbox.addProject({
    name: 'Hull',
    code: 'HULL',
    client_id: sandbox.addClient({ name: 'Nordlicht' }).id,
  });
  const task = sandbox.addTask({ name: 'Welding' });
  const ids = Array.from({ length: 12 }, (_, index) =>
    sandbox
      .addEntry({
        spent_date: day(100 + index),
        user_id: user.id,
        project_id: project.id,
        task_id: task.id,
        hours: 1,
        approval_status: 'approved',
      })
      .id.toString(),
  );
  const http = createVendorHttp({
    connector: harvest,
    settings: { accountId: '1', contact: 'ops@nordwerft.example' },
    credentials: { accessToken: () => Promise.resolve('token') },
    baseUrlOverride: sandbox.url,
    allowLoopback: true,
    limiter: unlimited,
  });
  const seen = new Set<string>();
  let isFirst = true;
  for await (const { entries } of harvest.timeSource!.changedSince!(http, null)) {
    for (const { externalId } of entries) seen.add(externalId);
    if (isFirst) sandbox.deleteEntry(Number(entries[0]!.externalId));
    isFirst = false;
  }
  expect([...seen].toSorted()).toEqual(ids.toSorted());
  await sandbox.close();
});

test('a connection that gets another name keeps what it has read, and its old name lends it to nobody', async () => {
  const connection = await openTimeConnection(books, feedless, { goLiveOn, approval: 'automatic' });
  says({ window: () => pages([hour('a'), hour('b')]) });
  await connection.read();
  const before = (await connection.inside((tx) => connections.find(tx, connection.connectionId)))!;
  await connection.inside((tx) =>
    changeConnection(tx, connection.deps.secrets, before, { name: 'The clock in Bergen' }),
  );
  const second = await connection.beside(feedless, { goLiveOn, approval: 'automatic' }, before.name);
  await connection.read();
  expect((await connection.entries()).map(({ id }) => id)).toEqual(['a', 'b']);
  says({ window: () => pages([hour('c')]) });
  await second.read();
  // Each asks for what it knows itself: nothing of the first is gone because the second does not have it.
  expect((await connection.entries()).map(({ id, gone }) => [id, gone])).toEqual([
    ['a', null],
    ['b', null],
    ['c', null],
  ]);
});

test('an account that is connected again after its connection ended goes on with the same entries', async () => {
  const facts = { goLiveOn, approval: 'automatic', settings: { workspace: '17' } } as const;
  const first = await openTimeConnection(books, accounted, facts);
  says({ window: () => pages([hour('a'), hour('b')]) });
  await first.read();
  const before = (await first.inside((tx) => connections.find(tx, first.connectionId)))!;
  await first.inside((tx) => changeConnection(tx, first.deps.secrets, before, { status: 'disconnected' }));
  const again = await first.beside(accounted, facts, 'Connected again');
  says({ window: () => pages([hour('a', { quantity: 7_200 }), hour('b')]) });
  await again.read();
  expect((await again.entries()).map(({ id, open }) => [id, open])).toEqual([
    ['a', 7_200],
    ['b', 3_600],
  ]);
  const other = await first.beside(accounted, { ...facts, settings: { workspace: '18' } }, 'Another account');
  says({ window: () => pages([hour('a')]) });
  await other.read();
  expect((await other.entries()).map(({ id }) => id)).toEqual(['a', 'a', 'b']);
});

test('an account that two connections read is billed of one of them, and the other says so', async () => {
  const facts = { goLiveOn, approval: 'automatic', settings: { workspace: '21' } } as const;
  const first = await openTimeConnection(books, accounted, facts);
  const second = await first.beside(accounted, facts, 'The same once more');
  says({ window: () => pages([hour('a'), hour('b')]) });
  await first.read();
  await second.read();
  await first.read();
  const held = () =>
    first.inside((tx) =>
      tx.rows<{ id: string; connectionId: string }>(
        `select e.external_id as id, s.connection_id from exceptions x
         join exception_entries k on k.workspace_id = $1 and k.exception_id = x.id and k.open
         join work_entries e on e.workspace_id = $1 and e.id = k.entry_id
         join sources s on s.workspace_id = $1 and s.id = e.source_id
         where x.workspace_id = $1 and x.rule = 'entry.duplicate' and x.status = 'open' and x.severity = 'E' order by 1`,
        [tx.workspaceId],
      ),
    );
  expect(await held()).toEqual(['a', 'b'].map((id) => ({ id, connectionId: second.connectionId })));
  // One that the first does not have any more is the second's alone.
  says({ window: () => pages([hour('a')]) });
  await first.read();
  says({ window: () => pages([hour('a'), hour('b')]) });
  await second.read();
  expect(await held()).toEqual([{ id: 'a', connectionId: second.connectionId }]);
});

test('a name that is mapped while a long reading goes on is known to its next page', async () => {
  const connection = await openTimeConnection(books, feeding, { goLiveOn });
  await connection.inside((tx) =>
    connections.update(tx, connection.connectionId, { ownership: { createMissing: ['client', 'person'] } }),
  );
  const nobody = { project: party('Nobody knows') };
  says({
    async *changedSince() {
      yield { entries: [hour('a', nobody)], unreadable: [], checkpoint: null };
      yield { entries: [], unreadable: [], checkpoint: null };
      // The page before this one is stored by now: a person sees its name, and maps it.
      await connection.inside(async (tx) => {
        const [client] = await tx.rows<{ id: string }>('select id from clients where workspace_id = $1', [
          tx.workspaceId,
        ]);
        const project = await insertProject(tx, { clientId: client!.id, code: 'HULL', name: 'Hull refit' });
        await insertMappingRule(tx, {
          targetKind: 'project',
          matchBy: 'external_id',
          matchValue: nobody.project.externalId,
          targetId: project.id,
        });
      });
      yield { entries: [hour('b', nobody)], unreadable: [], checkpoint: 'read' };
    },
  });
  await connection.read();
  const unmatched = await connection.inside((tx) =>
    tx.rows<{ id: string }>(
      `select e.external_id as id from work_entries e
       join entry_versions v on v.workspace_id = $1 and v.entry_id = e.id and v.version = e.current_version
       where e.workspace_id = $1 and v.project_id is null order by 1`,
      [tx.workspaceId],
    ),
  );
  expect(unmatched.map(({ id }) => id)).not.toContain('b');
});

test('Hubstaff: days that it tells no more by slots do not bring back what it has invoiced itself', async () => {
  const { sandbox, connection, slot, later, id } = await openHubstaff();
  slot('08:00');
  sandbox.changeActivity(slot('09:00'), { client_invoiced: true });
  later(120);
  await connection.read();
  const asRead = [
    { id, open: 600, settled: false },
    { id: `${id}:invoiced`, open: 0, settled: true },
  ];
  expect(await connection.entries()).toMatchObject(asRead);
  // Half a year on a row of the day is all that is left, and says nothing of invoices.
  later(180 * 24 * 60);
  await connection.ago('window', 361);
  await connection.read();
  expect(await connection.entries()).toMatchObject([asRead[0]!, { id: `${id}:invoiced`, open: 0 }]);
  await sandbox.close();
});

test('what is known and cannot be read any more is not billed as it was, until it can be read again', async () => {
  const connection = await openTimeConnection(books, feeding, { goLiveOn });
  says({ changedSince: () => pages([hour('a'), hour('b')]) });
  await connection.read();
  const odd = {
    position: 'a',
    raw: '{"hours":null}',
    truncated: false,
    reason: 'hours.missing',
    detail: 'No hours.',
  };
  says({
    async *changedSince() {
      yield { entries: [], unreadable: [odd], checkpoint: 'read' };
    },
  });
  await connection.read();
  const blocking = () =>
    connection.inside((tx) =>
      tx.rows<{ rule: string; severity: string; id: string }>(
        `select x.rule, x.severity, e.external_id as id from exceptions x
         join exception_entries k on k.workspace_id = $1 and k.exception_id = x.id and k.open
         join work_entries e on e.workspace_id = $1 and e.id = k.entry_id
         where x.workspace_id = $1 and x.status = 'open' and x.rule = 'entry.unreadable'`,
        [tx.workspaceId],
      ),
    );
  expect(await blocking()).toEqual([{ rule: 'entry.unreadable', severity: 'W', id: 'a' }]);
  says({ changedSince: () => pages([hour('a')]) });
  await connection.read();
  expect(await blocking()).toEqual([]);
  await connection.ago('window', 61);
  says({
    async *window() {
      yield { entries: [hour('b')], unreadable: [odd], checkpoint: null };
    },
  });
  await connection.read();
  expect(await blocking()).toMatchObject([{ id: 'a' }]);
});

test('what could not be read comes in when a setting is changed for it, and leaves quarantine', async () => {
  const connection = await openTimeConnection(books, feeding, { goLiveOn });
  const odd = {
    position: 'a',
    raw: '{"zone":null}',
    truncated: false,
    reason: 'zone.missing',
    detail: 'Set timeZone on the connection.',
  };
  let isSet = false;
  says({
    async *changedSince(_http, checkpoint) {
      const [entries, unreadable] = isSet ? [[hour('a', { workDate: day(200) })], []] : [[], [odd]];
      // Long before any window, and not changed since.
      if (checkpoint === null) yield { entries, unreadable, checkpoint: 'read' };
    },
  });
  await connection.read();
  expect(await connection.quarantined()).toMatchObject([{ position: 'a', status: 'open' }]);
  isSet = true;
  const before = (await connection.inside((tx) => connections.find(tx, connection.connectionId)))!;
  await connection.inside((tx) =>
    changeConnection(tx, connection.deps.secrets, before, { settings: { timeZone: 'Europe/Oslo' } }),
  );
  await connection.read();
  expect(await connection.entries()).toMatchObject([{ id: 'a', open: 3_600 }]);
  expect(await connection.quarantined()).toMatchObject([{ position: 'a', status: 'fixed' }]);
});
