import { createHmac } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hubstaff } from '../../connectors/hubstaff/index.ts';
import { type HubstaffSandboxOptions, startHubstaffSandbox } from '../../connectors/hubstaff/sandbox.ts';
import { AuthorizationLost, InvalidRequest, Throttled, Unavailable } from '../../connectors/kit/errors.ts';
import { openOAuth } from '../../connectors/kit/oauth.ts';
import { all, failureOf, httpTo } from './loopback.ts';

const source = hubstaff.timeSource!;
const settings = { organizationId: '13001', timeZone: 'America/New_York', codeField: 'code' };

/** A firm with one person, project and task, in New York; its clock stands at 2026-03-20, noon UTC. */
async function firm(options: Partial<HubstaffSandboxOptions> = {}) {
  let nowMs = Date.parse('2026-03-20T12:00:00Z');
  const sandbox = await startHubstaffSandbox({
    organizationId: 13_001,
    accessToken: 'token-one',
    refreshToken: 'pat-one',
    clientId: 'app',
    clientSecret: 'app-secret',
    tokenLifeMs: 400 * 86_400_000,
    timeZone: 'America/New_York',
    rateLimit: 'off',
    now: () => new Date(nowMs),
    ...options,
  });
  onTestFinished(() => sandbox.close());
  const userId = sandbox.addUser({ name: 'Ines Roth', email: 'ines@nordwerft.example' });
  const clientId = sandbox.addClient('Nordlicht GmbH');
  const projectId = sandbox.addProject({ name: 'Import rebuild', clientId, metadata: { code: 'IMP' } });
  const taskId = sandbox.addTask({ summary: 'Job queue', projectId, remoteId: 'NL-7' });
  const who = { userId, projectId, taskId };
  return {
    sandbox,
    who,
    /** Id of the entry of that day. */
    idOf: (day: string) => `${userId}:${day}:${projectId}:${taskId}`,
    later: (minutes: number) => {
      nowMs += minutes * 60_000;
    },
    http: (more: Record<string, string> = {}) =>
      httpTo(hubstaff, sandbox.url, { settings: { ...settings, ...more } }),
  };
}
type Firm = Awaited<ReturnType<typeof firm>>;

async function window({ http }: Pick<Firm, 'http'>, from: string, to: string) {
  const pages = await all(source.window(http(), from, to));
  return {
    entries: pages.flatMap((page) => page.entries),
    unreadable: pages.flatMap((page) => page.unreadable),
  };
}
async function poll({ http }: Pick<Firm, 'http'>, checkpoint: string | null, more = {}) {
  const pages = await all(source.changedSince!(http(more), checkpoint));
  return { entries: pages.flatMap((page) => page.entries), checkpoint: pages.at(-1)!.checkpoint };
}
const askedFor = ({ sandbox }: Firm, path: string) =>
  sandbox.requests.filter((call) => call.path.endsWith(path));

