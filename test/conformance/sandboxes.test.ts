/** Holds the vendor sandboxes to the vendors' documentation, through plain fetch and without connector code. */
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import {
  type HarvestSandbox,
  type HarvestSandboxOptions,
  type HarvestTimeEntry,
  startHarvestSandbox,
} from '../../connectors/harvest/sandbox.ts';
import { RECORDED_REQUESTS_MAX, type Sandbox } from '../../connectors/kit/sandbox.ts';
import {
  type QuickbooksInvoice,
  type QuickbooksPayment,
  type QuickbooksSandbox,
  type QuickbooksSandboxOptions,
  type QuickbooksTimeActivity,
  startQuickbooksSandbox,
} from '../../connectors/quickbooks/sandbox.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});
function opened<T extends { close(): Promise<void> }>(one: T): T {
  open.push(one);
  return one;
}

// ---- Harvest

const HARVEST_HEADERS = {
  authorization: 'Bearer pat-1',
  'harvest-account-id': '700123',
  'user-agent': 'Sandbox test (dev@slipway.example)',
};

const harvest = async (options: Partial<HarvestSandboxOptions> = {}) =>
  opened(
    await startHarvestSandbox({ accessToken: 'pat-1', accountId: 700123, rateLimit: 'off', ...options }),
  );

async function getHarvest<T = Record<string, unknown>>(
  sandbox: Sandbox,
  path: string,
  headers: Record<string, string> = HARVEST_HEADERS,
): Promise<{ status: number; body: T; headers: Headers }> {
  const response = await fetch(path.startsWith('http') ? path : sandbox.url + path, { headers });
  return { status: response.status, body: (await response.json()) as T, headers: response.headers };
}

