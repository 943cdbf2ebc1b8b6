/**
 * Owns a strict loopback stand-in of Hubstaff's API v2, for tests and the demo.
 *
 * Written from the vendor's Swagger document and developer pages; it imports no connector code. Where Hubstaff would
 * shrug at a request it refuses with a reason, but for array parameters without brackets, which it ignores as Hubstaff
 * does. What the documents do not settle is marked (unconfirmed).
 */
import {
  type RateLimit,
  type Sandbox,
  startSandbox,
  type VendorAnswer,
  type VendorCall,
} from '../kit/sandbox.ts';
import { createSandboxOAuth, type SandboxOAuth } from '../kit/sandbox-oauth.ts';

/** developer.hubstaff.com: 1000 requests an hour and application, 429 with `Retry-After`. */
const VENDOR_RATE_LIMIT: RateLimit = { requests: 1000, perSeconds: 3600 };
/** (unconfirmed) */
const PAGE_LIMIT_MAX = 500;
const PAGE_LIMIT_DEFAULT = 100;
const SLOT_SECONDS = 600;
const DAY_MS = 86_400_000;

export type TimesheetStatus = 'open' | 'submitted' | 'approved' | 'denied';
type Row = Record<string, unknown> & { id: number };

/** A ten-minute slot as `GET …/activities` shows it. */
export interface HubstaffActivity extends Row {
  /** Day in the organization's zone. */
  date: string;
  created_at: string;
  updated_at: string;
  time_slot: string;
  starts_at: string;
  user_id: number;
  project_id: number;
  task_id: number | null;
  /** Seconds. */
  tracked: number;
  billable: boolean;
  client_invoiced: boolean;
  timesheet_id: number | null;
  time_type: string;
}
export interface HubstaffTimesheet extends Row {
  user_id: number;
  status: TimesheetStatus;
  start_date: string;
  stop_date: string;
  approved_on: string | null;
  locked: boolean;
  updated_at: string;
}
export interface HubstaffWebhook {
  id: string;
  target_url: string;
  events: string[];
  secret: string;
  active: boolean;
}

export interface HubstaffSandboxOptions {
  port?: number;
  organizationId: number;
  accessToken: string;
  refreshToken: string;
  clientId: string;
  clientSecret: string;
  /** Milliseconds of an access token; a day, say integrators (unconfirmed). */
  tokenLifeMs?: number;
  /** The organization's zone. */
  timeZone?: string;
  rateLimit?: RateLimit | 'off';
  /** Lowers every page to this size without refusing a larger `page_limit`: pages are short in the middle of a list. */
  pageSizeMax?: number;
  /** Uploads are listed so much later; up to 20 minutes by the documents. */
  delayMinutes?: number;
  /** What the connected person is in the organization; a `user` sees only themselves. */
  role?: 'owner' | 'manager' | 'user';
  now?: () => Date;
}

export interface NewTime {
  userId: number;
  projectId: number;
  taskId: number | null;
  startedAt: string;
  seconds: number;
  billable?: boolean;
  timesheetId?: number | null;
  note?: string;
}

export interface HubstaffSandbox extends Sandbox {
  oauth: SandboxOAuth;
  webhooks: HubstaffWebhook[];
  addUser(user: { name: string; email: string }): number;
  addClient(name: string): number;
  addProject(project: { name: string; clientId: number | null; metadata?: Record<string, string> }): number;
  addTask(task: { summary: string; projectId: number; remoteId?: string }): number;
  addTimesheet(sheet: { userId: number; from: string; to: string; status: TimesheetStatus }): number;
  setTimesheet(id: number, change: { status?: string; from?: string; to?: string }): void;
  /** Cuts the time into slots of ten minutes; answers their ids. */
  addTime(time: NewTime): number[];
  changeActivity(id: number, change: Partial<HubstaffActivity>): void;
  /** Without a trace: Hubstaff keeps no tombstones. */
  deleteActivities(ids: readonly number[]): void;
  setTimeZone(zone: string): void;
  endlessPages(): void;
}

/** A refusal in Hubstaff's shape. */
class Refusal extends Error {
  readonly answer: VendorAnswer;
  constructor(status: number, errorCode: number, message: string) {
    super(message);
    this.answer = { status, body: errorBody(status, message, errorCode) };
  }
}

