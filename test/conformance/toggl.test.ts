import { createHmac } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { EntryPage } from '../../connectors/kit/define.ts';
import { InvalidRequest, Throttled, Unavailable } from '../../connectors/kit/errors.ts';
import { toggl } from '../../connectors/toggl/index.ts';
import type { TogglSandboxOptions } from '../../connectors/toggl/sandbox.ts';
import { startStand } from '../../connectors/toggl/stand.ts';
import { all, failureOf, httpTo } from './loopback.ts';

const source = toggl.timeSource!;

async function start(options: Partial<TogglSandboxOptions> = {}, settings: Record<string, string> = {}) {
  const stand = await startStand(options);
  onTestFinished(() => stand.sandbox.close());
  const http = httpTo(toggl, stand.sandbox.url, {
    settings: { ...stand.settings, ...settings },
    credentials: { accessToken: async () => toggl.auth.tokenOf!(stand.secrets) },
  });
  const read = async (checkpoint: string | null = null) => {
    const pages = await all<EntryPage>(source.changedSince!(http, checkpoint));
    return {
      entries: pages.flatMap((page) => page.entries),
      unreadable: pages.flatMap((page) => page.unreadable),
      checkpoint: pages.map((page) => page.checkpoint).findLast((reached) => reached !== null) ?? null,
    };
  };
  const searches = () => stand.sandbox.requests.filter(({ path }) => path.endsWith('/search/time_entries'));
  return { ...stand, http, read, searches };
}

describe('the sandbox refuses what Toggl refuses', () => {
  const basic = `Basic ${Buffer.from('token-one:api_token').toString('base64')}`;
  const good = { authorization: basic, 'content-type': 'application/json', 'user-agent': 'test' };
  const ask = async (path: string, init: RequestInit = {}) => {
    const { sandbox } = await start();
    const answer = await fetch(sandbox.url + path, { headers: good, ...init });
    return { status: answer.status, said: await answer.text() };
  };
  const search = '/reports/api/v3/workspace/4410022/search/time_entries';

  test.each([
    [
      'a wrong token',
      '/api/v9/workspaces/4410022',
      { headers: { ...good, authorization: 'Basic eDp5' } },
      401,
    ],
    ['no content type on a GET', '/api/v9/workspaces/4410022', { headers: { authorization: basic } }, 400],
    ['another workspace', '/api/v9/workspaces/1', {}, 403],
    ['an empty search', search, { method: 'POST', body: '{}' }, 400],
    ['an unknown filter', search, { method: 'POST', body: '{"role":"x"}' }, 400],
    ['a page of 51', search, { method: 'POST', body: '{"page_size":51}' }, 400],
    [
      'more than a year',
      search,
      { method: 'POST', body: '{"start_date":"2024-01-01","end_date":"2026-01-01"}' },
      400,
    ],
    ['201 projects a page', '/api/v9/workspaces/4410022/projects?per_page=201', {}, 400],
  ])('%s', async (_, path, init, status) => {
    expect(await ask(path, init)).toMatchObject({ status });
  });

  test('the id of the next page alone brings the first page again', async () => {
    const { sandbox, time } = await start();
    time.addMany(6, '2026-03-10');
    const page = async (body: object) => {
      const answer = await fetch(sandbox.url + search, {
        method: 'POST',
        headers: good,
        body: JSON.stringify(body),
      });
      const rows = (await answer.json()) as { row_number: number }[];
      return { rows: rows.map((row) => row.row_number), next: answer.headers };
    };
    const first = await page({ start_date: '2026-03-01' });
    const id = Number(first.next.get('x-next-id'));
    expect(first.rows).toEqual([1, 2, 3, 4]);
    expect((await page({ start_date: '2026-03-01', first_id: id })).rows).toEqual([1, 2, 3, 4]);
    expect((await page({ start_date: '2026-03-01', first_id: id, first_row_number: 5 })).rows).toEqual([
      5, 6,
    ]);
  });
});

