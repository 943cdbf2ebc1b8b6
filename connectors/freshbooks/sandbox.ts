/**
 * Owns a strict loopback stand-in of the FreshBooks API ("new" FreshBooks, JSON), for tests and the demo.
 *
 * Written from FreshBooks' API pages and SDKs; it imports no connector code. The two ids of a business are kept apart as
 * there: accounting goes by `account_id`, time and projects by the number. What is not documented is marked (unconfirmed).
 */
import { z } from 'zod';
import {
  type RateLimit,
  type Sandbox,
  startSandbox,
  type VendorAnswer,
  type VendorCall,
} from '../kit/sandbox.ts';
import { createSandboxOAuth, type SandboxOAuth } from '../kit/sandbox-oauth.ts';
import { BooksRefusal, createBooks } from './sandbox-books.ts';

/** Figures are not published; 429 exists. */
const RATE_LIMIT: RateLimit = { requests: 120, perSeconds: 60 };
const PER_PAGE_MAX = 100;
const PER_PAGE_DEFAULT = 30;

export interface FreshbooksEntry {
  id: number;
  identity_id: number;
  timer: { id: number; is_running: boolean } | null;
  is_logged: boolean;
  /** UTC. */
  started_at: string;
  local_started_at: string;
  local_timezone: string;
  created_at: string;
  /** Whole seconds. */
  duration: number | null;
  client_id: number | null;
  project_id: number | null;
  pending_client: null;
  pending_project: null;
  pending_task: null;
  task_id: null;
  service_id: number | null;
  note: string | null;
  active: boolean;
  billable: boolean;
  billed: boolean;
  internal: boolean;
  retainer_id: null;
}

export interface FreshbooksCallback {
  id: number;
  event: string;
  uri: string;
  verifier: string;
  verified: boolean;
}

export interface FreshbooksSandboxOptions {
  port?: number;
  accountId: string;
  businessId: number;
  accessToken: string;
  refreshToken: string;
  clientId: string;
  clientSecret: string;
  /** Milliseconds of an access token; the vendor's are 12 hours. */
  tokenLifeMs?: number;
  rateLimit?: RateLimit | 'off';
  pageSizeMax?: number;
  role?: 'owner' | 'business_employee';
  now?: () => Date;
}

export interface FreshbooksSandbox extends Sandbox, Omit<ReturnType<typeof createBooks>, 'route'> {
  oauth: SandboxOAuth;
  entries: Map<number, FreshbooksEntry>;
  callbacks: FreshbooksCallback[];
  /** Identity of the token's owner. */
  me: number;
  addPerson(person: { name: string; email: string }): number;
  addProject(project: { title: string; clientId: number; rate?: string }): number;
  addService(name: string): number;
  addEntry(
    entry: Partial<FreshbooksEntry> & Pick<FreshbooksEntry, 'started_at' | 'local_started_at' | 'duration'>,
  ): number;
  changeEntry(id: number, change: Partial<FreshbooksEntry>): void;
  endlessPages(): void;
  /** From now on accounting says no in its old form under 200, as its SDKs expect. */
  errorsUnder200(on: boolean): void;
  /** From now on in the new form: `{code, message, details}`. */
  newErrors(on: boolean): void;
}

/** A refusal of time, projects and events. */
class Refusal extends Error {
  readonly status: number;
  readonly body: unknown;
  constructor(status: number, message: string, body: unknown = { errno: status, error: message, message }) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

const entryBody = z.strictObject({
  is_logged: z.boolean(),
  started_at: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/),
  duration: z.number().int().min(0).nullable(),
  client_id: z.number().int().nullish(),
  project_id: z.number().int().nullish(),
  service_id: z.number().int().nullish(),
  task_id: z.number().int().nullish(),
  identity_id: z.number().int().nullish(),
  retainer_id: z.number().int().nullish(),
  note: z.string().nullish(),
  billable: z.boolean().optional(),
  billed: z.boolean().optional(),
  internal: z.boolean().optional(),
});
const ENTRY_FILTERS = [
  'team',
  'billable',
  'billed',
  'client_id',
  'identity_id',
  'include_deleted',
  'include_unlogged',
  'started_from',
  'started_to',
  'updated_since',
];

