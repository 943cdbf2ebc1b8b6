import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { harvest } from '../../connectors/harvest/index.ts';
import { type HarvestLookups, toSourceEntry } from '../../connectors/harvest/to-source-entry.ts';
import { InvalidRequest, Unavailable } from '../../connectors/kit/errors.ts';
import { toIanaZone } from '../../connectors/kit/rails-zones.ts';
import { UnreadableField } from '../../connectors/kit/rows.ts';
import { all, failureOf, httpTo, json, type Seen, serve } from './loopback.ts';

/** As printed in Harvest's help pages, with the figures of the fact sheet. */
const row = {
  id: 2831077451,
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
  timer_started_at: null as string | null,
  started_time: '9:05am' as string | null,
  ended_time: '10:40am' as string | null,
  is_running: false,
  billable: true,
  budgeted: true,
  billable_rate: 120.0 as number | null,
  cost_rate: 55.0,
  created_at: '2026-09-14T08:41:12Z',
  updated_at: '2026-09-18T15:02:40Z',
  user: { id: 4411201, name: 'Ines Roth' },
  client: { id: 9001122, name: 'Nordlicht GmbH' },
  project: { id: 33118822, name: 'Import rebuild' },
  task: { id: 18800101, name: 'Development' },
  invoice: null,
  external_reference: null,
};
const lookups: HarvestLookups = {
  users: new Map([['4411201', { email: 'ines@example.com', zone: 'Europe/Berlin' }]]),
  projects: new Map([['33118822', 'IMP']]),
  clients: new Map([['9001122', 'EUR']]),
};
const nobody: HarvestLookups = { users: new Map(), projects: new Map(), clients: new Map() };

describe('a Harvest row becomes a work entry', () => {
  test('with everything the look-up lists add', () => {
    expect(toSourceEntry(row, 'hours', lookups)).toEqual({
      externalId: '2831077451',
      kind: 'labor',
      workDate: '2026-09-14',
      zone: 'Europe/Berlin',
      startedAt: '2026-09-14T07:05:00.000Z',
      endedAt: '2026-09-14T08:40:00.000Z',
      quantity: 5688,
      person: { externalId: '4411201', code: null, name: 'Ines Roth', email: 'ines@example.com' },
      client: { externalId: '9001122', code: null, name: 'Nordlicht GmbH' },
      project: { externalId: '33118822', code: 'IMP', name: 'Import rebuild' },
      task: { externalId: '18800101', code: null, name: 'Development' },
      position: null,
      billable: true,
      running: false,
      approval: 'approved',
      billedElsewhere: false,
      notes: 'Rework of import job',
      rate: '120',
      cost: '55',
      currency: 'EUR',
      sourceUpdatedAt: '2026-09-18T15:02:40.000Z',
    });
  });

  test('rounded hours only where they are asked for', () => {
    expect(toSourceEntry(row, 'rounded_hours', lookups).quantity).toBe(6300);
  });

  test.each([
    [0, 0],
    [0.01, 36],
    [0.07, 252],
    [0.29, 1044],
    [1.1, 3960],
    [2.11, 7596],
    [8.2, 29520],
    [1.333333, 4800],
    ['24.00', 86400],
  ])('%s hours are %i seconds, without a float between', (hours, seconds) => {
    expect(toSourceEntry({ ...row, hours }, 'hours', lookups).quantity).toBe(seconds);
  });

  test('a clock without a zone is no instant; a night ends on the next day; a timer has its own start', () => {
    expect(toSourceEntry(row, 'hours', nobody)).toMatchObject({
      zone: null,
      startedAt: null,
      endedAt: null,
      currency: null,
    });
    expect(
      toSourceEntry({ ...row, started_time: '22:30', ended_time: '1:15' }, 'hours', lookups),
    ).toMatchObject({
      startedAt: '2026-09-14T20:30:00.000Z',
      endedAt: '2026-09-14T23:15:00.000Z',
    });
    const timer = {
      started_time: null,
      ended_time: null,
      timer_started_at: '2026-09-14T07:00:00Z',
      is_running: true,
    };
    expect(toSourceEntry({ ...row, ...timer }, 'hours', nobody)).toMatchObject({
      running: true,
      startedAt: '2026-09-14T07:00:00.000Z',
      endedAt: null,
    });
  });

  test('states stay apart: closed is not approved, billed is not billable', () => {
    const open = {
      ...row,
      approval_status: 'submitted',
      is_closed: true,
      is_billed: true,
      billable: false,
      billable_rate: null,
    };
    expect(toSourceEntry(open, 'hours', lookups)).toMatchObject({
      approval: 'submitted',
      billedElsewhere: true,
      billable: false,
      rate: null,
    });
  });

  test.each([
    ['hours.missing', { hours: null }],
    ['hours.not_a_number', { hours: 'two' }],
    ['hours.negative', { hours: -1 }],
    ['hours.too_large', { hours: 1e9 }],
    ['spent_date.missing', { spent_date: null }],
    ['spent_date.invalid', { spent_date: '2026-02-30' }],
    ['spent_date.invalid', { spent_date: '2026-02-03T00:00:00Z' }],
    ['updated_at.invalid', { updated_at: 'yesterday' }],
    ['approval_status.invalid', { approval_status: 'waved through' }],
    ['user.missing', { user: null }],
    ['user_id.missing', { user: { name: 'X' } }],
    ['id.missing', { id: undefined }],
    ['is_billed.missing', { is_billed: null }],
  ])('is unreadable: %s', (reason, change) => {
    const read = () => toSourceEntry({ ...row, ...change }, 'hours', lookups);
    expect(read).toThrow(UnreadableField);
    expect(read).toThrow(expect.objectContaining({ reason }));
  });

  test.each([null, 'text', 7, []])('%j is no row at all', (odd) => {
    expect(() => toSourceEntry(odd, 'hours', lookups)).toThrow(UnreadableField);
  });
});