async function patchHarvest(sandbox: Sandbox, id: number, body: unknown) {
  const response = await fetch(`${sandbox.url}/v2/time_entries/${id}`, {
    method: 'PATCH',
    headers: { ...HARVEST_HEADERS, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return {
    status: response.status,
    body: (await response.json()) as HarvestTimeEntry & { message?: string },
  };
}

interface HarvestPage {
  time_entries: HarvestTimeEntry[];
  per_page: number;
  total_pages: number;
  total_entries: number;
  page: number | null;
  next_page: number | null;
  previous_page: number | null;
  links: { first: string; next: string | null; previous: string | null; last: string };
}

function seedHarvest(sandbox: HarvestSandbox) {
  const user = sandbox.addUser({ first_name: 'Ines', last_name: 'Roth', email: 'ines@firm.example' });
  const client = sandbox.addClient({ name: 'Nordlicht GmbH', currency: 'EUR' });
  const project = sandbox.addProject({ name: 'Import rebuild', code: 'NL-1', client_id: client.id });
  const task = sandbox.addTask({ name: 'Development' });
  const refs = { user_id: user.id, project_id: project.id, task_id: task.id };
  return { user, client, project, task, refs };
}

/** Follows `links.next` as given; the answer to how many rows a correct reader sees. */
async function followHarvest(sandbox: Sandbox, path: string, pagesMax = 50): Promise<HarvestPage[]> {
  const pages: HarvestPage[] = [];
  for (let next: string | null = path; next !== null && pages.length < pagesMax; ) {
    const { status, body }: { status: number; body: HarvestPage } = await getHarvest(sandbox, next);
    expect(status).toBe(200);
    pages.push(body);
    next = body.links.next;
  }
  return pages;
}

describe('the Harvest sandbox', () => {
  test('shows an entry in exactly the documented shape', async () => {
    const sandbox = await harvest({
      rounding: { minutes: 15, mode: 'up' },
      company: { wants_timestamp_timers: true },
    });
    const { user, client, project, task, refs } = seedHarvest(sandbox);
    const entry = sandbox.addEntry({
      ...refs,
      id: 2_831_077_451,
      spent_date: '2026-09-14',
      hours: 1.58,
      notes: 'Rework of import job',
      approval_status: 'approved',
      billable_rate: 120,
      cost_rate: 55,
      started_time: '9:05am',
      ended_time: '10:40am',
      created_at: '2026-09-14T08:41:12Z',
      updated_at: '2026-09-18T15:02:40Z',
    });
    const { body } = await getHarvest<HarvestPage>(sandbox, '/v2/time_entries');
    expect(body).toEqual({
      time_entries: [
        {
          id: 2_831_077_451,
          spent_date: '2026-09-14',
          hours: 1.58,
          hours_without_timer: 1.58,
          rounded_hours: 1.75,
          notes: 'Rework of import job',
          is_locked: true,
          locked_reason: 'Item Approved and Locked for this Time Period',
          approval_status: 'approved',
          is_closed: true,
          is_billed: false,
          timer_started_at: null,
          started_time: '9:05am',
          ended_time: '10:40am',
          is_running: false,
          billable: true,
          budgeted: true,
          billable_rate: 120,
          cost_rate: 55,
          created_at: '2026-09-14T08:41:12Z',
          updated_at: '2026-09-18T15:02:40Z',
          user: { id: user.id, name: 'Ines Roth' },
          client: { id: client.id, name: 'Nordlicht GmbH' },
          project: { id: project.id, name: 'Import rebuild' },
          task: { id: task.id, name: 'Development' },
          invoice: null,
          external_reference: null,
        },
      ],
      per_page: 2000,
      total_pages: 1,
      total_entries: 1,
      next_page: null,
      previous_page: null,
      page: 1,
      links: {
        first: `${sandbox.url}/v2/time_entries?per_page=2000&page=1&ref=first`,
        next: null,
        previous: null,
        last: `${sandbox.url}/v2/time_entries?per_page=2000&page=1&ref=last`,
      },
    });
    expect(sandbox.entries).toEqual([entry]);
    expect(sandbox.addTask({ name: 'Later' }).id).toBeGreaterThan(entry.id);
    expect((await getHarvest(sandbox, `/v2/time_entries/${entry.id}`)).body).toEqual(entry);
  });

  test.each([
    ['no token', { authorization: '' }, 401],
    ['another token', { authorization: 'Bearer other' }, 401],
    ['a token without Bearer', { authorization: 'pat-1' }, 401],
    ['no account', { 'harvest-account-id': '' }, 401],
    ['another account', { 'harvest-account-id': '1' }, 403],
    ['a bare library name as User-Agent', { 'user-agent': 'node' }, 400],
  ])('refuses %s', async (_, headers, status) => {
    const sandbox = await harvest();
    const answer = await getHarvest(sandbox, '/v2/company', { ...HARVEST_HEADERS, ...headers });
    expect(answer.status).toBe(status);
    expect(Object.keys(answer.body)).toEqual(
      status === 401 ? ['error', 'error_description'] : ['code', 'message'],
    );
  });

  test('refuses a call without User-Agent with 400', async () => {
    const sandbox = await harvest();
    // fetch always sends a User-Agent, a plain request does not.
    const status = await new Promise((resolve, reject) => {
      const { authorization, 'harvest-account-id': account } = HARVEST_HEADERS;
      httpRequest(
        `${sandbox.url}/v2/company`,
        { headers: { authorization, 'harvest-account-id': account } },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      )
        .on('error', reject)
        .end();
    });
    expect(status).toBe(400);
    expect((await getHarvest(sandbox, '/v2/company')).status).toBe(200);
  });

  test('takes token and account from the query, and keeps the token out of its log', async () => {
    const sandbox = await harvest();
    const { 'user-agent': userAgent } = HARVEST_HEADERS;
    const answer = await getHarvest(sandbox, '/v2/company?access_token=pat-1&account_id=700123', {
      'user-agent': userAgent,
    });
    expect(answer.status).toBe(200);
    await getHarvest(sandbox, '/v2/company');
    expect(JSON.stringify(sandbox.requests)).not.toContain('pat-1');
    expect(sandbox.requests.map(({ status }) => status)).toEqual([200, 200]);
  });

  test('a token that was replaced gets 401', async () => {
    const sandbox = await harvest();
    sandbox.setAccessToken('pat-2');
    expect((await getHarvest(sandbox, '/v2/users/me')).status).toBe(401);
    const headers = { ...HARVEST_HEADERS, authorization: 'Bearer pat-2' };
    expect((await getHarvest(sandbox, '/v2/users/me', headers)).body.access_roles).toEqual(['administrator']);
  });

  test.each(['cursor', 'page'] as const)(
    '%s paging: links.next leads through every entry once',
    async (pageStyle) => {
      const sandbox = await harvest({ pageStyle });
      const { refs } = seedHarvest(sandbox);
      for (let index = 0; index < 25; index += 1)
        sandbox.addEntry({
          ...refs,
          spent_date: `2026-03-${String(1 + (index % 5)).padStart(2, '0')}`,
          hours: 1,
        });
      const pages = await followHarvest(
        sandbox,
        '/v2/time_entries?per_page=10&from=2026-03-01&is_running=false',
      );
      expect(pages.map((page) => page.time_entries.length)).toEqual([10, 10, 5]);
      const rows = pages.flatMap((page) => page.time_entries);
      expect(rows.map((row) => row.id)).toEqual(sandbox.entries.map((row) => row.id));
      expect(rows.map((row) => row.spent_date)).toEqual(
        rows
          .map((row) => row.spent_date)
          .toSorted()
          .toReversed(),
      );
      expect(
        pages.every((page) => page.total_entries === 25 && page.total_pages === 3 && page.per_page === 10),
      ).toBe(true);
      const positions = pages.map((page) => [page.page, page.next_page, page.previous_page]);
      expect(positions).toEqual(
        pageStyle === 'page'
          ? [
              [1, 2, null],
              [2, 3, 1],
              [3, null, 2],
            ]
          : [
              [1, null, null],
              [null, null, null],
              [null, null, null],
            ],
      );
      expect(new URL(pages[0]!.links.next!).searchParams.has(pageStyle)).toBe(true);
      expect(pages[0]!.links.next!.startsWith(`${sandbox.url}/v2/time_entries?`)).toBe(true);
      // The filters travel in the link.
      expect(new URL(pages[1]!.links.next!).searchParams.get('is_running')).toBe('false');
    },
  );

  test('pageSizeMax makes small pages whatever the caller asks for', async () => {
    const sandbox = await harvest({ pageSizeMax: 2 });
    const { refs } = seedHarvest(sandbox);
    for (let index = 0; index < 5; index += 1)
      sandbox.addEntry({ ...refs, spent_date: '2026-03-01', hours: 1 });
    const pages = await followHarvest(sandbox, '/v2/time_entries?per_page=2000');
    expect(pages.map((page) => page.time_entries.length)).toEqual([2, 2, 1]);
  });

  test('a cursor survives rows that come and go, a page number does not', async () => {
    const sandbox = await harvest({ pageSizeMax: 2 });
    const { refs } = seedHarvest(sandbox);
    for (const day of ['04', '03', '02', '01'])
      sandbox.addEntry({ ...refs, spent_date: `2026-03-${day}`, hours: 1 });
    const first = (await getHarvest<HarvestPage>(sandbox, '/v2/time_entries')).body;
    sandbox.addEntry({ ...refs, spent_date: '2026-03-05', hours: 1 });
    const byCursor = (await getHarvest<HarvestPage>(sandbox, first.links.next!)).body;
    expect(byCursor.time_entries.map((row) => row.spent_date)).toEqual(['2026-03-02', '2026-03-01']);
    const byPage = (await getHarvest<HarvestPage>(sandbox, '/v2/time_entries?page=2')).body;
    expect(byPage.time_entries.map((row) => row.spent_date)).toEqual(['2026-03-03', '2026-03-02']);
  });

  test('endlessPages never ends, and no link comes twice', async () => {
    const sandbox = await harvest({ pageSizeMax: 2 });
    const { refs } = seedHarvest(sandbox);
    for (let index = 0; index < 3; index += 1)
      sandbox.addEntry({ ...refs, spent_date: '2026-03-01', hours: 1 });
    sandbox.endlessPages(true);
    const pages = await followHarvest(sandbox, '/v2/time_entries', 12);
    expect(pages).toHaveLength(12);
    expect(new Set(pages.map((page) => page.links.next)).size).toBe(12);
    expect(pages.every((page) => page.time_entries.length > 0)).toBe(true);
    sandbox.endlessPages(false);
    expect(await followHarvest(sandbox, '/v2/time_entries')).toHaveLength(2);
  });

  test('every documented filter selects what it says', async () => {
    const sandbox = await harvest();
    const { refs, client } = seedHarvest(sandbox);
    const other = sandbox.addUser({ first_name: 'Jan', last_name: 'Boe', email: 'jan@firm.example' });
    const otherClient = sandbox.addClient({ name: 'Fjord AS' });
    const otherProject = sandbox.addProject({ name: 'Hull', client_id: otherClient.id });
    const otherTask = sandbox.addTask({ name: 'Survey' });
    const at = (updated_at: string) => ({ created_at: '2026-03-01T00:00:00Z', updated_at });
    const plain = sandbox.addEntry({
      ...refs,
      ...at('2026-03-01T10:00:00Z'),
      spent_date: '2026-03-01',
      hours: 1,
    });
    const approved = sandbox.addEntry({
      user_id: other.id,
      project_id: otherProject.id,
      task_id: otherTask.id,
      ...at('2026-03-05T10:00:00Z'),
      spent_date: '2026-03-04',
      hours: 2,
      approval_status: 'approved',
      is_billed: true,
      invoice: { id: 9, number: '1001' },
      external_reference: { id: 'T-1', group_id: null, account_id: null, permalink: null },
    });
    const running = sandbox.addEntry({
      ...refs,
      ...at('2026-03-03T10:00:00Z'),
      spent_date: '2026-03-02',
      hours: 0,
      approval_status: 'submitted',
      timer_started_at: '2026-03-02T09:00:00Z',
    });
    const cases: [string, number[]][] = [
      [`user_id=${other.id}`, [approved.id]],
      [`client_id=${client.id}`, [running.id, plain.id]],
      [`project_id=${otherProject.id}`, [approved.id]],
      [`task_id=${otherTask.id}`, [approved.id]],
      ['external_reference_id=T-1', [approved.id]],
      ['is_billed=true', [approved.id]],
      ['is_billed=false', [running.id, plain.id]],
      ['is_running=true', [running.id]],
      ['approval_status=approved', [approved.id]],
      ['approval_status=submitted', [running.id]],
      ['approval_status=unsubmitted', [plain.id]],
      ['updated_since=2026-03-03T10:00:00Z', [approved.id, running.id]],
      ['updated_since=2026-03-03T12:00:00%2B02:00', [approved.id, running.id]],
      ['from=2026-03-02', [approved.id, running.id]],
      ['to=2026-03-02', [running.id, plain.id]],
      ['from=2026-03-02&to=2026-03-02', [running.id]],
      ['approval_status=approved&is_running=false&updated_since=2026-03-06T00:00:00Z', []],
    ];
    for (const [query, ids] of cases) {
      const { status, body } = await getHarvest<HarvestPage>(sandbox, `/v2/time_entries?${query}`);
      expect([query, status, body.time_entries.map((row) => row.id)]).toEqual([query, 200, ids]);
    }
    expect(
      (await getHarvest<HarvestPage>(sandbox, `/v2/time_entries?is_running=true`)).body.time_entries[0],
    ).toMatchObject({
      is_closed: false,
      approval_status: 'submitted',
    });
  });

  test.each([
    'per_page=2001',
    'per_page=0',
    'per_page=ten',
    'page=0',
    'page=1&cursor=abc',
    'cursor=abc',
    'approval_status=Approved',
    'is_running=0',
    'user_id=abc',
    'from=2026-02-30',
    'from=03/01/2026',
    'updated_since=2026-03-01',
    'updated_since=2026-03-01T00:00:00',
    'updated_since=2026-03-01T00:00:00+02:00',
    'updatedSince=2026-03-01T00:00:00Z',
    'is_billed=true&is_billed=false',
  ])('refuses ?%s with 422 and a reason', async (query) => {
    const sandbox = await harvest();
    const { status, body } = await getHarvest(sandbox, `/v2/time_entries?${query}`);
    expect(status).toBe(422);
    expect(body.message).toMatch(new RegExp(query.split('=')[0]!));
  });

  test('page sizes from 1 to 2000 are accepted', async () => {
    const sandbox = await harvest();
    for (const perPage of [1, 2000]) {
      expect((await getHarvest(sandbox, `/v2/time_entries?per_page=${perPage}`)).status).toBe(200);
    }
  });

  test('lists users, clients, projects, tasks and the company', async () => {
    const sandbox = await harvest({ company: { approval_feature: false, clock: '24h' } });
    const { user, client, project, task } = seedHarvest(sandbox);
    sandbox.addClient({ name: 'Gone Ltd', is_active: false });
    const list = async (path: string) =>
      (await getHarvest<Record<string, { name?: string }[]>>(sandbox, path)).body;
    expect((await list('/v2/users')).users).toContainEqual(user);
    expect((await list('/v2/clients?is_active=true')).clients).toEqual([client]);
    expect((await list('/v2/clients')).clients).toHaveLength(2);
    expect((await list(`/v2/projects?client_id=${client.id}`)).projects).toEqual([project]);
    expect(project.client).toEqual({ id: client.id, name: 'Nordlicht GmbH', currency: 'EUR' });
    expect((await list('/v2/projects?client_id=1')).projects).toEqual([]);
    expect((await list('/v2/tasks?updated_since=2020-01-01T00:00:00Z')).tasks).toEqual([task]);
    expect((await getHarvest(sandbox, '/v2/company')).body).toMatchObject({
      approval_feature: false,
      clock: '24h',
      week_start_day: 'Monday',
      wants_timestamp_timers: false,
    });
    expect((await getHarvest(sandbox, '/v2/users?email=x')).status).toBe(422);
    expect(() =>
      sandbox.addEntry({
        user_id: user.id,
        project_id: project.id,
        task_id: task.id,
        spent_date: '2026-03-01',
        hours: 1,
        approval_status: 'approved',
      }),
    ).toThrow(/approval_feature/);
  });

  test.each([
    ['GET', '/v2/estimates'],
    ['GET', '/v1/time_entries'],
    ['GET', '/time_entries'],
    ['POST', '/v2/users'],
    ['GET', '/v2/time_entries/1'],
    ['GET', '/v2/time_entries/abc'],
  ])('%s %s is 404', async (method, path) => {
    const sandbox = await harvest();
    const response = await fetch(sandbox.url + path, { method, headers: HARVEST_HEADERS });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: 404 });
  });

  test('PATCH changes what it may and moves updated_at', async () => {
    let now = new Date('2026-03-02T10:00:00.700Z');
    const sandbox = await harvest({ now: () => now, rounding: { minutes: 30, mode: 'nearest' } });
    const { refs } = seedHarvest(sandbox);
    const entry = sandbox.addEntry({ ...refs, spent_date: '2026-03-01', hours: 1.2 });
    expect(entry).toMatchObject({ updated_at: '2026-03-02T10:00:00Z', rounded_hours: 1 });
    now = new Date('2026-03-03T11:00:00Z');
    const changed = await patchHarvest(sandbox, entry.id, {
      hours: 2.333,
      notes: null,
      external_reference: { id: 'inv-1' },
    });
    expect(changed.status).toBe(200);
    expect(changed.body).toMatchObject({
      hours: 2.33,
      rounded_hours: 2.5,
      notes: null,
      updated_at: '2026-03-03T11:00:00Z',
      created_at: '2026-03-02T10:00:00Z',
      external_reference: { id: 'inv-1', permalink: null },
    });
    const since = await getHarvest<HarvestPage>(
      sandbox,
      '/v2/time_entries?updated_since=2026-03-03T00:00:00Z',
    );
    expect(since.body.time_entries).toEqual([changed.body]);
  });

  test.each([
    [{ is_billed: true }, /is_billed/],
    [{ approval_status: 'approved' }, /approval_status/],
    [{ billable: false }, /billable/],
    [{ hours: '1.5' }, /hours/],
    [{ hours: -1 }, /hours/],
    [{ spent_date: '14.09.2026' }, /spent_date/],
    [{ project_id: 1 }, /Project 1/],
    [{ started_time: '9:00am' }, /duration/],
  ])('PATCH refuses %j', async (change, reason) => {
    const sandbox = await harvest();
    const { refs } = seedHarvest(sandbox);
    const entry = sandbox.addEntry({ ...refs, spent_date: '2026-03-01', hours: 1 });
    const { status, body } = await patchHarvest(sandbox, entry.id, change);
    expect(status).toBe(422);
    expect(body.message).toMatch(reason);
    expect(sandbox.entries).toEqual([entry]);
  });

  test('locked entries refuse edits, and deletion unless by an administrator', async () => {
    const sandbox = await harvest();
    const { refs, project } = seedHarvest(sandbox);
    const add = (state: object) =>
      sandbox.addEntry({ ...refs, spent_date: '2026-03-01', hours: 1, ...state });
    const approved = add({ approval_status: 'approved' });
    const invoiced = add({ is_billed: true });
    for (const [id, reason] of [
      [approved.id, /Approved/],
      [invoiced.id, /Invoiced/],
    ] as const) {
      const { status, body } = await patchHarvest(sandbox, id, { notes: 'x' });
      expect([status, reason.test(body.message ?? '')]).toEqual([422, true]);
    }
    const open = add({});
    sandbox.updateProject(project.id, { is_active: false });
    expect((await patchHarvest(sandbox, open.id, { notes: 'x' })).body.message).toMatch(/Archived/);

    const remove = async (id: number) =>
      (await fetch(`${sandbox.url}/v2/time_entries/${id}`, { method: 'DELETE', headers: HARVEST_HEADERS }))
        .status;
    sandbox.setTokenOwner({ role: 'manager', teammateIds: [refs.user_id] });
    expect(await remove(approved.id)).toBe(422);
    sandbox.setTokenOwner({ role: 'administrator' });
    expect(await remove(approved.id)).toBe(200);
    expect(await remove(approved.id)).toBe(404);
    // No tombstone: a deleted entry is only missing.
    expect(sandbox.entries.map((entry) => entry.id)).toEqual([open.id, invoiced.id]);
  });

  test('a running timer grows without moving updated_at', async () => {
    let now = new Date('2026-03-02T09:00:00Z');
    const sandbox = await harvest({ now: () => now });
    const { refs } = seedHarvest(sandbox);
    sandbox.addEntry({
      ...refs,
      spent_date: '2026-03-02',
      hours: 0.5,
      timer_started_at: '2026-03-02T09:00:00Z',
    });
    now = new Date('2026-03-02T10:20:00Z');
    const { body } = await getHarvest<HarvestPage>(sandbox, '/v2/time_entries');
    expect(body.time_entries[0]).toMatchObject({
      hours: 1.83,
      hours_without_timer: 0.5,
      is_running: true,
      updated_at: '2026-03-02T09:00:00Z',
    });
  });

  test('an approval may move updated_at or not, a deletion leaves no trace', async () => {
    let now = new Date('2026-03-02T09:00:00Z');
    const sandbox = await harvest({ now: () => now });
    const { refs } = seedHarvest(sandbox);
    const entry = sandbox.addEntry({ ...refs, spent_date: '2026-03-02', hours: 1 });
    now = new Date('2026-03-05T09:00:00Z');
    sandbox.updateEntry(entry.id, { approval_status: 'approved' }, { touch: false });
    const since = '/v2/time_entries?updated_since=2026-03-05T00:00:00Z';
    expect((await getHarvest<HarvestPage>(sandbox, since)).body.time_entries).toEqual([]);
    sandbox.updateEntry(entry.id, { approval_status: 'approved' });
    expect((await getHarvest<HarvestPage>(sandbox, since)).body.time_entries).toHaveLength(1);
    sandbox.deleteEntry(entry.id);
    expect((await getHarvest<HarvestPage>(sandbox, since)).body.time_entries).toEqual([]);
    expect(() => sandbox.deleteEntry(entry.id)).toThrow(/no time entry/);
  });

  test("a manager's or member's token silently sees a part, with 200", async () => {
    const sandbox = await harvest();
    const { refs, user, project } = seedHarvest(sandbox);
    const me = (await getHarvest<{ id: number }>(sandbox, '/v2/users/me')).body.id;
    const own = sandbox.addEntry({ ...refs, user_id: me, spent_date: '2026-03-02', hours: 1 });
    const other = sandbox.addEntry({ ...refs, spent_date: '2026-03-01', hours: 1 });
    const seen = async () =>
      (await getHarvest<HarvestPage>(sandbox, '/v2/time_entries')).body.time_entries.map((entry) => entry.id);
    sandbox.setTokenOwner({ role: 'member' });
    expect(await seen()).toEqual([own.id]);
    expect((await getHarvest(sandbox, `/v2/time_entries/${other.id}`)).status).toBe(404);
    expect((await getHarvest(sandbox, '/v2/users')).status).toBe(403);
    expect((await getHarvest(sandbox, '/v2/users/me')).body.access_roles).toEqual(['member']);
    sandbox.setTokenOwner({ role: 'manager' });
    expect(await seen()).toEqual([own.id]);
    sandbox.setTokenOwner({ role: 'manager', teammateIds: [user.id] });
    expect(await seen()).toEqual([own.id, other.id]);
    sandbox.setTokenOwner({ role: 'manager', managedProjectIds: [project.id] });
    expect(await seen()).toEqual([own.id, other.id]);
  });

  test('100 calls per 15 seconds, then 429 with Retry-After', async () => {
    const sandbox = opened(await startHarvestSandbox({ accessToken: 'pat-1', accountId: 700123 }));
    for (let index = 0; index < 100; index += 1)
      expect((await getHarvest(sandbox, '/v2/users/me')).status).toBe(200);
    const refused = await getHarvest(sandbox, '/v2/users/me');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(15);
    expect(refused.body.message).toMatch(/Too many/);
  });
});

// ---- the shared harness

describe('the sandbox harness', () => {
  test('a throttled caller that waits is served again', async () => {
    const sandbox = await harvest({ rateLimit: { requests: 2, perSeconds: 0.3 } });
    const status = async () => (await getHarvest(sandbox, '/v2/company')).status;
    expect([await status(), await status(), await status(), await status()]).toEqual([200, 200, 429, 429]);
    await new Promise((resolve) => setTimeout(resolve, 350));
    expect(await status()).toBe(200);
  });

  test('faults hit the matching calls in order, as often as asked', async () => {
    const sandbox = await harvest();
    sandbox.fault({
      kind: 'status',
      status: 503,
      times: 2,
      match: (method, path) => method === 'GET' && path === '/v2/tasks',
    });
    sandbox.fault({ kind: 'status', status: 429, retryAfterSeconds: 7, times: 1 });
    sandbox.fault({ kind: 'status', status: 418, body: { teapot: true }, times: 1 });
    const company = await getHarvest(sandbox, '/v2/company');
    expect([company.status, company.headers.get('retry-after')]).toEqual([429, '7']);
    const task = await getHarvest(sandbox, '/v2/tasks');
    expect([task.status, task.headers.get('retry-after')]).toEqual([503, null]);
    expect(task.body).toEqual({ code: 503, message: expect.stringContaining('503') as string });
    expect((await getHarvest(sandbox, '/v2/tasks')).status).toBe(503);
    expect((await getHarvest(sandbox, '/v2/tasks')).body).toEqual({ teapot: true });
    expect((await getHarvest(sandbox, '/v2/tasks')).status).toBe(200);
    sandbox.fault({ kind: 'drop', times: Number.POSITIVE_INFINITY });
    await expect(getHarvest(sandbox, '/v2/tasks')).rejects.toThrow();
    sandbox.clearFaults();
    expect((await getHarvest(sandbox, '/v2/tasks')).status).toBe(200);
    expect(sandbox.requests.map(({ fault }) => fault)).toEqual([
      'status',
      'status',
      'status',
      'status',
      null,
      'drop',
      null,
    ]);
    expect(() => sandbox.fault({ kind: 'drop', times: 0 })).toThrow(/at least one/);
  });

  test('hang never answers and commits nothing; drop neither', async () => {
    const sandbox = await harvest();
    const { refs } = seedHarvest(sandbox);
    const entry = sandbox.addEntry({ ...refs, spent_date: '2026-03-01', hours: 1 });
    for (const kind of ['hang', 'drop'] as const) {
      sandbox.fault({ kind, times: 1 });
      const attempt = fetch(`${sandbox.url}/v2/time_entries/${entry.id}`, {
        method: 'DELETE',
        headers: HARVEST_HEADERS,
        signal: AbortSignal.timeout(200),
      });
      await expect(attempt).rejects.toThrow(kind === 'hang' ? /timeout/ : /fetch failed/);
      expect(sandbox.entries).toHaveLength(1);
      expect(sandbox.requests.at(-1)).toMatchObject({ method: 'DELETE', status: null, fault: kind });
    }
  });

  test('commit_then_drop does the work and loses the answer; broken_json answers 200 with half of it', async () => {
    const sandbox = await harvest();
    const { refs } = seedHarvest(sandbox);
    const entry = sandbox.addEntry({ ...refs, spent_date: '2026-03-01', hours: 1 });
    sandbox.fault({ kind: 'commit_then_drop', times: 1 });
    await expect(patchHarvest(sandbox, entry.id, { notes: 'first' })).rejects.toThrow(/fetch failed/);
    expect(sandbox.entries[0]?.notes).toBe('first');
    sandbox.fault({ kind: 'broken_json', times: 1 });
    const response = await fetch(`${sandbox.url}/v2/time_entries/${entry.id}`, { headers: HARVEST_HEADERS });
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(text.startsWith('{"id":')).toBe(true);
    expect(() => JSON.parse(text) as unknown).toThrow();
  });

  test('records method, path, query, body and status without the secret, and forgets the oldest', async () => {
    const sandbox = await harvest();
    await patchHarvest(sandbox, 1, { notes: 'x' });
    expect(sandbox.requests).toHaveLength(1);
    expect(sandbox.requests[0]).toMatchObject({
      method: 'PATCH',
      path: '/v2/time_entries/1',
      query: {},
      body: { notes: 'x' },
      status: 404,
      headers: { authorization: '[redacted]', 'harvest-account-id': '700123' },
    });
    const filler = sandbox.requests[0]!;
    for (let index = 0; index < RECORDED_REQUESTS_MAX; index += 1) sandbox.requests.push(filler);
    await getHarvest(sandbox, '/v2/company');
    expect(sandbox.requests).toHaveLength(RECORDED_REQUESTS_MAX);
    expect(sandbox.requests.at(-1)?.path).toBe('/v2/company');
  });

  test('refuses a body of more than 5 MB', async () => {
    const sandbox = await harvest();
    expect((await patchHarvest(sandbox, 1, { notes: 'x'.repeat(6 * 1024 * 1024) })).status).toBe(413);
  });

  test('closes at once, with calls hanging and connections kept alive, and twice without harm', async () => {
    const sandbox = await harvest();
    await getHarvest(sandbox, '/v2/company');
    sandbox.fault({ kind: 'hang', times: 1 });
    const hanging = getHarvest(sandbox, '/v2/company').catch((error: unknown) => error);
    while (sandbox.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    const startedMs = performance.now();
    await sandbox.close();
    expect(performance.now() - startedMs).toBeLessThan(500);
    expect(await hanging).toBeInstanceOf(Error);
    await sandbox.close();
    await expect(getHarvest(sandbox, '/v2/company')).rejects.toThrow();
  });

  test('listens on the loopback only, on the port asked for', async () => {
    const first = await harvest();
    const port = Number(new URL(first.url).port);
    expect(first.url).toBe(`http://127.0.0.1:${port}`);
    await expect(harvest({ port })).rejects.toThrow(/EADDRINUSE/);
    await first.close();
    expect((await harvest({ port })).url).toBe(first.url);
  });
});

// ---- QuickBooks

const REALM = '310687';
const QUICKBOOKS_HEADERS = { authorization: 'Bearer at-1', accept: 'application/json' };

const quickbooks = async (options: Partial<QuickbooksSandboxOptions> = {}) =>
  opened(await startQuickbooksSandbox({ realmId: REALM, accessToken: 'at-1', rateLimit: 'off', ...options }));

interface QuickbooksAnswer {
  status: number;
  headers: Headers;
  body: {
    Invoice?: QuickbooksInvoice & { status?: string };
    Payment?: QuickbooksPayment;
    TimeActivity?: QuickbooksTimeActivity;
    Customer?: {
      Id: string;
      SyncToken: string;
      DisplayName: string;
      FullyQualifiedName: string;
      Balance: number;
    };
    Item?: { Id: string };
    QueryResponse?: Record<string, unknown>;
    CDCResponse?: { QueryResponse: Record<string, { Id: string; status?: string }[]>[] }[];
    Fault?: { Error: { Message: string; Detail: string; code: string; element: string }[]; type: string };
    fault?: { error: { message: string; detail: string; code: string }[]; type: string };
    time?: string;
  };
}

async function callQuickbooks(
  sandbox: Sandbox,
  path: string,
  init: RequestInit = {},
  headers: Record<string, string> = {},
): Promise<QuickbooksAnswer> {
  const response = await fetch(`${sandbox.url}/v3/company/${REALM}/${path}`, {
    ...init,
    headers: { ...QUICKBOOKS_HEADERS, ...headers },
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as QuickbooksAnswer['body'],
  };
}

const postQuickbooks = (sandbox: Sandbox, path: string, body: unknown) =>
  callQuickbooks(
    sandbox,
    path,
    { method: 'POST', body: JSON.stringify(body) },
    { 'content-type': 'application/json' },
  );

const queryQuickbooks = (sandbox: Sandbox, query: string) =>
  callQuickbooks(sandbox, `query?query=${encodeURIComponent(query)}&minorversion=75`);

const codeOf = (answer: QuickbooksAnswer) =>
  answer.body.Fault?.Error[0]?.code ?? answer.body.fault?.error[0]?.code;

function seedQuickbooks(sandbox: QuickbooksSandbox) {
  const customer = sandbox.addCustomer({ DisplayName: 'Acme Marine' });
  const item = sandbox.items.find((one) => one.Name === 'Services')!;
  const line = (amount: number, more: object = {}) => ({
    DetailType: 'SalesItemLineDetail',
    Amount: amount,
    SalesItemLineDetail: { ItemRef: { value: item.Id }, ...more },
  });
  const invoice = (more: object = {}) => ({
    CustomerRef: { value: customer.Id },
    TxnDate: '2026-03-31',
    Line: [line(490, { Qty: 3.5, UnitPrice: 140 })],
    ...more,
  });
  const create = async (more: object = {}) => {
    const answer = await postQuickbooks(sandbox, 'invoice', invoice(more));
    expect(answer.body).toHaveProperty('Invoice');
    return answer.body.Invoice!;
  };
  return { customer, item, line, invoice, create };
}

describe('the QuickBooks sandbox: the door', () => {
  test('wrong token 401, wrong company 403 with 3100, both in the gateway spelling', async () => {
    const sandbox = await quickbooks();
    const path = `${sandbox.url}/v3/company/${REALM}/preferences`;
    const withToken = (authorization: string) => ({ headers: { ...QUICKBOOKS_HEADERS, authorization } });
    const unauthorised = await fetch(path, withToken('Bearer other'));
    expect(unauthorised.status).toBe(401);
    expect(await unauthorised.json()).toMatchObject({
      fault: { type: 'AUTHENTICATION', error: [{ code: '3200' }] },
    });
    const foreign = await fetch(path.replace(REALM, '999'), withToken('Bearer at-1'));
    expect(foreign.status).toBe(403);
    expect(await foreign.json()).toMatchObject({
      fault: { error: [{ code: '3100', message: expect.stringContaining('errorCode=003100') as string }] },
    });
    sandbox.setAccessToken('at-2');
    expect((await fetch(path, withToken('Bearer at-1'))).status).toBe(401);
    expect((await fetch(path, withToken('Bearer at-2'))).status).toBe(200);
  });

  test('every answer carries a new intuit_tid, also a throttled and a failed one', async () => {
    const sandbox = await quickbooks({ rateLimit: { requests: 2, perSeconds: 60 } });
    sandbox.fault({ kind: 'status', status: 503, times: 1 });
    const answers = [];
    for (let index = 0; index < 3; index += 1) answers.push(await callQuickbooks(sandbox, 'preferences'));
    expect(answers.map(({ status }) => status)).toEqual([503, 200, 429]);
    expect(answers[0]!.body.Fault?.type).toBe('SystemFault');
    expect(new Set(answers.map(({ headers }) => headers.get('intuit_tid'))).size).toBe(3);
    expect(answers.every(({ headers }) => headers.get('intuit_tid') !== null)).toBe(true);
  });

  test('10 calls a second, then 429 ThrottleExceeded that names no wait', async () => {
    const sandbox = opened(await startQuickbooksSandbox({ realmId: REALM, accessToken: 'at-1' }));
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => callQuickbooks(sandbox, 'preferences')),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
    const refused = answers.find(({ status }) => status === 429)!;
    expect(refused.headers.get('retry-after')).toBeNull();
    expect(refused.body.fault?.error[0]?.message).toContain('ThrottleExceeded');
  });

  test.each([
    ['GET', 'estimate/1'],
    ['GET', 'Invoice/1'],
    ['GET', 'invoice'],
    ['POST', 'taxcode'],
    ['POST', 'batch'],
    ['GET', 'invoice/1/pdf'],
    ['PUT', 'invoice'],
  ])('%s %s is 404', async (method, path) => {
    const sandbox = await quickbooks();
    expect((await callQuickbooks(sandbox, path, { method })).status).toBe(404);
  });

  test('refuses unknown parameters, a missing Accept, another content type and a body that is no object', async () => {
    const sandbox = await quickbooks();
    expect((await callQuickbooks(sandbox, 'preferences?minorversion=75')).status).toBe(200);
    expect(codeOf(await callQuickbooks(sandbox, 'preferences?minorVersion=75'))).toBe('500');
    expect(codeOf(await callQuickbooks(sandbox, 'preferences?minorversion=latest'))).toBe('500');
    expect(codeOf(await postQuickbooks(sandbox, 'invoice?requestId=1', {}))).toBe('500');
    expect((await callQuickbooks(sandbox, 'preferences', {}, { accept: '*/*' })).status).toBe(406);
    const asText = await callQuickbooks(
      sandbox,
      'invoice',
      { method: 'POST', body: '{}' },
      { 'content-type': 'text/plain' },
    );
    expect(codeOf(asText)).toBe('500');
    expect(codeOf(await postQuickbooks(sandbox, 'invoice', [1]))).toBe('2010');
  });

  test('a Fault has the documented shape, and can come with HTTP 200', async () => {
    const sandbox = await quickbooks();
    const refused = await postQuickbooks(sandbox, 'invoice', {});
    expect(refused.status).toBe(400);
    expect(refused.body).toEqual({
      Fault: {
        Error: [
          {
            Message: 'Required param missing, need to supply the required value for the API',
            Detail: 'Required parameter CustomerRef is missing in the request',
            code: '2020',
            element: 'CustomerRef',
          },
        ],
        type: 'ValidationFault',
      },
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}-08:00$/) as string,
    });
    sandbox.faultsAsHttp200(true);
    const disguised = await postQuickbooks(sandbox, 'invoice', {});
    expect([disguised.status, codeOf(disguised)]).toEqual([200, '2020']);
    sandbox.faultsAsHttp200(false);
    expect((await postQuickbooks(sandbox, 'invoice', {})).status).toBe(400);
  });
});

