/** Owns the Hubstaff connector: time by slots, approved by time sheets, read by polling. Traps: README.md. */
import { z } from 'zod';
import { addDays, isDay } from '../../domain/day.ts';
import type { Day, Instant } from '../../domain/work-entry.ts';
import { unreadablePlace } from '../kit/checkpoint.ts';
import { type ConnectorSettings, defineConnector, type EntryPage, type LookUpRecord } from '../kit/define.ts';
import { entryAmong } from '../kit/entries.ts';
import { AuthorizationLost } from '../kit/errors.ts';
import { slowDown, troubled } from '../kit/failures.ts';
import { idText as id, maybeId, maybeText, orNull } from '../kit/fields.ts';
import type { VendorHttp } from '../kit/http.ts';
import { toInstant } from '../kit/instant.ts';
import { fitting, record, records } from '../kit/look-ups.ts';
import { retryAfterMs } from '../kit/retry-after.ts';
import { oneOf, readAs, refused, requireDays, zoneSetting } from '../kit/vendor-words.ts';
import { listPages, ofOrganization, readOrganization } from './list.ts';
import { changedDays, everything, readDays } from './read-days.ts';
import { codeOf } from './to-source-entry.ts';
import { webhooks } from './webhooks.ts';

const vendor = { id: 'hubstaff', name: 'Hubstaff' };
const throttleMs = 60_000;
const userAgent = { 'User-Agent': 'Slipway/1 (billing hub)' };

export const hubstaff = defineConnector({
  ...vendor,
  auth: {
    type: 'bearer',
    extraHeaders: () => userAgent,
    oauth: {
      // A personal access token is a refresh token, exchanged without a client.
      grants: ['authorization_code', 'refresh_token'],
      authorizeUrl: () => 'https://account.hubstaff.com/authorizations/new',
      tokenUrl: () => 'https://account.hubstaff.com/access_tokens',
      scopes: ['openid', 'profile', 'email', 'hubstaff:read', 'hubstaff:write'],
      nonce: true,
      clientAuth: 'basic',
      tokenHeaders: userAgent,
      rotates: true,
      defaultLifeMs: 24 * 3_600_000,
    },
  },
  baseUrl: () => 'https://api.hubstaff.com/v2',
  rateLimit: { requests: 1000, perSeconds: 3600 },
  timeoutMs: 35_000,
  throttleMs,
  requestIdHeader: 'x-request-id',
  settings: { organizationId: 'Number of the Hubstaff organization' },
  optionalSettings: {
    approvalPolicy:
      '"approved-only" (default) reads time of approved time sheets; "all" reads all time, for organizations without time sheet approvals',
    timeZone:
      "Zone of the organization, e.g. America/New_York, in which Hubstaff counts its days; its API doesn't tell",
    codeField: "Name of the field in a project's metadata that holds our project code",
  },
  classify,
  async test(http) {
    zoneSetting(vendor, http.settings, 'timeZone');
    const me = readAs(vendor, meShape, (await http.get('/users/me')).body).user;
    const { name } = await readOrganization(http);
    const roles: string[] = [];
    for await (const rows of listPages(http, ofOrganization(http, '/members'), 'members', {
      arrays: { user_ids: [me.id] },
    }))
      roles.push(
        ...fitting(memberShape, rows).flatMap((row) => (row.user_id === me.id ? row.membership_role : [])),
      );
    const warnings: string[] = [];
    if (!roles.some((role) => ['owner', 'manager', 'organization_manager'].includes(role)))
      warnings.push(
        'The connected person is neither owner nor manager in Hubstaff: only their own time arrives, and Hubstaff does not say that the rest is missing.',
      );
    const sheets = await listPages(http, ofOrganization(http, '/timesheets'), 'timesheets').next();
    if (approvedOnly(http.settings) && (sheets.value ?? []).length === 0)
      warnings.push(
        'Hubstaff has no time sheets yet. If approvals are off there, no time will ever arrive: switch them on, or set approvalPolicy to "all".',
      );
    if (!http.settings.timeZone)
      warnings.push(
        'Set timeZone to the zone of the Hubstaff organization: its days are counted there, and its API does not tell it.',
      );
    return { account: name, warnings };
  },
  async accounts(http) {
    const found = [];
    for await (const rows of listPages(http, '/organizations', 'organizations'))
      for (const { id: externalId, name } of fitting(namedShape, rows))
        found.push({ externalId, name, settings: { organizationId: externalId } });
    return found;
  },
  timeSource: {
    rescan: { days: 45, everyMinutes: 360 },
    tellsDeletions: false,
    tellsApproval: true,
    async *changedSince(http, checkpoint) {
      zoneSetting(vendor, http.settings, 'timeZone');
      const isOurs = approvedOnly(http.settings)
        ? ({ approval }: EntryPage['entries'][number]) => approval === 'approved'
        : () => true;
      const place = placeOf(checkpoint);
      const { now } = await readOrganization(http);
      const changed =
        place.since === null || place.next !== null ? null : await changedDays(http, place.since, now);
      // An hour's calls may not be enough for three years: the first reading goes on where it was interrupted, and what
      // changed meanwhile counts from where it began.
      const begun = changed === null && place.next !== null ? place.since! : now;
      const all = { ...everything(now), ...(place.next === null ? {} : { from: place.next }) };
      for await (const { through, ...page } of readDays(http, changed?.readings ?? [all], now))
        yield {
          ...page,
          entries: page.entries.filter(isOurs),
          // A sheet that is opened again takes its approval back.
          ifKnown: page.entries.filter((entry) => !isOurs(entry)),
          checkpoint: changed === null && through !== null ? `${begun} ${addDays(through, 1)}` : null,
        };
      // Changed days come in no order of change: only the end moves the checkpoint, to what Hubstaff's clock said before.
      yield { entries: [], unreadable: changed?.unreadable ?? [], checkpoint: begun };
    },
    async *window(http, from, to) {
      zoneSetting(vendor, http.settings, 'timeZone');
      requireDays(vendor, from, to);
      const { now } = await readOrganization(http);
      yield* readDays(http, [{ from, to, userIds: null }], now);
    },
    async readEntry(http, externalId) {
      const [, userId, day] =
        /^(\d+):(\d{4}-\d{2}-\d{2}):(?:\d+|-):(?:\d+|-)(?::[a-z]+)?$/.exec(externalId) ?? [];
      if (userId === undefined || day === undefined)
        throw refused(vendor, 'id_invalid', `"${externalId}" is not the id of time in Hubstaff.`);
      requireDays(vendor, day, day);
      const { now } = await readOrganization(http);
      const pages = readDays(http, [{ from: day, to: day, userIds: [userId] }], now);
      return entryAmong(vendor, pages, externalId);
    },
  },
  lookUps: {
    async *person(http) {
      const asked = { arrays: { include: ['users'] } };
      let users: LookUpRecord[] = [];
      const onBody = (body: Readonly<Record<string, unknown>>) => {
        users = fitting(userShape, body.users).map(({ id: externalId, name, email, status }) =>
          record(externalId, name, { email: email ?? null, active: status !== 'inactive' }),
        );
      };
      for await (const _ of listPages(http, ofOrganization(http, '/members'), 'members', {
        ...asked,
        onBody,
      }))
        yield users;
    },
    client: (http) =>
      records(listOf(http, 'clients'), namedShape, ({ id: externalId, name, status }) =>
        record(externalId, name, { active: status === 'active' }),
      ),
    project: (http) =>
      records(listOf(http, 'projects'), projectShape, (row) =>
        record(row.id, row.name, {
          active: row.status === 'active',
          parentExternalId: row.client_id ?? null,
          code: codeOf(row.metadata, http.settings.codeField),
        }),
      ),
    task: (http) =>
      // There is no word for "all" tasks; without one Hubstaff lists those that are open.
      records(listPages(http, ofOrganization(http, '/tasks'), 'tasks'), taskShape, (row) =>
        record(row.id, row.summary, {
          active: row.status === 'active',
          parentExternalId: row.project_id,
          code: orNull(row.remote_id),
        }),
      ),
  },
  webhooks,
});