test('an entry comes with person, client, groups, tags, zone, price and the day where it was worked', async () => {
  const { sandbox, time, read } = await start();
  const user = sandbox.addUser({
    name: 'Tom Sato',
    email: 'tom@nordwerft.example',
    timezone: 'Asia/Tokyo',
    group: 'Welders',
  });
  const clientId = sandbox.addClient('Nordlicht GmbH');
  const projectId = sandbox.addProject({ name: 'Hull refit', clientId, centsAnHour: 12_050 });
  const taskId = sandbox.addTask({ name: 'Welding', projectId });
  const { id } = sandbox.addEntry({
    user_id: user.user_id,
    project_id: projectId,
    task_id: taskId,
    tag_names: ['night', 'invoiced'],
    description: 'Frame 12',
    // 00:30 on the 11th in Tokyo; Toggl prints it for a reader in Berlin, where it is still the 10th.
    start: '2026-03-10T15:30:00Z',
    stop: '2026-03-10T17:00:31Z',
    seconds: 5_431,
  });
  time.addMany(1, '2026-03-02');
  const { entries } = await read();
  expect(entries.find((entry) => entry.externalId === String(id))).toEqual({
    externalId: String(id),
    kind: 'labor',
    workDate: '2026-03-11',
    zone: 'Asia/Tokyo',
    startedAt: '2026-03-10T15:30:00.000Z',
    endedAt: '2026-03-10T17:00:31.000Z',
    quantity: 5_431,
    person: {
      externalId: String(user.user_id),
      code: null,
      name: 'Tom Sato',
      email: 'tom@nordwerft.example',
    },
    client: { externalId: String(clientId), code: null, name: 'Nordlicht GmbH' },
    project: { externalId: String(projectId), code: null, name: 'Hull refit' },
    task: { externalId: String(taskId), code: null, name: 'Welding' },
    position: null,
    billable: true,
    running: false,
    approval: 'unsubmitted',
    billedElsewhere: false,
    notes: 'Frame 12',
    rate: '120.50',
    cost: null,
    currency: 'EUR',
    sourceUpdatedAt: '2026-03-20T12:00:00.000Z',
    tags: ['night'],
    groups: ['Welders'],
  });
});

test('the preference of the token’s owner rounds nothing', async () => {
  const { time, read, searches } = await start({ ownerRounding: 15 });
  time.add({ day: '2026-03-10', seconds: 61 });
  expect((await read()).entries.map((entry) => entry.quantity)).toEqual([61]);
  for (const { body } of searches()) expect(body).toMatchObject({ rounding: 0 });
});

test('a running timer that a report shows takes no other hours away', async () => {
  const { time, read } = await start({ showsRunning: true });
  time.startTimer({ day: '2026-03-10' });
  expect((await read()).entries).toMatchObject([{ running: true, quantity: 0 }]);
});

describe('the quota', () => {
  test('402 without calls left waits as long as Toggl says', async () => {
    const { http, sandbox } = await start({ quota: 2 });
    await http.get('/api/v9/workspaces/4410022');
    await http.get('/api/v9/workspaces/4410022');
    const error = (await failureOf(http.get('/api/v9/workspaces/4410022'))) as Throttled;
    expect(error).toBeInstanceOf(Throttled);
    expect(error).toMatchObject({ vendorCode: 'quota_used', retryAfterMs: 3_600_000 });
    expect(sandbox.requests.at(-1)!.status).toBe(402);
  });

  test('402 with calls left is a feature that the plan has not, and is not repeated', async () => {
    const { http } = await start({ premium: false, quota: 100 });
    const error = await failureOf(http.get('/api/v9/workspaces/4410022/timesheets'));
    expect(error).toBeInstanceOf(InvalidRequest);
    expect((error as Error).message).toContain('Approvals are a premium feature');
  });

  test('what is left is read from each answer', () => {
    const quota = { 'x-toggl-quota-remaining': '17', 'x-toggl-quota-resets-in': '540' };
    expect(toggl.quotaOf!(quota)).toEqual({ left: 17, resetMs: 540_000 });
    expect(toggl.quotaOf!({})).toBeNull();
  });

  test('a first reading that the quota stops goes on where it was', async () => {
    const { time, read, http, later } = await start({ quota: 12 });
    const ids = time.addMany(60, '2026-03-01');
    later(60);
    const seen = new Set<string>();
    let checkpoint: string | null = null;
    let stops = 0;
    for (;;) {
      try {
        for await (const page of source.changedSince!(http, checkpoint)) {
          for (const { externalId } of page.entries) seen.add(externalId);
          checkpoint = page.checkpoint ?? checkpoint;
        }
        break;
      } catch (problem) {
        expect(problem).toBeInstanceOf(Throttled);
        stops += 1;
        expect(stops).toBeLessThan(12);
        later(61);
      }
    }
    // Fifteen pages of four, and never fifteen calls in an hour.
    expect(stops).toBeGreaterThan(0);
    expect([...seen].sort()).toEqual([...ids].sort());
    later(61);
    expect((await read(checkpoint)).entries).toEqual([]);
  });
});

