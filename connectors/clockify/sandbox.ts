/**
 * Owns a strict loopback stand-in of Clockify (core and reports host), for tests and the demo.
 *
 * Written from the fact sheet and imports no connector code. Both hosts are this one address: paths of the core begin
 * with `/api/v1`, those of reports with `/v1`.
 */
import { z } from 'zod';
import {
  known,
  type RateLimit,
  type Sandbox,
  startSandbox,
  type VendorAnswer,
  type VendorCall,
} from '../kit/sandbox.ts';
import { type ClockifyEntryState, detailedReport, refusal } from './sandbox-report.ts';

export interface ClockifyUser {
  id: string;
  name: string;
  email: string;
  timeZone: string;
}
export interface ClockifyApproval {
  id: string;
  userId: string;
  start: string;
  end: string;
  state: 'PENDING' | 'APPROVED' | 'WITHDRAWN_SUBMISSION' | 'WITHDRAWN_APPROVAL' | 'REJECTED';
  updatedAt: string;
}
export interface ClockifyWebhook {
  id: string;
  name: string;
  url: string;
  webhookEvent: string;
  authToken: string;
}
export interface ClockifySandboxOptions {
  port?: number;
  apiKey: string;
  workspaceId: string;
  rateLimit?: RateLimit | 'off';
  pageSizeMax?: number;
  /** No approval requests, three webhooks, reports of 31 days. */
  plan?: 'FREE' | 'PRO';
  isAdmin?: boolean;
  /** What the API says of an entry that is not there: the documented 404, or the 400 that integrations met. */
  missingEntry?: 404 | 400;
  now?: () => Date;
}
export interface ClockifySandbox extends Sandbox {
  addUser(user: { name: string; email: string; timeZone: string; group?: string }): ClockifyUser;
  addClient(name: string): string;
  addProject(project: { name: string; clientId: string; rate?: number }): string;
  addTask(task: { name: string; projectId: string }): string;
  addEntry(
    entry: Partial<ClockifyEntryState> & Pick<ClockifyEntryState, 'userId' | 'start'>,
  ): ClockifyEntryState;
  updateEntry(id: string, change: Partial<Omit<ClockifyEntryState, 'id'>>): void;
  removeEntry(id: string): void;
  readonly entries: readonly ClockifyEntryState[];
  /** A request over these instants, made or moved to another state. */
  setApproval(approval: Omit<ClockifyApproval, 'id' | 'updatedAt'>): ClockifyApproval;
  readonly webhooks: readonly ClockifyWebhook[];
  endlessPages(on: boolean): void;
  setApiKey(key: string): void;
}

const EVENTS = [
  'APPROVAL_REQUEST_STATUS_UPDATED',
  'NEW_APPROVAL_REQUEST',
  'NEW_TIME_ENTRY',
  'TIMER_STOPPED',
  'TIME_ENTRY_UPDATED',
  'TIME_ENTRY_DELETED',
  'TIME_ENTRY_SPLIT',
  'TIME_ENTRY_RESTORED',
  'BILLABLE_RATE_UPDATED',
] as const;
const WEBHOOKS_MAX = { FREE: 3, PRO: 10 };

class Refusal extends Error {
  readonly answer: VendorAnswer;
  constructor(answer: VendorAnswer) {
    super('refused');
    this.answer = answer;
  }
}

