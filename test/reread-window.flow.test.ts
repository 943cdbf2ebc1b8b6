/** Holds that time deleted or un-approved at Harvest is noticed although its feed says nothing of it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rereadWindow } from '../activities/reread-window.ts';
import { harvest } from '../connectors/harvest/index.ts';
import { type HarvestSandbox, startHarvestSandbox } from '../connectors/harvest/sandbox.ts';
import { createVendorHttp } from '../connectors/kit/http.ts';
import { unlimited } from '../connectors/kit/limit.ts';
import { entryContentHash } from '../domain/entry-content-hash.ts';
import type { SourceEntry } from '../domain/work-entry.ts';
import { ensureSource, openMatcher, takeIn } from '../store/intake.ts';
import { newId } from '../store/new-id.ts';
import { readTotals } from '../store/totals.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { newWorkspace } from './support/loops.ts';

let books: TestDatabase;
let sandbox: HarvestSandbox;
const today = '2026-03-20';

beforeAll(async () => {
  books = await createTestDatabase();
  sandbox = await startHarvestSandbox({ accountId: '1', accessToken: 'token', rateLimit: 'off' });
});
afterAll(async () => {
  await sandbox.close();
  await books.drop();
});

async function open() {
  const { database } = books;
  const workspaceId = await newWorkspace(database);
  const connectionId = newId();
  const sourceId = await database.inWorkspace(workspaceId, async (tx) => {
    await tx.run(
      `insert into connections (workspace_id, id, connector, name, go_live_on) values ($1, $2, 'harvest', 'Harvest', '2026-01-01')`,
      [workspaceId, connectionId],
    );
    return ensureSource(tx, { kind: 'connection', name: 'Harvest', connectionId });
  });
  const http = createVendorHttp({
    connector: harvest,
    settings: { accountId: '1', contact: 'ops@example.com' },
    credentials: { accessToken: () => Promise.resolve('token') },
    baseUrlOverride: sandbox.url,
    allowLoopback: true,
    limiter: unlimited,
  });
  const matcher = await database.inWorkspace(workspaceId, (tx) => openMatcher(tx, sourceId));
  const takePage = async (entries: SourceEntry[]) => {
    await database.inWorkspace(workspaceId, (tx) =>
      takeIn(
        tx,
        matcher,
        {
          entries: entries.map((entry) => ({ entry, contentHash: entryContentHash(entry) })),
          unreadable: [],
        },
        {
          sourceId,
          operationId: newId(),
          actor: 'test',
          createMissing: ['client', 'project', 'task', 'person'],
          goLiveOn: null,
          today,
          currency: 'USD',
          severities: {},
        },
      ),
    );
  };
  for await (const page of harvest.timeSource!.changedSince!(http, null)) await takePage(page.entries);
  const reread = (more: { mostLiving?: number } = {}) =>
    rereadWindow(
      database,
      {
        workspaceId,
        connectionId,
        sourceId,
        today,
        timeSource: harvest.timeSource!,
        http,
        takePage,
        ...more,
      },
      true,
    );
  const states = () =>
    database.inWorkspace(workspaceId, (tx) =>
      tx.rows<{ externalId: string; deleted: boolean; approval: string; open: number }>(
        `select e.external_id, e.deleted_at is not null as deleted, v.approval, b.quantity - b.claimed as open from work_entries e
         join entry_versions v on v.workspace_id = $1 and v.entry_id = e.id and v.version = e.current_version
         join entry_balance b on b.workspace_id = $1 and b.entry_id = e.id and b.version = e.current_version
         where e.workspace_id = $1 order by e.external_id`,
        [workspaceId],
      ),
    );
  return { workspaceId, reread, states };
}

test('an entry deleted at Harvest offers nothing any more, one whose approval was withdrawn waits', async () => {
  const user = sandbox.addUser({ first_name: 'Ines', last_name: 'Roth', email: 'ines@example.com' });
  const client = sandbox.addClient({ name: 'North Sea Lines' });
  const project = sandbox.addProject({ name: 'Hull', code: 'NSL-1', client_id: client.id });
  const task = sandbox.addTask({ name: 'Survey' });
  const add = (id: number, hours: number) =>
    sandbox.addEntry({
      id,
      spent_date: '2026-03-10',
      user_id: user.id,
      project_id: project.id,
      task_id: task.id,
      hours,
      approval_status: 'approved',
      created_at: '2026-03-10T18:00:00Z',
      updated_at: '2026-03-10T18:00:00Z',
    });
  add(101, 1);
  add(102, 2);
  add(103, 3);
  const { workspaceId, reread, states } = await open();
  expect(await states()).toHaveLength(3);

  sandbox.deleteEntry(101);
  sandbox.updateEntry(102, { approval_status: 'unsubmitted' }, { touch: false });
  // Never approved, so never taken in: the second reading must not bring it either.
  add(104, 4);
  sandbox.updateEntry(104, { approval_status: 'unsubmitted' });

  expect(await reread()).toEqual({ deleted: 1 });
  expect(await states()).toEqual([
    { externalId: '101', deleted: true, approval: 'approved', open: 0 },
    { externalId: '102', deleted: false, approval: 'unsubmitted', open: 7200 },
    { externalId: '103', deleted: false, approval: 'approved', open: 10_800 },
  ]);
  const open_ = await books.database.inWorkspace(workspaceId, (tx) => readTotals(tx, 'open_seconds'));
  expect([...open_.values()]).toEqual(['18000']);
  expect(await reread()).toEqual({ deleted: 0 });
});

test('of more entries than are compared at once the newest are looked for too', async () => {
  const user = sandbox.addUser({ first_name: 'Ola', last_name: 'Vik', email: 'ola@example.com' });
  const client = sandbox.addClient({ name: 'South Sea Lines' });
  const project = sandbox.addProject({ name: 'Keel', code: 'SSL-1', client_id: client.id });
  const task = sandbox.addTask({ name: 'Painting' });
  const add = (id: number, spentDate: string) =>
    sandbox.addEntry({
      id,
      spent_date: spentDate,
      user_id: user.id,
      project_id: project.id,
      task_id: task.id,
      hours: 1,
      approval_status: 'approved',
    });
  const days = ['2026-02-10', '2026-02-20', '2026-03-01', '2026-03-05', '2026-03-18'];
  for (const [index, spentDate] of days.entries()) add(201 + index, spentDate);
  const { reread, states } = await open();
  sandbox.deleteEntry(205);
  expect(await reread({ mostLiving: 2 })).toEqual({ deleted: 1 });
  expect((await states()).filter(({ deleted }) => deleted).map(({ externalId }) => externalId)).toEqual([
    '205',
  ]);
});
