/** Owns the Harvest connector: a time source that is polled, for Harvest has no webhooks. Traps: README.md. */
import { z } from 'zod';
import { isDay } from '../../domain/day.ts';
import type { Day, SourceEntry } from '../../domain/work-entry.ts';
import { type ConnectorSettings, defineConnector, type EntryPage } from '../kit/define.ts';
import { InvalidRequest, Unavailable } from '../kit/errors.ts';
import type { VendorHttp, VendorRequest } from '../kit/http.ts';
import { toInstant } from '../kit/instant.ts';
import { followLinks } from '../kit/pages.ts';
import { mapRows, UnreadableField } from '../kit/rows.ts';
import { toIanaZone } from './rails-zones.ts';
import { type HarvestHours, type HarvestLookups, toSourceEntry } from './to-source-entry.ts';

const pageSize = 2000;
/** Entries that were committed late under an earlier `updated_at` are seen again within this. */
const overlapMs = 10 * 60_000;

export const harvest = defineConnector({
  id: 'harvest',
  name: 'Harvest',
  auth: {
    type: 'bearer',
    // All three headers are needed on every call; a missing User-Agent is a 400 that looks like a bad request (trap 6).
    extraHeaders: (settings) => ({
      'Harvest-Account-Id': settings.accountId ?? '',
      'User-Agent': `Slipway (${(settings.contact ?? '').replace(/[^\x20-\x7e]/g, '')})`,
    }),
    // A personal access token does as well.
    secrets: { accessToken: 'Personal access token, made at id.getharvest.com/developers' },
    oauth: {
      grants: ['authorization_code'],
      authorizeUrl: () => 'https://id.getharvest.com/oauth2/authorize',
      tokenUrl: () => 'https://id.getharvest.com/api/v2/oauth2/token',
      scopes: ['harvest:all'],
      clientAuth: 'body',
      // Not documented: whatever comes back is stored (trap 20).
      rotates: false,
      defaultLifeMs: 14 * 86_400_000,
    },
  },
  baseUrl: () => 'https://api.harvestapp.com/v2',
  hosts: { id: () => 'https://id.getharvest.com/api/v2' },
  rateLimit: { requests: 100, perSeconds: 15 },
  timeoutMs: 60_000,
  throttleMs: 15_000,
  requestIdHeader: 'x-request-id',
  settings: {
    accountId: 'Number of the Harvest account (id.getharvest.com shows it beside the token)',
    contact: 'E-mail or web address at which Harvest may reach you; sent with every call',
  },
  optionalSettings: {
    approvalPolicy:
      '"approved-only" (default) reads approved time only; "all" reads all time, for accounts without approvals',
    hours: '"hours" (default) bills time as tracked; "rounded_hours" bills it as Harvest rounds it',
  },
  async test(http) {
    const company = readOne(companyShape, (await http.get('/company')).body);
    const me = readOne(meShape, (await http.get('/users/me')).body);
    if (company.approval_feature === false && approvalPolicy(http.settings) === 'approved-only')
      throw new InvalidRequest(
        'This Harvest account has approvals switched off, so no time would ever arrive. Switch them on in Harvest, or set approvalPolicy to "all".',
        { connector: 'harvest', vendorCode: 'approvals_off' },
      );
    const seesAll = me.access_roles?.includes('administrator') ?? false;
    return {
      account: company.name,
      warnings: seesAll
        ? []
        : [
            'The token belongs to someone who is not an administrator in Harvest: only the time this person may see arrives, and Harvest does not say that the rest is missing.',
          ],
    };
  },
  async accounts(http) {
    const { accounts } = readOne(accountsShape, (await http.get('/accounts', { host: 'id' })).body);
    return accounts
      .filter(({ product }) => product === 'harvest')
      .map(({ id, name }) => ({ externalId: id, name, settings: { accountId: id } }));
  },
  timeSource: {
    rescan: { days: 45, everyMinutes: 360 },
    tellsDeletions: false,
    tellsApproval: true,
    async *changedSince(http, checkpoint) {
      let newest = checkpoint;
      let held: EntryPage | null = null;
      const query = {
        approval_status: approvalPolicy(http.settings) === 'approved-only' ? 'approved' : undefined,
        updated_since: checkpoint === null ? undefined : overlapped(checkpoint),
      };
      // Pages come by work date, so the newest change may be on any of them: only the last page moves the checkpoint.
      for await (const { page, newestUpdate } of entryPages(http, query)) {
        if (newestUpdate !== null && (newest === null || newestUpdate > newest)) newest = newestUpdate;
        if (held !== null) yield held;
        held = page;
      }
      if (held !== null) yield { ...held, checkpoint: newest };
    },
    async *window(http, from, to) {
      requireDays(from, to);
      for await (const { page } of entryPages(http, { from, to })) yield page;
    },
    async readEntry(http, externalId) {
      const response = await http.get(`/time_entries/${encodeURIComponent(externalId)}`, { allow404: true });
      if (response === null) return null;
      return readable(response.body, hoursField(http.settings), await lookUp(http));
    },
  },
});