describe('the QuickBooks sandbox: queries', () => {
  test('finds by name with an escaped quote, and answers an empty page without the entity key', async () => {
    const sandbox = await quickbooks();
    const made = sandbox.addCustomer({ DisplayName: "O'Brien & Sons" });
    const found = await queryQuickbooks(
      sandbox,
      "select * from Customer where DisplayName = 'O\\'Brien & Sons'",
    );
    expect(found.body.QueryResponse).toEqual({ Customer: [made], startPosition: 1, maxResults: 1 });
    const none = await queryQuickbooks(sandbox, "select * from Customer where DisplayName = 'Nobody'");
    expect(none.status).toBe(200);
    expect(none.body.QueryResponse).toEqual({});
    const doubled = await queryQuickbooks(
      sandbox,
      "select * from Customer where DisplayName = 'O''Brien & Sons'",
    );
    expect(codeOf(doubled)).toBe('4000');
    const raw = await queryQuickbooks(sandbox, "select * from Customer where DisplayName = 'O'Brien & Sons'");
    expect(codeOf(raw)).toBe('4000');
  });

  test('supports every documented operator, COUNT(*) and a query by POST', async () => {
    const sandbox = await quickbooks();
    const { create } = seedQuickbooks(sandbox);
    const a = await create({ DocNumber: 'A-1', TxnDate: '2026-01-31' });
    const b = await create({
      DocNumber: 'A-2',
      TxnDate: '2026-02-28',
      Line: [
        { ...a.Line[0], Amount: 980, SalesItemLineDetail: { ItemRef: { value: sandbox.items[0]!.Id } } },
      ],
    });
    const c = await create({ DocNumber: 'B%1', TxnDate: '2026-03-31' });
    const cases: [string, string[]][] = [
      ["DocNumber = 'A-1'", [a.Id]],
      ["DocNumber IN ('A-1', 'B%1')", [a.Id, c.Id]],
      ["DocNumber LIKE 'A%'", [a.Id, b.Id]],
      ["DocNumber LIKE '%1'", [a.Id, c.Id]],
      ["TxnDate > '2026-01-31'", [b.Id, c.Id]],
      ["TxnDate >= '2026-01-31' AND TxnDate < '2026-03-31'", [a.Id, b.Id]],
      ["TxnDate <= '2026-01-31'", [a.Id]],
      ["TotalAmt > '490'", [b.Id]],
      [`CustomerRef = '${a.CustomerRef.value}' AND Balance = '490.00'`, [a.Id, c.Id]],
      [`Id IN ('${b.Id}','${c.Id}')`, [b.Id, c.Id]],
      [`MetaData.LastUpdatedTime >= '2020-01-01T00:00:00+01:00'`, [a.Id, b.Id, c.Id]],
      [`MetaData.CreateTime > '2999-01-01T00:00:00Z'`, []],
    ];
    for (const [where, ids] of cases) {
      const { body } = await queryQuickbooks(
        sandbox,
        `SELECT * FROM Invoice WHERE ${where} ORDERBY Id ASC MAXRESULTS 1000`,
      );
      const invoices = (body.QueryResponse?.Invoice ?? []) as { Id: string }[];
      expect([where, invoices.map(({ Id }) => Id)]).toEqual([where, ids]);
    }
    const counted = await queryQuickbooks(
      sandbox,
      "select count(*) from Invoice where TxnDate > '2026-01-31'",
    );
    expect(counted.body.QueryResponse).toEqual({ totalCount: 2 });
    const posted = await callQuickbooks(
      sandbox,
      'query',
      { method: 'POST', body: 'select * from Invoice orderby TxnDate desc maxresults 1' },
      { 'content-type': 'application/text' },
    );
    expect((posted.body.QueryResponse!.Invoice as { Id: string }[]).map(({ Id }) => Id)).toEqual([c.Id]);
  });

  test.each([
    ["select * from Invoice where DocNumber = 'a' or DocNumber = 'b'", '4000'],
    ['select Id, DocNumber from Invoice', '4000'],
    ['select * from Invoice i join Customer c', '4000'],
    ["select * from Invoice where DocNumber != 'a'", '4000'],
    ['select * from Invoice where TotalAmt > 100', '4000'],
    ['select * from Invoice where DocNumber = "a"', '4000'],
    ['select * from Invoice order by Id', '4000'],
    ['select * from Invoice startposition 0', '4000'],
    ['select * from Invoice maxresults 1001', '4000'],
    ['select * from Invoice maxresults 10 startposition 1', '4000'],
    ["select * from Invoice where TxnDate = '31.03.2026'", '4000'],
    ["select * from Invoice where MetaData.LastUpdatedTime > '2026-03-01T00:00:00'", '4000'],
    ["select * from Invoice where PrivateNote = 'hub:1'", '4001'],
    ["select * from Invoice where Number = 'a'", '4001'],
    ["select * from invoice where DocNumber = 'a'", '4001'],
    ["select * from TimeActivity where BillableStatus = 'Billable'", '4001'],
    ["select * from Payment where DocNumber = '1'", '4001'],
    ['select * from Estimate', '4001'],
    ["delete from Invoice where Id = '1'", '4000'],
  ])('refuses %s', async (query, code) => {
    const sandbox = await quickbooks();
    const answer = await queryQuickbooks(sandbox, query);
    expect([answer.status, codeOf(answer)]).toEqual([400, code]);
    expect(answer.body.Fault?.Error[0]?.Detail).toMatch(/Query(Parser|Validation)Error/);
  });

  test('an offset whose plus sign was not encoded is refused', async () => {
    const sandbox = await quickbooks();
    const query = "select * from Invoice where MetaData.LastUpdatedTime >= '2026-03-01T00:00:00+01:00'";
    expect(codeOf(await callQuickbooks(sandbox, `query?query=${query.replaceAll(' ', '%20')}`))).toBe('4000');
    expect((await queryQuickbooks(sandbox, query)).status).toBe(200);
  });

  test('pages from 1; ordered pages hold every row once, unordered ones repeat rows', async () => {
    const sandbox = await quickbooks();
    for (let index = 0; index < 7; index += 1) sandbox.addCustomer({ DisplayName: `Customer ${index}` });
    const read = async (order: string) => {
      const ids: string[] = [];
      for (const start of [1, 4, 7]) {
        const { body } = await queryQuickbooks(
          sandbox,
          `select * from Customer ${order} STARTPOSITION ${start} MAXRESULTS 3`,
        );
        const rows = (body.QueryResponse?.Customer ?? []) as { Id: string }[];
        expect(body.QueryResponse).toMatchObject({ startPosition: start, maxResults: rows.length });
        ids.push(...rows.map(({ Id }) => Id));
      }
      return ids;
    };
    const all = sandbox.customers.map(({ Id }) => Id);
    expect(await read('ORDERBY Id ASC')).toEqual(all);
    expect(await read('ORDERBY DisplayName DESC')).toEqual(all.toReversed());
    const unordered = await read('');
    expect(unordered).toHaveLength(7);
    expect(new Set(unordered).size).toBeLessThan(7);
    const beyond = await queryQuickbooks(
      sandbox,
      'select * from Customer ORDERBY Id STARTPOSITION 8 MAXRESULTS 3',
    );
    expect(beyond.body.QueryResponse).toEqual({});
  });

  test('without MAXRESULTS a page has 100 rows', async () => {
    const sandbox = await quickbooks();
    for (let index = 0; index < 101; index += 1) sandbox.addCustomer({ DisplayName: `Customer ${index}` });
    const { body } = await queryQuickbooks(sandbox, 'select * from Customer');
    expect(body.QueryResponse?.maxResults).toBe(100);
  });

  test('inactive names are left out unless asked for, yet their names are taken', async () => {
    const sandbox = await quickbooks();
    const customer = sandbox.addCustomer({ DisplayName: 'Sleeper', Active: false });
    const query = "select * from Customer where DisplayName = 'Sleeper'";
    expect((await queryQuickbooks(sandbox, query)).body.QueryResponse).toEqual({});
    const all = await queryQuickbooks(sandbox, `${query} and Active in (true, false)`);
    expect((all.body.QueryResponse!.Customer as { Id: string }[]).map(({ Id }) => Id)).toEqual([customer.Id]);
    expect(codeOf(await postQuickbooks(sandbox, 'customer', { DisplayName: 'Sleeper' }))).toBe('6240');
    const invoice = {
      CustomerRef: { value: customer.Id },
      Line: [{ DetailType: 'DescriptionOnly', Description: 'x' }],
    };
    expect(codeOf(await postQuickbooks(sandbox, 'invoice', invoice))).toBe('610');
  });

  test('preferences, tax codes and accounts can be read', async () => {
    const sandbox = await quickbooks({ customTxnNumbers: false, country: 'CA' });
    const { body } = await queryQuickbooks(sandbox, 'select * from Preferences');
    expect(body.QueryResponse?.Preferences).toMatchObject([
      {
        SalesFormsPrefs: { CustomTxnNumbers: false },
        CurrencyPrefs: { MultiCurrencyEnabled: false, HomeCurrency: { value: 'CAD' } },
      },
    ]);
    const codes = await queryQuickbooks(sandbox, "select * from TaxCode where Name = 'GST'");
    expect(codes.body.QueryResponse?.TaxCode).toMatchObject([{ Id: '5', Name: 'GST', Taxable: true }]);
    expect((await callQuickbooks(sandbox, 'taxcode/5')).status).toBe(200);
    expect((await queryQuickbooks(sandbox, 'select * from Account')).body.QueryResponse?.maxResults).toBe(4);
  });
});

