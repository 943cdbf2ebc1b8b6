/** Owns what a connection takes in: by its scope and approval, with or without a feed, by webhooks, and what is gone from there. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dryRun } from '../../activities/dry-run.ts';
import { type Connector, defineConnector, type TimeSource } from '../../connectors/kit/define.ts';
import type { VendorHttp } from '../../connectors/kit/http.ts';
import { connectors } from '../../connectors/kit/registry.ts';
import { addDays } from '../../domain/day.ts';
import type { SourceEntry } from '../../domain/work-entry.ts';
import { writeScope } from '../../store/connection-scope.ts';
import { connections } from '../../store/connections.ts';
import { askResync } from '../../store/resyncs.ts';
import { clockPlatform, clockWebhooks } from '../support/clock-platform.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { sourceEntry } from '../support/source-entry.ts';
import { openTimeConnection, type TimeConnectionFacts } from '../support/time-connection.ts';

/** What the platform holds, and how it was asked. */
let held = new Map<string, SourceEntry>();
let windows: string[] = [];
let asked: string[] = [];
let told: { deleted: string[] } = { deleted: [] };

const today = new Date().toISOString().slice(0, 10);
const day = (ago: number) => addDays(today, -ago);
const ref = (name: string, code: string | null = null) => ({ externalId: `id of ${name}`, code, name });
function work(externalId: string, over: Partial<SourceEntry> = {}): void {
  held.set(
    externalId,
    sourceEntry(externalId, {
      workDate: day(2),
      zone: 'UTC',
      person: { ...ref('Ines Roth'), email: 'ines@nordwerft.example' },
      client: ref('Nordlicht'),
      project: ref('Hull refit', 'HULL'),
      ...over,
    }),
  );
}
const page = (entries: SourceEntry[]) => ({ entries, unreadable: [], checkpoint: null });
const windowOf: Pick<TimeSource, 'window' | 'readEntry'> = {
  async *window(_http, from, to) {
    await Promise.resolve();
    windows.push(`${from}..${to}`);
    for (const entry of held.values())
      if (entry.workDate >= from && entry.workDate <= to) yield page([entry]);
  },
  readEntry: (_http, externalId) => {
    asked.push(externalId);
    return Promise.resolve(held.get(externalId) ?? null);
  },
};
const base = { ...clockPlatform, webhooks: clockWebhooks };
const feedless: Connector = defineConnector({
  ...base,
  id: 'test-feedless',
  name: 'Clock without a feed',
  timeSource: {
    rescan: { days: 30, everyMinutes: 60 },
    tellsDeletions: false,
    tellsApproval: false,
    ...windowOf,
  },
});
/** Its feed brings an entry once, and never one that was dated back. */
const feeding: Connector = defineConnector({
  ...base,
  id: 'test-feeding',
  name: 'Clock with a feed',
  timeSource: {
    rescan: { days: 30, everyMinutes: 60 },
    tellsDeletions: true,
    tellsApproval: true,
    ...windowOf,
    async *changedSince(_http, checkpoint) {
      await Promise.resolve();
      const entries = [...held.values()].filter(
        (entry) => entry.notes !== 'dated back' && (checkpoint === null || entry.externalId > checkpoint),
      );
      const { deleted } = told;
      told = { deleted: [] };
      const newest =
        entries
          .map((entry) => entry.externalId)
          .toSorted()
          .at(-1) ?? checkpoint;
      yield { entries, unreadable: [], deleted, checkpoint: newest };
    },
  },
});

let books: TestDatabase;
beforeAll(async () => {
  (connectors as Map<string, Connector>).set(feedless.id, feedless).set(feeding.id, feeding);
  books = await createTestDatabase();
});
afterAll(async () => {
  (connectors as Map<string, Connector>).delete(feedless.id);
  (connectors as Map<string, Connector>).delete(feeding.id);
  await books.drop();
});

async function open(
  connector: Connector,
  { goLiveOn = day(10), approval = 'automatic', scope }: Partial<TimeConnectionFacts> = {},
) {
  held = new Map();
  windows = [];
  asked = [];
  const opened = await openTimeConnection(books, connector, {
    goLiveOn,
    approval,
    ...(scope && { scope }),
  });
  return {
    ...opened,
    hint: (externalId: string) => opened.hint([externalId]),
    entries: async () =>
      (await opened.entries()).map((entry) => {
        const { day: _, ...rest } = entry;
        return rest;
      }),
  };
}

