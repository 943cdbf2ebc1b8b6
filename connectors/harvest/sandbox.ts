/**
 * Owns a strict loopback stand-in of Harvest's API v2, for tests and the demo.
 *
 * Written from Harvest's help pages and imports no connector code, so that one misreading cannot hide on both sides.
 * Where Harvest would shrug (an unknown query parameter is ignored, so a misspelt filter returns everything) it
 * refuses with a reason. Facts that the help pages do not settle are marked (unconfirmed).
 */
import { Decimal } from 'decimal.js';
import { z } from 'zod';
import {
  known,
  type RateLimit,
  type Sandbox,
  startSandbox,
  type VendorAnswer,
  type VendorCall,
} from '../kit/sandbox.ts';
import { createSandboxOAuth, type SandboxOAuth } from '../kit/sandbox-oauth.ts';
import { type HarvestBooks, openHarvestBooks } from './sandbox-books.ts';
import {
  byDay,
  byFlag,
  byId,
  createdAt,
  type Filter,
  type Filters,
  fromCursor,
  isDay,
  newestFirst,
  Refusal,
  readListQuery,
  refuseUnknownParameters,
  toCursor,
  toInstant,
  toLink,
  updatedSince,
  VENDOR_PAGE_SIZE_MAX,
} from './sandbox-lists.ts';

/** help.getharvest.com, API v2, "Overview: General": 100 requests per 15 seconds. */
const VENDOR_RATE_LIMIT: RateLimit = { requests: 100, perSeconds: 15 };
export type HarvestApprovalStatus = 'unsubmitted' | 'submitted' | 'approved';
export type HarvestRole = 'administrator' | 'manager' | 'member';

export interface HarvestCompany {
  base_uri: string;
  full_domain: string;
  name: string;
  is_active: boolean;
  week_start_day: 'Saturday' | 'Sunday' | 'Monday';
  wants_timestamp_timers: boolean;
  time_format: 'decimal' | 'hours_minutes';
  date_format: string;
  plan_type: string;
  expense_feature: boolean;
  invoice_feature: boolean;
  estimate_feature: boolean;
  approval_feature: boolean;
  team_feature: boolean;
  clock: '12h' | '24h';
  currency_code_display: string;
  currency_symbol_display: string;
  decimal_symbol: string;
  thousands_separator: string;
  color_scheme: string;
  weekly_capacity: number;
}

export interface HarvestUser {
  id: number;
  first_name: string;
  last_name: string;
  email: string;
  telephone: string;
  /** Harvest's own zone names, e.g. `Eastern Time (US & Canada)`. */
  timezone: string;
  has_access_to_all_future_projects: boolean;
  is_contractor: boolean;
  is_active: boolean;
  /** Seconds. */
  weekly_capacity: number;
  default_hourly_rate: number | null;
  cost_rate: number | null;
  roles: string[];
  access_roles: HarvestRole[];
  avatar_url: string;
  created_at: string;
  updated_at: string;
}

export interface HarvestClient {
  id: number;
  name: string;
  is_active: boolean;
  address: string | null;
  statement_key: string;
  currency: string;
  created_at: string;
  updated_at: string;
}

export interface HarvestProject {
  id: number;
  name: string;
  code: string | null;
  is_active: boolean;
  is_billable: boolean;
  is_fixed_fee: boolean;
  bill_by: 'Project' | 'Tasks' | 'People' | 'none';
  hourly_rate: number | null;
  budget: number | null;
  budget_by: string;
  budget_is_monthly: boolean;
  notify_when_over_budget: boolean;
  over_budget_notification_percentage: number | null;
  over_budget_notification_date: string | null;
  show_budget_to_all: boolean;
  fee: number | null;
  cost_budget: number | null;
  cost_budget_include_expenses: boolean;
  notes: string | null;
  starts_on: string | null;
  ends_on: string | null;
  created_at: string;
  updated_at: string;
  client: { id: number; name: string; currency: string };
}

export interface HarvestTask {
  id: number;
  name: string;
  billable_by_default: boolean;
  default_hourly_rate: number | null;
  is_default: boolean;
  is_active: boolean;
  created_at: string;
  updated_at: string;
}

interface ExternalReference {
  id: string;
  group_id: string | null;
  account_id: string | null;
  permalink: string | null;
}