const meShape = z.object({ user: z.object({ id }) });
const memberShape = z.object({ user_id: id, membership_role: z.string() });
const namedShape = z.object({ id, name: z.string(), status: maybeText });
const userShape = namedShape.extend({ email: maybeText });
const projectShape = namedShape.extend({
  client_id: maybeId,
  metadata: z.record(z.string(), z.unknown()).nullish(),
});
const taskShape = z.object({
  id,
  summary: z.string(),
  project_id: id,
  status: maybeText,
  remote_id: maybeText,
});

const listOf = (http: VendorHttp, name: 'clients' | 'projects') =>
  listPages(http, ofOrganization(http, `/${name}`), name, { query: { status: 'all' } });

/** A checkpoint: since when, and in the first reading the day (not yet read) that it reached. */
function placeOf(checkpoint: string | null): { since: Instant | null; next: Day | null } {
  if (checkpoint === null) return { since: null, next: null };
  const [at = '', next = null] = checkpoint.split(' ');
  if (toInstant(at) !== at || (next !== null && !isDay(next))) throw unreadablePlace(vendor, checkpoint);
  return { since: at, next };
}

const approvedOnly = (settings: ConnectorSettings) =>
  oneOf(vendor, settings, 'approvalPolicy', ['approved-only', 'all']) === 'approved-only';

/** `error_code`: 10000 sign-in, 11000 validation, 12000 records, 13000 rate limit, 14000 time, 15000 system. */
const errorShape = z.object({ error_code: z.number().int() });

function classify(status: number, body: unknown, headers: Readonly<Record<string, string>>) {
  // A firewall before Hubstaff: no sign-in helps.
  if (status === 403 && typeof body === 'string' && /\b1010\b/.test(body))
    return new AuthorizationLost(
      'The firewall before Hubstaff refuses this machine (1010). Ask Hubstaff to let Slipway in, then connect again.',
      { vendorCode: '1010' },
    );
  const code = status >= 400 ? errorShape.safeParse(body).data?.error_code : undefined;
  const range = code === undefined ? 0 : Math.floor(code / 1000);
  if (range === 13)
    return slowDown(vendor, retryAfterMs(headers['retry-after'], throttleMs), { vendorCode: String(code) });
  if (range === 15) return troubled(vendor, String(code), { vendorCode: String(code) });
  return null;
}
