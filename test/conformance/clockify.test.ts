import { describe, expect, onTestFinished, test } from 'vitest';
import { clockify } from '../../connectors/clockify/index.ts';
import type { ClockifySandboxOptions } from '../../connectors/clockify/sandbox.ts';
import { startStand } from '../../connectors/clockify/stand.ts';
import type { EntryPage } from '../../connectors/kit/define.ts';
import { AuthorizationLost, InvalidRequest } from '../../connectors/kit/errors.ts';
import { all, failureOf, httpTo } from './loopback.ts';

const source = clockify.timeSource!;

async function start(options: Partial<ClockifySandboxOptions> = {}, settings: Record<string, string> = {}) {
  const stand = await startStand(options);
  onTestFinished(() => stand.sandbox.close());
  const http = httpTo(clockify, stand.sandbox.url, { settings: { ...stand.settings, ...settings } });
  const gathered = async (listed: AsyncIterable<EntryPage>) => {
    const pages = await all(listed);
    return {
      entries: pages.flatMap((page) => page.entries),
      unreadable: pages.flatMap((page) => page.unreadable),
      checkpoint: pages.map((page) => page.checkpoint).findLast((reached) => reached !== null) ?? null,
    };
  };
  const read = (checkpoint: string | null = null) => gathered(source.changedSince!(http, checkpoint));
  const window = () => gathered(source.window(http, '2026-03-01', '2026-03-31'));
  const reports = () => stand.sandbox.requests.filter(({ path }) => path.endsWith('/reports/detailed'));
  return { ...stand, http, read, window, reports };
}

describe('the sandbox refuses what Clockify refuses', () => {
  const workspace = '/api/v1/workspaces/5f0a1b2c3d4e5f6071829304';
  const report = '/v1/workspaces/5f0a1b2c3d4e5f6071829304/reports/detailed';
  const bounds = { dateRangeStart: '2026-03-01T00:00:00Z', dateRangeEnd: '2026-03-02T00:00:00Z' };
  const asked = (body: object) => ({ method: 'POST', body: JSON.stringify(body) });
  const detailedFilter = { page: 1, pageSize: 200 };

  test.each([
    ['a wrong key', workspace, { headers: { 'x-api-key': 'x' } }, 401],
    ['another workspace', '/api/v1/workspaces/000000000000000000000000/users', {}, 403],
    ['the core API on the reports host', '/v1/workspaces/5f0a1b2c3d4e5f6071829304/users', {}, 404],
    ['a page 0', `${workspace}/users?page=0`, {}, 400],
    ['an unknown parameter', `${workspace}/users?since=1`, {}, 400],
    ['a report without bounds', report, asked({ detailedFilter }), 400],
    ['a report page of 1001', report, asked({ ...bounds, detailedFilter: { page: 1, pageSize: 1001 } }), 400],
    ['an unknown field', report, asked({ ...bounds, detailedFilter, approved: true }), 400],
    ['a mark in bulk', `${workspace}/time-entries/invoiced/bulk`, { method: 'PATCH', body: '{}' }, 404],
    ['a nameless webhook', `${workspace}/webhooks`, asked({ name: 'x' }), 400],
  ])('%s', async (_, path, init, status) => {
    const { sandbox } = await start();
    const answer = await fetch(sandbox.url + path, { headers: { 'x-api-key': 'token-one' }, ...init });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ message: expect.any(String), code: expect.any(Number) });
  });

  test('bounds are wall clock in every zone but UTC', async () => {
    const { sandbox, time } = await start();
    // 00:30 in Berlin is 23:30 of the day before in UTC.
    time.add({ day: '2026-03-02', seconds: 60, startsAt: '00:30' });
    const count = async (timeZone: string) => {
      const body = {
        dateRangeStart: '2026-03-02T00:00:00Z',
        dateRangeEnd: '2026-03-02T23:59:59Z',
        timeZone,
        detailedFilter,
      };
      const headers = { 'x-api-key': 'token-one' };
      const answer = await fetch(sandbox.url + report, { ...asked(body), headers });
      return ((await answer.json()) as { timeentries: unknown[] }).timeentries.length;
    };
    expect(await count('Europe/Berlin')).toBe(1);
    expect(await count('UTC')).toBe(0);
  });
});

