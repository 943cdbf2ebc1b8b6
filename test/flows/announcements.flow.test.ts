/** Owns telling the finance team: of new exceptions in one word however many, once a day of what is open, and of what grows old. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { localDay } from '../../domain/day.ts';
import { startAnnouncer } from '../../runtime/announcer.ts';
import { announceExceptions } from '../../store/announcements.ts';
import { doDaily } from '../../store/daily.ts';
import type { WorkspaceTx } from '../../store/database.ts';
import { type RaisedFinding, raiseFindings } from '../../store/exceptions.ts';
import { newId } from '../../store/new-id.ts';
import { finishOperation, startOperation } from '../../store/operations.ts';
import { updateWorkspace } from '../../store/workspaces.ts';
import { keepLog, sleep, until } from '../support/loops.ts';
import type { TestMember } from '../support/make-member.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
let workspace: { id: string; key: string };
let manager: TestMember;
let contractor: TestMember;
const ends: (() => Promise<void>)[] = [];
beforeAll(async () => {
  api = await startApi();
});
beforeEach(async () => {
  workspace = await api.newWorkspace();
  manager = await api.newMember(workspace.id, 'manager', { name: 'Max Manager' });
  contractor = await api.newMember(workspace.id, 'contractor', { name: 'Cora Contractor' });
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});
afterAll(() => api.stop());

const inWorkspace = <T>(work: (tx: WorkspaceTx) => Promise<T>) =>
  api.test.database.inWorkspace(workspace.id, work);
const findings = (rule: string, from: number, count: number): RaisedFinding[] =>
  Array.from({ length: count }, (_, n) => ({
    rule,
    severity: 'E',
    subjectKey: `${rule}:${from + n}`,
    fingerprint: 'f',
    subjectType: 'entry',
    subjectId: null,
    detail: {},
    entries: [],
  }));
const raise = (...found: RaisedFinding[]) => inWorkspace((tx) => raiseFindings(tx, found));
interface Told {
  kind: string;
  title: string;
  body: string;
  quote: string | null;
  list: string[];
}
/** What the member was told in the app, oldest first. */
const toldTo = async (member: TestMember): Promise<Told[]> =>
  (
    (await api.call('GET', '/notifications?limit=200', { key: member.key })).json.items as Told[]
  ).toReversed();
const mails = () =>
  inWorkspace((tx) =>
    tx.rows<{ kind: string; params: Record<string, string> }>(
      'select kind, params from mails where workspace_id = $1 order by id',
      [workspace.id],
    ),
  );
function announcer() {
  const { logger } = keepLog();
  const loop = startAnnouncer({
    database: api.test.database,
    logger,
    everyMs: 20,
    quietMs: 300,
    longestMs: 20_000,
  });
  ends.push(() => loop.stop());
}