describe('slots of a day become one entry', () => {
  test('with names, code, notes and the approval of its time sheet', async () => {
    const here = await firm({ pageSizeMax: 2 });
    const { sandbox, who } = here;
    const week = { userId: who.userId, from: '2026-03-09', to: '2026-03-15' };
    const timesheetId = sandbox.addTimesheet({ ...week, status: 'approved' });
    sandbox.addTime({
      ...who,
      startedAt: '2026-03-10T13:05:00Z',
      seconds: 5_431,
      timesheetId,
      note: 'Rework',
    });
    expect(await window(here, '2026-03-10', '2026-03-10')).toMatchObject({
      entries: [
        {
          externalId: here.idOf('2026-03-10'),
          workDate: '2026-03-10',
          zone: 'America/New_York',
          startedAt: '2026-03-10T13:05:00.000Z',
          endedAt: '2026-03-10T14:35:31.000Z',
          quantity: 5_431,
          person: { externalId: String(who.userId), name: 'Ines Roth', email: 'ines@nordwerft.example' },
          client: { name: 'Nordlicht GmbH' },
          project: { name: 'Import rebuild', code: 'IMP' },
          task: { name: 'Job queue', code: 'NL-7' },
          approval: 'approved',
          billable: true,
          billedElsewhere: false,
          notes: 'Rework',
          rate: null,
        },
      ],
      unreadable: [],
    });
    // Ten slots (5 minutes, eight of 10, the rest) in short pages: no short page was taken for the last.
    expect(askedFor(here, '/activities')).toHaveLength(5);
  });

  test('the day is the organization’s: 23:30 in New York is tomorrow in UTC and stays today', async () => {
    const here = await firm();
    here.sandbox.addTime({ ...here.who, startedAt: '2026-03-11T03:30:00Z', seconds: 3_600 });
    const { entries } = await window(here, '2026-03-10', '2026-03-11');
    // Half an hour to midnight, half an hour after it.
    expect(entries.map(({ workDate, quantity }) => [workDate, quantity])).toEqual([
      ['2026-03-10', 1_800],
      ['2026-03-11', 1_800],
    ]);
    expect((await window(here, '2026-03-10', '2026-03-10')).entries).toHaveLength(1);
  });

  test('time with gaps has a length, but no beginning and no end', async () => {
    const here = await firm();
    here.sandbox.addTime({ ...here.who, startedAt: '2026-03-10T13:00:00Z', seconds: 600 });
    here.sandbox.addTime({ ...here.who, startedAt: '2026-03-10T18:00:00Z', seconds: 600 });
    const { entries } = await window(here, '2026-03-10', '2026-03-10');
    expect(entries).toMatchObject([{ quantity: 1_200, startedAt: null, endedAt: null }]);
  });

  test('what Hubstaff has invoiced itself, and what nobody pays for, stays apart', async () => {
    const here = await firm();
    const { sandbox, who } = here;
    const [first] = sandbox.addTime({ ...who, startedAt: '2026-03-10T13:00:00Z', seconds: 1_800 });
    sandbox.addTime({ ...who, startedAt: '2026-03-10T15:00:00Z', seconds: 60, billable: false });
    sandbox.changeActivity(first!, { client_invoiced: true });
    const { entries } = await window(here, '2026-03-10', '2026-03-10');
    const key = here.idOf('2026-03-10');
    expect(
      entries.map(({ externalId, quantity, billable, billedElsewhere }) => ({
        externalId,
        quantity,
        billable,
        billedElsewhere,
      })),
    ).toEqual([
      { externalId: `${key}:invoiced`, quantity: 600, billable: true, billedElsewhere: true },
      { externalId: key, quantity: 1_200, billable: true, billedElsewhere: false },
      { externalId: `${key}:unbillable`, quantity: 60, billable: false, billedElsewhere: false },
    ]);
    for (const { externalId, quantity } of entries)
      expect(await source.readEntry(here.http(), externalId)).toMatchObject({ externalId, quantity });
  });

  test('one slot that cannot be read holds its entry back, and no other', async () => {
    const here = await firm();
    const [, second] = here.sandbox.addTime({
      ...here.who,
      startedAt: '2026-03-10T13:00:00Z',
      seconds: 1_800,
    });
    here.sandbox.addTime({ ...here.who, startedAt: '2026-03-11T13:00:00Z', seconds: 1_800 });
    here.sandbox.changeActivity(second!, { tracked: 9.5 });
    const { entries, unreadable } = await window(here, '2026-03-10', '2026-03-11');
    expect(entries.map(({ workDate }) => workDate)).toEqual(['2026-03-11']);
    expect(unreadable).toMatchObject([{ position: here.idOf('2026-03-10'), reason: 'tracked.invalid' }]);
    expect(await failureOf(source.readEntry(here.http(), here.idOf('2026-03-10')))).toMatchObject({
      kind: 'InvalidRequest',
      vendorCode: 'tracked.invalid',
    });
  });

  test('ids of anything else are refused', async () => {
    const { http } = await firm();
    expect(await failureOf(source.readEntry(http(), '4711'))).toMatchObject({ vendorCode: 'id_invalid' });
  });
});