describe('the QuickBooks sandbox: names and items', () => {
  test('a customer is created, read, changed sparsely, and replaced by a full update', async () => {
    const sandbox = await quickbooks();
    const made = await postQuickbooks(sandbox, 'customer?minorversion=75&requestid=c1', {
      DisplayName: 'Acme',
      PrimaryEmailAddr: { Address: 'ap@acme.example' },
      BillAddr: { Line1: 'Quay 1', City: 'Halifax' },
    });
    expect(made.body.Customer).toMatchObject({
      SyncToken: '0',
      DisplayName: 'Acme',
      FullyQualifiedName: 'Acme',
      Active: true,
      Balance: 0,
      CurrencyRef: { value: 'USD', name: 'US Dollar' },
    });
    const { Id } = made.body.Customer!;
    const job = await postQuickbooks(sandbox, 'customer', {
      DisplayName: 'Website',
      Job: true,
      ParentRef: { value: Id },
    });
    expect(job.body.Customer?.FullyQualifiedName).toBe('Acme:Website');
    const sparse = await postQuickbooks(sandbox, 'customer', {
      Id,
      SyncToken: '0',
      sparse: true,
      CompanyName: 'Acme Ltd',
    });
    expect(sparse.body.Customer).toMatchObject({
      SyncToken: '1',
      CompanyName: 'Acme Ltd',
      PrimaryEmailAddr: { Address: 'ap@acme.example' },
    });
    const full = await postQuickbooks(sandbox, 'customer', { Id, SyncToken: '1', DisplayName: 'Acme' });
    expect(full.body.Customer).not.toHaveProperty('CompanyName');
    expect((await callQuickbooks(sandbox, `customer/${Id}`)).body.Customer).toEqual(full.body.Customer);
    const stale = await postQuickbooks(sandbox, 'customer', { Id, SyncToken: '1', DisplayName: 'Acme' });
    expect(codeOf(stale)).toBe('5010');
  });

  test('a display name is unique across customers, vendors and employees, without case', async () => {
    const sandbox = await quickbooks();
    sandbox.addCustomer({ DisplayName: 'Acme' });
    sandbox.addVendor('Rope Supplies');
    sandbox.addEmployee('Dana Reyes');
    for (const DisplayName of ['Acme', 'ACME', 'Rope Supplies', 'Dana Reyes'])
      expect(codeOf(await postQuickbooks(sandbox, 'customer', { DisplayName }))).toBe('6240');
    expect(sandbox.customers).toHaveLength(1);
  });

  test.each([
    [{}, '2020'],
    [{ DisplayName: 'A:B' }, '2010'],
    [{ DisplayName: 'A', Email: 'x@y.example' }, '2010'],
    [{ DisplayName: 'A', PrimaryEmailAddr: 'x@y.example' }, '2010'],
    [{ DisplayName: 'A', PrimaryEmailAddr: { Address: 'nonsense' } }, '2010'],
    [{ DisplayName: 'x'.repeat(501) }, '2050'],
    [{ DisplayName: 'A', PreferredDeliveryMethod: 'Pigeon' }, '2170'],
    [{ DisplayName: 'A', CurrencyRef: { value: 'EUR' } }, '6000'],
    [{ DisplayName: 'A', Job: true }, '2020'],
    [{ DisplayName: 'A', ParentRef: { value: '9999' } }, '2500'],
    [{ Id: '9999', SyncToken: '0', DisplayName: 'A' }, '610'],
  ])('refuses the customer %j with %s', async (body, code) => {
    const sandbox = await quickbooks();
    expect(codeOf(await postQuickbooks(sandbox, 'customer', body))).toBe(code);
    expect(sandbox.customers).toEqual([]);
  });

  test('a service item needs an income account and a new name', async () => {
    const sandbox = await quickbooks();
    const body = { Name: 'Consulting', Type: 'Service', IncomeAccountRef: { value: '79' } };
    const made = await postQuickbooks(sandbox, 'item', body);
    expect(made.body.Item).toMatchObject({ Name: 'Consulting', Active: true });
    expect((await callQuickbooks(sandbox, `item/${made.body.Item!.Id}`)).body.Item).toEqual(made.body.Item);
    expect(codeOf(await postQuickbooks(sandbox, 'item', body))).toBe('6240');
    expect(codeOf(await postQuickbooks(sandbox, 'item', { Name: 'New', Type: 'Service' }))).toBe('2020');
    expect(
      codeOf(
        await postQuickbooks(sandbox, 'item', { ...body, Name: 'New', IncomeAccountRef: { value: '1' } }),
      ),
    ).toBe('2500');
    expect(codeOf(await postQuickbooks(sandbox, 'item', { ...body, Name: 'New', Type: 'Labour' }))).toBe(
      '2170',
    );
  });
});