describe('what changed', () => {
  test('is read until what was read before, and then not again', async () => {
    const { time, read, later, searches, sandbox } = await start();
    const ids = time.addMany(25, '2026-03-01');
    later(60);
    const first = await read();
    expect(first.entries).toHaveLength(25);
    later(60);
    time.change(ids[3]!, { notes: 'changed' });
    later(60);
    sandbox.requests.length = 0;
    const second = await read(first.checkpoint);
    expect(second.entries.map((entry) => entry.externalId)).toEqual([ids[3]]);
    expect(searches()).toHaveLength(1);
    expect((await read(second.checkpoint)).entries).toEqual([]);
  });

  test('is found where Toggl does not keep the order that was asked for', async () => {
    const { time, read, later } = await start({ ignoresOrder: true });
    const ids = time.addMany(25, '2026-03-01');
    later(60);
    time.change(ids[1]!, { notes: 'touched later' });
    later(60);
    const first = await read();
    later(60);
    time.change(ids[20]!, { notes: 'changed' });
    later(60);
    expect((await read(first.checkpoint)).entries.map((entry) => entry.externalId)).toContain(ids[20]);
  });

  test('is read again while it is younger than the lag of the report', async () => {
    const { time, read, later } = await start();
    time.add({ day: '2026-03-10', seconds: 60 });
    later(60);
    const first = await read();
    const entryId = time.add({ day: '2026-03-11', seconds: 60 });
    later(5);
    const second = await read(first.checkpoint);
    const third = await read(second.checkpoint);
    for (const { entries } of [second, third])
      expect(entries.map((entry) => entry.externalId)).toEqual([entryId]);
    later(60);
    const fourth = await read(third.checkpoint);
    expect((await read(fourth.checkpoint)).entries).toEqual([]);
  });

  test('after more changes than a feed should carry the whole is filled anew', async () => {
    const { time, read, later } = await start();
    time.addMany(1, '2026-03-01');
    later(60);
    const first = await read();
    later(60);
    const ids = time.addMany(241, '2026-03-01');
    later(60);
    const second = await read(first.checkpoint);
    expect(JSON.parse(second.checkpoint!)).toHaveProperty('fill');
    const third = await read(second.checkpoint);
    expect(JSON.parse(third.checkpoint!)).not.toHaveProperty('fill');
    const seen = new Set([...second.entries, ...third.entries].map((entry) => entry.externalId));
    expect(ids.every((id) => seen.has(id))).toBe(true);
  });

  test('half of the place of the next page is no end of the list', async () => {
    const { sandbox, read, time } = await start();
    time.addMany(1, '2026-03-01');
    const match = (method: string) => method === 'POST';
    sandbox.fault({
      kind: 'status',
      status: 200,
      body: [],
      headers: { 'X-Next-ID': '4711' },
      times: 1,
      match,
    });
    expect(await failureOf(read())).toBeInstanceOf(Unavailable);
  });
});