test('an entry comes with person, client, groups, tags, zone, price and the day where it was worked', async () => {
  const { sandbox, window } = await start();
  const user = sandbox.addUser({
    name: 'Tom Sato',
    email: 'tom@nordwerft.example',
    timeZone: 'Asia/Tokyo',
    group: 'Welders',
  });
  const clientId = sandbox.addClient('Nordlicht GmbH');
  const projectId = sandbox.addProject({ name: 'Hull refit', clientId, rate: 12_050 });
  const taskId = sandbox.addTask({ name: 'Welding', projectId });
  const { id } = sandbox.addEntry({
    userId: user.id,
    projectId,
    taskId,
    tags: ['night'],
    description: 'Frame 12',
    start: '2026-03-10T15:30:00Z',
    end: '2026-03-10T17:00:31Z',
    seconds: 5_431,
  });
  expect((await window()).entries).toEqual([
    {
      externalId: id,
      kind: 'labor',
      workDate: '2026-03-11',
      zone: 'Asia/Tokyo',
      startedAt: '2026-03-10T15:30:00.000Z',
      endedAt: '2026-03-10T17:00:31.000Z',
      quantity: 5_431,
      person: { externalId: user.id, code: null, name: 'Tom Sato', email: 'tom@nordwerft.example' },
      client: { externalId: clientId, code: null, name: 'Nordlicht GmbH' },
      project: { externalId: projectId, code: null, name: 'Hull refit' },
      task: { externalId: taskId, code: null, name: 'Welding' },
      position: null,
      billable: true,
      running: false,
      approval: 'unsubmitted',
      billedElsewhere: false,
      notes: 'Frame 12',
      rate: '120.50',
      cost: null,
      currency: null,
      sourceUpdatedAt: null,
      tags: ['night'],
      groups: ['Welders'],
    },
  ]);
});

test('every report is asked for in UTC, unrounded, and for 31 days at most', async () => {
  const { time, http, reports } = await start();
  time.add({ day: '2026-03-10', seconds: 60 });
  await all(source.window(http, '2026-01-01', '2026-03-31'));
  expect(reports().length).toBeGreaterThan(4);
  for (const { body } of reports()) {
    const { timeZone, rounding, dateRangeStart, dateRangeEnd } = body as Record<string, string>;
    expect({ timeZone, rounding }).toEqual({ timeZone: 'UTC', rounding: false });
    expect(Date.parse(dateRangeEnd!) - Date.parse(dateRangeStart!)).toBeLessThanOrEqual(31 * 86_400_000);
  }
});

test('one entry reads the same from both hosts, though its duration has two units', async () => {
  const { time, http, window, sandbox } = await start();
  const entryId = time.add({ day: '2026-03-10', seconds: 5_431, approved: false });
  const { entries } = await window();
  expect(await source.readEntry(http, entryId)).toEqual(entries[0]);
  // What no report holds comes from the core: a timer that runs.
  sandbox.updateEntry(entryId, { end: null });
  expect((await window()).entries).toEqual([]);
  expect(await source.readEntry(http, entryId)).toMatchObject({
    running: true,
    quantity: 0,
    client: { name: 'Nordlicht GmbH' },
    project: { name: 'Hull refit' },
  });
});

test.each([404, 400] as const)('an entry that is gone is gone, said by a %i', async (missingEntry) => {
  const { http } = await start({ missingEntry });
  expect(await source.readEntry(http, '66e5a1f0c3d2b14a90aa1001')).toBeNull();
});

test('breaks, holidays and time off are read, and none of them is billed', async () => {
  const { time, sandbox, window } = await start();
  for (const type of ['REGULAR', 'BREAK', 'HOLIDAY', 'TIME_OFF'])
    sandbox.updateEntry(time.add({ day: '2026-03-10', seconds: 60, notes: type }), { type });
  const { entries } = await window();
  expect(new Map(entries.map(({ notes, billable }) => [notes, billable]))).toEqual(
    new Map([
      ['REGULAR', true],
      ['BREAK', false],
      ['HOLIDAY', false],
      ['TIME_OFF', false],
    ]),
  );
});