describe('the QuickBooks sandbox: invoices', () => {
  test('an invoice posts, and reads back by id with a subtotal line that is not a line of ours', async () => {
    const sandbox = await quickbooks();
    const { customer, item, invoice } = seedQuickbooks(sandbox);
    const answer = await postQuickbooks(
      sandbox,
      'invoice?minorversion=75',
      invoice({
        DueDate: '2026-04-30',
        DocNumber: 'HUB-2026-0042',
        CurrencyRef: { value: 'USD' },
        BillEmail: { Address: 'ap@acme.example' },
        PrivateNote: 'hub:inv_01',
        GlobalTaxCalculation: 'TaxExcluded',
      }),
    );
    expect(answer.status).toBe(200);
    expect(answer.body.Invoice).toMatchObject({
      SyncToken: '0',
      domain: 'QBO',
      sparse: false,
      DocNumber: 'HUB-2026-0042',
      TxnDate: '2026-03-31',
      DueDate: '2026-04-30',
      CustomerRef: { value: customer.Id, name: 'Acme Marine' },
      EmailStatus: 'NotSet',
      TotalAmt: 490,
      Balance: 490,
      LinkedTxn: [],
    });
    expect(answer.body.Invoice?.Line).toMatchObject([
      {
        Id: '1',
        LineNum: 1,
        Amount: 490,
        SalesItemLineDetail: { ItemRef: { value: item.Id, name: 'Services' }, TaxCodeRef: { value: 'NON' } },
      },
      { DetailType: 'SubTotalLineDetail', Amount: 490 },
    ]);
    const read = await callQuickbooks(sandbox, `invoice/${answer.body.Invoice!.Id}`);
    expect(read.body.Invoice).toEqual(answer.body.Invoice);
    expect(sandbox.invoices).toEqual([answer.body.Invoice]);
    expect(sandbox.customers[0]?.Balance).toBe(490);
    expect(codeOf(await callQuickbooks(sandbox, 'invoice/99999'))).toBe('610');
  });

  test('Amount is quantity times price to the cent, a tie may be rounded either way', async () => {
    const sandbox = await quickbooks();
    const { line, create, invoice } = seedQuickbooks(sandbox);
    await create({ Line: [line(0.33, { Qty: 0.33, UnitPrice: 1 })] });
    await create({
      Line: [line(12.35, { Qty: 0.1, UnitPrice: 123.45 }), line(12.34, { Qty: 0.1, UnitPrice: 123.45 })],
    });
    await create({
      Line: [line(100.1, { Qty: 1.1, UnitPrice: 91 }), line(-0.1, { Qty: -1, UnitPrice: 0.1 })],
    });
    for (const [amount, Qty, UnitPrice] of [
      [490.01, 3.5, 140],
      [0.34, 0.33, 1],
      [12.36, 0.1, 123.45],
      [10.01, 1, 10.004],
    ] as const) {
      const answer = await postQuickbooks(
        sandbox,
        'invoice',
        invoice({ Line: [line(amount, { Qty, UnitPrice })] }),
      );
      expect(codeOf(answer)).toBe('6070');
    }
    expect(sandbox.invoices.map(({ TotalAmt }) => TotalAmt)).toEqual([0.33, 24.69, 100]);
  });

  test.each([
    ['no customer', { CustomerRef: undefined }, '2020'],
    ['no line', { Line: [] }, '2020'],
    ['no lines at all', { Line: undefined }, '2020'],
    ['an unknown customer', { CustomerRef: { value: '9999' } }, '2500'],
    ['a customer as plain text', { CustomerRef: '101' }, '2010'],
    ['a DocNumber of 22 characters', { DocNumber: 'x'.repeat(22) }, '2050'],
    ['a field of another API', { Number: '1' }, '2010'],
    ['a date with a time', { TxnDate: '2026-03-31T00:00:00Z' }, '2010'],
    ['an impossible date', { TxnDate: '2026-02-30' }, '2010'],
    ['an unknown status', { EmailStatus: 'Sent' }, '2170'],
    ['a note that is too long', { PrivateNote: 'x'.repeat(4001) }, '2050'],
    ['a foreign currency without multicurrency', { CurrencyRef: { value: 'EUR' } }, '6000'],
  ])('refuses %s', async (_, change, code) => {
    const sandbox = await quickbooks();
    const { invoice } = seedQuickbooks(sandbox);
    const answer = await postQuickbooks(sandbox, 'invoice', invoice(change));
    expect([answer.status, codeOf(answer)]).toEqual([400, code]);
    expect(sandbox.invoices).toEqual([]);
  });

  test('refuses lines that the vendor refuses, naming the element', async () => {
    const sandbox = await quickbooks();
    const { line, invoice } = seedQuickbooks(sandbox);
    const cases: [object, string, string][] = [
      [line(1.234), '2010', 'Line.0.Amount'],
      [{ ...line(1), Amount: '1.00' }, '2010', 'Line.0.Amount'],
      [{ ...line(1), Amount: undefined }, '2020', 'Line.0.Amount'],
      [{ ...line(1), DetailType: undefined }, '2020', 'Line.0.DetailType'],
      [{ ...line(1), DetailType: 'ServiceLine' }, '2170', 'Line.0.DetailType'],
      [{ ...line(1), Quantity: 1 }, '2010', 'Line.0'],
      [line(1, { Quantity: 1 }), '2010', 'Line.0.SalesItemLineDetail'],
      [line(1, { ItemRef: undefined }), '2020', 'Line.0.SalesItemLineDetail.ItemRef'],
      [line(1, { ItemRef: { value: '9999' } }), '2500', 'Line[0].ItemRef'],
      [line(1, { TaxCodeRef: { value: '5' } }), '2500', 'Line[0].TaxCodeRef'],
      [line(-1), '6000', 'TotalAmt'],
    ];
    for (const [bad, code, element] of cases) {
      const answer = await postQuickbooks(sandbox, 'invoice', invoice({ Line: [bad] }));
      expect([code, answer.body.Fault?.Error[0]?.element]).toEqual([codeOf(answer), element]);
    }
    const discount = {
      DetailType: 'DiscountLineDetail',
      Amount: 1,
      DiscountLineDetail: { PercentBased: false },
    };
    expect((await postQuickbooks(sandbox, 'invoice', invoice({ Line: [line(2), discount] }))).status).toBe(
      501,
    );
    expect(sandbox.invoices).toEqual([]);
  });

  test('a description line adds text and no money', async () => {
    const sandbox = await quickbooks();
    const { line, create } = seedQuickbooks(sandbox);
    const made = await create({ Line: [{ DetailType: 'DescriptionOnly', Description: 'March' }, line(10)] });
    expect(made.TotalAmt).toBe(10);
    expect(made.Line.map(({ DetailType }) => DetailType)).toEqual([
      'DescriptionOnly',
      'SalesItemLineDetail',
      'SubTotalLineDetail',
    ]);
  });

  test('a used number is 6140 naming the invoice, unless duplicates are asked for; a deleted one is free', async () => {
    const sandbox = await quickbooks();
    const { create, invoice } = seedQuickbooks(sandbox);
    const first = await create({ DocNumber: 'INV-1' });
    const again = await postQuickbooks(sandbox, 'invoice', invoice({ DocNumber: 'INV-1' }));
    expect(codeOf(again)).toBe('6140');
    expect(again.body.Fault?.Error[0]?.Detail).toContain(`TxnId=${first.Id}`);
    expect(codeOf(await postQuickbooks(sandbox, 'invoice?include=other', invoice()))).toBe('500');
    const allowed = await postQuickbooks(
      sandbox,
      'invoice?include=allowduplicatedocnum',
      invoice({ DocNumber: 'INV-1' }),
    );
    expect(allowed.status).toBe(200);
    sandbox.voidInvoice(first.Id);
    expect(codeOf(await postQuickbooks(sandbox, 'invoice', invoice({ DocNumber: 'INV-1' })))).toBe('6140');
    sandbox.deleteInvoice(first.Id);
    sandbox.deleteInvoice(allowed.body.Invoice!.Id);
    expect((await postQuickbooks(sandbox, 'invoice', invoice({ DocNumber: 'INV-1' }))).status).toBe(200);
  });

  test('CustomTxnNumbers on: no number sent is no number; AUTO_GENERATE counts', async () => {
    const sandbox = await quickbooks();
    const { create } = seedQuickbooks(sandbox);
    expect(await create()).not.toHaveProperty('DocNumber');
    await create({ DocNumber: '1001' });
    expect((await create({ DocNumber: 'AUTO_GENERATE' })).DocNumber).toBe('1002');
  });

  test('CustomTxnNumbers off: QuickBooks counts and refuses our number', async () => {
    const sandbox = await quickbooks({ customTxnNumbers: false });
    const { create, invoice } = seedQuickbooks(sandbox);
    expect([(await create()).DocNumber, (await create()).DocNumber]).toEqual(['1001', '1002']);
    expect(codeOf(await postQuickbooks(sandbox, 'invoice', invoice({ DocNumber: 'INV-1' })))).toBe('6000');
  });

  test('outside the US every line needs a tax code that exists, and tax is added', async () => {
    const sandbox = await quickbooks({ country: 'CA' });
    const { line, invoice, create } = seedQuickbooks(sandbox);
    const without = await postQuickbooks(sandbox, 'invoice', invoice());
    expect(codeOf(without)).toBe('6000');
    expect(without.body.Fault?.Error[0]?.Detail).toContain('GST/HST');
    const american = await postQuickbooks(
      sandbox,
      'invoice',
      invoice({ Line: [line(10, { TaxCodeRef: { value: 'NON' } })] }),
    );
    expect(codeOf(american)).toBe('2500');
    const taxed = [line(10.1, { TaxCodeRef: { value: '5' } }), line(5, { TaxCodeRef: { value: '2' } })];
    expect(await create({ Line: taxed })).toMatchObject({
      TotalAmt: 15.61,
      TxnTaxDetail: { TotalTax: 0.51 },
      GlobalTaxCalculation: 'TaxExcluded',
      CurrencyRef: { value: 'CAD' },
    });
    expect((await create({ Line: taxed, GlobalTaxCalculation: 'NotApplicable' })).TotalAmt).toBe(15.1);
    expect((await create({ Line: taxed, TxnTaxDetail: { TotalTax: 0.5 } })).TotalAmt).toBe(15.6);
    const inclusive = await postQuickbooks(
      sandbox,
      'invoice',
      invoice({ Line: taxed, GlobalTaxCalculation: 'TaxInclusive' }),
    );
    expect(inclusive.status).toBe(501);
  });

  test('in the US automated sales tax computes on lines coded TAX', async () => {
    const sandbox = await quickbooks({ salesTaxPercent: 8.25 });
    const { line, create } = seedQuickbooks(sandbox);
    const made = await create({
      Line: [line(100, { TaxCodeRef: { value: 'TAX' } }), line(50, { TaxCodeRef: { value: 'NON' } })],
    });
    expect(made).toMatchObject({ TotalAmt: 158.25, TxnTaxDetail: { TotalTax: 8.25 } });
    // GlobalTaxCalculation is for other countries and changes nothing here.
    const inclusive = {
      Line: [line(100, { TaxCodeRef: { value: 'TAX' } })],
      GlobalTaxCalculation: 'TaxInclusive',
    };
    expect((await create(inclusive)).TotalAmt).toBe(108.25);
  });

  test("with multicurrency the invoice must name the customer's currency and has a rate", async () => {
    const sandbox = await quickbooks({ multiCurrency: true, exchangeRates: { EUR: 1.1 } });
    const { line } = seedQuickbooks(sandbox);
    const customer = sandbox.addCustomer({ DisplayName: 'Nordlicht', CurrencyRef: { value: 'EUR' } });
    const post = (more: object) =>
      postQuickbooks(sandbox, 'invoice', { CustomerRef: { value: customer.Id }, Line: [line(100)], ...more });
    expect(codeOf(await post({}))).toBe('2020');
    expect(codeOf(await post({ CurrencyRef: { value: 'USD' } }))).toBe('6000');
    expect((await post({ CurrencyRef: { value: 'EUR' } })).body.Invoice).toMatchObject({
      CurrencyRef: { value: 'EUR', name: 'Euro' },
      ExchangeRate: 1.1,
      TotalAmt: 100,
      HomeTotalAmt: 110,
      HomeBalance: 110,
    });
    expect(
      (await post({ CurrencyRef: { value: 'EUR' }, ExchangeRate: 1.25 })).body.Invoice?.HomeTotalAmt,
    ).toBe(125);
    const noRate = sandbox.addCustomer({ DisplayName: 'Oslo', CurrencyRef: { value: 'NOK' } });
    expect(codeOf(await post({ CustomerRef: { value: noRate.Id }, CurrencyRef: { value: 'NOK' } }))).toBe(
      '6000',
    );
  });

  test('updates need the current SyncToken; sparse keeps, full forgets what is omitted', async () => {
    const sandbox = await quickbooks();
    const { create, line } = seedQuickbooks(sandbox);
    const made = await create({ DocNumber: 'INV-1', PrivateNote: 'hub:1' });
    expect(codeOf(await postQuickbooks(sandbox, 'invoice', { ...made, SyncToken: undefined }))).toBe('2020');
    expect(codeOf(await postQuickbooks(sandbox, 'invoice', { ...made, SyncToken: '7' }))).toBe('5010');
    const sparse = await postQuickbooks(sandbox, 'invoice', {
      Id: made.Id,
      SyncToken: '0',
      sparse: true,
      EmailStatus: 'NeedToSend',
      BillEmail: { Address: 'a@b.example' },
    });
    expect(sparse.body.Invoice).toMatchObject({
      SyncToken: '1',
      PrivateNote: 'hub:1',
      EmailStatus: 'NeedToSend',
      TotalAmt: 490,
      DocNumber: 'INV-1',
    });
    expect(
      codeOf(
        await postQuickbooks(sandbox, 'invoice', { Id: made.Id, SyncToken: '1', EmailStatus: 'NotSet' }),
      ),
    ).toBe('2020');
    const whole = { Id: made.Id, SyncToken: '1', CustomerRef: made.CustomerRef, Line: [line(20)] };
    const full = await postQuickbooks(sandbox, 'invoice?operation=update', whole);
    expect(full.body.Invoice).toMatchObject({ SyncToken: '2', TotalAmt: 20, DocNumber: 'INV-1' });
    expect(full.body.Invoice).not.toHaveProperty('PrivateNote');
    // What was read can be sent back as it is.
    const back = await postQuickbooks(sandbox, 'invoice', full.body.Invoice);
    expect(back.body.Invoice).toMatchObject({ SyncToken: '3', TotalAmt: 20 });
  });

  test('send marks the invoice as sent', async () => {
    const sandbox = await quickbooks();
    const { create } = seedQuickbooks(sandbox);
    const made = await create();
    const send = (query: string, type = 'application/octet-stream') =>
      callQuickbooks(
        sandbox,
        `invoice/${made.Id}/send${query}`,
        { method: 'POST' },
        { 'content-type': type },
      );
    expect(codeOf(await send(''))).toBe('2020');
    expect(codeOf(await send('?sendTo=a%40b.example', 'application/json'))).toBe('500');
    const sent = await send('?sendTo=a%40b.example');
    expect(sent.body.Invoice).toMatchObject({
      EmailStatus: 'EmailSent',
      BillEmail: { Address: 'a@b.example' },
      DeliveryInfo: { DeliveryType: 'Email' },
    });
  });

  test('void empties the amounts, marks the note and frees the payment', async () => {
    const sandbox = await quickbooks();
    const { create } = seedQuickbooks(sandbox);
    const made = await create({ DocNumber: 'INV-1', PrivateNote: 'hub:1' });
    sandbox.bookPayment({ invoiceId: made.Id, amount: 100, date: '2026-04-02' });
    const doVoid = (SyncToken: string, more = {}) =>
      postQuickbooks(sandbox, 'invoice?operation=void', { Id: made.Id, SyncToken, ...more });
    expect(codeOf(await doVoid('0'))).toBe('5010');
    expect(codeOf(await doVoid('1', { Line: [] }))).toBe('2010');
    const { body } = await doVoid('1');
    expect(body.Invoice).toMatchObject({
      TotalAmt: 0,
      Balance: 0,
      PrivateNote: 'Voided - hub:1',
      DocNumber: 'INV-1',
      LinkedTxn: [],
      SyncToken: '2',
    });
    expect(body.Invoice?.Line[0]).toMatchObject({ Amount: 0 });
    expect(sandbox.payments[0]).toMatchObject({ TotalAmt: 100, UnappliedAmt: 100, Line: [] });
    expect(
      codeOf(await postQuickbooks(sandbox, 'customer?operation=void', { Id: '1', SyncToken: '0' })),
    ).toBe('500');
  });

  test('delete answers with the status Deleted and takes the invoice away', async () => {
    const sandbox = await quickbooks();
    const { create } = seedQuickbooks(sandbox);
    const made = await create();
    const gone = await postQuickbooks(sandbox, 'invoice?operation=delete', { Id: made.Id, SyncToken: '0' });
    expect(gone.body.Invoice).toEqual({ domain: 'QBO', status: 'Deleted', Id: made.Id });
    expect(codeOf(await callQuickbooks(sandbox, `invoice/${made.Id}`))).toBe('610');
    expect(
      codeOf(await postQuickbooks(sandbox, 'invoice?operation=delete', { Id: made.Id, SyncToken: '0' })),
    ).toBe('610');
    expect(
      codeOf(await postQuickbooks(sandbox, 'invoice?operation=archive', { Id: made.Id, SyncToken: '0' })),
    ).toBe('500');
  });
});