describe('approval by timesheet', () => {
  test('an approval makes the entries of its days come, with nothing changed on them', async () => {
    const { time, read, later, sandbox } = await start();
    const inside = time.add({ day: '2026-03-11', seconds: 60, approved: false });
    const outside = time.add({ day: '2026-03-04', seconds: 60, approved: false });
    later(60);
    const first = await read();
    expect(new Map(first.entries.map((entry) => [entry.externalId, entry.approval]))).toEqual(
      new Map([
        [inside, 'submitted'],
        [outside, 'submitted'],
      ]),
    );
    later(60);
    const userId = sandbox.entries[0]!.user_id;
    sandbox.setTimesheet({ userId, from: '2026-03-09', to: '2026-03-15', status: 'approved' });
    later(60);
    const second = await read(first.checkpoint);
    expect(second.entries.map(({ externalId, approval }) => [externalId, approval])).toEqual([
      [inside, 'approved'],
    ]);
    later(60);
    expect((await read(second.checkpoint)).entries).toEqual([]);
  });

  test('a reopened one reverses with the window', async () => {
    const { time, http } = await start();
    const entryId = time.add({ day: '2026-03-11', seconds: 60 });
    time.withdraw(entryId);
    const pages = await all(source.window(http, '2026-03-01', '2026-03-20'));
    expect(pages.flatMap((page) => page.entries)).toMatchObject([
      { externalId: entryId, approval: 'unsubmitted' },
    ]);
  });

  test('of two over one day both have to be approved', async () => {
    const { time, sandbox, read } = await start();
    time.add({ day: '2026-03-11', seconds: 60 });
    const userId = sandbox.entries[0]!.user_id;
    sandbox.setTimesheet({ userId, from: '2026-03-01', to: '2026-03-31', status: 'submitted' });
    expect((await read()).entries).toMatchObject([{ approval: 'submitted' }]);
  });

  test.each([{ sheetsNameSeats: true }, { sheetsInList: true }])(
    'in every form of a timesheet: %j',
    async (form) => {
      const { time, read } = await start(form);
      time.add({ day: '2026-03-11', seconds: 60 });
      expect((await read()).entries).toMatchObject([{ approval: 'approved' }]);
    },
  );

  test('a page of timesheets is never asked for with more than Toggl gives', async () => {
    const { sandbox, time, read } = await start();
    const users = Array.from({ length: 620 }, (_, n) =>
      sandbox.addUser({ name: `Person ${n}`, email: `p${n}@nordwerft.example`, timezone: 'Europe/Berlin' }),
    );
    for (const user of users)
      sandbox.setTimesheet({
        userId: user.user_id,
        from: '2026-03-09',
        to: '2026-03-15',
        status: 'approved',
      });
    const last = users.at(-1)!.user_id;
    sandbox.addEntry({ user_id: last, start: '2026-03-10T08:00:00Z', stop: '2026-03-10T09:00:00Z' });
    time.add({ day: '2026-03-02', seconds: 60 });
    const { entries } = await read();
    expect(entries.find((entry) => entry.person?.externalId === String(last))?.approval).toBe('approved');
  });

  test('a workspace without it is refused when it is connected, and read where that was said', async () => {
    const refused = await start({ premium: false });
    expect(await failureOf(toggl.test(refused.http))).toMatchObject({ vendorCode: 'approvals_off' });
    const { http, time, read } = await start({ premium: false }, { approvals: 'none' });
    expect(await toggl.test(http)).toEqual({ account: 'Nordwerft', warnings: [] });
    time.add({ day: '2026-03-11', seconds: 60 });
    expect((await read()).entries).toMatchObject([{ approval: 'unsubmitted' }]);
  });
});

test('a window that the plan cut short is refused, for what is missing would count as deleted', async () => {
  const { http } = await start({ keepsFrom: '2026-03-05' });
  expect(await failureOf(all(source.window(http, '2026-03-01', '2026-03-20')))).toMatchObject({
    vendorCode: 'range_cut',
  });
});

test('a misspelt setting is refused, for it would decide what is billed', async () => {
  const { read } = await start({}, { approvals: 'timesheet' });
  expect(await failureOf(read())).toMatchObject({ vendorCode: 'settings_invalid' });
  const { read: readFromMarch } = await start({}, { readFrom: 'March' });
  expect(await failureOf(readFromMarch())).toMatchObject({ vendorCode: 'window_invalid' });
});