describe('new exceptions', () => {
  test('ten thousand of an import, in many chunks, make one word and one mail', async () => {
    announcer();
    const operation = await inWorkspace((tx) =>
      startOperation(tx, { kind: 'import', subjectId: null, total: null, startedBy: 'system' }),
    );
    for (let chunk = 0; chunk < 5; chunk += 1) {
      await raise(
        ...findings('match.project', chunk * 2_000, 1_800),
        ...findings('entry.over_24h', chunk * 2_000, 200),
      );
      await sleep(100);
    }
    await sleep(600);
    expect(await toldTo(manager)).toEqual([]);
    await inWorkspace((tx) => finishOperation(tx, operation.id, { status: 'done' }));
    await until('finance is told', async () => (await toldTo(manager)).length > 0);
    await sleep(500);
    expect(await toldTo(manager)).toMatchObject([
      {
        kind: 'exception.new',
        title: 'New exceptions: 10000',
        list: ['9000 × project not known', '1000 × one entry over 24 hours'],
      },
    ]);
    expect((await mails()).map((mail) => mail.kind)).toEqual(['exception.new']);
    expect(await toldTo(contractor)).toEqual([]);
  });

  test('are told at once where nothing else comes in, and each only once', async () => {
    announcer();
    await raise(...findings('match.client', 0, 1));
    await until('finance is told', async () => (await toldTo(manager)).length === 1);
    // The same again is no news; another is.
    await raise(...findings('match.client', 0, 1));
    await sleep(700);
    expect(await toldTo(manager)).toHaveLength(1);
    await raise(...findings('match.client', 0, 3));
    await until('the new ones are told', async () => (await toldTo(manager)).length === 2);
    expect((await toldTo(manager))[1]).toMatchObject({ list: ['2 × client not known'] });
  });

  test('by several processes at the same moment are told by one', async () => {
    await raise(...findings('match.client', 0, 100));
    const counts = await Promise.all(
      Array.from({ length: 6 }, () => inWorkspace((tx) => announceExceptions(tx, true))),
    );
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(100);
    expect(await toldTo(manager)).toHaveLength(1);
  });

  test('that are closed before anybody was told are not news', async () => {
    await raise(...findings('match.client', 0, 2));
    await inWorkspace((tx) =>
      tx.run(`update exceptions set status = 'fixed' where workspace_id = $1`, [workspace.id]),
    );
    expect(await inWorkspace((tx) => announceExceptions(tx, true))).toBe(0);
    expect(await toldTo(manager)).toEqual([]);
  });

  test('of held invoices and lost connections say so, with their reasons', async () => {
    const connection = await api.call('POST', '/connections', {
      key: workspace.key,
      body: {
        connector: 'harvest',
        name: 'Harvest of the yard',
        goLiveOn: '2026-01-01',
        settings: { accountId: '1' },
        secrets: { accessToken: 'token' },
      },
    });
    const held = (count: number, from: number, reason: string): RaisedFinding[] =>
      findings('invoice.held', from, count).map((finding) => ({
        ...finding,
        subjectType: 'client_invoice',
        subjectId: newId(),
        detail: { reason },
      }));
    await raise(
      ...held(3, 0, 'a line has no price'),
      ...held(1, 10, 'the purchase order is used up'),
      {
        ...findings('connection.authorization_lost', 0, 1)[0]!,
        subjectType: 'connection',
        subjectId: connection.json.id,
        detail: { reason: 'the token was revoked' },
      },
      ...findings('match.client', 0, 1),
    );
    await inWorkspace((tx) => announceExceptions(tx, true));
    const told = (await toldTo(manager)).toSorted((a, b) => a.kind.localeCompare(b.kind));
    expect(told).toMatchObject([
      {
        kind: 'connection.paused',
        title: 'The connection Harvest of the yard is paused',
        quote: 'the token was revoked',
      },
      { kind: 'exception.new', title: 'New exceptions: 1' },
      {
        kind: 'run.held',
        title: 'Held invoices: 4',
        list: ['3 × a line has no price', '1 × the purchase order is used up'],
      },
    ]);
    expect(told).toHaveLength(3);
  });

  test('a connection that somebody pauses is told to the others', async () => {
    const made = await api.call('POST', '/connections', {
      key: workspace.key,
      body: {
        connector: 'harvest',
        name: 'Harvest of the yard',
        goLiveOn: '2026-01-01',
        settings: { accountId: '1' },
        secrets: { accessToken: 'token' },
      },
    });
    const admin = await api.newMember(workspace.id, 'admin', { name: 'Ada Admin' });
    const pause = () =>
      api.call('PATCH', `/connections/${made.json.id}`, { key: admin.key, body: { status: 'paused' } });
    expect((await pause()).status).toBe(200);
    expect((await pause()).status).toBe(200);
    expect(await toldTo(manager)).toMatchObject([
      { kind: 'connection.paused', quote: 'Paused by key of Ada Admin.' },
    ]);
    expect(await toldTo(admin)).toEqual([]);
  });
});