describe('approval requests', () => {
  test('each state of a request is told apart, and what was invoiced there is settled there', async () => {
    const { time, window, sandbox } = await start();
    const approved = time.add({ day: '2026-03-09', seconds: 60 });
    const invoiced = time.add({ day: '2026-03-10', seconds: 60 });
    const pending = time.add({ day: '2026-03-11', seconds: 60, approved: false });
    sandbox.updateEntry(invoiced, { invoiced: true });
    const { entries } = await window();
    const told = new Map(entries.map((entry) => [entry.externalId, [entry.approval, entry.billedElsewhere]]));
    expect(told).toEqual(
      new Map([
        [approved, ['approved', false]],
        [invoiced, ['approved', true]],
        [pending, ['submitted', false]],
      ]),
    );
  });

  test('an approval brings the entries of its days, a withdrawal reverses them, and nothing else is read', async () => {
    const { time, read, later, reports, sandbox } = await start();
    const first = time.add({ day: '2026-03-09', seconds: 60, approved: false });
    time.add({ day: '2026-03-10', seconds: 60 });
    later(60);
    const before = await read();
    expect(before.entries).toHaveLength(2);
    later(60);
    const [entry] = sandbox.entries;
    const request = {
      userId: entry!.userId,
      start: '2026-03-08T23:00:00.000Z',
      end: '2026-03-09T22:59:59.000Z',
    };
    sandbox.setApproval({ ...request, state: 'APPROVED' });
    const approved = await read(before.checkpoint);
    expect(approved.entries.map(({ externalId, approval }) => [externalId, approval])).toEqual([
      [first, 'approved'],
    ]);
    later(60);
    sandbox.setApproval({ ...request, state: 'WITHDRAWN_APPROVAL' });
    const withdrawn = await read(approved.checkpoint);
    expect(withdrawn.entries.map(({ externalId, approval }) => [externalId, approval])).toEqual([
      [first, 'submitted'],
    ]);
    // What was decided in the last minutes is read again, for another of that moment may only now show; then nothing is.
    later(20);
    const again = await read(withdrawn.checkpoint);
    expect(again.entries.map(({ approval }) => approval)).toEqual(
      withdrawn.entries.map(({ approval }) => approval),
    );
    sandbox.requests.length = 0;
    expect((await read(again.checkpoint)).entries).toEqual([]);
    expect(reports()).toEqual([]);
  });

  test('a rejection, which cannot be listed, shows in the window', async () => {
    const { time, window, sandbox } = await start();
    time.add({ day: '2026-03-09', seconds: 60 });
    const [entry] = sandbox.entries;
    const days = { start: '2026-03-08T23:00:00.000Z', end: '2026-03-09T22:59:59.000Z' };
    sandbox.setApproval({ userId: entry!.userId, ...days, state: 'REJECTED' });
    expect((await window()).entries).toMatchObject([{ approval: 'submitted' }]);
  });

  test('people with the same days are read together', async () => {
    const { time, read, reports } = await start();
    for (const name of ['Ada Berg', 'Bo Dahl', 'Cy Eng'])
      time.add({ day: '2026-03-09', seconds: 60, person: { name, email: `${name[0]}@nordwerft.example` } });
    expect((await read()).entries).toHaveLength(3);
    // Approved and not, invoiced and not.
    expect(reports()).toHaveLength(4);
    for (const { body } of reports())
      expect((body as { users: { ids: string[] } }).users.ids).toHaveLength(3);
  });

  test('a request that cannot be read is kept and stops nothing', async () => {
    const { time, read, sandbox } = await start();
    time.add({ day: '2026-03-09', seconds: 60 });
    sandbox.setApproval({
      userId: sandbox.entries[0]!.userId,
      start: 'soon',
      end: 'later',
      state: 'APPROVED',
    });
    const { entries, unreadable } = await read();
    expect(entries).toHaveLength(1);
    expect(unreadable).toMatchObject([
      { reason: 'start.invalid', position: expect.stringMatching(/^approval request /) },
    ]);
  });

  test('a workspace without them is refused when it is connected, and read whole where that was said', async () => {
    const refused = await start({ plan: 'FREE' });
    expect(await failureOf(clockify.test(refused.http))).toMatchObject({ vendorCode: 'approvals_off' });
    const { http, time, read, later } = await start({ plan: 'FREE' }, { approvals: 'none' });
    expect(await clockify.test(http)).toEqual({ account: 'Nordwerft', warnings: [] });
    const old = time.add({ day: '2025-06-10', seconds: 60 });
    const recent = time.add({ day: '2026-03-10', seconds: 60 });
    const first = await read();
    expect(first.entries.map(({ externalId, approval }) => [externalId, approval])).toEqual([
      [old, 'submitted'],
      [recent, 'submitted'],
    ]);
    later(24 * 60);
    const second = await read(first.checkpoint);
    expect(second.entries.map((entry) => entry.externalId)).toEqual([recent]);
    expect(second.checkpoint).toBe('2026-03-21');
  });
});