describe('the QuickBooks sandbox: request ids', () => {
  test('a repeat gets the first answer, whatever it asks for, and nothing is done twice', async () => {
    const sandbox = await quickbooks();
    const { invoice } = seedQuickbooks(sandbox);
    const first = await postQuickbooks(sandbox, 'invoice?requestid=r-1', invoice({ DocNumber: 'INV-1' }));
    const again = await postQuickbooks(sandbox, 'invoice?requestid=r-1', invoice({ DocNumber: 'INV-1' }));
    expect(again.body).toEqual(first.body);
    sandbox.bookPayment({ invoiceId: first.body.Invoice!.Id, amount: 490, date: '2026-04-02' });
    const other = await postQuickbooks(sandbox, 'customer?requestid=r-1', { DisplayName: 'Else' });
    expect(other.body).toEqual(first.body);
    expect(sandbox.invoices).toHaveLength(1);
    expect(sandbox.customers).toHaveLength(1);
  });

  test('an answer lost after the commit is found by repeating the request id', async () => {
    const sandbox = await quickbooks();
    const { invoice } = seedQuickbooks(sandbox);
    sandbox.fault({
      kind: 'commit_then_drop',
      times: 1,
      match: (method, path) => method === 'POST' && path.endsWith('/invoice'),
    });
    const body = invoice({ DocNumber: 'INV-1' });
    await expect(postQuickbooks(sandbox, 'invoice?requestid=r-2', body)).rejects.toThrow(/fetch failed/);
    expect(sandbox.invoices).toHaveLength(1);
    const repeated = await postQuickbooks(sandbox, 'invoice?requestid=r-2', body);
    expect(repeated.body.Invoice?.Id).toBe(sandbox.invoices[0]!.Id);
    expect(codeOf(await postQuickbooks(sandbox, 'invoice?requestid=r-3', body))).toBe('6140');
    expect(sandbox.invoices).toHaveLength(1);
  });

  test('a refusal is not remembered, and an id has at most 50 characters', async () => {
    const sandbox = await quickbooks();
    expect(codeOf(await postQuickbooks(sandbox, 'customer?requestid=r', {}))).toBe('2020');
    expect((await postQuickbooks(sandbox, 'customer?requestid=r', { DisplayName: 'A' })).status).toBe(200);
    expect(
      codeOf(await postQuickbooks(sandbox, `customer?requestid=${'x'.repeat(51)}`, { DisplayName: 'B' })),
    ).toBe('2050');
    expect(
      (await postQuickbooks(sandbox, `customer?requestid=${'x'.repeat(50)}`, { DisplayName: 'B' })).status,
    ).toBe(200);
    expect(codeOf(await postQuickbooks(sandbox, 'customer?requestid=', { DisplayName: 'C' }))).toBe('2050');
  });
});