test('a platform without a feed is read once for the time since go-live, then by its window, each day once a poll', async () => {
  const clock = await open(feedless, { goLiveOn: day(200) });
  work('a', { workDate: day(180) });
  work('b');
  expect(await clock.read()).toMatchObject({ status: 'done', result: { created: 2 } });
  expect(windows).toEqual([`${day(200)}..${day(109)}`, `${day(108)}..${day(17)}`, `${day(16)}..${today}`]);
  windows = [];
  held.delete('b');
  work('c', { workDate: day(29) });
  expect(await clock.read()).toMatchObject({ result: { created: 1, deleted: 1 } });
  expect(windows).toEqual([`${day(30)}..${today}`]);
  expect(asked).toEqual(['b']);
  expect((await clock.entries()).map(({ id, gone }) => [id, gone])).toEqual([
    ['a', null],
    ['b', 'deleted'],
    ['c', null],
  ]);
});

test('work that was moved out of the window is asked for, and stays', async () => {
  const clock = await open(feedless, { goLiveOn: day(100) });
  work('a');
  await clock.read();
  work('a', { workDate: day(60) });
  await clock.read();
  expect(asked).toEqual(['a']);
  expect(await clock.entries()).toMatchObject([{ id: 'a', gone: null, open: 3_600 }]);
});

test('where a platform tells no approval, finished work counts as approved only if the card says so', async () => {
  const automatic = await open(feedless);
  work('done', { approval: 'unsubmitted' });
  work('refused', { approval: 'rejected' });
  work('ticking', { approval: 'unsubmitted', running: true });
  await automatic.read();
  expect((await automatic.entries()).map(({ id, approval }) => [id, approval])).toEqual([
    ['done', 'approved'],
    ['refused', 'rejected'],
    ['ticking', 'unsubmitted'],
  ]);
  const byPlatform = await open(feedless, { approval: 'platform' });
  work('done', { approval: 'unsubmitted' });
  await byPlatform.read();
  expect(await byPlatform.entries()).toMatchObject([{ id: 'done', approval: 'unsubmitted' }]);
});

test('what is outside the scope is counted by reason and not taken in, and comes in when the scope is widened', async () => {
  const clock = await open(feedless, {
    scope: { billableOnly: true, include: { client: ['Nordlicht'] }, exclude: { tag: ['intern*'] } },
  });
  work('in');
  work('free', { billable: false });
  work('other', { client: ref('Südlicht') });
  work('tagged', { tags: ['Internal'] });
  const { result } = await clock.read();
  expect(result).toMatchObject({
    created: 1,
    outside: 3,
    outsideBy: { not_billable: 1, client_not_included: 1, tag_excluded: 1 },
  });
  expect((await clock.entries()).map(({ id }) => id)).toEqual(['in']);
  await clock.inside((tx) => writeScope(tx, clock.connectionId, { exclude: { tag: ['intern*'] } }));
  expect((await clock.read()).result).toMatchObject({ created: 2, outside: 1 });
});

test('an entry that moves out of the scope offers nothing any more, in its own words, and comes back with the next move', async () => {
  const clock = await open(feedless, { scope: { include: { project: ['HULL'] } } });
  work('a');
  await clock.read();
  work('a', { project: ref('Office', 'OFF') });
  expect((await clock.read()).result).toMatchObject({ leftScope: 1, outside: 1, deleted: 0 });
  expect(await clock.entries()).toMatchObject([{ id: 'a', gone: 'out_of_scope' }]);
  work('a');
  await clock.read();
  expect(await clock.entries()).toMatchObject([{ id: 'a', gone: null, open: 3_600 }]);
});

test('work before go-live is counted and settled elsewhere', async () => {
  const clock = await open(feeding, { goLiveOn: day(5), approval: 'platform' });
  work('old', { workDate: day(6) });
  work('young', { workDate: day(5) });
  expect((await clock.read()).result).toMatchObject({ created: 2, beforeGoLive: 1 });
  expect(await clock.entries()).toMatchObject([
    { id: 'old', settled: true, open: 0 },
    { id: 'young', settled: false, open: 3_600 },
  ]);
});