test('lists that ignore the page size end by their header', async () => {
  const { sandbox, http, time } = await start({ pageSizeMax: 2 });
  for (let n = 0; n < 5; n += 1)
    time.add({
      day: '2026-03-10',
      seconds: 60,
      person: { name: `Person ${n}`, email: `p${n}@nordwerft.example` },
    });
  const people = (await all(clockify.lookUps!.person!(http))).flat();
  expect(people.map(({ name }) => name)).toEqual([
    'Person 0',
    'Person 1',
    'Person 2',
    'Person 3',
    'Person 4',
  ]);
  expect(sandbox.requests.filter(({ path }) => path.endsWith('/users'))).toHaveLength(3);
});

test('what a batch of marks is refused for is found, and the others are marked', async () => {
  const { time, http, sandbox } = await start();
  const ids = [9, 10, 11, 12, 13].map((day) =>
    time.add({ day: `2026-03-${String(day).padStart(2, '0')}`, seconds: 60 }),
  );
  sandbox.removeEntry(ids[3]!);
  const { done, refused } = await clockify.billedMarks!.mark(http, ids, true);
  expect(done).toEqual(ids.filter((id) => id !== ids[3]));
  expect(refused).toEqual([{ externalId: ids[3], reason: expect.stringContaining('do not belong') }]);
  expect(time.billed()).toEqual(done);
});

test('a key of another workspace, or of somebody who sees a part only, is told at once', async () => {
  const elsewhere = await start({}, { workspaceId: '000000000000000000000000' });
  expect(await failureOf(clockify.test(elsewhere.http))).toMatchObject({ vendorCode: 'workspace_unknown' });
  const { http } = await start({ isAdmin: false });
  expect((await clockify.test(http)).warnings).toHaveLength(1);
});

test.each([
  [{}, 'https://api.clockify.me/api/v1', 'https://reports.api.clockify.me/v1'],
  [{ region: 'euc1' }, 'https://euc1.clockify.me/api/v1', 'https://euc1.clockify.me/report/v1'],
  [{ subdomain: 'nordwerft' }, 'https://api.clockify.me/api/v1', 'https://nordwerft.clockify.me/report/v1'],
])('the pair of hosts follows the settings: %j', (settings, core, reportsHost) => {
  expect(clockify.baseUrl(settings)).toBe(core);
  expect(clockify.hosts!.reports!(settings)).toBe(reportsHost);
});

test('an unknown region is refused before a key is sent anywhere', () => {
  expect(() => clockify.baseUrl({ region: 'evil.example/' })).toThrow(InvalidRequest);
  expect(() => clockify.hosts!.reports!({ subdomain: 'evil.example/x' })).toThrow(InvalidRequest);
});