describe('traps of the two lists', () => {
  test('time sheets count minutes and activities seconds: only seconds are billed', async () => {
    const here = await firm();
    const { sandbox, who } = here;
    const day = { userId: who.userId, from: '2026-03-10', to: '2026-03-10' };
    const timesheetId = sandbox.addTimesheet({ ...day, status: 'approved' });
    sandbox.addTime({ ...who, startedAt: '2026-03-10T13:00:00Z', seconds: 7_200, timesheetId });
    const { entries } = await window(here, '2026-03-10', '2026-03-10');
    expect(entries).toMatchObject([{ quantity: 7_200 }]);
    const [sheets] = askedFor(here, '/timesheets');
    expect(JSON.parse(sheets!.answer!)).toMatchObject({ timesheets: [{ tracked: 120 }] });
  });

  test('days older than six months come from rows of a day, where billable is a part and no flag', async () => {
    const here = await firm();
    const { sandbox, who } = here;
    // 14 months ago.
    sandbox.addTime({ ...who, startedAt: '2025-01-14T13:00:00Z', seconds: 3_600 });
    sandbox.addTime({ ...who, startedAt: '2025-01-14T15:00:00Z', seconds: 900, billable: false });
    const { entries } = await poll(here, null, { approvalPolicy: 'all' });
    expect(entries.map(({ externalId, quantity, billable }) => [externalId, quantity, billable])).toEqual([
      [here.idOf('2025-01-14'), 3_600, true],
      [`${here.idOf('2025-01-14')}:unbillable`, 900, false],
    ]);
    expect(await source.readEntry(here.http(), here.idOf('2025-01-14'))).toMatchObject({ quantity: 3_600 });
  });

  test('no call spans more than Hubstaff answers for, over three years', async () => {
    const here = await firm();
    await poll(here, null);
    expect(here.sandbox.requests.every(({ status }) => status === 200)).toBe(true);
    const spans = (path: string, name: string) =>
      askedFor(here, path).map(
        ({ query }) =>
          (Date.parse(query[`${name}[stop]`]!) - Date.parse(query[`${name}[start]`]!)) / 86_400_000,
      );
    expect(Math.max(...spans('/activities', 'time_slot'))).toBeLessThanOrEqual(7);
    expect(Math.max(...spans('/daily', 'date'))).toBeLessThanOrEqual(30);
    // Three years without a gap: every day is asked for by one of the two.
    const days = spans('/daily', 'date').reduce((sum, span) => sum + span + 1, 0);
    expect(days).toBe(1_090 - 175);
  });

  test('people are named with brackets: without them Hubstaff filters nothing', async () => {
    const here = await firm();
    const { sandbox, who } = here;
    const other = sandbox.addUser({ name: 'Otto Else', email: 'otto@nordwerft.example' });
    for (const userId of [who.userId, other])
      sandbox.addTime({ ...who, userId, startedAt: '2026-03-10T13:00:00Z', seconds: 600 });
    const ask = async (users: string) => {
      const range = 'time_slot[start]=2026-03-10T00:00:00Z&time_slot[stop]=2026-03-11T00:00:00Z';
      const { body } = await here.http().get(`/organizations/13001/activities?${range}&${users}`);
      return (body as { activities: unknown[] }).activities.length;
    };
    expect([await ask(`user_ids=${other}`), await ask(`user_ids[]=${other}`)]).toEqual([2, 1]);
    sandbox.requests.length = 0;
    await source.readEntry(here.http(), here.idOf('2026-03-10'));
    expect(askedFor(here, '/activities').map(({ query }) => query['user_ids[]'])).toEqual([
      String(who.userId),
    ]);
  });

  test('a slot that stands on two pages counts once', async () => {
    const here = await firm();
    const [slot] = here.sandbox.addTime({ ...here.who, startedAt: '2026-03-10T13:00:00Z', seconds: 600 });
    const list = '/v2/organizations/13001/activities';
    const range = 'time_slot[start]=2026-03-10T00:00:00Z&time_slot[stop]=2026-03-11T00:00:00Z';
    const { body } = await here.http().get(`/organizations/13001/activities?${range}`);
    const [row] = (body as { activities: object[] }).activities;
    const twice = { activities: [row, { ...row, id: slot! + 1 }], pagination: { next_page_start_id: slot } };
    here.sandbox.fault({
      kind: 'status',
      status: 200,
      body: twice,
      times: 1,
      match: (_, path) => path === list,
    });
    expect((await window(here, '2026-03-10', '2026-03-10')).entries).toMatchObject([{ quantity: 1_200 }]);
  });
});