/** An entry as the sandbox keeps it; `GET` derives the vendor's row from it. */
export interface HarvestEntryState {
  id: number;
  /** YYYY-MM-DD, the user's own day. */
  spent_date: string;
  user_id: number;
  project_id: number;
  task_id: number;
  /** Decimal hours before the timer was last started; kept to two places. */
  hours: number;
  /** Set to override the account's rounding. */
  rounded_hours: number | null;
  notes: string | null;
  approval_status: HarvestApprovalStatus;
  is_billed: boolean;
  invoice: { id: number; number: string } | null;
  billable: boolean;
  budgeted: boolean;
  billable_rate: number | null;
  cost_rate: number | null;
  /** UTC instant; set means that the timer runs. */
  timer_started_at: string | null;
  started_time: string | null;
  ended_time: string | null;
  external_reference: ExternalReference | null;
  created_at: string;
  updated_at: string;
}

/** An entry as `GET /v2/time_entries` shows it. */
export interface HarvestTimeEntry {
  id: number;
  spent_date: string;
  hours: number;
  hours_without_timer: number;
  rounded_hours: number;
  notes: string | null;
  is_locked: boolean;
  locked_reason: string | null;
  approval_status: HarvestApprovalStatus;
  is_closed: boolean;
  is_billed: boolean;
  timer_started_at: string | null;
  started_time: string | null;
  ended_time: string | null;
  is_running: boolean;
  billable: boolean;
  budgeted: boolean;
  billable_rate: number | null;
  cost_rate: number | null;
  created_at: string;
  updated_at: string;
  user: { id: number; name: string };
  client: { id: number; name: string };
  project: { id: number; name: string };
  task: { id: number; name: string };
  invoice: { id: number; number: string } | null;
  external_reference: ExternalReference | null;
}

export interface HarvestSandboxOptions {
  port?: number;
  accessToken: string;
  accountId: string | number;
  company?: Partial<HarvestCompany>;
  /** Default: 100 calls per 15 seconds, as the vendor. */
  rateLimit?: RateLimit | 'off';
  /** Lowers every page to this size without refusing a larger `per_page`, so that few rows make many pages. */
  pageSizeMax?: number;
  /** Default `cursor`: `next_page` is null in the middle of the list, and only `links.next` leads on. */
  pageStyle?: 'page' | 'cursor';
  /** The account's Time Rounding setting; default: `rounded_hours` equals `hours`. */
  rounding?: { minutes: number; mode: 'up' | 'nearest' | 'down' };
  /** The sandbox's clock (instants and running timers); the limiter keeps real time. */
  now?: () => Date;
  /** The app that may ask for consent; without it the fixed access token is the only way in. */
  oauth?: { clientId: string; clientSecret: string; refreshToken: string };
}

/** Who the token belongs to; it decides which entries are seen. */
export interface HarvestTokenOwner {
  role: HarvestRole;
  /** For a manager: users whose time is seen besides the own. */
  teammateIds?: readonly number[];
  /** For a manager: projects whose time is seen. */
  managedProjectIds?: readonly number[];
}

type NewEntry = Partial<HarvestEntryState> &
  Pick<HarvestEntryState, 'spent_date' | 'user_id' | 'project_id' | 'task_id' | 'hours'>;

export interface HarvestSandbox extends Sandbox {
  addUser(user: Partial<HarvestUser> & Pick<HarvestUser, 'first_name' | 'last_name' | 'email'>): HarvestUser;
  addClient(client: Partial<HarvestClient> & Pick<HarvestClient, 'name'>): HarvestClient;
  addProject(
    project: Partial<Omit<HarvestProject, 'client'>> & { name: string; client_id: number },
  ): HarvestProject;
  addTask(task: Partial<HarvestTask> & Pick<HarvestTask, 'name'>): HarvestTask;
  addEntry(entry: NewEntry): HarvestTimeEntry;
  /**
   * Changes an entry as somebody at Harvest would (approve, invoice, edit). `touch: false` leaves `updated_at` alone:
   * whether approving or invoicing moves it is not documented, so a reader must survive both.
   */
  updateEntry(
    id: number,
    change: Partial<Omit<HarvestEntryState, 'id'>>,
    options?: { touch?: boolean },
  ): HarvestTimeEntry;
  deleteEntry(id: number): void;
  /** All entries, in the vendor's order, whatever the token may see. */
  readonly entries: HarvestTimeEntry[];
  updateProject(id: number, change: Partial<Omit<HarvestProject, 'id' | 'client'>>): HarvestProject;
  /** From now on the page chain never ends: `links.next` always leads on, and rows come round again. */
  endlessPages(on: boolean): void;
  /** Replaces the accepted token, as revoking or rotating it would. */
  setAccessToken(accessToken: string): void;
  setTokenOwner(owner: HarvestTokenOwner): void;
  readonly books: HarvestBooks;
  /** From now on the company's address is this, whatever it is. */
  saysAddress(address: unknown): void;
  /** Null without `options.oauth`. */
  readonly oauth: SandboxOAuth | null;
}

