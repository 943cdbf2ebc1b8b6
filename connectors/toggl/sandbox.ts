/**
 * Owns a strict loopback stand-in of Toggl Track (API v9, Reports v3, Webhooks v1), for tests and the demo.
 *
 * Written from the fact sheet and imports no connector code. It has an hourly quota (402), prints times in the zone of
 * who asks, rounds by their preference, and keeps approvals on timesheets.
 */
import { createHmac } from 'node:crypto';
import { z } from 'zod';
import {
  known,
  type RateLimit,
  type Sandbox,
  startSandbox,
  type VendorAnswer,
  type VendorCall,
} from '../kit/sandbox.ts';
import { searchTimeEntries, type TogglEntryState } from './sandbox-report.ts';

export interface TogglUser {
  id: number;
  user_id: number;
  name: string;
  email: string;
  timezone: string;
  group_ids: number[];
}
export interface TogglTimesheet {
  timesheet_setup_id: number;
  member_id: number;
  start_date: string;
  end_date: string;
  status: string;
  submitted_at: string | null;
  approved_or_rejected_at: string | null;
  timezone: string;
}
interface Subscription {
  subscription_id: number;
  url_callback: string;
  description: string;
  secret: string;
  enabled: boolean;
  event_filters: { entity: string; action: string }[];
  validation_code: string;
  validated_at: string | null;
}

export interface TogglSandboxOptions {
  port?: number;
  apiToken: string;
  workspaceId: number;
  /** Default: about one call a second. */
  rateLimit?: RateLimit | 'off';
  /** Calls in a sliding hour; default: no end. */
  quota?: number;
  pageSizeMax?: number;
  /** False: Starter plan, where timesheets are a 402. */
  premium?: boolean;
  isAdmin?: boolean;
  ownerRounding?: number;
  ownerZone?: string;
  ignoresOrder?: boolean;
  showsRunning?: boolean;
  keepsFrom?: string;
  /** Timesheets name the seat in the workspace, not the user. */
  sheetsNameSeats?: boolean;
  /** The page of timesheets stands in a list of one, as the spec shows it. */
  sheetsInList?: boolean;
  now?: () => Date;
}

export interface TogglSandbox extends Sandbox {
  addUser(user: { name: string; email: string; timezone: string; group?: string }): TogglUser;
  addClient(name: string): number;
  addProject(project: { name: string; clientId: number; centsAnHour?: number }): number;
  addTask(task: { name: string; projectId: number }): number;
  addEntry(entry: Partial<TogglEntryState> & Pick<TogglEntryState, 'user_id' | 'start'>): TogglEntryState;
  updateEntry(id: number, change: Partial<Omit<TogglEntryState, 'id'>>): TogglEntryState;
  removeEntry(id: number): void;
  readonly entries: readonly TogglEntryState[];
  /** A timesheet of a user over these days, made or changed. */
  setTimesheet(sheet: { userId: number; from: string; to: string; status: string }): TogglTimesheet;
  readonly subscriptions: readonly Subscription[];
  /** A delivery as Toggl signs it. */
  signed(body: unknown, secret: string): { rawBody: Uint8Array; headers: Record<string, string> };
  endlessPages(on: boolean): void;
  setApiToken(token: string): void;
}