describe('time arrives with its approval', () => {
  async function week(options: Partial<HubstaffSandboxOptions> = {}) {
    const here = await firm(options);
    const { sandbox, who } = here;
    const span = { userId: who.userId, from: '2026-03-09', to: '2026-03-15' };
    const timesheetId = sandbox.addTimesheet({ ...span, status: 'submitted' });
    for (const day of ['2026-03-10', '2026-03-11'])
      sandbox.addTime({ ...who, startedAt: `${day}T13:00:00Z`, seconds: 3_600, timesheetId });
    here.later(120);
    return { ...here, timesheetId };
  }

  test('nothing before it, all of the sheet at the next poll after it, and then quiet', async () => {
    const here = await week();
    const first = await poll(here, null);
    expect(first.entries).toEqual([]);
    here.later(120);
    here.sandbox.setTimesheet(here.timesheetId, { status: 'approved' });
    here.later(5);
    const second = await poll(here, first.checkpoint);
    expect(second.entries.map(({ workDate, approval }) => [workDate, approval])).toEqual([
      ['2026-03-10', 'approved'],
      ['2026-03-11', 'approved'],
    ]);
    here.later(120);
    // An hour is looked back, for what became visible late; then it is quiet.
    const third = await poll(here, second.checkpoint);
    expect(third.entries).toEqual(second.entries);
    here.later(120);
    here.sandbox.requests.length = 0;
    expect((await poll(here, third.checkpoint)).entries).toEqual([]);
    // An idle poll: the clock, changed slots, and sheets twice.
    expect(here.sandbox.requests).toHaveLength(4);
  });

  test('all time where the policy says so, as it is', async () => {
    const here = await week();
    const { entries } = await poll(here, null, { approvalPolicy: 'all' });
    expect(entries.map(({ approval }) => approval)).toEqual(['submitted', 'submitted']);
  });

  test('an approval that is taken back or denied shows when the days are read again', async () => {
    const here = await week();
    for (const [status, approval] of [
      ['approved', 'approved'],
      ['denied', 'rejected'],
      ['open', 'unsubmitted'],
    ]) {
      here.sandbox.setTimesheet(here.timesheetId, { status: status! });
      const { entries } = await window(here, '2026-03-10', '2026-03-11');
      expect(entries.map((entry) => entry.approval)).toEqual([approval, approval]);
    }
  });

  test('a status that nobody has documented decides nothing: its time is quarantined', async () => {
    const here = await week();
    here.sandbox.setTimesheet(here.timesheetId, { status: 'half_approved' });
    const { entries, unreadable } = await window(here, '2026-03-10', '2026-03-11');
    expect(entries).toEqual([]);
    expect(unreadable.map(({ position, reason }) => [position, reason])).toEqual([
      [here.idOf('2026-03-10'), 'timesheet_status.invalid'],
      [here.idOf('2026-03-11'), 'timesheet_status.invalid'],
    ]);
  });

  test('time that names no sheet follows the sheet of its person over its day, and is open without one', async () => {
    const here = await week();
    const { sandbox, who } = here;
    sandbox.setTimesheet(here.timesheetId, { status: 'approved' });
    sandbox.addTime({ ...who, startedAt: '2026-03-12T13:00:00Z', seconds: 600, timesheetId: null });
    sandbox.addTime({ ...who, startedAt: '2026-03-17T13:00:00Z', seconds: 600, timesheetId: null });
    const { entries } = await window(here, '2026-03-12', '2026-03-17');
    expect(entries.map(({ workDate, approval }) => [workDate, approval])).toEqual([
      ['2026-03-12', 'approved'],
      ['2026-03-17', 'unsubmitted'],
    ]);
  });

  test('time that is uploaded late is not lost: the last half hour waits, and the next poll looks back', async () => {
    const here = await week({ delayMinutes: 20 });
    const { sandbox, who } = here;
    const policy = { approvalPolicy: 'all' };
    const first = await poll(here, null, policy);
    sandbox.addTime({ ...who, startedAt: '2026-03-20T13:50:00Z', seconds: 600 });
    // It is 14:00; listed from 14:20 on.
    here.later(10);
    const second = await poll(here, first.checkpoint, policy);
    expect(second.entries).toEqual([]);
    for (const { query } of askedFor(here, '/activities'))
      expect(Date.parse(query['time_slot[stop]']!)).toBeLessThanOrEqual(Date.parse('2026-03-20T13:40:00Z'));
    here.later(30);
    const third = await poll(here, second.checkpoint, policy);
    expect(third.entries).toMatchObject([{ workDate: '2026-03-20', quantity: 600 }]);
  });

  test('a connection that slept longer than Hubstaff remembers begins anew', async () => {
    const here = await week();
    here.sandbox.setTimesheet(here.timesheetId, { status: 'approved' });
    const { checkpoint } = await poll(here, null);
    here.later(60 * 24 * 60);
    expect((await poll(here, checkpoint)).entries).toHaveLength(2);
  });

  test('a first reading that is interrupted goes on where it came to, and counts from where it began', async () => {
    const here = await firm();
    const { sandbox, who } = here;
    const [old, recent] = ['2025-01-14', '2026-03-10'];
    for (const day of [old, recent]) sandbox.addTime({ ...who, startedAt: `${day}T13:00:00Z`, seconds: 600 });
    here.later(120);
    const policy = { approvalPolicy: 'all' };
    const pages = source.changedSince!(here.http(policy), null)[Symbol.asyncIterator]();
    const first = (await pages.next()).value as { entries: { workDate: string }[]; checkpoint: string };
    expect(first.entries.map(({ workDate }) => workDate)).toEqual([old]);
    // The hour's calls are used up; what changes until it goes on must not be lost.
    here.later(60);
    sandbox.addTime({ ...who, startedAt: `${old}T18:00:00Z`, seconds: 600 });
    here.later(120);
    sandbox.requests.length = 0;
    const rest = await poll(here, first.checkpoint, policy);
    expect(rest.entries.map(({ workDate }) => workDate)).toEqual([recent]);
    expect(askedFor(here, '/daily').every(({ query }) => query['date[start]']! > old)).toBe(true);
    expect(rest.checkpoint).toBe('2026-03-20T14:00:00.000Z');
    const after = await poll(here, rest.checkpoint, policy);
    expect(after.entries.map(({ workDate, quantity }) => [workDate, quantity])).toEqual([[old, 1_200]]);
  });

  test('a misspelt setting or a foreign checkpoint is refused before any call', async () => {
    const here = await firm();
    for (const wrong of [{ approvalPolicy: 'approved' }, { timeZone: 'Eastern Time' }])
      expect(await failureOf(poll(here, null, wrong))).toMatchObject({ vendorCode: 'settings_invalid' });
    expect(await failureOf(poll(here, '42'))).toMatchObject({ vendorCode: 'checkpoint_invalid' });
    expect(here.sandbox.requests).toEqual([]);
  });
});