export async function startClockifySandbox(options: ClockifySandboxOptions): Promise<ClockifySandbox> {
  const clock = options.now ?? (() => new Date());
  const plan = options.plan ?? 'PRO';
  const users = new Map<string, ClockifyUser>();
  const groups = new Map<string, { id: string; name: string; userIds: string[] }>();
  const clients = new Map<string, { id: string; name: string; archived: boolean }>();
  const projects = new Map<
    string,
    { id: string; name: string; clientId: string; archived: boolean; rate: number | null }
  >();
  const tasks = new Map<string, { id: string; name: string; projectId: string; status: string }>();
  const entries = new Map<string, ClockifyEntryState>();
  const approvals = new Map<string, ClockifyApproval>();
  const webhooks = new Map<string, ClockifyWebhook>();
  let apiKey = options.apiKey;
  let endless = false;
  let lastId = 0;
  // 24 hexadecimal digits, as Clockify's.
  const nextId = () => `66e5a1f0c3d2b14a${(++lastId).toString(16).padStart(8, '0')}`;

  /** The newest request over an entry decides. */
  const approvalsByUser = new Map<string, ClockifyApproval[]>();
  const approvalOf = (entry: ClockifyEntryState) => {
    const found = (approvalsByUser.get(entry.userId) ?? []).find(
      ({ start, end }) => start <= entry.start && entry.start <= end,
    );
    return found ? { id: found.id, approved: found.state === 'APPROVED' } : null;
  };
  const namesOf = (entry: ClockifyEntryState) => {
    const project = projects.get(entry.projectId ?? '');
    const user = users.get(entry.userId);
    return {
      userName: user?.name ?? '',
      userEmail: user?.email ?? '',
      clientId: project?.clientId ?? null,
      clientName: clients.get(project?.clientId ?? '')?.name ?? null,
      projectName: project?.name ?? null,
      taskName: tasks.get(entry.taskId ?? '')?.name ?? null,
      rate: entry.billable ? (project?.rate ?? null) : null,
    };
  };

  /** Pages from 1; the header ends the list, for a page may be shorter than asked. */
  function list(query: URLSearchParams, names: readonly string[], rows: readonly unknown[]): VendorAnswer {
    for (const name of query.keys())
      if (![...names, 'page', 'page-size', 'sort-order', 'sort-column'].includes(name))
        throw new Refusal(refusal(`${name}: unknown parameter`));
    const page = Number(query.get('page') ?? 1);
    const asked = Number(query.get('page-size') ?? 50);
    if (page < 1 || asked < 1 || asked > 5_000)
      throw new Refusal(refusal('page or page-size is out of range'));
    const size = Math.min(asked, options.pageSizeMax ?? 200);
    const isLast = !endless && page * size >= rows.length;
    const shown = endless ? rows.slice(0, size) : rows.slice((page - 1) * size, page * size);
    return { status: 200, body: shown, headers: { 'Last-Page': String(isLast) } };
  }

  function listApprovals(query: URLSearchParams): VendorAnswer {
    if (plan === 'FREE') return refusal('Approval is not in your plan', 403, 403);
    const status = query.get('status');
    if (status !== null && !['PENDING', 'APPROVED', 'WITHDRAWN_APPROVAL'].includes(status))
      return refusal(`status: ${status} is not in the list`);
    const turn = query.get('sort-order') === 'DESCENDING' ? -1 : 1;
    const rows = [...approvals.values()]
      .filter(({ state }) => status === null || state === status)
      .sort(
        (a, b) =>
          turn * (a.updatedAt < b.updatedAt ? -1 : a.updatedAt > b.updatedAt ? 1 : a.id < b.id ? -1 : 1),
      )
      .map(({ id, userId, start, end, state, updatedAt }) => ({
        approvalRequest: {
          id,
          owner: { userId, userName: users.get(userId)?.name, timeZone: users.get(userId)?.timeZone },
          dateRange: { start, end },
          status: { state, note: '', updatedAt, updatedBy: userId },
        },
        entries: [],
      }));
    // Filters by user and day are taken and ignored.
    return list(query, ['status', 'user-id', 'start', 'end'], rows);
  }

  function oneEntry(id: string, query: URLSearchParams): VendorAnswer {
    const entry = entries.get(id);
    if (entry === undefined)
      return options.missingEntry === 400
        ? refusal("TIMEENTRY with id doesn't belong to WORKSPACE", 400, 501)
        : refusal('Time entry not found', 404, 404);
    const { clientId, clientName, projectName, taskName, rate } = namesOf(entry);
    const isHydrated = query.get('hydrated') === 'true';
    return {
      status: 200,
      body: {
        id,
        userId: entry.userId,
        workspaceId: options.workspaceId,
        description: entry.description,
        billable: entry.billable,
        type: entry.type,
        isLocked: approvalOf(entry)?.approved === true,
        hourlyRate: rate === null ? null : { amount: rate, currency: 'EUR' },
        timeInterval: {
          start: entry.start,
          end: entry.end,
          // ISO 8601 here, seconds in reports.
          duration: entry.end === null ? null : isoDuration(entry.seconds ?? 0),
        },
        ...(isHydrated
          ? {
              project: entry.projectId
                ? { id: entry.projectId, name: projectName, clientId, clientName }
                : null,
              task: entry.taskId ? { id: entry.taskId, name: taskName } : null,
              tags: entry.tags.map((name) => ({ id: `tag-${name}`, name })),
            }
          : {
              projectId: entry.projectId,
              taskId: entry.taskId,
              tagIds: entry.tags.map((name) => `tag-${name}`),
            }),
      },
    };
  }

  function markInvoiced(text: string): VendorAnswer {
    const read = invoicedShape.safeParse(JSON.parse(text));
    if (!read.success) return refusal('timeEntryIds and invoiced are required');
    const { timeEntryIds, invoiced } = read.data;
    if (timeEntryIds.some((id) => !entries.has(id)))
      return refusal('Some time entries do not belong to WORKSPACE');
    for (const id of timeEntryIds) entries.get(id)!.invoiced = invoiced;
    return { status: 200 };
  }

  function addWebhook(text: string): VendorAnswer {
    const read = webhookShape.safeParse(JSON.parse(text));
    if (!read.success)
      return refusal(`${read.error.issues[0]!.path.join('.')}: ${read.error.issues[0]!.message}`);
    if (webhooks.size >= WEBHOOKS_MAX[plan]) return refusal('Webhook limit of your plan is reached');
    const { name, url, webhookEvent } = read.data;
    const webhook = { id: nextId(), name, url, webhookEvent, authToken: `auth-token-of-webhook-${nextId()}` };
    webhooks.set(webhook.id, webhook);
    return { status: 201, body: shown(webhook) };
  }

  function inWorkspace({ method, query, text }: VendorCall, rest: string): VendorAnswer {
    const [, entryId] = /^time-entries\/([0-9a-f]{24}|\d+)$/.exec(rest) ?? [];
    const [, projectId] = /^projects\/([0-9a-f]{24})\/tasks$/.exec(rest) ?? [];
    const [, webhookId] = /^webhooks\/([^/]+)$/.exec(rest) ?? [];
    if (method === 'PATCH' && rest === 'time-entries/invoiced') return markInvoiced(text);
    if (method === 'POST' && rest === 'webhooks') return addWebhook(text);
    if (method === 'DELETE' && webhookId !== undefined)
      return webhooks.delete(webhookId) ? { status: 200 } : refusal('Webhook not found', 404, 404);
    if (method !== 'GET') return refusal('Not found', 404, 404);
    if (entryId !== undefined) return oneEntry(entryId, query);
    if (projectId !== undefined)
      return list(
        query,
        [],
        [...tasks.values()].filter((task) => task.projectId === projectId),
      );
    switch (rest) {
      case '':
        return { status: 200, body: workspace() };
      case 'users':
        return list(
          query,
          ['status', 'include-roles'],
          [...users.values()].map(({ timeZone, ...user }) => ({
            ...user,
            status: 'ACTIVE',
            settings: { timeZone, dateFormat: 'MM/DD/YYYY', timeFormat: 'HOUR24' },
          })),
        );
      case 'user-groups':
        return list(query, [], [...groups.values()]);
      case 'clients':
        return list(query, ['archived'], [...clients.values()]);
      case 'projects':
        return list(
          query,
          ['archived'],
          [...projects.values()].map(({ rate: _rate, ...project }) => project),
        );
      case 'approval-requests':
        return listApprovals(query);
      case 'webhooks':
        return { status: 200, body: { webhooks: [...webhooks.values()].map(shown) } };
      default:
        return refusal('Not found', 404, 404);
    }
  }
  const shown = (webhook: ClockifyWebhook) => ({ ...webhook, enabled: true, deliveryEnabled: true });
  const workspace = () => ({ id: options.workspaceId, name: 'Nordwerft' });

  function route(call: VendorCall): VendorAnswer {
    if (call.headers['x-api-key'] !== apiKey) return refusal('Api key does not exist', 401, 4003);
    const [, host = '', wid, rest = ''] =
      /^(\/api\/v1|\/v1)\/workspaces\/([^/]+)(?:\/(.*))?$/.exec(call.path) ?? [];
    if (call.path === '/api/v1/workspaces') {
      const isListed = call.query.get('roles') === null || (options.isAdmin ?? true);
      return { status: 200, body: isListed ? [workspace()] : [] };
    }
    if (host === '') return refusal('Not found', 404, 404);
    if (wid !== options.workspaceId) return refusal('Access denied', 403, 403);
    if (host === '/api/v1') return inWorkspace(call, rest);
    if (rest !== 'reports/detailed' || call.method !== 'POST') return refusal('Not found', 404, 404);
    return detailedReport(call.text, {
      entries: [...entries.values()],
      approvalOf,
      namesOf,
      pageSizeMax: options.pageSizeMax ?? 200,
      isFree: plan === 'FREE',
      endless,
    });
  }

  const sandbox = await startSandbox(
    {
      answer(call) {
        try {
          return route(call);
        } catch (error) {
          if (error instanceof Refusal) return error.answer;
          if (error instanceof SyntaxError) return refusal('The body is not JSON');
          throw error;
        }
      },
      errorBody: (status, message) => ({ message, code: status }),
      rateLimits: options.rateLimit === 'off' ? [] : [options.rateLimit ?? { requests: 50, perSeconds: 1 }],
      sendsRetryAfter: false,
      commonHeaders: () => ({ date: clock().toUTCString() }),
    },
    options.port,
  );

  return {
    ...sandbox,
    addUser({ group, ...facts }) {
      const user = { id: nextId(), ...facts };
      users.set(user.id, user);
      if (group !== undefined) {
        const members = groups.get(group) ?? { id: nextId(), name: group, userIds: [] };
        members.userIds.push(user.id);
        groups.set(group, members);
      }
      return user;
    },
    addClient(name) {
      const id = nextId();
      clients.set(id, { id, name, archived: false });
      return id;
    },
    addProject({ name, clientId, rate }) {
      const id = nextId();
      projects.set(id, { id, name, clientId, archived: false, rate: rate ?? null });
      return id;
    },
    addTask({ name, projectId }) {
      const id = nextId();
      tasks.set(id, { id, name, projectId, status: 'ACTIVE' });
      return id;
    },
    addEntry(entry) {
      const state = { ...DEFAULT_ENTRY, end: entry.start, ...entry, id: nextId() };
      entries.set(state.id, state);
      return state;
    },
    updateEntry(id, change) {
      Object.assign(known(entries, id), change);
    },
    removeEntry(id) {
      known(entries, id);
      entries.delete(id);
    },
    get entries() {
      return [...entries.values()];
    },
    setApproval(approval) {
      const key = `${approval.userId} ${approval.start}`;
      const saved = { ...approval, id: approvals.get(key)?.id ?? nextId(), updatedAt: clock().toISOString() };
      approvals.set(key, saved);
      approvalsByUser.set(
        approval.userId,
        [...approvals.values()].filter(({ userId }) => userId === approval.userId),
      );
      return saved;
    },
    get webhooks() {
      return [...webhooks.values()];
    },
    endlessPages(on) {
      endless = on;
    },
    setApiKey(key) {
      apiKey = key;
    },
  };
}

const DEFAULT_ENTRY = {
  projectId: null,
  taskId: null,
  tags: [] as string[],
  description: '',
  billable: true,
  type: 'REGULAR',
  seconds: 3_600,
  invoiced: false,
};

const invoicedShape = z.strictObject({ timeEntryIds: z.array(z.string()).min(1), invoiced: z.boolean() });
const webhookShape = z.strictObject({
  name: z.string().min(2).max(30),
  url: z.url(),
  webhookEvent: z.enum(EVENTS),
  triggerSourceType: z.literal('WORKSPACE_ID'),
  triggerSource: z.array(z.string()).min(1),
});

/** `PT1H30M`. */
function isoDuration(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 3_600), 'H'],
    [Math.floor((seconds % 3_600) / 60), 'M'],
    [seconds % 60, 'S'],
  ] as const;
  const text = parts.flatMap(([count, unit]) => (count > 0 ? `${count}${unit}` : [])).join('');
  return `PT${text || '0S'}`;
}