const companyShape = z.object({ name: z.string(), approval_feature: z.boolean().nullish() });
const accountsShape = z.object({
  accounts: z.array(
    z.object({
      id: z.union([z.number(), z.string()]).transform(String),
      name: z.string(),
      product: z.string(),
    }),
  ),
});
const meShape = z.object({ access_roles: z.array(z.string()).nullish() });

/** Each page of entries with the largest `updated_at` on it, readable or not. */
async function* entryPages(
  http: VendorHttp,
  query: VendorRequest['query'],
): AsyncGenerator<{ page: EntryPage; newestUpdate: string | null }> {
  const hours = hoursField(http.settings);
  let lookups: HarvestLookups | null = null;
  for await (const rows of listPages(http, '/time_entries', 'time_entries', query)) {
    // Once per reading, and not at all for an empty answer: three more calls on every idle poll would be a waste.
    if (rows.length > 0) lookups ??= await lookUp(http);
    const known = lookups ?? { users: new Map(), projects: new Map(), clients: new Map() };
    const { mapped, unreadable } = mapRows(rows, (row) => toSourceEntry(row, hours, known), positionOf);
    const newestUpdate = rows.map(updatedAtOf).reduce(later, null);
    yield { page: { entries: mapped, unreadable, checkpoint: null }, newestUpdate };
  }
}

async function lookUp(http: VendorHttp): Promise<HarvestLookups> {
  // One after the other: they share one rate limit, and a failure is told once.
  const users = await listById(http, 'users', userShape);
  const projects = await listById(http, 'projects', projectShape);
  const clients = await listById(http, 'clients', clientShape);
  return {
    users: mapValues(users, (user) => ({ email: user.email || null, zone: toIanaZone(user.timezone) })),
    projects: mapValues(projects, (project) => ({ code: project.code || null })),
    clients: mapValues(clients, (client) => ({ currency: client.currency || null })),
  };
}

const idShape = z.union([z.number(), z.string()]).transform(String);
const userShape = z.object({ id: idShape, email: z.string().nullish(), timezone: z.string().nullish() });
const projectShape = z.object({ id: idShape, code: z.string().nullish() });
const clientShape = z.object({ id: idShape, currency: z.string().nullish() });

async function listById<Row extends { id: string }>(
  http: VendorHttp,
  name: string,
  shape: z.ZodType<Row>,
): Promise<Map<string, Row>> {
  const byId = new Map<string, Row>();
  for await (const rows of listPages(http, `/${name}`, name, {}))
    for (const row of rows) {
      // An odd look-up row costs its entries an e-mail or a code, which shows as unmatched; it must not stop the sync.
      const read = shape.safeParse(row);
      if (read.success) byId.set(read.data.id, read.data);
    }
  return byId;
}