test('an approved entry that the feed never told of is found by the re-scan, an open one is left to the feed', async () => {
  const clock = await open(feeding, { approval: 'platform' });
  work('a');
  await clock.read();
  work('missed', { notes: 'dated back', workDate: day(20) });
  work('open', { notes: 'dated back', approval: 'unsubmitted' });
  await clock.read();
  expect((await clock.entries()).map(({ id }) => id)).toEqual(['a']);
  await clock.ago('window', 61);
  await clock.read();
  expect((await clock.entries()).map(({ id }) => id)).toEqual(['a', 'missed']);
});

test('a person has a stretch of days read again, and what lies outside the window comes in', async () => {
  const clock = await open(feeding, { approval: 'platform', goLiveOn: day(300) });
  await clock.read();
  work('far', { notes: 'dated back', workDate: day(250) });
  await clock.inside((tx) =>
    askResync(tx, clock.connectionId, { from: day(260), to: day(240) }, 'member:someone'),
  );
  expect(await clock.step()).toBe('sync_time');
  await clock.read();
  expect(await clock.operations('resync')).toMatchObject([
    { status: 'done', result: { from: day(260), to: day(240), created: 1 } },
  ]);
  expect(await clock.entries()).toMatchObject([{ id: 'far', gone: null }]);
  const far = clock.inside((tx) => askResync(tx, clock.connectionId, { from: day(400), to: day(1) }, 'me'));
  await expect(far).rejects.toMatchObject({ code: 'connection.resync_span' });
});

test('what the feed itself tells as deleted is deleted at once', async () => {
  const clock = await open(feeding, { approval: 'platform' });
  work('a');
  await clock.read();
  told = { deleted: ['a', 'never here'] };
  expect((await clock.read()).result).toMatchObject({ deleted: 1 });
  expect(asked).toEqual([]);
});

test('webhooks that come late, twice and in the wrong order make us ask for the entry, and its last state counts', async () => {
  const clock = await open(feedless, { goLiveOn: day(100) });
  work('a');
  work('b');
  await clock.read();
  windows = [];
  work('a', { quantity: 7_200 });
  held.delete('b');
  // The word of the deletion comes before that of a change, and both come twice.
  for (const id of ['b', 'a', 'b', 'a', 'gone long ago']) await clock.hint(id);
  await clock.read();
  expect(windows).toEqual([]);
  expect(asked.toSorted()).toEqual(['a', 'b', 'gone long ago']);
  expect((await clock.entries()).map(({ id, gone, open: left }) => [id, gone, left])).toEqual([
    ['a', null, 7_200],
    ['b', 'deleted', 0],
  ]);
  // They were looked into; the next reading is the ordinary one.
  asked = [];
  await clock.read();
  expect(asked).toEqual([]);
  expect(windows).toHaveLength(1);
});

test('cost centres are kept with what the source called the parties, and a new one is a new version', async () => {
  const clock = await open(feedless);
  work('a', { costCentre: 'CC-1' });
  await clock.read();
  work('a', { costCentre: 'CC-2' });
  expect((await clock.read()).result).toMatchObject({ changed: 1 });
  const rows = await clock.inside((tx) =>
    tx.rows<{ costCentre: string }>(
      `select source_refs ->> 'costCentre' as cost_centre from entry_versions where workspace_id = $1 order by version`,
      [tx.workspaceId],
    ),
  );
  expect(rows).toEqual([{ costCentre: 'CC-1' }, { costCentre: 'CC-2' }]);
});

test('a dry run says what would come in, from whom and why not, and stores nothing', async () => {
  const clock = await open(feedless, {
    goLiveOn: day(10),
    scope: { exclude: { tag: ['internal'] } },
  });
  work('known');
  await clock.read();
  work('new', { project: ref('Nobody knows', 'NEW') });
  work('tagged', { tags: ['internal'] });
  const before = await clock.entries();
  const connection = (await clock.inside((tx) => connections.find(tx, clock.connectionId)))!;
  const http = {} as VendorHttp;
  const vendor = { connection, connector: feedless, http, direct: http, timeoutMs: 1_000 };
  const found = await dryRun(clock.deps, clock.workspaceId, vendor);
  expect(found).toMatchObject({
    entries: 3,
    new: 2,
    known: 1,
    approved: 2,
    outside: 1,
    outsideBy: { tag_excluded: 1 },
    unmatched: [{ kind: 'project', name: 'Nobody knows', entries: 1 }],
    isCut: false,
  });
  expect(found.rows.map(({ externalId, outside }) => [externalId, outside])).toEqual([
    ['known', null],
    ['new', null],
    ['tagged', 'tag_excluded'],
  ]);
  expect(await clock.entries()).toEqual(before);
});