test('zone names of Rails and of IANA are understood, others are none', () => {
  const names = ['Eastern Time (US & Canada)', 'Berlin', 'Europe/Berlin', 'Middle Earth', '', null];
  expect(names.map(toIanaZone)).toEqual([
    'America/New_York',
    'Europe/Berlin',
    'Europe/Berlin',
    null,
    null,
    null,
  ]);
});

/** An account with the look-up lists in two pages and whatever entries the test says. */
function account(entries: (request: Seen) => unknown) {
  return serve((request, response: ServerResponse) => {
    const lists: Record<string, unknown[][]> = {
      users: [
        [{ id: 4411201, email: 'ines@example.com', timezone: 'Berlin' }],
        [{ id: 2, email: '', timezone: null }],
      ],
      projects: [[{ id: 33118822, code: 'IMP' }], [{ odd: true }]],
      clients: [[{ id: 9001122, currency: 'EUR' }], []],
    };
    const name = request.url.pathname.replace('/v2/', '');
    const pages = lists[name];
    if (pages === undefined) return json(response, 200, entries(request) as object);
    const page = Number(request.url.searchParams.get('page') ?? 1);
    json(response, 200, {
      [name]: pages[page - 1],
      next_page: null,
      links: { next: page < pages.length ? `${request.url.origin}/v2/${name}?page=${page + 1}` : null },
    });
  });
}
const page = (rows: unknown[], next: string | null = null) => ({
  time_entries: rows,
  next_page: null,
  links: { next },
});
const settings = { accountId: '1234', contact: 'ops@example.com' };
const source = harvest.timeSource!;

