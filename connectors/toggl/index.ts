/** Owns the Toggl Track connector: a source of time read from the detailed report, approved by timesheets. Traps: README.md. */
import { z } from 'zod';
import { type Classify, defineConnector } from '../kit/define.ts';
import { Throttled, type VendorError } from '../kit/errors.ts';
import { unlessRefused } from '../kit/failures.ts';
import { idText, maybeText } from '../kit/fields.ts';
import type { VendorHttp } from '../kit/http.ts';
import { readAs, refused, requireDays } from '../kit/vendor-words.ts';
import { lookUps } from './look-ups.ts';
import { billedTag, hasTimesheets, Reading, readWorkspace } from './reading.ts';
import { workspaceOf } from './report.ts';
import { webhooks } from './webhooks.ts';

const vendor = { id: 'toggl', name: 'Toggl Track' };

export const toggl = defineConnector({
  ...vendor,
  auth: {
    type: 'basic',
    secrets: {
      accessToken: 'API token (at the end of the Toggl profile) of an administrator of the workspace',
    },
    tokenOf: ({ accessToken = '' }) => `${accessToken}:api_token`,
    // Wanted even on a GET.
    extraHeaders: () => ({ 'Content-Type': 'application/json' }),
  },
  baseUrl: () => 'https://api.track.toggl.com',
  rateLimit: { requests: 1, perSeconds: 1 },
  quotaOf(headers) {
    const quota = quotaIn(headers);
    return quota.left === null ? null : { left: quota.left, resetMs: quota.resetMs ?? 0 };
  },
  timeoutMs: 60_000,
  throttleMs: 60_000,
  requestIdHeader: 'x-request-id',
  settings: { workspaceId: 'Number of the workspace (the address of its settings page ends in it)' },
  optionalSettings: {
    approvals:
      '"timesheets" (default) takes approval from timesheets (Premium plan); "none" for workspaces without them',
    readFrom:
      'First day of time that is read, such as 2026-01-01; eleven months back by default, five years at most',
    billedTag: 'Tag that entries get once they are invoiced; "invoiced" by default',
  },
  classify,
  async test(http) {
    const workspace = await readWorkspace(http);
    if (hasTimesheets(http) && (workspace.disable_approvals || !(await offersTimesheets(http))))
      throw refused(
        vendor,
        'approvals_off',
        'This Toggl Track workspace has no timesheet approval, so no time would ever count as approved. Switch it on there (Premium plan), or set approvals to "none".',
      );
    const partly =
      'The token belongs to someone who is not an administrator of the workspace: only the time this person may see arrives, and Toggl Track does not say that the rest is missing.';
    return { account: workspace.name, warnings: workspace.admin === true ? [] : [partly] };
  },
  /** One of the 30 calls an hour under /me: asked when somebody connects, never by a sync. */
  async accounts(http) {
    const shape = z.array(z.object({ id: idText, name: z.string() }));
    const found = readAs(vendor, shape, (await http.get('/api/v9/me/workspaces')).body);
    return found.map(({ id, name }) => ({ externalId: id, name, settings: { workspaceId: id } }));
  },
  timeSource: {
    rescan: { days: 45, everyMinutes: 360 },
    tellsDeletions: false,
    tellsApproval: true,
    async *changedSince(http, checkpoint) {
      yield* (await Reading.open(http)).changed(checkpoint);
    },
    async *window(http, from, to) {
      requireDays(vendor, from, to);
      yield* (await Reading.open(http)).window(from, to);
    },
    async readEntry(http, externalId) {
      if (!/^\d+$/.test(externalId)) return null;
      const { entries, unreadable } = await (await Reading.open(http)).some([externalId]);
      if (unreadable[0]) throw refused(vendor, unreadable[0].reason, unreadable[0].detail);
      return entries[0] ?? null;
    },
    readEntries: {
      mostAtOnce: 50,
      read: async (http, externalIds) => (await Reading.open(http)).some(externalIds),
    },
  },
  billedMarks: {
    mostAtOnce: 100,
    async mark(http, externalIds, billed) {
      const path = `/api/v9/workspaces/${workspaceOf(http)}/time_entries/${externalIds.map(encodeURIComponent).join(',')}`;
      const body = [{ op: billed ? 'add' : 'remove', path: '/tags', value: [billedTag(http)] }];
      const { success, failure } = readAs(vendor, markShape, (await http.patch(path, { body })).body);
      return {
        done: success ?? [],
        refused: (failure ?? []).map(({ id, message }) => ({
          externalId: id,
          reason: message ?? 'no reason given',
        })),
      };
    },
  },
  lookUps,
  webhooks,
});

/** Some may be done and some not: there is no roll-back. */
const markShape = z.object({
  success: z.array(idText).nullish(),
  failure: z.array(z.object({ id: idText, message: maybeText })).nullish(),
});

async function offersTimesheets(http: VendorHttp): Promise<boolean> {
  const path = `/api/v9/workspaces/${workspaceOf(http)}/timesheets`;
  const sheets = await unlessRefused('not_in_plan', () =>
    http.get(path, { query: { page: 1, per_page: 1 } }),
  );
  return sheets !== null;
}

/** 402 is the quota that is used up, or a feature that the plan has not. Errors are plain text or a bare JSON string. */
function classify(status: number, body: unknown, headers: Parameters<Classify>[2]): VendorError | null {
  const words =
    typeof body === 'string' && !body.trimStart().startsWith('<') ? body.trim().slice(0, 300) : '';
  const because = words === '' ? '.' : `: ${words}`;
  if (status === 402) {
    const { left, resetMs } = quotaIn(headers);
    if (left === 0 || (left === null && resetMs !== null))
      return new Throttled(
        'Toggl Track allows no more calls for now. It is tried again by itself.',
        Math.max(1_000, resetMs ?? 0),
        { connector: vendor.id, vendorCode: 'quota_used' },
      );
    return refused(
      vendor,
      'not_in_plan',
      `The plan of this Toggl Track workspace does not include this${because}`,
    );
  }
  // The others mean what they mean everywhere.
  return [400, 409, 410, 422].includes(status)
    ? refused(vendor, 'refused', `Toggl Track refused the request (${status})${because}`)
    : null;
}

function quotaIn(headers: Readonly<Record<string, string>>): { left: number | null; resetMs: number | null } {
  const count = (name: string) => (/^\d{1,9}$/.test(headers[name] ?? '') ? Number(headers[name]) : null);
  const seconds = count('x-toggl-quota-resets-in');
  return { left: count('x-toggl-quota-remaining'), resetMs: seconds === null ? null : seconds * 1_000 };
}