/** A refusal: Toggl's errors are bare strings. */
class Refusal extends Error {
  readonly status: number;
  readonly headers: Record<string, string>;
  constructor(status: number, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

const MS_AN_HOUR = 3_600_000;
const ORGANIZATION_ID = 7_001;

export async function startTogglSandbox(options: TogglSandboxOptions): Promise<TogglSandbox> {
  const clock = options.now ?? (() => new Date());
  const users = new Map<number, TogglUser>();
  const groups = new Map<string, number>();
  const clients = new Map<number, { id: number; name: string; archived: boolean }>();
  const projects = new Map<number, { id: number; name: string; client_id: number; cents: number | null }>();
  const tasks = new Map<number, { id: number; name: string; project_id: number }>();
  const entries = new Map<number, TogglEntryState>();
  const timesheets = new Map<string, TogglTimesheet>();
  const subscriptions = new Map<number, Subscription>();
  let apiToken = options.apiToken;
  let endless = false;
  // Above 2^31, so that a 32-bit column shows at once.
  let lastId = 3_921_184_000;
  const nextId = () => ++lastId;
  const callsMs: number[] = [];

  const nameOf = (kind: 'user' | 'email' | 'project' | 'client' | 'task', entry: TogglEntryState) => {
    const project = projects.get(entry.project_id ?? 0);
    if (kind === 'user') return users.get(entry.user_id)?.name ?? null;
    if (kind === 'email') return users.get(entry.user_id)?.email ?? null;
    if (kind === 'project') return project?.name ?? null;
    if (kind === 'client') return clients.get(project?.client_id ?? 0)?.name ?? null;
    return tasks.get(entry.task_id ?? 0)?.name ?? null;
  };

  function search(text: string): VendorAnswer {
    return searchTimeEntries(text, {
      entries: [...entries.values()],
      nameOf,
      centsAnHour: (entry) => projects.get(entry.project_id ?? 0)?.cents ?? null,
      currency: 'EUR',
      ownerRounding: options.ownerRounding ?? 0,
      ownerZone: options.ownerZone ?? 'Europe/Berlin',
      pageSizeMax: options.pageSizeMax ?? 50,
      ignoresOrder: options.ignoresOrder ?? false,
      showsRunning: options.showsRunning ?? false,
      keepsFrom: options.keepsFrom ?? null,
      endless,
    });
  }

  function listTimesheets(query: URLSearchParams): VendorAnswer {
    if (options.premium === false) throw new Refusal(402, 'Approvals are a premium feature');
    allow(query, [
      'member_ids',
      'statuses',
      'before',
      'after',
      'page',
      'per_page',
      'sort_field',
      'sort_order',
      'timesheet_setup_ids',
      'approver_ids',
    ]);
    // Over 1,000 it falls back to 20 without a word.
    const asked = Number(query.get('per_page') ?? 20);
    const perPage = asked > 1_000 ? 20 : asked;
    const page = Number(query.get('page') ?? 1);
    const [after, before] = [query.get('after') ?? '', query.get('before') ?? '9'];
    const found = [...timesheets.values()]
      .filter((sheet) => sheet.start_date > after && sheet.start_date < before)
      .sort((a, b) => a.start_date.localeCompare(b.start_date) || a.member_id - b.member_id);
    const body = {
      data: found.slice((page - 1) * perPage, page * perPage).map((sheet) => ({
        ...sheet,
        member_name: [...users.values()].find((user) => user.user_id === sheet.member_id)?.name ?? '',
        period_locked: sheet.status === 'approved',
        reviews: [],
      })),
      page,
      per_page: perPage,
      total_count: found.length,
    };
    return { status: 200, body: options.sheetsInList ? [body] : body };
  }

  function patchEntries(idList: string, text: string): VendorAnswer {
    const ids = idList.split(',').map(Number);
    if (ids.length > 100) throw new Refusal(400, 'The limit is 100 IDs per request');
    const operations = patchShape.safeParse(JSON.parse(text));
    if (!operations.success) throw new Refusal(400, 'Invalid patch');
    const success: number[] = [];
    const failure: { id: number; message: string }[] = [];
    for (const id of ids) {
      const entry = entries.get(id);
      if (entry === undefined) {
        failure.push({ id, message: 'Time entry not found' });
        continue;
      }
      for (const { op, value } of operations.data) {
        const others = entry.tag_names.filter((tag) => !value.includes(tag));
        entry.tag_names = op === 'remove' ? others : [...others, ...value];
      }
      // A write moves `at`, also a tag's.
      entry.at = clock().toISOString();
      success.push(id);
    }
    return { status: 200, body: { success, failure } };
  }

  function saveSubscription(text: string, known?: Subscription): VendorAnswer {
    const read = subscriptionShape.safeParse(JSON.parse(text));
    if (!read.success) throw new Refusal(400, 'Subscription description must not be empty');
    const others = [...subscriptions.values()].filter((one) => one !== known);
    if (others.some((one) => one.description === read.data.description))
      throw new Refusal(
        400,
        `Subscription description '${read.data.description}' is already in use for workspace`,
      );
    if (!known && subscriptions.size >= 3)
      throw new Refusal(400, 'User already reached the limit of 3 enabled subscriptions');
    const saved: Subscription = {
      subscription_id: known?.subscription_id ?? nextId(),
      validation_code: known?.validation_code ?? `vc-${nextId()}`,
      validated_at: known?.validated_at ?? null,
      ...read.data,
    };
    subscriptions.set(saved.subscription_id, saved);
    return { status: 200, body: shown(saved) };
  }

  function webhooks(method: string, path: string, text: string): VendorAnswer {
    const [, kind, id, code] = /^\/(subscriptions|validate)\/\d+(?:\/(\d+))?(?:\/([^/]+))?$/.exec(path) ?? [];
    const known = id === undefined ? undefined : subscriptions.get(Number(id));
    if (kind === 'validate') {
      if (known === undefined || known.validation_code !== code)
        throw new Refusal(400, `subscription ${id} and validation code '${code}' was not found`);
      if (known.validated_at !== null)
        throw new Refusal(400, `subscription ${id} has already been validated`);
      known.validated_at = clock().toISOString();
      return { status: 200, body: '' };
    }
    if (kind === undefined) throw new Refusal(404, 'Not found');
    if (id === undefined && method === 'GET')
      return { status: 200, body: [...subscriptions.values()].map(shown) };
    if (id === undefined && method === 'POST') return saveSubscription(text);
    if (known === undefined) throw new Refusal(404, `subscription ${id} was not found`);
    if (method === 'PUT') return saveSubscription(text, known);
    if (method !== 'DELETE') throw new Refusal(405, 'Method not allowed');
    subscriptions.delete(known.subscription_id);
    return { status: 200, body: shown(known) };
  }

  const paged = <Row>(query: URLSearchParams, rows: Iterable<Row>): Row[] => {
    allow(query, ['active', 'page', 'per_page', 'since', 'name', 'sort_field', 'sort_order']);
    const perPage = Number(query.get('per_page') ?? 151);
    if (perPage > 200) throw new Refusal(400, 'per_page cannot exceed 200');
    const page = Number(query.get('page') ?? 1);
    return [...rows].slice((page - 1) * perPage, page * perPage);
  };

  function inWorkspace(call: VendorCall, rest: string): VendorAnswer {
    const { method, query, text } = call;
    const ids = /^\/time_entries\/([\d,]+)$/.exec(rest)?.[1];
    if (method === 'PATCH' && ids !== undefined) return patchEntries(ids, text);
    if (method !== 'GET') throw new Refusal(404, 'Not found');
    switch (rest) {
      case '':
        return { status: 200, body: workspace() };
      case '/workspace_users':
        return {
          status: 200,
          body: [...users.values()].map((user) => ({ ...user, uid: user.user_id, inactive: false })),
        };
      case '/clients':
        allow(query, ['status', 'name']);
        // An empty list is null.
        return { status: 200, body: clients.size === 0 ? null : [...clients.values()] };
      case '/projects':
        return {
          status: 200,
          body: paged(query, projects.values()).map(({ cents, ...project }) => ({
            ...project,
            cid: project.client_id,
            active: true,
            currency: 'EUR',
            // Whole units here, cents in reports.
            rate: cents === null ? null : cents / 100,
          })),
        };
      case '/tasks':
        return {
          status: 200,
          body: { data: paged(query, tasks.values()), page: 1, per_page: 50, total_count: tasks.size },
        };
      case '/timesheets':
        return listTimesheets(query);
      default:
        throw new Refusal(404, 'Not found');
    }
  }

  const workspace = () => ({
    id: options.workspaceId,
    name: 'Nordwerft',
    organization_id: ORGANIZATION_ID,
    admin: options.isAdmin ?? true,
    premium: options.premium ?? true,
    disable_approvals: false,
    default_currency: 'EUR',
  });

  function route(call: VendorCall): VendorAnswer {
    const wid = String(options.workspaceId);
    const [, area = '', own, rest = ''] =
      /^(\/api\/v9\/workspaces|\/reports\/api\/v3\/workspace)\/(\d+)(\/.*)?$/.exec(call.path) ?? [];
    if (area !== '' && own !== wid) throw new Refusal(403, 'Workspace not found/accessible');
    if (area.startsWith('/api')) return inWorkspace(call, rest);
    if (area !== '' && rest === '/search/time_entries' && call.method === 'POST') return search(call.text);
    if (call.path.startsWith('/webhooks/api/v1'))
      return webhooks(call.method, call.path.slice(16), call.text);
    if (call.path === '/api/v9/me/workspaces') return { status: 200, body: [workspace()] };
    if (call.path === `/api/v9/organizations/${ORGANIZATION_ID}/workspaces/${wid}/groups`)
      return {
        status: 200,
        body: [...groups].map(([name, id]) => ({ group_id: id, name, users: [], workspaces: [own] })),
      };
    throw new Refusal(404, 'Not found');
  }

  function requireCaller(call: VendorCall): void {
    if (!call.headers['user-agent']) throw new Refusal(400, 'User-Agent is required');
    if (!/^application\/json\b/.test(call.headers['content-type'] ?? ''))
      throw new Refusal(400, 'Content-Type must be application/json');
    const expected = `Basic ${Buffer.from(`${apiToken}:api_token`).toString('base64')}`;
    if (call.headers.authorization !== expected) throw new Refusal(401, 'Incorrect username and/or password');
  }

  function useQuota(): Record<string, string> {
    if (options.quota === undefined) return {};
    const nowMs = clock().getTime();
    while (callsMs.length > 0 && callsMs[0]! <= nowMs - MS_AN_HOUR) callsMs.shift();
    const resetsIn = Math.ceil(((callsMs[0] ?? nowMs) + MS_AN_HOUR - nowMs) / 1_000);
    if (callsMs.length >= options.quota)
      throw new Refusal(402, 'You have hit your hourly limit for API calls', quotaHeaders(0, resetsIn));
    callsMs.push(nowMs);
    return quotaHeaders(options.quota - callsMs.length, resetsIn);
  }

  const sandbox = await startSandbox(
    {
      answer(call) {
        try {
          requireCaller(call);
          const headers = useQuota();
          const answer = route(call);
          return { ...answer, headers: { ...headers, ...answer.headers } };
        } catch (error) {
          if (error instanceof Refusal)
            return { status: error.status, body: error.message, headers: error.headers };
          if (error instanceof SyntaxError) return { status: 400, body: 'JSON is not valid' };
          throw error;
        }
      },
      errorBody: (_, message) => message,
      rateLimits: options.rateLimit === 'off' ? [] : [options.rateLimit ?? { requests: 1, perSeconds: 1 }],
      sendsRetryAfter: false,
      commonHeaders: () => ({ date: clock().toUTCString() }),
    },
    options.port,
  );

  return {
    ...sandbox,
    addUser({ group, ...facts }) {
      if (group !== undefined && !groups.has(group)) groups.set(group, nextId());
      const user = {
        id: nextId(),
        user_id: nextId(),
        ...facts,
        group_ids: group === undefined ? [] : [groups.get(group)!],
      };
      users.set(user.user_id, user);
      return user;
    },
    addClient(name) {
      const id = nextId();
      clients.set(id, { id, name, archived: false });
      return id;
    },
    addProject({ name, clientId, centsAnHour }) {
      const id = nextId();
      projects.set(id, { id, name, client_id: clientId, cents: centsAnHour ?? null });
      return id;
    },
    addTask({ name, projectId }) {
      const id = nextId();
      tasks.set(id, { id, name, project_id: projectId });
      return id;
    },
    addEntry(entry) {
      const at = clock().toISOString();
      const state = { ...DEFAULT_ENTRY, stop: entry.start, at, ...entry, id: nextId() };
      entries.set(state.id, state);
      return state;
    },
    updateEntry(id, change) {
      const entry = known(entries, id);
      return Object.assign(entry, { at: clock().toISOString() }, change);
    },
    removeEntry(id) {
      known(entries, id);
      entries.delete(id);
    },
    get entries() {
      return [...entries.values()];
    },
    setTimesheet({ userId, from, to, status }) {
      const user = known(users, userId);
      const key = `${userId} ${from}`;
      const at = clock().toISOString();
      const before = timesheets.get(key);
      const sheet = {
        timesheet_setup_id: before?.timesheet_setup_id ?? nextId(),
        member_id: options.sheetsNameSeats ? user.id : user.user_id,
        start_date: from,
        end_date: to,
        status,
        submitted_at: status === 'open' ? null : (before?.submitted_at ?? at),
        approved_or_rejected_at: ['approved', 'rejected'].includes(status) ? at : null,
        timezone: user.timezone,
      };
      timesheets.set(key, sheet);
      return sheet;
    },
    get subscriptions() {
      return [...subscriptions.values()];
    },
    signed(body, secret) {
      const rawBody = Buffer.from(JSON.stringify(body));
      const signature = createHmac('sha256', secret).update(rawBody).digest('hex');
      return { rawBody, headers: { 'x-webhook-signature-256': `sha256=${signature}` } };
    },
    endlessPages(on) {
      endless = on;
    },
    setApiToken(token) {
      apiToken = token;
    },
  };
}

const DEFAULT_ENTRY = {
  project_id: null,
  task_id: null,
  tag_names: [] as string[],
  billable: true,
  description: '',
  seconds: 3_600,
};

const patchShape = z.array(
  z.strictObject({ op: z.enum(['add', 'remove']), path: z.literal('/tags'), value: z.array(z.string()) }),
);
const subscriptionShape = z.strictObject({
  url_callback: z.url(),
  event_filters: z.array(z.strictObject({ entity: z.string(), action: z.string() })).min(1),
  enabled: z.boolean(),
  secret: z.string(),
  description: z.string().min(1),
});

/** The validation code is never shown: it comes with the ping. */
function shown(subscription: Subscription): object {
  return { ...subscription, validation_code: undefined };
}

function quotaHeaders(remaining: number, resetsIn: number): Record<string, string> {
  return { 'X-Toggl-Quota-Remaining': String(remaining), 'X-Toggl-Quota-Resets-In': String(resetsIn) };
}

function allow(query: URLSearchParams, names: readonly string[]): void {
  for (const name of query.keys())
    if (!names.includes(name))
      throw new Refusal(400, `${name}: unknown parameter; there are ${names.join(', ')}`);
}