/** Starts the sandbox with one user, an administrator, who owns the token. */
export async function startHarvestSandbox(options: HarvestSandboxOptions): Promise<HarvestSandbox> {
  const clock = options.now ?? (() => new Date());
  const company = { ...DEFAULT_COMPANY, ...options.company };
  const users = new Map<number, HarvestUser>();
  const clients = new Map<number, HarvestClient>();
  const projects = new Map<number, HarvestProject>();
  const tasks = new Map<number, HarvestTask>();
  const entries = new Map<number, HarvestEntryState>();
  let owner: HarvestTokenOwner = { role: 'administrator' };
  let accessToken = options.accessToken;
  const oauth =
    options.oauth === undefined
      ? null
      : createSandboxOAuth({
          ...options.oauth,
          clientAuth: 'body',
          lifeMs: ACCESS_TOKEN_LIFE_MS,
          rotates: true,
          nowMs: () => clock().getTime(),
        });
  let endless = false;
  let endlessCount = 0;
  let baseUrl = '';
  // One sequence for every kind of object: an id used for the wrong kind never finds anything by luck.
  // It starts above 2^31, as Harvest's own ids do, so that a 32-bit column shows at once.
  let lastId = 2_831_077_000;
  const nextId = (given?: number) => {
    lastId = given === undefined ? lastId + 1 : Math.max(lastId, given);
    return given ?? lastId;
  };
  const stamps = () => {
    const instant = toInstant(clock());
    return { created_at: instant, updated_at: instant };
  };

  function addUser(user: Parameters<HarvestSandbox['addUser']>[0]): HarvestUser {
    const row = { ...DEFAULT_USER, ...stamps(), ...user, id: nextId(user.id) };
    users.set(row.id, row);
    return row;
  }
  const ownerUser = addUser({
    first_name: 'Olive',
    last_name: 'Owner',
    email: 'owner@harvest-sandbox.example',
    access_roles: ['administrator'],
  });

  function toEntry(state: HarvestEntryState): HarvestTimeEntry {
    const user = known(users, state.user_id, 'user');
    const project = known(projects, state.project_id, 'project');
    const task = known(tasks, state.task_id, 'task');
    const hours = state.timer_started_at === null ? new Decimal(state.hours) : runningHours(state, clock());
    const lockedReason = toLockedReason(state, project);
    return {
      id: state.id,
      spent_date: state.spent_date,
      hours: hours.toNumber(),
      hours_without_timer: state.hours,
      rounded_hours: state.rounded_hours ?? roundHours(hours, options.rounding).toNumber(),
      notes: state.notes,
      is_locked: lockedReason !== null,
      locked_reason: lockedReason,
      approval_status: state.approval_status,
      // Deprecated by Harvest: false for unsubmitted and for submitted entries alike.
      is_closed: state.approval_status === 'approved',
      is_billed: state.is_billed,
      timer_started_at: state.timer_started_at,
      started_time: company.wants_timestamp_timers ? state.started_time : null,
      ended_time: company.wants_timestamp_timers ? state.ended_time : null,
      is_running: state.timer_started_at !== null,
      billable: state.billable,
      budgeted: state.budgeted,
      billable_rate: state.billable ? state.billable_rate : null,
      cost_rate: state.cost_rate,
      created_at: state.created_at,
      updated_at: state.updated_at,
      user: { id: user.id, name: `${user.first_name} ${user.last_name}` },
      client: { id: project.client.id, name: project.client.name },
      project: { id: project.id, name: project.name },
      task: { id: task.id, name: task.name },
      invoice: state.invoice,
      external_reference: state.external_reference,
    };
  }

  // Rendering 100,000 entries for every page would make the stand-in, not the reader, the slow side.
  let rendered: HarvestTimeEntry[] | null = null;
  // The hours of a running timer change by themselves.
  let hasTimers = false;
  function sortedEntries(): HarvestTimeEntry[] {
    if (rendered !== null && !hasTimers) return rendered;
    const states = [...entries.values()];
    hasTimers = states.some((state) => state.timer_started_at !== null);
    rendered = newestFirst(states.map(toEntry), (row) => row.spent_date);
    return rendered;
  }

  /** What the token's owner sees; the rest is missing from lists and 404 by id, with no hint. */
  function isVisible(entry: HarvestEntryState): boolean {
    if (owner.role === 'administrator' || entry.user_id === ownerUser.id) return true;
    if (owner.role === 'member') return false;
    return (
      (owner.teammateIds ?? []).includes(entry.user_id) ||
      (owner.managedProjectIds ?? []).includes(entry.project_id)
    );
  }

  function visibleEntry(id: number): HarvestEntryState {
    const entry = entries.get(id);
    if (entry === undefined || !isVisible(entry)) throw new Refusal(404, 'Not Found');
    return entry;
  }

  /** One page of `rows`, which come newest first by `dayOf`; `filters` names every parameter that may be asked for besides the paging ones. */
  function listPage<Row extends { id: number }>(
    call: VendorCall,
    key: string,
    rows: Row[],
    dayOf: (row: Row) => string,
    filters: Filters<Row>,
  ): VendorAnswer {
    const { selected, perPage, page, cursor } = readListQuery(call, rows, filters);
    const size = Math.min(perPage, options.pageSizeMax ?? VENDOR_PAGE_SIZE_MAX);
    const totalPages = Math.max(1, Math.ceil(selected.length / size));
    const link = (changes: Record<string, string>) => toLink(baseUrl, call, perPage, changes);
    const frame = {
      per_page: size,
      total_pages: totalPages,
      total_entries: selected.length,
    };

    const byPage = page !== null || (cursor === null && options.pageStyle === 'page');
    if (byPage && !endless) {
      const number = page ?? 1;
      const next = number < totalPages ? number + 1 : null;
      const previous = number > 1 ? number - 1 : null;
      const body = {
        [key]: selected.slice((number - 1) * size, number * size),
        ...frame,
        next_page: next,
        previous_page: previous,
        page: number,
        links: {
          first: link({ page: '1' }),
          next: next === null ? null : link({ page: String(next) }),
          previous: previous === null ? null : link({ page: String(previous) }),
          last: link({ page: String(totalPages) }),
        },
      };
      return { status: 200, body };
    }

    const after = cursor === null ? null : fromCursor(cursor);
    const isAfter = (row: Row) =>
      after === null || dayOf(row) < after.day || (dayOf(row) === after.day && row.id < after.id);
    const from = selected.findIndex(isAfter);
    const start = from === -1 ? (endless ? 0 : selected.length) : from;
    const rowsOfPage = selected.slice(start, start + size);
    const lastRow = rowsOfPage.at(-1);
    const hasMore = endless || start + size < selected.length;
    // In an endless chain every link differs, so a reader that only looks for a repeated link does not stop either.
    const nextCursor = toCursor(
      lastRow?.id ?? 0,
      lastRow === undefined ? '' : dayOf(lastRow),
      endless ? ++endlessCount : 0,
    );
    const body = {
      [key]: rowsOfPage,
      ...frame,
      // The trap: there is a next page although next_page is null.
      next_page: null,
      previous_page: null,
      page: cursor === null ? 1 : null,
      links: {
        first: link({ page: '1', ref: 'first' }),
        next: hasMore ? link({ cursor: nextCursor, ref: 'next_cursor' }) : null,
        previous: null,
        last: link({ page: String(totalPages), ref: 'last' }),
      },
    };
    return { status: 200, body };
  }

  function patchEntry(id: number, text: string, headers: VendorCall['headers']): VendorAnswer {
    const state = visibleEntry(id);
    const project = known(projects, state.project_id, 'project');
    const lockedReason = toLockedReason(state, project);
    if (lockedReason !== null) throw new Refusal(422, `The time entry is locked: ${lockedReason}.`);
    const change = readPatch(text, headers);
    if (change.project_id !== undefined && !projects.has(change.project_id))
      throw new Refusal(422, `Project ${change.project_id} does not exist.`);
    if (change.task_id !== undefined && !tasks.has(change.task_id))
      throw new Refusal(422, `Task ${change.task_id} does not exist.`);
    for (const name of ['started_time', 'ended_time'] as const) {
      const time = change[name];
      if (time === undefined) continue;
      if (!company.wants_timestamp_timers)
        throw new Refusal(
          422,
          `${name}: this account tracks time by duration (wants_timestamp_timers is false).`,
        );
      if (!CLOCK_TIME[company.clock].test(time))
        throw new Refusal(422, `${name}: "${time}" is not a time on a ${company.clock} clock.`);
    }
    changeEntry(state, withoutUndefined(change), true);
    return { status: 200, body: toEntry(state) };
  }

  function changeEntry(state: HarvestEntryState, change: Partial<HarvestEntryState>, touch: boolean): void {
    // A rounded value given by hand belongs to the hours it was given for.
    if (change.hours !== undefined && change.rounded_hours === undefined) state.rounded_hours = null;
    Object.assign(state, change);
    rendered = null;
    state.hours = toTwoPlaces(state.hours);
    if (touch && change.updated_at === undefined) state.updated_at = toInstant(clock());
  }

  function deleteByApi(id: number): VendorAnswer {
    const state = visibleEntry(id);
    const lockedReason = toLockedReason(state, known(projects, state.project_id, 'project'));
    if (lockedReason !== null && owner.role !== 'administrator')
      throw new Refusal(422, `The time entry is locked: ${lockedReason}. Only an administrator deletes it.`);
    entries.delete(id);
    rendered = null;
    return { status: 200 };
  }

  /** Lists of people and things are for administrators and managers; a member's token gets 403 (unconfirmed). */
  function refuseMember(): void {
    if (owner.role === 'member')
      throw new Refusal(403, 'The token belongs to a member, who may not read this list.');
  }

  function route(call: VendorCall): VendorAnswer {
    const entryId = /^\/v2\/time_entries\/(\d+)$/.exec(call.path)?.[1];
    if (entryId !== undefined) {
      refuseUnknownParameters(call, []);
      if (call.method === 'GET') return { status: 200, body: toEntry(visibleEntry(Number(entryId))) };
      if (call.method === 'PATCH') return patchEntry(Number(entryId), call.text, call.headers);
      if (call.method === 'DELETE') return deleteByApi(Number(entryId));
    }
    const answer = books.route(call);
    if (answer !== null) return answer;
    if (call.method !== 'GET') throw new Refusal(404, `No route ${call.method} ${call.path}.`);
    switch (call.path) {
      case '/v2/time_entries': {
        const rows = sortedEntries().filter(
          (row) => owner.role === 'administrator' || isVisible(known(entries, row.id, 'time entry')),
        );
        return listPage(call, 'time_entries', rows, (row) => row.spent_date, ENTRY_FILTERS);
      }
      case '/v2/users':
        refuseMember();
        return listPage(call, 'users', newestFirst(users.values(), createdAt), createdAt, LIST_FILTERS);
      case '/v2/users/me':
        refuseUnknownParameters(call, []);
        return { status: 200, body: { ...ownerUser, access_roles: [owner.role] } };
      case '/v2/clients':
        refuseMember();
        return listPage(call, 'clients', newestFirst(clients.values(), createdAt), createdAt, LIST_FILTERS);
      case '/v2/projects':
        refuseMember();
        return listPage(call, 'projects', newestFirst(projects.values(), createdAt), createdAt, {
          ...LIST_FILTERS,
          client_id: byId((row: HarvestProject) => row.client.id),
        });
      case '/v2/tasks':
        refuseMember();
        return listPage(call, 'tasks', newestFirst(tasks.values(), createdAt), createdAt, LIST_FILTERS);
      case '/v2/company':
        refuseUnknownParameters(call, []);
        return { status: 200, body: { ...company, base_uri: addressOf(call) } };
      default:
        throw new Refusal(404, `No route ${call.method} ${call.path}.`);
    }
  }

  /** Of the account: the sandbox itself, so that its pages for clients can be opened, or what the test hand had it say. */
  let saidAddress: { address: unknown } | null = null;
  const addressOf = (call: VendorCall) =>
    saidAddress === null ? `http://${call.headers.host}` : saidAddress.address;

  function accountsOf(call: VendorCall, accepts: (token: string) => boolean): VendorAnswer {
    const token = /^Bearer (\S+)$/.exec(call.headers.authorization ?? '')?.[1] ?? '';
    if (!accepts(token)) throw new Refusal(401, 'Invalid token', INVALID_TOKEN);
    return {
      status: 200,
      body: {
        user: { id: 1, email: 'owner@harvest.example' },
        accounts: [
          { id: Number(options.accountId), name: company.name, product: 'harvest' },
          { id: 900_001, name: company.name, product: 'forecast' },
        ],
      },
    };
  }

  const addClient: HarvestSandbox['addClient'] = (client) => {
    const row = { ...DEFAULT_CLIENT, ...stamps(), ...client, id: nextId(client.id) };
    clients.set(row.id, row);
    return row;
  };
  const books = openHarvestBooks({
    now: () => toInstant(clock()),
    nextId,
    addClient,
    clientName: (id) => clients.get(id)?.name ?? null,
    listPage,
  });

  const sandbox = await startSandbox(
    {
      answer(call) {
        try {
          const page = books.payPages.answer(call);
          if (page !== null) return page;
          if (call.path === '/api/v2/oauth2/token' && oauth !== null) return oauth.token(call);
          const accepts = (token: string) => token === accessToken || oauth?.accepts(token) === true;
          // The identity host knows no account yet.
          if (call.path === '/api/v2/accounts') return accountsOf(call, accepts);
          refuseStranger(call, accepts, String(options.accountId));
          return route(call);
        } catch (error) {
          if (error instanceof Refusal) return { status: error.status, body: error.body };
          throw error;
        }
      },
      errorBody: (status, message) => (status === 401 ? INVALID_TOKEN : { code: status, message }),
      rateLimits: options.rateLimit === 'off' ? [] : [options.rateLimit ?? VENDOR_RATE_LIMIT],
      sendsRetryAfter: true,
    },
    options.port,
  );
  baseUrl = sandbox.url;

  return {
    ...sandbox,
    oauth,
    addUser,
    addClient,
    books,
    saysAddress(address) {
      saidAddress = { address };
    },
    addProject({ client_id: clientId, ...project }) {
      const { id, name, currency } = known(clients, clientId, 'client');
      const row = {
        ...DEFAULT_PROJECT,
        ...stamps(),
        ...project,
        id: nextId(project.id),
        client: { id, name, currency },
      };
      projects.set(row.id, row);
      return row;
    },
    addTask(task) {
      const row = { ...DEFAULT_TASK, ...stamps(), ...task, id: nextId(task.id) };
      tasks.set(row.id, row);
      return row;
    },
    addEntry(entry) {
      const state: HarvestEntryState = { ...DEFAULT_ENTRY, ...stamps(), ...entry, id: nextId(entry.id) };
      state.hours = toTwoPlaces(state.hours);
      if (!isDay(state.spent_date)) throw new Error(`spent_date "${state.spent_date}" is not a day.`);
      if (entries.has(state.id)) throw new Error(`Time entry ${state.id} exists already.`);
      refuseApprovalWhenOff(company, state.approval_status);
      const row = toEntry(state);
      entries.set(state.id, state);
      rendered = null;
      return row;
    },
    updateEntry(id, change, { touch = true } = {}) {
      const state = known(entries, id, 'time entry');
      if (change.approval_status !== undefined) refuseApprovalWhenOff(company, change.approval_status);
      changeEntry(state, change, touch);
      return toEntry(state);
    },
    deleteEntry(id) {
      known(entries, id, 'time entry');
      entries.delete(id);
      rendered = null;
    },
    get entries() {
      return [...sortedEntries()];
    },
    updateProject(id, change) {
      const project = known(projects, id, 'project');
      rendered = null;
      return Object.assign(project, { updated_at: toInstant(clock()) }, change);
    },
    endlessPages(on) {
      endless = on;
    },
    setAccessToken(token) {
      accessToken = token;
    },
    setTokenOwner(next) {
      owner = next;
    },
  };
}

