/** Owns the Clockify connector: a source of time read from the detailed report, led by approval requests. Traps: README.md. */
import { z } from 'zod';
import { addDays, isZone } from '../../domain/day.ts';
import type { Day } from '../../domain/work-entry.ts';
import { markByHalves } from '../kit/billed-marks.ts';
import { type ConnectorSettings, defineConnector, type EntryPage } from '../kit/define.ts';
import { entryAmong, withinDays } from '../kit/entries.ts';
import { AuthorizationLost } from '../kit/errors.ts';
import { unlessRefused } from '../kit/failures.ts';
import { idText, maybeText } from '../kit/fields.ts';
import type { VendorHttp } from '../kit/http.ts';
import { answeredAt } from '../kit/instant.ts';
import { readAs, readable, refused, requireDays } from '../kit/vendor-words.ts';
import { decidedSince } from './approvals.ts';
import { lookUps, pathOf, readPeople } from './lists.ts';
import { hasApprovals, openReport } from './report.ts';
import { fromCore, toSourceEntry } from './to-source-entry.ts';
import { webhooks } from './webhooks.ts';

const vendor = { id: 'clockify', name: 'Clockify' };
const rescanDays = 45;
const daysAhead = 31;
/** Where there are no approval requests to lead, the first reading begins so long ago. */
const firstDays = 366;

export const clockify = defineConnector({
  ...vendor,
  auth: {
    type: 'header',
    header: 'X-Api-Key',
    secrets: {
      accessToken: 'API key (Clockify, preferences, advanced) of an administrator of the workspace',
    },
  },
  baseUrl: (settings) =>
    region(settings) ? `https://${region(settings)}.clockify.me/api/v1` : 'https://api.clockify.me/api/v1',
  hosts: {
    reports(settings) {
      const subdomain = ownSubdomain(settings) ?? region(settings);
      return subdomain ? `https://${subdomain}.clockify.me/report/v1` : 'https://reports.api.clockify.me/v1';
    },
  },
  // 50 a second are documented for add-ons only.
  rateLimit: { requests: 10, perSeconds: 1 },
  timeoutMs: 60_000,
  throttleMs: 10_000,
  requestIdHeader: 'x-request-id',
  settings: { workspaceId: 'Id of the workspace (its settings page has it in the address)' },
  optionalSettings: {
    region: 'Where the data is kept: euc1, use2, euw2 or apse2; empty for the global servers',
    subdomain: 'Name of the workspace’s own subdomain, if it has one: the API key has to be made there',
    timeZone:
      'Zone of people whose own Clockify does not tell, e.g. Europe/Berlin; that of all others by default',
    approvals:
      '"requests" (default) takes approval from approval requests; "none" for workspaces without them',
  },
  async test(http) {
    const { timeZone } = http.settings;
    if (timeZone && !isZone(timeZone))
      throw refused(vendor, 'settings_invalid', `"${timeZone}" is not a time zone such as Europe/Berlin.`);
    const account = (await workspaces(http)).find(({ id }) => id === http.settings.workspaceId);
    if (account === undefined)
      throw refused(
        vendor,
        'workspace_unknown',
        'This API key does not reach the workspace. Keys of another region or subdomain fail here.',
      );
    if (hasApprovals(http)) await requireApprovals(http);
    const roles = await Promise.all(['WORKSPACE_ADMIN', 'OWNER'].map((role) => workspaces(http, role)));
    const partly =
      'The API key belongs to someone who is not an administrator of the workspace: only the time this person may see arrives, and entries cannot be marked as invoiced.';
    return {
      account: account.name,
      warnings: roles.flat().some(({ id }) => id === account.id) ? [] : [partly],
    };
  },
  async accounts(http) {
    return (await workspaces(http)).map(({ id, name }) => ({
      externalId: id,
      name,
      settings: { workspaceId: id },
    }));
  },
  timeSource: {
    rescan: { days: rescanDays, everyMinutes: 360 },
    tellsDeletions: false,
    tellsApproval: true,
    async *changedSince(http, checkpoint) {
      if (hasApprovals(http)) {
        yield* decidedSince(http, checkpoint, openReport(http));
        return;
      }
      const today = await todayThere(http);
      const from = addDays(checkpoint ?? today, checkpoint === null ? -firstDays : -rescanDays);
      yield* windowOf(http, from, addDays(today, daysAhead));
      yield { entries: [], unreadable: [], checkpoint: today };
    },
    async *window(http, from, to) {
      requireDays(vendor, from, to);
      yield* windowOf(http, from, to);
    },
    readEntry,
  },
  billedMarks: {
    mostAtOnce: 100,
    mark: (http, externalIds, billed) =>
      markByHalves(externalIds, (timeEntryIds) =>
        http.patch(pathOf(http, 'time-entries/invoiced'), {
          body: { timeEntryIds, invoiced: billed },
          allowEmpty: true,
        }),
      ),
  },
  lookUps,
  webhooks,
});