describe('reading changes', () => {
  test('asks for approved time from ten minutes before the checkpoint, with all three headers', async () => {
    const { origin, seen } = await account(() => page([row]));
    const pages = await all(
      source.changedSince!(httpTo(harvest, origin, { settings }), '2026-09-01T00:05:00.000Z'),
    );
    expect(pages).toHaveLength(1);
    expect(pages[0]!.entries[0]).toMatchObject({
      externalId: '2831077451',
      person: { email: 'ines@example.com' },
    });
    expect(pages[0]!.checkpoint).toBe('2026-09-18T15:02:40.000Z');
    expect(Object.fromEntries(seen[0]!.url.searchParams)).toEqual({
      approval_status: 'approved',
      updated_since: '2026-08-31T23:55:00Z',
      per_page: '2000',
    });
    expect(seen[0]!.headers).toMatchObject({
      authorization: 'Bearer token-one',
      'harvest-account-id': '1234',
      'user-agent': 'Slipway (ops@example.com)',
    });
  });

  test('reads everything where the policy says so', async () => {
    const { origin, seen } = await account(() => page([]));
    await all(
      source.changedSince!(
        httpTo(harvest, origin, { settings: { ...settings, approvalPolicy: 'all' } }),
        null,
      ),
    );
    expect(Object.fromEntries(seen[0]!.url.searchParams)).toEqual({ per_page: '2000' });
  });

  test('an empty answer moves nothing and costs one call', async () => {
    const { origin, seen } = await account(() => page([]));
    const http = httpTo(harvest, origin, { settings });
    expect(await all(source.changedSince!(http, null))).toEqual([
      { entries: [], unreadable: [], checkpoint: null },
    ]);
    const at = '2026-09-01T00:05:00.000Z';
    expect(await all(source.changedSince!(http, at))).toEqual([
      { entries: [], unreadable: [], checkpoint: at },
    ]);
    expect(seen).toHaveLength(2);
  });

  test('follows links although next_page is null, and moves the checkpoint on the last page only', async () => {
    const { origin, seen } = await account((request) => {
      const cursor = request.url.searchParams.get('cursor');
      if (cursor === null)
        return page(
          [{ ...row, id: 1, updated_at: '2026-09-20T00:00:00Z' }],
          `${request.url.origin}/v2/time_entries?cursor=x`,
        );
      if (cursor === 'x') return page([], `${request.url.origin}/v2/time_entries?cursor=y`);
      return page([{ ...row, id: 2, updated_at: '2026-09-19T00:00:00Z' }]);
    });
    const pages = await all(source.changedSince!(httpTo(harvest, origin, { settings }), null));
    expect(
      pages.map(({ entries, checkpoint }) => [entries.map((entry) => entry.externalId), checkpoint]),
    ).toEqual([
      [['1'], null],
      [[], null],
      [['2'], '2026-09-20T00:00:00.000Z'],
    ]);
    // Each list is read once (two pages each) although two pages of entries needed them.
    expect(seen.filter(({ url }) => !url.pathname.endsWith('time_entries'))).toHaveLength(6);
  });

  test('a row that cannot be read is quarantined with its content, and the rest arrives', async () => {
    const { origin } = await account(() =>
      page([{ ...row, hours: 'two', updated_at: '2026-09-30T00:00:00Z' }, { ...row, id: 3 }, null]),
    );
    const [only] = await all(source.changedSince!(httpTo(harvest, origin, { settings }), null));
    expect(only!.entries.map((entry) => entry.externalId)).toEqual(['3']);
    expect(only!.unreadable.map(({ position, reason }) => [position, reason])).toEqual([
      ['2831077451', 'hours.not_a_number'],
      ['row 3 of the page', 'row.missing'],
    ]);
    expect(JSON.parse(only!.unreadable[0]!.raw)).toMatchObject({ id: 2831077451, hours: 'two' });
    expect(only!.checkpoint).toBe('2026-09-30T00:00:00.000Z');
  });

  test.each([
    ['an object', {}],
    ['a list', []],
    ['an error under 200', { message: 'sorry' }],
    ['entries that are no list', { time_entries: null, links: { next: null } }],
    ['no links', { time_entries: [] }],
  ])('%s is a failure, never "no hours"', async (_, body) => {
    const { origin } = await account(() => body);
    const http = httpTo(harvest, origin, { settings });
    expect(await failureOf(all(source.changedSince!(http, null)))).toBeInstanceOf(Unavailable);
  });

  test('a misspelt setting or a foreign checkpoint is refused before any call', async () => {
    const { origin, seen } = await account(() => page([]));
    for (const wrong of [{ approvalPolicy: 'approved' }, { hours: 'rounded' }]) {
      const http = httpTo(harvest, origin, { settings: { ...settings, ...wrong } });
      expect(await failureOf(all(source.changedSince!(http, null)))).toMatchObject({
        vendorCode: 'settings_invalid',
      });
    }
    const http = httpTo(harvest, origin, { settings });
    expect(await failureOf(all(source.changedSince!(http, '42')))).toMatchObject({
      vendorCode: 'checkpoint_invalid',
    });
    expect(seen).toHaveLength(0);
  });
});