/** The three mandatory headers. `access_token` and `account_id` in the query replace the first two, as documented. */
function refuseStranger(call: VendorCall, accepts: (token: string) => boolean, accountId: string): void {
  const userAgent = call.headers['user-agent']?.trim() ?? '';
  if (userAgent === '') throw new Refusal(400, 'The User-Agent header is missing.');
  // Harvest asks for the application's name and a link or an address; a bare library name is how one gets blocked.
  if (!/@|:\/\//.test(userAgent))
    throw new Refusal(
      400,
      `The User-Agent "${userAgent}" must hold a link or an e-mail address beside the name.`,
    );
  const token =
    call.query.get('access_token') ?? /^Bearer (\S+)$/.exec(call.headers.authorization ?? '')?.[1];
  if (token === undefined || !accepts(token)) throw new Refusal(401, 'Invalid token', INVALID_TOKEN);
  const account = call.query.get('account_id') ?? call.headers['harvest-account-id'];
  // Without the account header Harvest answers as to a bad token (googleworkspace/apps-script-oauth2 issue 90).
  if (account === undefined || account === '') throw new Refusal(401, 'No account', INVALID_TOKEN);
  if (account !== accountId) throw new Refusal(403, `The token has no access to account ${String(account)}.`);
}

const INVALID_TOKEN = {
  error: 'invalid_token',
  error_description: 'The access token provided is expired, revoked, malformed or invalid for other reasons.',
};
/** About a fortnight. */
const ACCESS_TOKEN_LIFE_MS = 14 * 86_400_000;
const approvalStatus: Filter<HarvestTimeEntry> = (value, name) => {
  if (!['unsubmitted', 'submitted', 'approved'].includes(value))
    throw new Refusal(422, `${name}: "${value}" is not unsubmitted, submitted or approved.`);
  return (row) => row.approval_status === value;
};

const ENTRY_FILTERS: Filters<HarvestTimeEntry> = {
  user_id: byId((row) => row.user.id),
  client_id: byId((row) => row.client.id),
  project_id: byId((row) => row.project.id),
  task_id: byId((row) => row.task.id),
  external_reference_id: (value) => (row) => row.external_reference?.id === value,
  is_billed: byFlag((row) => row.is_billed),
  is_running: byFlag((row) => row.is_running),
  approval_status: approvalStatus,
  updated_since: updatedSince,
  from: byDay((row, day) => row.spent_date >= day),
  to: byDay((row, day) => row.spent_date <= day),
};

const LIST_FILTERS: Filters<{ is_active: boolean; updated_at: string }> = {
  is_active: byFlag((row) => row.is_active),
  updated_since: updatedSince,
};

/** The only fields that PATCH takes: billed and approval state cannot be set by API. */
const patchShape = z.strictObject({
  project_id: z.int().optional(),
  task_id: z.int().optional(),
  spent_date: z.string().refine(isDay, 'not a day (YYYY-MM-DD)').optional(),
  started_time: z.string().optional(),
  ended_time: z.string().optional(),
  hours: z.number().nonnegative().optional(),
  notes: z.string().nullable().optional(),
  external_reference: z
    .strictObject({
      id: z.string(),
      group_id: z.string().nullable().default(null),
      account_id: z.string().nullable().default(null),
      permalink: z.string().nullable().default(null),
    })
    .optional(),
});

function readPatch(text: string, headers: VendorCall['headers']): z.output<typeof patchShape> {
  if (!/^application\/json\b/.test(headers['content-type'] ?? ''))
    throw new Refusal(400, 'The body must be sent as application/json.');
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new Refusal(400, 'The body is not JSON.');
  }
  const parsed = patchShape.safeParse(body);
  if (parsed.success) return parsed.data;
  const reasons = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
  throw new Refusal(422, `A time entry cannot be changed so. ${reasons.join('; ')}.`);
}