/** A day more on each side: days are those of each person's zone, the report's bounds are instants. */
function windowOf(http: VendorHttp, from: Day, to: Day): AsyncGenerator<EntryPage> {
  const bounds = [`${addDays(from, -1)}T00:00:00.000Z`, `${addDays(to, 2)}T00:00:00.000Z`] as const;
  return withinDays(openReport(http)(...bounds), from, to);
}

const coreShape = z.object({
  userId: idText,
  timeInterval: z.object({ start: z.iso.datetime({ offset: true }) }),
});

/** The core API knows single entries, but neither approval nor invoicing: the report of its moment does. */
async function readEntry(http: VendorHttp, externalId: string) {
  const body = await coreEntry(http, externalId);
  if (body === null) return null;
  const { userId, timeInterval } = readAs(vendor, coreShape, body);
  const start = new Date(timeInterval.start).toISOString();
  const end = new Date(Date.parse(start) + 60_000).toISOString();
  const found = await entryAmong(vendor, openReport(http)(start, end, [userId]), externalId);
  if (found !== null) return found;
  // A running timer stands in no report.
  const people = await readPeople(http);
  return readable(vendor, () => toSourceEntry(fromCore(body), { approved: false, invoiced: false }, people));
}

async function coreEntry(http: VendorHttp, externalId: string): Promise<unknown> {
  const path = pathOf(http, `time-entries/${encodeURIComponent(externalId)}`);
  // Integrations report a 400 with Clockify's own 501 ("doesn't belong to workspace") where others send a 404.
  const read = () => http.get(path, { query: { hydrated: true }, allow404: true });
  return (await unlessRefused('501', read))?.body ?? null;
}

async function workspaces(http: VendorHttp, roles?: string) {
  const shape = z.array(z.object({ id: idText, name: z.string() }));
  return readAs(vendor, shape, (await http.get('/workspaces', { query: { roles } })).body);
}

async function requireApprovals(http: VendorHttp): Promise<void> {
  try {
    await http.get(pathOf(http, 'approval-requests'), {
      query: { status: 'APPROVED', page: 1, 'page-size': 1 },
    });
  } catch (problem) {
    if (!(problem instanceof AuthorizationLost) || problem.status !== 403) throw problem;
    throw refused(
      vendor,
      'approvals_off',
      'This Clockify workspace has no approval requests, or the API key may not see them, so no time would ever count as approved. Switch approval on there, or set approvals to "none".',
    );
  }
}

/** By Clockify's clock. */
async function todayThere(http: VendorHttp): Promise<Day> {
  const response = await http.get(pathOf(http, '').slice(0, -1));
  readAs(vendor, z.object({ name: maybeText }), response.body);
  return answeredAt(response).slice(0, 10);
}

function region({ region: chosen }: ConnectorSettings): string | null {
  const known = ['euc1', 'use2', 'euw2', 'apse2', 'developer'];
  if (!chosen?.trim()) return null;
  if (known.includes(chosen.trim())) return chosen.trim();
  throw refused(
    vendor,
    'settings_invalid',
    `The setting region is "${chosen}"; it can be ${known.join(', ')} or empty.`,
  );
}

/** A name only: anything else would carry the key elsewhere. */
function ownSubdomain({ subdomain }: ConnectorSettings): string | null {
  const name = subdomain?.trim() ?? '';
  if (name === '' || /^[a-z0-9-]+$/i.test(name)) return name || null;
  throw refused(
    vendor,
    'settings_invalid',
    `The setting subdomain is "${name}"; it is the name before .clockify.me only.`,
  );
}