describe('the window', () => {
  test('is read by day, without filter and without moving a checkpoint', async () => {
    const { origin, seen } = await account(() => page([{ ...row, approval_status: 'unsubmitted' }]));
    const http = httpTo(harvest, origin, { settings });
    const [only] = await all(source.window(http, '2026-09-01', '2026-09-30'));
    expect(only).toMatchObject({ entries: [{ approval: 'unsubmitted' }], checkpoint: null });
    expect(Object.fromEntries(seen[0]!.url.searchParams)).toEqual({
      from: '2026-09-01',
      to: '2026-09-30',
      per_page: '2000',
    });
    for (const [from, to] of [
      ['2026-09-30', '2026-09-01'],
      ['x', '2026-09-01'],
    ] as const)
      expect(await failureOf(all(source.window(http, from, to)))).toBeInstanceOf(InvalidRequest);
  });

  test('a single entry tells deleted from moved', async () => {
    const { origin } = await serve((request, response) => {
      if (request.url.pathname === '/v2/time_entries/1') return json(response, 200, { ...row, id: 1 });
      if (request.url.pathname === '/v2/time_entries/3') return json(response, 200, { ...row, hours: null });
      if (request.url.pathname === '/v2/time_entries/4') return json(response, 403, {});
      if (request.url.pathname.startsWith('/v2/time_entries/')) return json(response, 404, {});
      json(response, 200, { users: [], projects: [], clients: [], links: { next: null } });
    });
    const http = httpTo(harvest, origin, { settings });
    expect(await source.readEntry(http, '1')).toMatchObject({ externalId: '1', quantity: 5688 });
    expect(await source.readEntry(http, '2')).toBeNull();
    expect(await failureOf(source.readEntry(http, '3'))).toMatchObject({ vendorCode: 'hours.missing' });
    expect(await failureOf(source.readEntry(http, '4'))).toMatchObject({ kind: 'AuthorizationLost' });
  });
});

describe('connecting', () => {
  const company = (approvals: boolean, roles: string[]) =>
    serve((request, response) =>
      json(
        response,
        200,
        request.url.pathname === '/v2/company'
          ? { name: 'Nordwerft', approval_feature: approvals }
          : { id: 1, access_roles: roles },
      ),
    );

  test('names the account and warns of a token that sees a part only', async () => {
    const { origin } = await company(true, ['administrator']);
    expect(await harvest.test(httpTo(harvest, origin, { settings }))).toEqual({
      account: 'Nordwerft',
      warnings: [],
    });
    const manager = await company(true, ['manager', 'project_creator']);
    const { warnings } = await harvest.test(httpTo(harvest, manager.origin, { settings }));
    expect(warnings).toEqual([expect.stringContaining('not an administrator')]);
  });

  test('refuses to wait for approvals that the account cannot give', async () => {
    const { origin } = await company(false, ['administrator']);
    expect(await failureOf(harvest.test(httpTo(harvest, origin, { settings })))).toMatchObject({
      vendorCode: 'approvals_off',
    });
    const all = { ...settings, approvalPolicy: 'all' };
    expect(await harvest.test(httpTo(harvest, origin, { settings: all }))).toMatchObject({
      account: 'Nordwerft',
    });
  });
});