/** Locked entries refuse edits: archived, invoiced or approved. */
function toLockedReason(state: HarvestEntryState, project: HarvestProject): string | null {
  if (!project.is_active) return 'Project Archived';
  if (state.is_billed) return 'Item Invoiced and Locked for this Time Period';
  if (state.approval_status === 'approved') return 'Item Approved and Locked for this Time Period';
  return null;
}

function runningHours(state: HarvestEntryState, now: Date): Decimal {
  const runningMs = Math.max(0, now.getTime() - Date.parse(state.timer_started_at!));
  return new Decimal(state.hours).plus(new Decimal(runningMs).div(3_600_000)).toDecimalPlaces(2);
}

function roundHours(hours: Decimal, rounding: HarvestSandboxOptions['rounding']): Decimal {
  if (rounding === undefined) return hours;
  const mode = { up: Decimal.ROUND_UP, nearest: Decimal.ROUND_HALF_UP, down: Decimal.ROUND_DOWN }[
    rounding.mode
  ];
  return hours
    .times(60)
    .div(rounding.minutes)
    .toDecimalPlaces(0, mode)
    .times(rounding.minutes)
    .div(60)
    .toDecimalPlaces(2);
}

function refuseApprovalWhenOff(company: HarvestCompany, status: HarvestApprovalStatus): void {
  if (!company.approval_feature && status !== 'unsubmitted')
    throw new Error('With approval_feature off every entry stays unsubmitted.');
}

