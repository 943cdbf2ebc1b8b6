/** Owns the Harvest connector: a polled source of time, and a target of invoices; Harvest has no webhooks. Traps: README.md. */
import { z } from 'zod';
import { type ConnectorSettings, defineConnector, type EntryPage } from '../kit/define.ts';
import { entryPage } from '../kit/entries.ts';
import { idText, maybeText, orNull } from '../kit/fields.ts';
import type { VendorHttp, VendorRequest } from '../kit/http.ts';
import { byId } from '../kit/look-ups.ts';
import { toIanaZone } from '../kit/rails-zones.ts';
import { oneOf, readAs, readable, refused, requireDays } from '../kit/vendor-words.ts';
import { invoiceTarget } from './invoice-target.ts';
import { listPages, newestUpdate, overlapped } from './lists.ts';
import { type HarvestHours, type HarvestLookups, toSourceEntry } from './to-source-entry.ts';

const vendor = { id: 'harvest', name: 'Harvest' };

export const harvest = defineConnector({
  ...vendor,
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
  looseSettings: ['contact'],
  optionalSettings: {
    approvalPolicy:
      '"approved-only" (default) reads approved time only; "all" reads all time, for accounts without approvals',
    hours: '"hours" (default) bills time as tracked; "rounded_hours" bills it as Harvest rounds it',
    taxPercent: 'Of invoices: tax of lines without a tax code, in percent such as 19; none by default',
    paymentOptions:
      'By which clients pay invoices online: credit_card, ach, paypal, one or more with commas; the account must be set up for them',
  },
  async test(http) {
    const company = readAs(vendor, companyShape, (await http.get('/company')).body);
    const me = readAs(vendor, meShape, (await http.get('/users/me')).body);
    if (company.approval_feature === false && approvalPolicy(http.settings) === 'approved-only')
      throw refused(
        vendor,
        'approvals_off',
        'This Harvest account has approvals switched off, so no time would ever arrive. Switch them on in Harvest, or set approvalPolicy to "all".',
      );
    const warnings: string[] = [];
    if (!me.access_roles?.includes('administrator'))
      warnings.push(
        'The token belongs to someone who is not an administrator in Harvest: only the time this person may see arrives, and Harvest does not say that the rest is missing.',
      );
    if (company.invoice_feature === false)
      warnings.push('Invoices are switched off in this Harvest account: it can be a source of time only.');
    return { account: company.name, warnings };
  },
  async accounts(http) {
    const { accounts } = readAs(vendor, accountsShape, (await http.get('/accounts', { host: 'id' })).body);
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
        updated_since: overlapped(http, checkpoint),
      };
      // Pages come by work date, so the newest change may be on any of them: only the last page moves the checkpoint.
      for await (const { page, rows } of entryPages(http, query)) {
        newest = newestUpdate(rows, newest);
        if (held !== null) yield held;
        held = page;
      }
      if (held !== null) yield { ...held, checkpoint: newest };
    },
    async *window(http, from, to) {
      requireDays(vendor, from, to);
      for await (const { page } of entryPages(http, { from, to })) yield page;
    },
    async readEntry(http, externalId) {
      const response = await http.get(`/time_entries/${encodeURIComponent(externalId)}`, { allow404: true });
      if (response === null) return null;
      const lookups = await lookUp(http);
      return readable(vendor, () => toSourceEntry(response.body, hoursField(http.settings), lookups));
    },
  },
  invoiceTarget,
});

const companyShape = z.object({
  name: z.string(),
  approval_feature: z.boolean().nullish(),
  invoice_feature: z.boolean().nullish(),
});
const accountsShape = z.object({
  accounts: z.array(z.object({ id: idText, name: z.string(), product: z.string() })),
});
const meShape = z.object({ access_roles: z.array(z.string()).nullish() });

async function* entryPages(
  http: VendorHttp,
  query: VendorRequest['query'],
): AsyncGenerator<{ page: EntryPage; rows: readonly unknown[] }> {
  const hours = hoursField(http.settings);
  let lookups: HarvestLookups | null = null;
  for await (const rows of listPages(http, '/time_entries', 'time_entries', query, { mayRepeat: true })) {
    // Once per reading, and not at all for an empty answer: three more calls on every idle poll would be a waste.
    if (rows.length > 0) lookups ??= await lookUp(http);
    yield { page: entryPage(rows, (row) => toSourceEntry(row, hours, lookups!)), rows };
  }
}

/** One after the other: they share one rate limit, and a failure is told once. */
async function lookUp(http: VendorHttp): Promise<HarvestLookups> {
  const list = (name: string) => listPages(http, `/${name}`, name);
  return {
    users: await byId(list('users'), userShape, ({ id, email, timezone }) => [
      id,
      { email: orNull(email), zone: toIanaZone(timezone) },
    ]),
    projects: await byId(list('projects'), projectShape, ({ id, code }) => [id, orNull(code)]),
    clients: await byId(list('clients'), clientShape, ({ id, currency }) => [id, orNull(currency)]),
  };
}

const userShape = z.object({ id: idText, email: maybeText, timezone: maybeText });
const projectShape = z.object({ id: idText, code: maybeText });
const clientShape = z.object({ id: idText, currency: maybeText });

function approvalPolicy(settings: ConnectorSettings): 'approved-only' | 'all' {
  return oneOf(vendor, settings, 'approvalPolicy', ['approved-only', 'all']);
}

function hoursField(settings: ConnectorSettings): HarvestHours {
  return oneOf(vendor, settings, 'hours', ['hours', 'rounded_hours']);
}