describe('the QuickBooks sandbox: payments', () => {
  test('a payment lowers the balance, links both ways and moves the version; its deletion undoes that', async () => {
    const sandbox = await quickbooks();
    const { create, customer } = seedQuickbooks(sandbox);
    const made = await create();
    const part = sandbox.bookPayment({
      invoiceId: made.Id,
      amount: '190.10',
      date: '2026-04-02',
      reference: 'CHK 17',
    });
    expect(part).toMatchObject({
      TotalAmt: 190.1,
      UnappliedAmt: 0,
      TxnDate: '2026-04-02',
      PaymentRefNum: 'CHK 17',
      CustomerRef: { value: customer.Id },
      Line: [{ Amount: 190.1, LinkedTxn: [{ TxnId: made.Id, TxnType: 'Invoice' }] }],
    });
    const read = async () => (await callQuickbooks(sandbox, `invoice/${made.Id}`)).body.Invoice!;
    expect(await read()).toMatchObject({
      Balance: 299.9,
      TotalAmt: 490,
      SyncToken: '1',
      LinkedTxn: [{ TxnId: part.Id, TxnType: 'Payment' }],
    });
    const rest = sandbox.bookPayment({ invoiceId: made.Id, amount: 299.9, date: '2026-04-03' });
    expect((await read()).Balance).toBe(0);
    expect(sandbox.customers[0]?.Balance).toBe(0);
    expect((await callQuickbooks(sandbox, `payment/${rest.Id}`)).body.Payment).toEqual(rest);
    sandbox.deletePayment(part.Id);
    expect(await read()).toMatchObject({
      Balance: 190.1,
      LinkedTxn: [{ TxnId: rest.Id, TxnType: 'Payment' }],
    });
    expect(sandbox.payments).toHaveLength(1);
    expect(() => sandbox.deletePayment(part.Id)).toThrow(/Not Found/);
  });

  test('one payment over several invoices, and an overpayment that stays unapplied', async () => {
    const sandbox = await quickbooks();
    const { create } = seedQuickbooks(sandbox);
    const [a, b] = [await create(), await create()];
    const both = sandbox.bookPayment({ invoiceIds: [a.Id, b.Id], amounts: [490, 200], date: '2026-04-02' });
    expect(both).toMatchObject({ TotalAmt: 690, UnappliedAmt: 0 });
    expect(sandbox.invoices.map(({ Balance }) => Balance)).toEqual([0, 290]);
    const over = sandbox.bookPayment({ invoiceId: b.Id, amount: 300, date: '2026-04-03' });
    expect(over).toMatchObject({ TotalAmt: 300, UnappliedAmt: 10 });
    expect(sandbox.invoices.map(({ Balance }) => Balance)).toEqual([0, 0]);
    expect(sandbox.customers[0]?.Balance).toBe(-10);
  });

  test('by API: applied within the balance and the amount, to the invoices of one customer', async () => {
    const sandbox = await quickbooks();
    const { create, customer } = seedQuickbooks(sandbox);
    const other = sandbox.addCustomer({ DisplayName: 'Other' });
    const made = await create();
    const pay = (total: number, applied: number, more: object = {}, link: object = {}) =>
      postQuickbooks(sandbox, 'payment', {
        CustomerRef: { value: customer.Id },
        TotalAmt: total,
        Line: [{ Amount: applied, LinkedTxn: [{ TxnId: made.Id, TxnType: 'Invoice', ...link }] }],
        ...more,
      });
    expect(codeOf(await pay(500, 490.01))).toBe('6000');
    expect(codeOf(await pay(100, 200))).toBe('6000');
    expect(codeOf(await pay(100, 100, { CustomerRef: { value: other.Id } }))).toBe('6000');
    expect(codeOf(await pay(100, 100, {}, { TxnId: '9999' }))).toBe('2500');
    expect(codeOf(await pay(100, 100, {}, { TxnType: 'Bill' }))).toBe('2500');
    expect(codeOf(await pay(100, 100, { CustomerRef: undefined }))).toBe('2020');
    expect(codeOf(await pay(100, 100, { Amount: 100 }))).toBe('2010');
    expect(sandbox.payments).toEqual([]);
    const paid = (await pay(500, 490)).body.Payment!;
    expect(paid.UnappliedAmt).toBe(10);
    const changed = await postQuickbooks(sandbox, 'payment', {
      ...paid,
      Line: [{ ...paid.Line[0], Amount: 90 }],
    });
    expect(changed.body.Payment).toMatchObject({ SyncToken: '1', UnappliedAmt: 410 });
    expect(sandbox.invoices[0]?.Balance).toBe(400);
    const gone = await postQuickbooks(sandbox, 'payment?operation=delete', { Id: paid.Id, SyncToken: '1' });
    expect(gone.status).toBe(200);
    expect(sandbox.invoices[0]).toMatchObject({ Balance: 490, LinkedTxn: [] });
  });
});