function withoutUndefined<T extends object>(record: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

function toTwoPlaces(hours: number): number {
  return new Decimal(hours).toDecimalPlaces(2).toNumber();
}

const CLOCK_TIME = {
  '12h': /^(1[0-2]|[1-9]):[0-5]\d(am|pm)$/,
  '24h': /^([01]?\d|2[0-3]):[0-5]\d$/,
};

const DEFAULT_COMPANY: HarvestCompany = {
  base_uri: 'https://sandbox.harvestapp.com',
  full_domain: 'sandbox.harvestapp.com',
  name: 'Sandbox Marine Engineering',
  is_active: true,
  week_start_day: 'Monday',
  wants_timestamp_timers: false,
  time_format: 'decimal',
  date_format: '%Y-%m-%d',
  plan_type: 'simple-v4',
  expense_feature: true,
  invoice_feature: true,
  estimate_feature: true,
  approval_feature: true,
  team_feature: true,
  clock: '12h',
  currency_code_display: 'iso_code_none',
  currency_symbol_display: 'symbol_before',
  decimal_symbol: '.',
  thousands_separator: ',',
  color_scheme: 'orange',
  weekly_capacity: 144_000,
};

const DEFAULT_USER = {
  telephone: '',
  timezone: 'Eastern Time (US & Canada)',
  has_access_to_all_future_projects: false,
  is_contractor: false,
  is_active: true,
  weekly_capacity: 144_000,
  default_hourly_rate: null,
  cost_rate: null,
  roles: [] as string[],
  access_roles: ['member'] as HarvestRole[],
  avatar_url: 'https://sandbox.harvestapp.com/avatar.png',
};

const DEFAULT_CLIENT = { is_active: true, address: null, statement_key: 'sandbox', currency: 'USD' };

const DEFAULT_PROJECT = {
  code: null,
  is_active: true,
  is_billable: true,
  is_fixed_fee: false,
  bill_by: 'Project' as const,
  hourly_rate: null,
  budget: null,
  budget_by: 'none',
  budget_is_monthly: false,
  notify_when_over_budget: false,
  over_budget_notification_percentage: null,
  over_budget_notification_date: null,
  show_budget_to_all: false,
  fee: null,
  cost_budget: null,
  cost_budget_include_expenses: false,
  notes: null,
  starts_on: null,
  ends_on: null,
};

const DEFAULT_TASK = {
  billable_by_default: true,
  default_hourly_rate: null,
  is_default: false,
  is_active: true,
};

const DEFAULT_ENTRY = {
  rounded_hours: null,
  notes: null,
  approval_status: 'unsubmitted' as const,
  is_billed: false,
  invoice: null,
  billable: true,
  budgeted: true,
  billable_rate: null,
  cost_rate: null,
  timer_started_at: null,
  started_time: null,
  ended_time: null,
  external_reference: null,
};