test('a token that sees a part only is warned of', async () => {
  const { http } = await start({ isAdmin: false });
  expect((await toggl.test(http)).warnings).toHaveLength(1);
});

test('a sync never calls what is one person’s only', async () => {
  const { time, read, sandbox, http } = await start();
  time.addMany(9, '2026-03-01');
  await read();
  expect(sandbox.requests.filter(({ path }) => path.startsWith('/api/v9/me'))).toEqual([]);
  expect(await toggl.accounts!(http)).toEqual([
    { externalId: '4410022', name: 'Nordwerft', settings: { workspaceId: '4410022' } },
  ]);
});

test('a mark that is refused says which entry and why', async () => {
  const { time, http, sandbox } = await start();
  const entryId = time.add({ day: '2026-03-11', seconds: 60, tags: ['night'] });
  const outcome = await toggl.billedMarks!.mark(http, [entryId, '12'], true);
  expect(outcome).toEqual({
    done: [entryId],
    refused: [{ externalId: '12', reason: 'Time entry not found' }],
  });
  expect(sandbox.entries[0]!.tag_names).toEqual(['night', 'invoiced']);
});

describe('webhooks', () => {
  const webhooks = toggl.webhooks!;
  const ping = (secret: string) => {
    const rawBody = Buffer.from(
      JSON.stringify({ payload: 'ping', validation_code: 'vc-1', subscription_id: 5512 }),
    );
    const signature = `sha256=${createHmac('sha256', secret).update(rawBody).digest('hex')}`;
    return { rawBody, headers: { 'x-webhook-signature-256': signature }, query: {} };
  };

  test('a ping of ours is answered with its code, and one that somebody else signed is not', () => {
    expect(webhooks.handshake!(ping('ours'), 'ours', true)).toEqual({
      answer: { status: 200, body: { validation_code: 'vc-1' } },
      proved: { validationCode: 'vc-1', externalId: '5512' },
    });
    expect(webhooks.handshake!(ping('theirs'), 'ours', true)).toEqual({ answer: { status: 401 } });
    expect(webhooks.handshake!({ ...ping('ours'), headers: {} }, 'ours', false)).toEqual({
      answer: { status: 401 },
    });
    expect(webhooks.events(ping('ours'))).toEqual([]);
  });

  test('a subscription is validated once, and again without harm; the same address is changed, not doubled', async () => {
    const { http, sandbox } = await start();
    const url = 'https://hub.example/api/v1/webhooks/0199';
    const [made] = await webhooks.subscribe!(http, { url, secret: 's1' });
    const validationCode = sandbox.subscriptions[0]!.validation_code;
    await webhooks.activate!(http, made!, { validationCode });
    await webhooks.activate!(http, made!, { validationCode });
    expect(await failureOf(webhooks.activate!(http, made!, { validationCode: 'guessed' }))).toBeInstanceOf(
      InvalidRequest,
    );
    expect(await webhooks.subscribe!(http, { url, secret: 's2' })).toEqual([made]);
    expect(sandbox.subscriptions).toMatchObject([
      { secret: 's2', enabled: true, event_filters: [{ entity: 'time_entry', action: '*' }] },
    ]);
    expect(sandbox.subscriptions[0]!.validated_at).not.toBeNull();
  });

  test('an event names its entry and workspace, whether ids are text or numbers', () => {
    const event = (id: unknown) => ({
      rawBody: Buffer.from(
        JSON.stringify({
          event_id: 884412,
          created_at: '2026-09-14T08:35:05Z',
          metadata: { action: 'deleted', model: 'time_entry', workspace_id: '4410022', time_entry_id: id },
          payload: { id: 3921184410 },
        }),
      ),
      headers: {},
      query: {},
    });
    for (const id of ['3921184410', 3921184410])
      expect(webhooks.events(event(id))).toEqual([
        {
          account: '4410022',
          entity: 'time_entry',
          externalId: '3921184410',
          change: 'deleted',
          occurredAt: '2026-09-14T08:35:05.000Z',
        },
      ]);
    expect(webhooks.deliveryId(event(1))).toBe('884412');
  });
});