function errorBody(status: number, message: string, errorCode?: number) {
  const codes: Record<number, [string, number]> = {
    401: ['unauthorized', 10_001],
    403: ['forbidden', 10_003],
    404: ['not_found', 12_001],
    429: ['rate_limited', 13_001],
  };
  const [code, number] =
    codes[status] ?? (status >= 500 ? ['internal_error', 15_001] : ['invalid_params', 11_001]);
  return { code, error_code: errorCode ?? number, error: message };
}

export async function startHubstaffSandbox(options: HubstaffSandboxOptions): Promise<HubstaffSandbox> {
  const now = options.now ?? (() => new Date());
  const stamp = () =>
    now()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z');
  const role = options.role ?? 'owner';
  const delayMs = (options.delayMinutes ?? 0) * 60_000;
  const rows = {
    users: new Map<number, Row>(),
    clients: new Map<number, Row>(),
    projects: new Map<number, Row>(),
    tasks: new Map<number, Row>(),
    timesheets: new Map<number, HubstaffTimesheet>(),
    activities: new Map<number, HubstaffActivity>(),
    notes: new Map<number, Row>(),
  };
  const webhooks: HubstaffWebhook[] = [];
  let timeZone = options.timeZone ?? 'UTC';
  let endless = false;
  // Above 2^31, as Hubstaff's own activities are, so that a 32-bit column shows at once.
  let lastId = 5_520_011_000;
  let changes = 0;
  let memo: { key: string; rows: Row[] } | null = null;
  let sumsOf: { changes: number; sums: Map<number | null, number> } | null = null;
  const nextId = () => {
    changes += 1;
    lastId += 1;
    return lastId;
  };
  const stamps = () => ({ created_at: stamp(), updated_at: stamp() });
  const oauth = createSandboxOAuth({
    clientId: options.clientId,
    clientSecret: options.clientSecret,
    clientAuth: 'basic',
    lifeMs: options.tokenLifeMs ?? DAY_MS,
    rotates: true,
    nowMs: () => now().getTime(),
    accessToken: options.accessToken,
    refreshToken: options.refreshToken,
  });
  const me = addUser({ name: 'Olive Owner', email: 'olive@hubstaff-sandbox.example' });

  function addUser({ name, email }: { name: string; email: string }): number {
    const id = nextId();
    const [first_name, ...last] = name.split(' ');
    const time_zone = 'America/New_York';
    const facts = { time_zone, ip_address: '203.0.113.7', status: 'active', ...stamps() };
    rows.users.set(id, { id, name, first_name, last_name: last.join(' '), email, ...facts });
    return id;
  }

  function route(call: VendorCall): VendorAnswer {
    const { method, path } = call;
    if (path === '/access_tokens') return oauth.token(withClient(call));
    refuseStranger(call);
    const webhook = /^\/v2\/webhooks\/([^/]+)(\/activate)?$/.exec(path);
    if (webhook) return webhookRoute(call, webhook[1]!, webhook[2] !== undefined);
    const organization = /^\/v2\/organizations\/(\d+)(\/.+)?$/.exec(path);
    if (organization) {
      if (Number(organization[1]) !== options.organizationId)
        throw new Refusal(403, 10_003, 'You have no access to this organization.');
      const rest = organization[2] ?? '';
      if (method === 'POST' && rest === '/webhooks') return createWebhook(call);
      if (method === 'GET' && rest === '') return { status: 200, body: { organization: organizationRow() } };
      if (method === 'GET') return listRoute(call, rest);
    }
    if (method === 'GET' && path === '/v2/users/me')
      return { status: 200, body: { user: rows.users.get(me) } };
    if (method === 'GET' && path === '/v2/organizations')
      return page(call, 'organizations', [organizationRow()], []);
    throw new Refusal(404, 12_001, `There is no ${method} ${path}.`);
  }

  /** A personal access token is exchanged without a client. */
  function withClient(call: VendorCall): VendorCall {
    if (call.headers.authorization || !call.text.includes('grant_type=refresh_token')) return call;
    const basic = Buffer.from(`${options.clientId}:${options.clientSecret}`).toString('base64');
    return { ...call, headers: { ...call.headers, authorization: `Basic ${basic}` } };
  }

  function refuseStranger(call: VendorCall): void {
    const token = /^Bearer (\S+)$/.exec(call.headers.authorization ?? '')?.[1] ?? '';
    if (!oauth.accepts(token)) throw new Refusal(401, 10_001, 'The access token is invalid or has expired.');
  }

  const organizationRow = (): Row => ({
    id: options.organizationId,
    name: 'Sandbox Marine Engineering',
    status: 'active',
    metadata: {},
    ...stamps(),
  });

  function listRoute(call: VendorCall, rest: string): VendorAnswer {
    const seen = (userId: unknown) => role !== 'user' || userId === me;
    switch (rest) {
      case '/members': {
        const members = [...rows.users.values()].map((user) => ({
          id: user.id,
          user_id: user.id,
          membership_role: user.id === me ? role : 'user',
          membership_status: 'active',
          pay_rate: '40.0',
          bill_rate: '80.0',
          currency: 'USD',
          ...stamps(),
        }));
        const names = ['include_removed', 'search[email]'];
        return page(call, 'members', byUsers(call, members), names, ['user_ids', 'include']);
      }
      case '/clients':
        return page(call, 'clients', [...rows.clients.values()], ['status']);
      case '/projects':
        return page(call, 'projects', [...rows.projects.values()], ['status'], ['include', 'project_ids']);
      case '/tasks':
        return page(
          call,
          'tasks',
          [...rows.tasks.values()],
          [],
          ['status', 'user_ids', 'project_ids', 'include'],
        );
      case '/timesheets':
        return page(call, 'timesheets', timesheets(call), TIMESHEET_PARAMETERS, ['include']);
      case '/notes': {
        const range = instants(call, 'time_slot', 31, 3 * 366);
        const found = () =>
          byUsers(call, [...rows.notes.values()]).filter((row) => isIn(row.time_slot, range));
        return page(call, 'notes', found(), ['time_slot[start]', 'time_slot[stop]'], LIST_ARRAYS);
      }
      case '/activities': {
        const range = instants(call, 'time_slot', 7, 184);
        const found = selected(call, () =>
          visible().filter((row) => isIn(row.time_slot, range) && seen(row.user_id)),
        );
        return page(call, 'activities', found, ['time_slot[start]', 'time_slot[stop]'], LIST_ARRAYS);
      }
      case '/activities/updates': {
        const range = instants(call, 'updated', 7, 45);
        const found = selected(call, () =>
          visible().filter((row) => isIn(row.updated_at, range) && seen(row.user_id)),
        );
        return page(call, 'activities', found, ['updated[start]', 'updated[stop]'], LIST_ARRAYS);
      }
      case '/activities/daily': {
        const { start, stop } = days(call, 31, 3 * 366);
        const found = selected(call, () =>
          daily(visible().filter((row) => start <= row.date && row.date <= stop && seen(row.user_id))),
        );
        return page(call, 'daily_activities', found, ['date[start]', 'date[stop]'], LIST_ARRAYS);
      }
      default:
        throw new Refusal(404, 12_001, `There is no list ${rest}.`);
    }
  }

  const visible = () => {
    const all = [...rows.activities.values()];
    if (delayMs === 0) return all;
    return all.filter((row) => Date.parse(row.created_at) + delayMs <= now().getTime());
  };

  /** Sorting out 100,000 rows for every page would make the stand-in, not the reader, the slow side. */
  function selected<Found extends Row>(call: VendorCall, find: () => Found[]): Found[] {
    const query = [...call.query].filter(([name]) => !name.startsWith('page_'));
    const key = JSON.stringify([call.path, query, changes, now().getTime()]);
    if (memo?.key !== key) memo = { key, rows: byUsers(call, find()) };
    return memo.rows as Found[];
  }

  function timesheets(call: VendorCall): Row[] {
    const [status, approved] = [call.query.get('status'), call.query.get('approved[start]')];
    const [start, stop] = [call.query.get('date[start]'), call.query.get('date[stop]')];
    if (status !== null && !['open', 'submitted', 'approved', 'denied'].includes(status))
      throw new Refusal(400, 11_001, `status "${status}" is none.`);
    for (const day of [approved, start, stop]) if (day !== null) requireDay(day);
    const sums = sheetSums();
    return (
      [...rows.timesheets.values()]
        .filter((sheet) => role !== 'user' || sheet.user_id === me)
        .filter((sheet) => status === null || sheet.status === status)
        .filter((sheet) => approved === null || (sheet.approved_on ?? '').slice(0, 10) >= approved)
        // Whether a range means touching or within is not documented; the stricter of the two.
        .filter(
          (sheet) =>
            (start === null || sheet.start_date >= start) && (stop === null || sheet.stop_date <= stop),
        )
        // The trap: minutes here, seconds in activities.
        .map((sheet) => ({ ...sheet, tracked: Math.round((sums.get(sheet.id) ?? 0) / 60) }))
    );
  }

  /** Seconds by time sheet. */
  function sheetSums(): Map<number | null, number> {
    if (sumsOf?.changes === changes) return sumsOf.sums;
    const sums = new Map<number | null, number>();
    for (const { timesheet_id: sheet, tracked } of rows.activities.values())
      sums.set(sheet, (sums.get(sheet) ?? 0) + (Number.isNaN(tracked) ? 0 : tracked));
    sumsOf = { changes, sums };
    return sums;
  }

  function daily(found: readonly HubstaffActivity[]): Row[] {
    const groups = Map.groupBy(found, (row) => [row.user_id, row.date, row.project_id, row.task_id].join());
    return [...groups.values()].map((slots) => {
      const { id, date, user_id, project_id, task_id, created_at } = slots[0]!;
      const sum = (list: readonly HubstaffActivity[]) =>
        list.reduce((total, slot) => total + slot.tracked, 0);
      return {
        id,
        date,
        user_id,
        project_id,
        task_id,
        tracked: sum(slots),
        // The trap: seconds, where a slot says yes or no.
        billable: sum(slots.filter((slot) => slot.billable)),
        created_at,
        updated_at: slots
          .map((slot) => slot.updated_at)
          .sort()
          .at(-1),
      };
    });
  }

  /** One page of rows by id. Every parameter that is not named is refused, arrays without brackets are ignored. */
  function page(
    call: VendorCall,
    name: string,
    found: readonly Row[],
    parameters: readonly string[],
    arrays: readonly string[] = [],
  ): VendorAnswer {
    const known = [
      ...parameters,
      'page_limit',
      'page_start_id',
      ...arrays,
      ...arrays.map((array) => `${array}[]`),
    ];
    for (const parameter of call.query.keys())
      if (!known.includes(parameter))
        throw new Refusal(400, 11_001, `${parameter}: unknown parameter of ${call.path}.`);
    const limit = count(call, 'page_limit') ?? PAGE_LIMIT_DEFAULT;
    if (limit > PAGE_LIMIT_MAX)
      throw new Refusal(400, 11_001, `page_limit: ${limit} is above ${PAGE_LIMIT_MAX}.`);
    const size = Math.min(limit, options.pageSizeMax ?? PAGE_LIMIT_MAX);
    const startId = count(call, 'page_start_id') ?? 0;
    const from = found.findIndex((row) => row.id >= startId);
    const first = from === -1 ? (endless ? 0 : found.length) : from;
    const shown = found.slice(first, first + size);
    const next = found[first + size]?.id ?? (endless ? startId + 1 : undefined);
    const body: Record<string, unknown> = { [name]: shown };
    for (const kind of call.query.getAll('include[]')) body[kind] = sideloaded(kind, shown);
    // Without `pagination` it is the last page.
    if (next !== undefined) body.pagination = { next_page_start_id: next };
    return { status: 200, body };
  }

  function sideloaded(kind: string, shown: readonly Row[]): Row[] {
    const [list, field] =
      kind === 'users'
        ? ([rows.users, 'user_id'] as const)
        : kind === 'projects'
          ? ([rows.projects, 'project_id'] as const)
          : ([rows.tasks, 'task_id'] as const);
    if (!['users', 'projects', 'tasks'].includes(kind))
      throw new Refusal(400, 11_001, `include: no "${kind}".`);
    return [...new Set(shown.map((row) => row[field]))].flatMap((id) => list.get(Number(id)) ?? []);
  }

  function byUsers<Found extends Row>(call: VendorCall, found: Found[]): Found[] {
    const wanted = call.query.getAll('user_ids[]').map(Number);
    return wanted.length === 0 ? found : found.filter((row) => wanted.includes(Number(row.user_id)));
  }

  function instants(call: VendorCall, name: string, mostDays: number, daysBack: number) {
    const [start, stop] = ['start', 'stop'].map((end) => {
      const text = call.query.get(`${name}[${end}]`) ?? '';
      if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text))
        throw new Refusal(400, 11_001, `${name}[${end}]: "${text}" is no date-time.`);
      return Date.parse(text);
    }) as [number, number];
    refuseRange(start, stop, mostDays, daysBack);
    const stated = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z');
    return { start: stated(start), stop: stated(stop) };
  }

  function days(call: VendorCall, mostDays: number, daysBack: number) {
    const [start, stop] = ['start', 'stop'].map((end) =>
      requireDay(call.query.get(`date[${end}]`) ?? ''),
    ) as [string, string];
    refuseRange(Date.parse(start), Date.parse(stop) + DAY_MS, mostDays, daysBack);
    return { start, stop };
  }

  function refuseRange(start: number, stop: number, mostDays: number, daysBack: number): void {
    if (stop < start) throw new Refusal(400, 11_001, 'The range ends before it begins.');
    if (stop - start > mostDays * DAY_MS)
      throw new Refusal(400, 11_002, `The range is limited to ${mostDays} days.`);
    if (start < now().getTime() - daysBack * DAY_MS)
      throw new Refusal(400, 11_003, 'The range begins too long ago.');
  }

  function createWebhook(call: VendorCall): VendorAnswer {
    const body = jsonBody(call) as { events?: unknown; target_url?: unknown };
    if (!Array.isArray(body.events) || typeof body.target_url !== 'string')
      throw new Refusal(400, 11_001, 'events and target_url are needed.');
    const id = `wh-${webhooks.length + 1}`;
    const secret = `secret-of-${id}`;
    webhooks.push({
      id,
      target_url: body.target_url,
      events: body.events as string[],
      secret,
      active: false,
    });
    return { status: 201, body: { webhook: { id, status: 'pending' } } };
  }

  function webhookRoute(call: VendorCall, id: string, activates: boolean): VendorAnswer {
    const index = webhooks.findIndex((webhook) => webhook.id === id);
    const webhook = webhooks[index];
    if (webhook === undefined) throw new Refusal(404, 12_001, 'There is no such webhook.');
    if (activates && call.method === 'POST') {
      if (call.headers['x-hook-secret'] !== webhook.secret)
        throw new Refusal(400, 11_001, 'X-Hook-Secret is not the one that was sent.');
      webhook.active = true;
      return { status: 201 };
    }
    if (call.method !== 'DELETE') throw new Refusal(404, 12_001, 'Not found.');
    webhooks.splice(index, 1);
    return { status: 204 };
  }

  const sandbox = await startSandbox(
    {
      answer(call) {
        // Cloudflare stands before Hubstaff and turns scripts away by their name.
        if (/^$|^(axios|curl|node|python|Go-http|undici)/i.test(call.headers['user-agent'] ?? ''))
          return { status: 403, body: 'error code: 1010' };
        try {
          return route(call);
        } catch (problem) {
          if (problem instanceof Refusal) return problem.answer;
          throw problem;
        }
      },
      errorBody: (status, message) => errorBody(status, message),
      rateLimits: options.rateLimit === 'off' ? [] : [options.rateLimit ?? VENDOR_RATE_LIMIT],
      sendsRetryAfter: true,
      commonHeaders: () => ({ date: now().toUTCString(), 'x-request-id': crypto.randomUUID() }),
    },
    options.port,
  );

  return {
    ...sandbox,
    oauth,
    webhooks,
    addUser,
    addClient(name) {
      const id = nextId();
      const facts = { organization_id: options.organizationId, emails: [], status: 'active', metadata: {} };
      rows.clients.set(id, { id, name, ...facts, ...stamps() });
      return id;
    },
    addProject({ name, clientId, metadata = {} }) {
      const id = nextId();
      const facts = { status: 'active', type: 'project', billable: true, metadata };
      rows.projects.set(id, { id, name, client_id: clientId, ...facts, ...stamps() });
      return id;
    },
    addTask({ summary, projectId, remoteId }) {
      const id = nextId();
      const facts = { status: 'active', project_type: 'project', assignee_ids: [], metadata: {} };
      rows.tasks.set(id, {
        id,
        summary,
        project_id: projectId,
        remote_id: remoteId ?? null,
        ...facts,
        ...stamps(),
      });
      return id;
    },
    addTimesheet({ userId, from, to, status }) {
      const id = nextId();
      rows.timesheets.set(id, {
        id,
        user_id: userId,
        organization_id: options.organizationId,
        status,
        start_date: from,
        stop_date: to,
        approved_on: status === 'approved' ? stamp() : null,
        locked: status === 'approved',
        paid: false,
        ...stamps(),
      });
      return id;
    },
    setTimesheet(id, { status, from, to }) {
      const sheet = rows.timesheets.get(id)!;
      if (status !== undefined)
        Object.assign(sheet, {
          status,
          approved_on: status === 'approved' ? stamp() : null,
          locked: status === 'approved',
        });
      Object.assign(sheet, {
        start_date: from ?? sheet.start_date,
        stop_date: to ?? sheet.stop_date,
        updated_at: stamp(),
      });
      changes += 1;
    },
    addTime({ userId, projectId, taskId, startedAt, seconds, billable = true, timesheetId = null, note }) {
      const ids: number[] = [];
      for (let atMs = Date.parse(startedAt), left = seconds; left > 0; ) {
        const slotMs = atMs - (atMs % (SLOT_SECONDS * 1000));
        const tracked = Math.min(left, SLOT_SECONDS - (atMs - slotMs) / 1000);
        const id = nextId();
        const iso = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z');
        rows.activities.set(id, {
          id,
          date: dayIn(timeZone, atMs),
          ...stamps(),
          time_slot: iso(slotMs),
          starts_at: iso(atMs),
          user_id: userId,
          project_id: projectId,
          task_id: taskId,
          keyboard: 0,
          mouse: 0,
          overall: 0,
          tracked,
          input_tracked: 0,
          tracks_input: true,
          billable,
          paid: false,
          client_invoiced: false,
          team_invoiced: false,
          immutable: false,
          timesheet_id: timesheetId,
          timesheet_locked: false,
          time_type: 'normal',
          client: 'desktop',
        });
        ids.push(id);
        atMs += tracked * 1000;
        left -= tracked;
      }
      const first = rows.activities.get(ids[0]!)!;
      if (note !== undefined) {
        const { date, time_slot } = first;
        const id = nextId();
        const facts = {
          user_id: userId,
          project_id: projectId,
          task_id: taskId,
          recorded_at: first.starts_at,
        };
        rows.notes.set(id, { id, date, time_slot, note, ...facts, ...stamps() });
      }
      return ids;
    },
    changeActivity(id, change) {
      Object.assign(rows.activities.get(id)!, { updated_at: stamp() }, change);
      changes += 1;
    },
    deleteActivities(ids) {
      for (const id of ids) rows.activities.delete(id);
      changes += 1;
    },
    setTimeZone(zone) {
      timeZone = zone;
    },
    endlessPages() {
      endless = true;
    },
  };
}