describe('signing in', () => {
  test('a personal access token is exchanged without a client, and dies with its use', async () => {
    const { sandbox } = await firm();
    const calls = openOAuth({
      connector: hubstaff,
      settings,
      clientId: undefined,
      clientSecret: undefined,
      baseUrlOverride: sandbox.url,
      rules: { allowLoopback: true, allowedHosts: [] },
    });
    const tokens = await calls.refresh('pat-one', null);
    expect(tokens.refreshToken).not.toBe('pat-one');
    expect(await failureOf(calls.refresh('pat-one', null))).toBeInstanceOf(AuthorizationLost);
    await calls.refresh(tokens.refreshToken!, null);
  });

  test('whoever is no manager is told that the rest is missing', async () => {
    for (const role of ['owner', 'manager', 'user'] as const) {
      const { http } = await firm({ role });
      const { account, warnings } = await hubstaff.test(http({ approvalPolicy: 'all' }));
      expect(account).toBe('Sandbox Marine Engineering');
      expect(warnings).toHaveLength(role === 'user' ? 1 : 0);
    }
  });

  test('an organization without time sheets, and one whose zone nobody told, are warned of', async () => {
    const { http } = await firm();
    const { warnings } = await hubstaff.test(http({ timeZone: '' }));
    expect(warnings).toEqual([expect.stringMatching(/time sheets/), expect.stringMatching(/timeZone/)]);
  });

  test('a choice of organizations', async () => {
    const { http } = await firm();
    expect(await hubstaff.accounts!(http())).toEqual([
      { externalId: '13001', name: 'Sandbox Marine Engineering', settings: { organizationId: '13001' } },
    ]);
  });

  test.each([
    ['the firewall before it', 403, 'error code: 1010', AuthorizationLost, /firewall/],
    ['its own rate limit', 400, { code: 'x', error_code: 13_001, error: 'Slow' }, Throttled, /slow down/],
    ['its own trouble', 400, { code: 'x', error_code: 15_003, error: 'Oh' }, Unavailable, /15003/],
    ['a wrong parameter', 400, { code: 'x', error_code: 11_001, error: 'No' }, InvalidRequest, /refused/],
  ])('%s is told apart', async (_, status, body, kind, words) => {
    const { sandbox, http } = await firm();
    sandbox.fault({ kind: 'status', status, body, times: 1 });
    const error = await failureOf(hubstaff.test(http()));
    expect(error).toBeInstanceOf(kind);
    expect((error as Error).message).toMatch(words);
  });

  test('scripts are turned away by their name; we have one of our own', async () => {
    const { sandbox, http } = await firm();
    const answer = await fetch(`${sandbox.url}/v2/users/me`, {
      headers: { authorization: 'Bearer token-one', 'user-agent': 'axios/1.7' },
    });
    expect(answer.status).toBe(403);
    await http().get('/users/me');
  });
});