/** Rows of any Harvest list. `links.next` is followed as given until null; `next_page` is not a stop sign (trap 4). */
function listPages(http: VendorHttp, path: string, name: string, query: VendorRequest['query']) {
  const shape = z.object({
    [name]: z.array(z.unknown()),
    links: z.object({ next: z.string().nullish() }),
  });
  return followLinks(http, {
    path,
    query: { ...query, per_page: pageSize },
    read: (body) => {
      const list = readOne(shape, body);
      const rows = list[name] as unknown[];
      return { page: rows, rows, next: (list.links as { next?: string | null }).next ?? null };
    },
  });
}

/** An answer in another form than documented is no answer; an empty list would be a lie (invariant 7). */
function readOne<Shape>(shape: z.ZodType<Shape>, body: unknown): Shape {
  const read = shape.safeParse(body);
  if (read.success) return read.data;
  throw new Unavailable('Harvest sent an answer in a form we do not know. It is tried again by itself.', {
    connector: 'harvest',
    vendorCode: `unexpected_${read.error.issues[0]?.path.map(String).join('_') || 'answer'}`,
  });
}

function readable(row: unknown, hours: HarvestHours, lookups: HarvestLookups): SourceEntry {
  try {
    return toSourceEntry(row, hours, lookups);
  } catch (problem) {
    if (!(problem instanceof UnreadableField)) throw problem;
    throw new InvalidRequest(problem.message, { connector: 'harvest', vendorCode: problem.reason });
  }
}

function overlapped(checkpoint: string): string {
  const at = toInstant(checkpoint);
  if (at === null)
    throw new InvalidRequest(`The place reached in Harvest, "${checkpoint}", is not a point in time.`, {
      connector: 'harvest',
      vendorCode: 'checkpoint_invalid',
    });
  return new Date(Date.parse(at) - overlapMs).toISOString().replace('.000Z', 'Z');
}

function requireDays(from: Day, to: Day): void {
  if (!isDay(from) || !isDay(to) || from > to)
    throw new InvalidRequest(`"${from}" to "${to}" is not a range of days.`, {
      connector: 'harvest',
      vendorCode: 'window_invalid',
    });
}

function approvalPolicy(settings: ConnectorSettings): 'approved-only' | 'all' {
  return oneOf(settings, 'approvalPolicy', ['approved-only', 'all']);
}

function hoursField(settings: ConnectorSettings): HarvestHours {
  return oneOf(settings, 'hours', ['hours', 'rounded_hours']);
}

/** The first choice is the default; a misspelt one is refused, for it would decide what is billed. */
function oneOf<Choice extends string>(
  settings: ConnectorSettings,
  name: string,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  const value = settings[name];
  if (value === undefined || value === '') return choices[0];
  const chosen = choices.find((choice) => choice === value);
  if (chosen !== undefined) return chosen;
  throw new InvalidRequest(
    `The setting ${name} of the Harvest connection is "${value}"; it can be ${choices.join(' or ')}.`,
    {
      connector: 'harvest',
      vendorCode: 'settings_invalid',
    },
  );
}

/** The vendor's id, so that a re-read does not take an unreadable entry for a deleted one. */
function positionOf(row: unknown, index: number): string {
  const id = (row as { id?: unknown } | null)?.id;
  return typeof id === 'number' || typeof id === 'string' ? String(id) : `row ${index + 1} of the page`;
}

function updatedAtOf(row: unknown): string | null {
  const text = (row as { updated_at?: unknown } | null)?.updated_at;
  return typeof text === 'string' ? toInstant(text) : null;
}

/** Instants in one form compare as text. */
function later(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other;
  return one > other ? one : other;
}

function mapValues<From, To>(map: Map<string, From>, to: (value: From) => To): Map<string, To> {
  return new Map([...map].map(([key, value]) => [key, to(value)]));
}