const TIMESHEET_PARAMETERS = ['date[start]', 'date[stop]', 'approved[start]', 'status'];
const LIST_ARRAYS = ['user_ids', 'task_ids', 'project_ids', 'include'];

/** Instants of one form compare as text, which costs a tenth of reading them. */
function isIn(instant: unknown, { start, stop }: { start: string; stop: string }): boolean {
  const at = String(instant);
  return start <= at && at < stop;
}

const dayFormats = new Map<string, Intl.DateTimeFormat>();

/** Canada writes days as ISO does. */
function dayIn(timeZone: string, atMs: number): string {
  const parts = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;
  const format = dayFormats.get(timeZone) ?? new Intl.DateTimeFormat('en-CA', { timeZone, ...parts });
  dayFormats.set(timeZone, format);
  return format.format(atMs);
}

function requireDay(text: string): string {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || Number.isNaN(Date.parse(text)))
    throw new Refusal(400, 11_001, `"${text}" is no date.`);
  return text;
}

function count(call: VendorCall, name: string): number | null {
  const text = call.query.get(name);
  if (text === null) return null;
  if (!/^\d{1,15}$/.test(text)) throw new Refusal(400, 11_001, `${name}: "${text}" is no number.`);
  return Number(text);
}

function jsonBody(call: VendorCall): unknown {
  if (!/^application\/json\b/.test(call.headers['content-type'] ?? ''))
    throw new Refusal(400, 11_001, 'Hubstaff takes JSON only.');
  try {
    return JSON.parse(call.text);
  } catch {
    throw new Refusal(400, 11_001, 'The body is not JSON.');
  }
}