describe('once a day', () => {
  /** A digest is due from midnight on in a zone whose day it is anyway. */
  const settings = (facts: Record<string, unknown> = {}) =>
    inWorkspace((tx) =>
      updateWorkspace(tx, { settings: { zone: 'Pacific/Auckland', digestTime: '00:00', ...facts } }),
    );
  const today = () => localDay(new Date(), 'Pacific/Auckland');
  const digests = async () => (await mails()).filter((mail) => mail.kind === 'digest.finance');

  test('the finance team is told what is open, by the workspace’s day, however often and by whomever it is swept', async () => {
    await settings();
    await raise(...findings('match.project', 0, 3), ...findings('match.client', 0, 1));
    await Promise.all([doDaily(api.test.database), doDaily(api.test.database), doDaily(api.test.database)]);
    await doDaily(api.test.database);
    expect(await digests()).toMatchObject([
      {
        params: {
          day: today(),
          open: `4 open exceptions, the oldest of ${today()}\n– 3 × project not known\n– 1 × client not known`,
        },
      },
    ]);
    // By mail only, unless one wants it in the app.
    expect((await toldTo(manager)).filter((told) => told.kind === 'digest.finance')).toEqual([]);
  });

  test('nothing open is nothing to tell; nor is anything told before its time of day', async () => {
    await settings();
    await doDaily(api.test.database);
    expect(await mails()).toEqual([]);
    const early = await api.newWorkspace('Early');
    workspace = early;
    await api.newMember(early.id, 'manager');
    // A place where it is before noon, or one where it is not: one of the two is before 23:59 for certain.
    await settings({ digestTime: '23:59' });
    await raise(...findings('match.project', 0, 3));
    const minute = new Intl.DateTimeFormat('en-GB', {
      timeZone: 'Pacific/Auckland',
      timeStyle: 'short',
    }).format(new Date());
    await doDaily(api.test.database);
    expect(await digests()).toHaveLength(minute === '23:59' ? 1 : 0);
  });

  test('a hub that was down for days tells today’s, and not those that it missed', async () => {
    const sandbox = async (clockAt: string) =>
      inWorkspace((tx) =>
        tx.run('update workspaces set clock_at = $2 where id = $1', [workspace.id, clockAt]),
      );
    await settings({ zone: 'Europe/Oslo', digestTime: '07:00' });
    await raise(...findings('match.project', 0, 1));
    await sandbox('2026-04-01T06:00:00Z');
    await doDaily(api.test.database);
    await sandbox('2026-04-05T04:59:00Z');
    await doDaily(api.test.database);
    // 06:59 in Oslo, then 07:01.
    expect((await digests()).map((mail) => mail.params.day)).toEqual(['2026-04-01']);
    await sandbox('2026-04-05T05:01:00Z');
    await doDaily(api.test.database);
    await doDaily(api.test.database);
    expect((await digests()).map((mail) => mail.params.day)).toEqual(['2026-04-01', '2026-04-05']);
  });

  test('an exception that is open for too long raises the alarm, once', async () => {
    await settings({ exceptionAgeDays: 3 });
    await raise(...findings('match.project', 0, 2), ...findings('match.client', 0, 1));
    const age = (rule: string, days: number) =>
      inWorkspace((tx) =>
        tx.run(
          `update exceptions set created_at = now() - $3 * interval '1 day' where workspace_id = $1 and rule = $2`,
          [workspace.id, rule, days],
        ),
      );
    // The workspace's clock moves on, and the age of exceptions with it: the younger one is not old enough then either.
    const nextDay = () =>
      inWorkspace((tx) =>
        tx.run(`update workspaces set clock_at = now() + interval '1 day' where id = $1`, [workspace.id]),
      );
    await age('match.project', 4);
    await age('match.client', 1);
    const alarms = async () => (await toldTo(manager)).filter((told) => told.kind === 'exception.aged');
    await doDaily(api.test.database);
    expect(await alarms()).toMatchObject([
      { title: 'Open for more than 3 days: 2', list: ['2 × project not known'] },
    ]);
    await nextDay();
    await doDaily(api.test.database);
    expect(await alarms()).toHaveLength(1);
  });
});