export async function startFreshbooksSandbox(options: FreshbooksSandboxOptions): Promise<FreshbooksSandbox> {
  const now = options.now ?? (() => new Date());
  const instant = (ms = now().getTime()) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
  let lastId = 3_000_000_000;
  const nextId = () => {
    lastId += 1;
    return lastId;
  };
  let endless = false;
  let under200 = false;
  let inNewForm = false;
  const pageSizeMax = () => options.pageSizeMax ?? PER_PAGE_MAX;
  const people = new Map<number, Record<string, unknown>>();
  const projects = new Map<number, Record<string, unknown>>();
  const services = new Map<number, Record<string, unknown>>();
  const entries = new Map<number, FreshbooksEntry>();
  /** Not shown by the API, but what `updated_since` looks at. */
  const changedAt = new Map<number, number>();
  const callbacks: FreshbooksCallback[] = [];
  let changes = 0;
  let memo: { key: string; rows: FreshbooksEntry[] } | null = null;
  const books = createBooks({ nowMs: () => now().getTime(), nextId, pageSizeMax, isEndless: () => endless });
  const oauth = createSandboxOAuth({
    clientId: options.clientId,
    clientSecret: options.clientSecret,
    clientAuth: 'body',
    lifeMs: options.tokenLifeMs ?? 12 * 3_600_000,
    rotates: true,
    nowMs: () => now().getTime(),
    accessToken: options.accessToken,
    refreshToken: options.refreshToken,
  });
  const me = addPerson({ name: 'Olive Owner', email: 'olive@freshbooks-sandbox.example' });

  function addPerson({ name, email }: { name: string; email: string }): number {
    const identity = nextId();
    const [first_name, ...last] = name.split(' ');
    const facts = { business_id: options.businessId, business_role_name: 'business_employee', active: true };
    people.set(identity, {
      uuid: crypto.randomUUID(),
      first_name,
      last_name: last.join(' '),
      email,
      identity_id: identity,
      ...facts,
    });
    return identity;
  }

  function route(call: VendorCall): VendorAnswer {
    const { path, method } = call;
    if (path === '/auth/oauth/token') return oauth.token(call);
    if (path === '/auth/oauth/revoke') return oauth.revoke(call);
    const token = /^Bearer (\S+)$/.exec(call.headers.authorization ?? '')?.[1] ?? '';
    if (!oauth.accepts(token))
      throw new Refusal(401, 'unauthenticated', {
        error: 'unauthenticated',
        error_description: 'This action requires authentication to continue.',
      });
    if (method === 'GET' && path === '/auth/api/v1/users/me')
      return { status: 200, body: { response: identity() } };
    if (method === 'GET' && path === `/auth/api/v1/businesses/${options.businessId}/team_members`)
      return teamPage(call);
    const [, part, kind, owner, rest = ''] =
      /^\/(accounting|events|timetracking|projects|comments)\/(account|business)\/([^/]+)(\/.*)$/.exec(
        path,
      ) ?? [];
    if (kind === 'account') {
      // The trap: the number of the business finds no account.
      if (owner !== options.accountId) throw new BooksRefusal(404, 1012, 'accountid', 'Account not found.');
      if (part === 'accounting') return books.route(call, rest);
      if (part === 'events') return eventRoute(call, rest);
    }
    if (kind === 'business' && owner === String(options.businessId)) {
      if (method === 'GET' && call.headers['content-type'] !== undefined)
        throw new Refusal(400, 'Leave out Content-Type on GET.');
      if (part === 'timetracking') return timeRoute(call, rest);
      if (part === 'projects' && rest === '/projects')
        return page(call, 'projects', [...projects.values()], []);
      if (part === 'comments' && rest === '/services')
        return page(call, 'services', [...services.values()], []);
    }
    throw new Refusal(404, 'Requested resource could not be found.');
  }

  const identity = () => ({
    id: me,
    identity_id: me,
    email: people.get(me)!.email,
    business_memberships: [
      {
        id: 1,
        role: options.role ?? 'owner',
        business: {
          id: options.businessId,
          account_id: options.accountId,
          name: 'Sandbox Marine Engineering',
        },
      },
      { id: 2, role: 'owner', business: { id: 99, account_id: 'OtHer1', name: 'Another business' } },
    ],
  });

  function page(
    call: VendorCall,
    name: string,
    rows: readonly object[],
    filters: readonly string[],
  ): VendorAnswer {
    for (const parameter of call.query.keys())
      if (!['page', 'per_page', ...filters].includes(parameter))
        throw new Refusal(422, `${parameter} is no parameter here; filters of time are flat.`);
    const size = Math.min(
      Number(call.query.get('per_page') ?? PER_PAGE_DEFAULT),
      PER_PAGE_MAX,
      pageSizeMax(),
    );
    const number = Number(call.query.get('page') ?? 1);
    const at = endless ? 0 : (number - 1) * size;
    const pages = endless ? number + 1 : Math.ceil(rows.length / size);
    const meta = { page: number, pages, per_page: size, total: rows.length };
    return { status: 200, body: { [name]: rows.slice(at, at + size), meta } };
  }

  /** People come under `response`, without a number of pages. */
  function teamPage(call: VendorCall): VendorAnswer {
    const size = Math.min(Number(call.query.get('per_page') ?? PER_PAGE_DEFAULT), PER_PAGE_MAX);
    const number = Number(call.query.get('page') ?? 1);
    const rows = [
      ...people.values(),
      { ...[...people.values()][0], identity_id: null, first_name: 'Invited' },
    ];
    const meta = { page: number, per_page: size, total: rows.length };
    return { status: 200, body: { response: rows.slice((number - 1) * size, number * size), meta } };
  }

  function timeRoute(call: VendorCall, rest: string): VendorAnswer {
    const [, text] = /^\/time_entries(?:\/(\d+))?$/.exec(rest) ?? [null];
    if (!rest.startsWith('/time_entries')) throw new Refusal(404, 'Requested resource could not be found.');
    if (text === undefined) {
      if (call.method === 'POST')
        return { status: 200, body: { time_entry: entries.get(create(readEntry(call))) } };
      return page(call, 'time_entries', listed(call), ENTRY_FILTERS);
    }
    const entry = entries.get(Number(text));
    if (!entry) throw new Refusal(404, 'Time entry not found.');
    if (call.method === 'PUT') {
      // The whole object is expected (unconfirmed): what is left out is lost.
      const {
        client_id = null,
        project_id = null,
        service_id = null,
        note = null,
        ...rest
      } = readEntry(call);
      changeEntry(entry.id, { client_id, project_id, service_id, note, ...rest } as Partial<FreshbooksEntry>);
    }
    return { status: 200, body: { time_entry: entry } };
  }

  /** Sorting out 100,000 rows for every page would make the stand-in, not the reader, the slow side. */
  function listed(call: VendorCall): FreshbooksEntry[] {
    const query = [...call.query].filter(([name]) => name !== 'page' && name !== 'per_page');
    const key = JSON.stringify([query, changes]);
    if (memo?.key !== key) memo = { key, rows: selected(call) };
    return memo.rows;
  }

  function selected(call: VendorCall): FreshbooksEntry[] {
    const flag = (name: string) => call.query.get(name) === 'true';
    const at = (name: string) => {
      const value = call.query.get(name);
      if (value === null) return null;
      if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?$/.test(value))
        throw new Refusal(422, `${name}: "${value}" is no UTC date/time.`);
      return Date.parse(value.endsWith('Z') ? value : `${value}Z`);
    };
    const [from, to, since] = [at('started_from'), at('started_to'), at('updated_since')];
    const identityId = call.query.get('identity_id');
    return (
      [...entries.values()]
        // The trap: without `team` one person's time, and no word of it.
        .filter((entry) => flag('team') || entry.identity_id === me)
        .filter((entry) => entry.active || flag('include_deleted'))
        .filter((entry) => entry.is_logged || flag('include_unlogged'))
        .filter((entry) => identityId === null || String(entry.identity_id) === identityId)
        .filter((entry) => from === null || Date.parse(entry.started_at) >= from)
        .filter((entry) => to === null || Date.parse(entry.started_at) <= to)
        .filter((entry) => since === null || changedAt.get(entry.id)! >= since)
        // The order is not documented: newest first, so that what is added while one reads shifts the pages.
        .reverse()
    );
  }

  function readEntry(call: VendorCall): z.infer<typeof entryBody> {
    let body: unknown;
    try {
      body = JSON.parse(call.text);
    } catch {
      throw new Refusal(400, 'The body is not JSON.');
    }
    const read = z.strictObject({ time_entry: entryBody }).safeParse(body);
    if (read.success) return read.data.time_entry;
    const [issue] = read.error.issues;
    throw new Refusal(422, `${issue!.path.join('.')}: ${issue!.message}`);
  }

  function create(wanted: Partial<FreshbooksEntry> | z.infer<typeof entryBody>): number {
    const id = nextId();
    const given = wanted as Partial<FreshbooksEntry>;
    entries.set(id, {
      identity_id: me,
      timer: null,
      is_logged: true,
      started_at: instant(),
      local_started_at: (given.started_at ?? instant()).replace(/(\.\d+)?Z$/, ''),
      local_timezone: 'UTC',
      created_at: instant(),
      duration: 0,
      client_id: null,
      project_id: null,
      pending_client: null,
      pending_project: null,
      pending_task: null,
      task_id: null,
      service_id: null,
      note: null,
      active: true,
      billable: true,
      billed: false,
      internal: false,
      retainer_id: null,
      ...given,
      id,
    });
    changedAt.set(id, now().getTime());
    changes += 1;
    return id;
  }

  function changeEntry(id: number, change: Partial<FreshbooksEntry>): void {
    Object.assign(entries.get(id)!, change);
    changedAt.set(id, now().getTime());
    changes += 1;
  }

  function eventRoute(call: VendorCall, rest: string): VendorAnswer {
    const [, text] = /^\/events\/callbacks(?:\/(\d+))?$/.exec(rest) ?? [null];
    const shown = ({ id, event, uri, verified }: FreshbooksCallback): VendorAnswer => ({
      status: 200,
      body: { response: { result: { callback: { callbackid: id, event, uri, verified } } } },
    });
    const field = (description: string) =>
      new Refusal(422, description, {
        message: description,
        details: [{ fieldViolations: [{ field: 'callback', description }] }],
      });
    if (call.method === 'POST' && text === undefined) {
      const { callback } = JSON.parse(call.text) as { callback: { event: string; uri: string } };
      if (!/^https:\/\//.test(callback.uri)) throw field('uri must be https.');
      const id = nextId();
      callbacks.push({ id, ...callback, verifier: `verifier-of-${id}`, verified: false });
      return shown(callbacks.at(-1)!);
    }
    const index = callbacks.findIndex(({ id }) => String(id) === text);
    const callback = callbacks[index];
    if (!callback) throw new Refusal(404, 'Callback not found.');
    if (call.method === 'DELETE') {
      callbacks.splice(index, 1);
      return { status: 200, body: { response: {} } };
    }
    const { callback: wanted } = JSON.parse(call.text) as {
      callback: { verifier?: string; resend?: boolean };
    };
    if (!wanted.resend && wanted.verifier !== callback.verifier) throw field('The verifier is another.');
    callback.verified ||= wanted.verifier === callback.verifier;
    return shown(callback);
  }

  function refusalOf(problem: unknown): VendorAnswer {
    if (problem instanceof Refusal) return { status: problem.status, body: problem.body };
    if (!(problem instanceof BooksRefusal)) throw problem;
    const { errno, field, message, status } = problem;
    if (inNewForm)
      return {
        status,
        body: {
          code: 5,
          message,
          details: [
            {
              '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
              reason: String(errno),
              domain: 'accounting.api.freshbooks.com',
              metadata: { field, message },
            },
          ],
        },
      };
    const errors = [{ errno, field, message, object: 'freshbooks', value: '' }];
    return { status: under200 ? 200 : status, body: { response: { errors } } };
  }

  const sandbox = await startSandbox(
    {
      answer(call) {
        try {
          return books.payPages.answer(call) ?? route(call);
        } catch (problem) {
          return refusalOf(problem);
        }
      },
      errorBody: (status, message) => ({ errno: status, error: message, message }),
      rateLimits: options.rateLimit === 'off' ? [] : [options.rateLimit ?? RATE_LIMIT],
      sendsRetryAfter: false,
      commonHeaders: () => ({ date: now().toUTCString(), 'x-request-id': crypto.randomUUID() }),
    },
    options.port,
  );

  return {
    ...sandbox,
    ...books,
    oauth,
    entries,
    callbacks,
    me,
    addPerson,
    addProject({ title, clientId, rate }) {
      const id = nextId();
      const method = {
        billing_method: rate === undefined ? 'business_rate' : 'project_rate',
        rate: rate ?? null,
      };
      projects.set(id, { id, title, client_id: clientId, ...method, active: true, complete: false });
      return id;
    },
    addService(name) {
      const id = nextId();
      services.set(id, { id, name, billable: true, vis_state: 0 });
      return id;
    },
    addEntry: create,
    changeEntry,
    endlessPages() {
      endless = true;
    },
    errorsUnder200(on) {
      under200 = on;
    },
    newErrors(on) {
      inNewForm = on;
    },
  };
}