describe('the QuickBooks sandbox: time activities', () => {
  async function seedTime(sandbox: QuickbooksSandbox) {
    const seeded = seedQuickbooks(sandbox);
    const employee = sandbox.addEmployee('Dana Reyes', 'dana@firm.example');
    const activity = (more: object = {}) => ({
      TxnDate: '2026-03-04',
      NameOf: 'Employee',
      EmployeeRef: { value: employee.Id },
      CustomerRef: { value: seeded.customer.Id },
      ItemRef: { value: seeded.item.Id },
      BillableStatus: 'Billable',
      HourlyRate: 140,
      Hours: 3,
      Minutes: 30,
      ...more,
    });
    const post = async (more: object = {}) => postQuickbooks(sandbox, 'timeactivity', activity(more));
    return { ...seeded, employee, post };
  }

  test('are created, read and queried', async () => {
    const sandbox = await quickbooks();
    const { post, employee } = await seedTime(sandbox);
    const made = (await post({ Description: 'API design' })).body.TimeActivity!;
    expect(made).toMatchObject({
      NameOf: 'Employee',
      EmployeeRef: { value: employee.Id, name: 'Dana Reyes' },
      CustomerRef: { name: 'Acme Marine' },
      BillableStatus: 'Billable',
      Hours: 3,
      Minutes: 30,
    });
    const found = await queryQuickbooks(
      sandbox,
      "select * from TimeActivity where TxnDate >= '2026-03-01' ORDERBY MetaData.LastUpdatedTime ASC STARTPOSITION 1 MAXRESULTS 1000",
    );
    expect(found.body.QueryResponse?.TimeActivity).toEqual([made]);
    expect((await callQuickbooks(sandbox, `employee/${employee.Id}`)).body).toMatchObject({
      Employee: { PrimaryEmailAddr: { Address: 'dana@firm.example' } },
    });
  });

  test('refuse what the vendor refuses', async () => {
    const sandbox = await quickbooks();
    const { post, customer } = await seedTime(sandbox);
    const vendor = sandbox.addVendor('Rope Supplies');
    const cases: [object, string][] = [
      [{ NameOf: undefined }, '2020'],
      [{ NameOf: 'Person' }, '2170'],
      [{ EmployeeRef: undefined }, '2020'],
      [{ EmployeeRef: { value: vendor.Id } }, '2500'],
      [{ VendorRef: { value: vendor.Id } }, '6000'],
      [{ CustomerRef: { value: '9999' } }, '2500'],
      [{ ItemRef: { value: customer.Id } }, '2500'],
      [{ BillableStatus: 'HasBeenBilled' }, '2170'],
      [{ HourlyRate: undefined }, '2020'],
      [{ CustomerRef: undefined }, '2020'],
      [{ Hours: undefined, Minutes: undefined }, '2020'],
      [{ Hours: 1.5 }, '2010'],
      [{ Minutes: 60 }, '2010'],
      [{ Description: 'x'.repeat(4001) }, '2050'],
      [{ StartTime: '2026-03-04T08:00:00-08:00', EndTime: '2026-03-04T09:00:00-08:00' }, '6000'],
    ];
    for (const [change, code] of cases) expect([change, codeOf(await post(change))]).toEqual([change, code]);
    expect(sandbox.timeActivities).toEqual([]);
  });

  test('start and end are rewritten into the company zone, and a missing date is today', async () => {
    const sandbox = await quickbooks({ now: () => new Date('2026-03-10T03:00:00Z') });
    const { post } = await seedTime(sandbox);
    const span = {
      Hours: undefined,
      Minutes: undefined,
      StartTime: '2026-03-04T08:00:00Z',
      EndTime: '2026-03-04T09:30:00Z',
    };
    const made = (await post({ ...span, TxnDate: undefined })).body.TimeActivity;
    expect(made).toMatchObject({
      TxnDate: '2026-03-09',
      StartTime: '2026-03-04T00:00:00-08:00',
      EndTime: '2026-03-04T01:30:00-08:00',
    });
    expect(codeOf(await post({ ...span, EndTime: undefined }))).toBe('2020');
    expect(codeOf(await post({ ...span, EndTime: span.StartTime }))).toBe('6000');
  });

  test('a line linked to an entry bills it, both levels show the link, and a void frees it', async () => {
    const sandbox = await quickbooks();
    const { post, line, create, invoice } = await seedTime(sandbox);
    const activity = (await post()).body.TimeActivity!;
    const link = { LinkedTxn: [{ TxnId: activity.Id, TxnType: 'TimeActivity' }] };
    const made = await create({ Line: [{ ...line(490, { Qty: 3.5, UnitPrice: 140 }), ...link }] });
    expect(made.LinkedTxn).toEqual([{ TxnId: activity.Id, TxnType: 'TimeActivity' }]);
    expect(made.Line[0]).toMatchObject({
      LinkedTxn: [{ TxnId: activity.Id, TxnType: 'TimeActivity', TxnLineId: '1' }],
    });
    expect(sandbox.timeActivities[0]).toMatchObject({ BillableStatus: 'HasBeenBilled', SyncToken: '1' });
    const twice = await postQuickbooks(sandbox, 'invoice', invoice({ Line: [{ ...line(490), ...link }] }));
    expect(codeOf(twice)).toBe('6000');
    const billed = sandbox.timeActivities[0]!;
    expect(
      codeOf(
        await postQuickbooks(sandbox, 'timeactivity?operation=delete', { Id: billed.Id, SyncToken: '1' }),
      ),
    ).toBe('6000');
    // What was read can be sent back.
    expect((await postQuickbooks(sandbox, 'invoice', made)).body.Invoice?.LinkedTxn).toEqual(made.LinkedTxn);
    sandbox.voidInvoice(made.Id);
    expect(sandbox.timeActivities[0]?.BillableStatus).toBe('Billable');
  });

  test('refuses links that integrators saw fail', async () => {
    const sandbox = await quickbooks();
    const { post, line, invoice } = await seedTime(sandbox);
    const other = sandbox.addCustomer({ DisplayName: 'Other' });
    const [a, b] = [(await post()).body.TimeActivity!, (await post()).body.TimeActivity!];
    const foreign = (await post({ CustomerRef: { value: other.Id } })).body.TimeActivity!;
    const free = (await post({ BillableStatus: 'NotBillable' })).body.TimeActivity!;
    const link = (...ids: string[]) => ({
      LinkedTxn: ids.map((TxnId) => ({ TxnId, TxnType: 'TimeActivity' })),
    });
    const cases: [object, string][] = [
      [{ Line: [{ ...line(980), ...link(a.Id, b.Id) }] }, '6000'],
      [{ Line: [line(980)], ...link(a.Id, b.Id) }, '6000'],
      [
        {
          Line: [
            { ...line(1), ...link(a.Id) },
            { ...line(1), ...link(a.Id) },
          ],
        },
        '6000',
      ],
      [{ Line: [{ ...line(1), ...link(foreign.Id) }] }, '6000'],
      [{ Line: [{ ...line(1), ...link(free.Id) }] }, '6000'],
      [{ Line: [{ ...line(1), ...link('9999') }] }, '2500'],
    ];
    for (const [change, code] of cases)
      expect(codeOf(await postQuickbooks(sandbox, 'invoice', invoice(change)))).toBe(code);
    expect(sandbox.timeActivities.some(({ BillableStatus }) => BillableStatus === 'HasBeenBilled')).toBe(
      false,
    );
    expect(sandbox.invoices).toEqual([]);
  });
});

describe('the QuickBooks sandbox: change data capture', () => {
  test('gives what changed since, and what was deleted', async () => {
    let now = new Date('2026-04-01T10:00:00Z');
    const sandbox = await quickbooks({ now: () => now });
    const { create } = seedQuickbooks(sandbox);
    const [early, late] = [await create(), await create()];
    const payment = sandbox.bookPayment({ invoiceId: early.Id, amount: 100, date: '2026-04-01' });
    now = new Date('2026-04-02T10:00:00Z');
    sandbox.deletePayment(payment.Id);
    const read = async (query: string) => {
      const { body } = await callQuickbooks(sandbox, `cdc?${query}`);
      return body.CDCResponse![0]!.QueryResponse;
    };
    const since = encodeURIComponent('2026-04-02T01:00:00-08:00');
    const [invoices, payments] = await read(`entities=Invoice,Payment&changedSince=${since}`);
    expect(invoices?.Invoice?.map(({ Id }) => Id)).toEqual([early.Id]);
    expect(payments?.Payment).toEqual([
      {
        domain: 'QBO',
        status: 'Deleted',
        Id: payment.Id,
        MetaData: { LastUpdatedTime: '2026-04-02T02:00:00-08:00' },
      },
    ]);
    const all = await read('entities=Invoice&changedSince=2026-04-01');
    expect(all[0]?.Invoice?.map(({ Id }) => Id)).toEqual([late.Id, early.Id]);
    expect(
      await read(`entities=Invoice,Payment&changedSince=${encodeURIComponent('2026-04-03T00:00:00Z')}`),
    ).toEqual([{}, {}]);
  });

  test('sends at most 1000 objects', async () => {
    const sandbox = await quickbooks();
    for (let index = 0; index < 1_001; index += 1) sandbox.addCustomer({ DisplayName: `Customer ${index}` });
    const { body } = await callQuickbooks(
      sandbox,
      `cdc?entities=Customer&changedSince=${new Date(Date.now() - 60_000).toISOString()}`,
    );
    expect(body.CDCResponse![0]!.QueryResponse[0]?.Customer).toHaveLength(1_000);
  });

  test.each([
    'entities=TimeActivity&changedSince=TODAY',
    'entities=Invoice,TaxCode&changedSince=TODAY',
    'entities=invoice&changedSince=TODAY',
    'entities=Invoice&changedSince=2020-01-01',
    'entities=Invoice&changedSince=yesterday',
    'entities=Invoice',
    'changedSince=TODAY',
    'entities=Invoice&changedSince=TODAY&minorversion=75&since=TODAY',
  ])('refuses ?%s', async (query) => {
    const sandbox = await quickbooks();
    const today = new Date().toISOString().slice(0, 10);
    const answer = await callQuickbooks(sandbox, `cdc?${query.replaceAll('TODAY', today)}`);
    expect(answer.status).toBe(400);
    expect(answer.body.Fault?.type).toBe('ValidationFault');
  });
});

describe('the QuickBooks sandbox: webhooks and memory', () => {
  async function receiver(status = 200) {
    const received: { body: string; signature: string }[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        received.push({
          body: Buffer.concat(chunks).toString(),
          signature: String(request.headers['intuit-signature']),
        });
        if (status !== 0) response.writeHead(status).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const close = () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    return opened({
      close,
      received,
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    });
  }

  test('sends a signed CloudEvents array, or the legacy form', async () => {
    const sandbox = await quickbooks();
    const hook = await receiver(202);
    const event = {
      entity: 'Invoice',
      operation: 'updated',
      id: '95',
      eventId: 'e-1',
      at: '2026-09-10T21:31:25.179Z',
    } as const;
    expect(await sandbox.sendWebhook(hook.url, 'verifier', [event])).toEqual({ status: 202 });
    await sandbox.sendWebhook(
      hook.url,
      'verifier',
      [event, { ...event, entity: 'Payment', operation: 'deleted' }],
      { legacy: true },
    );
    const [modern, legacy] = hook.received;
    expect(JSON.parse(modern!.body)).toEqual([
      {
        specversion: '1.0',
        id: 'e-1',
        source: expect.stringMatching(/^intuit\./) as string,
        type: 'qbo.invoice.updated.v1',
        datacontenttype: 'application/json',
        time: '2026-09-10T21:31:25.179Z',
        intuitentityid: '95',
        intuitaccountid: REALM,
        data: {},
      },
    ]);
    expect(JSON.parse(legacy!.body)).toEqual({
      eventNotifications: [
        {
          realmId: REALM,
          dataChangeEvent: {
            entities: [
              { name: 'Invoice', id: '95', operation: 'Update', lastUpdated: '2026-09-10T21:31:25.179Z' },
              { name: 'Payment', id: '95', operation: 'Delete', lastUpdated: '2026-09-10T21:31:25.179Z' },
            ],
          },
        },
      ],
    });
    for (const { body, signature } of hook.received)
      expect(signature).toBe(
        createHmac('sha256', Buffer.from('verifier', 'utf8')).update(body).digest('base64'),
      );
  });

  test('gives up on a receiver that does not answer within 3 seconds', async () => {
    const sandbox = await quickbooks();
    const hook = await receiver(0);
    const attempt = sandbox.sendWebhook(hook.url, 'verifier', [
      { entity: 'Payment', operation: 'created', id: '1' },
    ]);
    await expect(attempt).rejects.toThrow(/timeout/);
  });

  test('with a state file the books and the request ids outlive the sandbox', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'quickbooks-sandbox-'));
    opened({ close: async () => rmSync(folder, { recursive: true }) });
    const stateFile = join(folder, 'books.json');
    const first = await quickbooks({ stateFile });
    const { invoice } = seedQuickbooks(first);
    const body = invoice({ DocNumber: 'INV-1' });
    const made = await postQuickbooks(first, 'invoice?requestid=r-1', body);
    first.bookPayment({ invoiceId: made.body.Invoice!.Id, amount: 90, date: '2026-04-02' });
    await postQuickbooks(first, 'invoice', invoice({ DocNumber: 'INV-2' }));
    await first.close();
    expect(readFileSync(stateFile, 'utf8')).not.toContain('at-1');

    const second = await quickbooks({ stateFile });
    expect(second.invoices).toEqual(first.invoices);
    expect(second.invoices.map(({ DocNumber }) => DocNumber)).toEqual(['INV-1', 'INV-2']);
    expect(second.invoices[0]?.Balance).toBe(400);
    expect((await postQuickbooks(second, 'invoice?requestid=r-1', body)).body).toEqual(made.body);
    expect(codeOf(await postQuickbooks(second, 'invoice', body))).toBe('6140');
    const next = await postQuickbooks(second, 'customer', { DisplayName: 'Next' });
    expect(Number(next.body.Customer!.Id)).toBeGreaterThan(Number(second.payments[0]!.Id));
  });

  test('what a caller does to a returned record does not reach the books', async () => {
    const sandbox = await quickbooks();
    const customer = sandbox.addCustomer({ DisplayName: 'Acme' });
    customer.DisplayName = 'Changed';
    sandbox.customers[0]!.DisplayName = 'Changed';
    expect(sandbox.customers[0]?.DisplayName).toBe('Acme');
  });
});