describe('webhooks', () => {
  const webhooks = hubstaff.webhooks!;
  const empty = (headers: Record<string, string>) => ({ rawBody: new Uint8Array(), headers, query: {} });

  test('a subscription is made, proves the address, is activated and ended', async () => {
    const { sandbox, http } = await firm();
    const [made] = await webhooks.subscribe!(http(), {
      url: 'https://hub.example/hooks/1',
      secret: 'unused',
    });
    const [there] = sandbox.webhooks;
    const proof = webhooks.handshake!(empty({ 'x-hook-secret': there!.secret }), '', true)!;
    expect(proof).toMatchObject({
      answer: { status: 200, headers: { 'X-Hook-Secret': there!.secret } },
      learned: there!.secret,
    });
    await webhooks.activate!(http(), made!, proof.proved!);
    expect(sandbox.webhooks).toMatchObject([{ active: true }]);
    await webhooks.unsubscribe!(http(), made!.externalId);
    await webhooks.unsubscribe!(http(), made!.externalId);
    expect(sandbox.webhooks).toEqual([]);
  });

  test('a stranger’s secret is not echoed: no subscription waits, or there is a body', () => {
    expect(webhooks.handshake!(empty({ 'x-hook-secret': 'mine' }), 'ours', false)).toBeNull();
    const full = { ...empty({ 'x-hook-secret': 'mine' }), rawBody: Buffer.from('{}') };
    expect(webhooks.handshake!(full, 'ours', true)).toBeNull();
  });

  test('the documented body is verified in lower-case hex, and says who worked', () => {
    const rawBody = Buffer.from(
      JSON.stringify({
        id: '0b8c5d0e-6f6e-4d52-9f0b-2a51a51c0001',
        event: 'timer.stop',
        created_at: '2026-09-14T08:35:10.196912',
        payload: {
          organization_id: 13001,
          project_id: 841330,
          project_name: 'Import rebuild',
          task_id: 9920011,
          task_summary: 'Job queue',
          user_id: 651120,
          user_name: 'Ines Roth',
          tracking_started_at: '2026-09-14T07:05:00.000Z',
        },
      }),
    );
    const signature = createHmac('sha256', 'shh').update(rawBody).digest('hex');
    const request = { rawBody, headers: { 'x-hook-signature': signature }, query: {} };
    expect(webhooks.verify(request, 'shh')).toBe(true);
    expect(webhooks.verify(request, 'other')).toBe(false);
    expect(webhooks.deliveryId(request)).toBe('0b8c5d0e-6f6e-4d52-9f0b-2a51a51c0001');
    // Without a mark of its zone: taken for UTC.
    expect(webhooks.replayWindow!.signedAt(request)).toBe('2026-09-14T08:35:10.196Z');
    expect(webhooks.events(request)).toEqual([
      {
        account: '13001',
        entity: 'timer',
        externalId: '651120',
        change: 'updated',
        occurredAt: '2026-09-14T08:35:10.196Z',
      },
    ]);
  });

  test('documented kinds that say nothing of finished time pass without a hint, odd ones do not pass', () => {
    const told = (event: string) => ({
      ...empty({}),
      rawBody: Buffer.from(
        JSON.stringify({ id: 'x', event, created_at: '2026-09-14T08:35:10', payload: {} }),
      ),
    });
    for (const event of ['timer.start', 'schedule.update', 'shift.late', 'billing.occupied_seats'])
      expect(webhooks.events(told(event))).toEqual([]);
    expect(() => webhooks.events(told('sauna.start'))).toThrow(InvalidRequest);
  });
});