describe('webhooks', () => {
  const webhooks = clockify.webhooks!;
  const url = 'https://hub.example/api/v1/webhooks/0199';

  test('one for each kind of event, each with its own token; asked again they are the same ones', async () => {
    const { http, sandbox } = await start();
    const made = await webhooks.subscribe!(http, { url, secret: 'ours' });
    expect(made).toHaveLength(8);
    expect(new Set(made.map(({ secret }) => secret)).size).toBe(8);
    for (const { name } of sandbox.webhooks) expect(name.length).toBeLessThanOrEqual(30);
    expect(await webhooks.subscribe!(http, { url, secret: 'ours' })).toEqual(made);
    expect(sandbox.webhooks).toHaveLength(8);
  });

  test('a plan with three has the three that matter', async () => {
    const { http, sandbox } = await start({ plan: 'FREE' });
    await webhooks.subscribe!(http, { url, secret: 'ours' });
    expect(sandbox.webhooks.map(({ webhookEvent }) => webhookEvent)).toEqual([
      'APPROVAL_REQUEST_STATUS_UPDATED',
      'TIME_ENTRY_UPDATED',
      'TIME_ENTRY_DELETED',
    ]);
  });

  test('an approval is announced as one, and two kinds with one body are two deliveries', async () => {
    const delivery = (type: string) => ({
      rawBody: Buffer.from('{"id":"66e9b7a2c3d2b14a90bb2002","workspaceId":"5f"}'),
      headers: { 'clockify-webhook-event-type': type, 'clockify-signature': 'token' },
      query: {},
    });
    expect(webhooks.events(delivery('APPROVAL_REQUEST_STATUS_UPDATED'))).toEqual([
      {
        account: '5f',
        entity: 'approval_request',
        externalId: '66e9b7a2c3d2b14a90bb2002',
        change: 'updated',
        occurredAt: null,
      },
    ]);
    expect(webhooks.deliveryId(delivery('TIMER_STOPPED'))).not.toBe(
      webhooks.deliveryId(delivery('NEW_TIME_ENTRY')),
    );
    expect(() => webhooks.events(delivery('constructor'))).toThrow(InvalidRequest);
    expect(webhooks.verify(delivery('TIMER_STOPPED'), 'token')).toBe(true);
    expect(webhooks.verify(delivery('TIMER_STOPPED'), 'tokens')).toBe(false);
  });
});

test('a 403 later on pauses the connection', async () => {
  const { http, sandbox } = await start();
  sandbox.fault({ kind: 'status', status: 403, times: 1 });
  expect(await failureOf(http.get('/workspaces'))).toBeInstanceOf(AuthorizationLost);
});

test('the day of somebody whose zone is not told is not guessed', async () => {
  const late = { start: '2026-03-11T06:30:00Z', end: '2026-03-11T07:30:00Z', seconds: 3_600 };
  const days = async (settings: Record<string, string>, ...zones: string[]) => {
    const { sandbox, window } = await start({}, settings);
    for (const timeZone of zones)
      sandbox.addUser({ name: 'Ola Vik', email: `${timeZone}@example.com`, timeZone });
    const nowhere = sandbox.addUser({ name: 'Tom Sato', email: 'tom@nordwerft.example', timeZone: '' });
    const projectId = sandbox.addProject({
      name: 'Hull',
      clientId: sandbox.addClient('Nordlicht'),
      rate: 100,
    });
    const taskId = sandbox.addTask({ name: 'Welding', projectId });
    sandbox.addEntry({ userId: nowhere.id, projectId, taskId, description: '', ...late });
    const { entries, unreadable } = await window();
    return [...entries.map(({ workDate }) => workDate), ...unreadable.map(({ reason }) => reason)];
  };
  expect(await days({}, 'Europe/Berlin', 'America/Los_Angeles')).toEqual(['zone.missing']);
  expect(await days({}, 'America/Los_Angeles', 'America/Los_Angeles')).toEqual(['2026-03-10']);
  expect(await days({ timeZone: 'America/Los_Angeles' }, 'Europe/Berlin', 'Asia/Tokyo')).toEqual([
    '2026-03-10',
  ]);
});
