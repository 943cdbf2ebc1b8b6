/** Owns the demo: the main job of the product, from somebody else's time sheet to money in the bank, told step by step. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type Config, makeDataDir } from '../../config.ts';
import type { QuickbooksSandbox } from '../../connectors/quickbooks/sandbox.ts';
import { newId } from '../../store/new-id.ts';
import { verifyWorkspace } from '../../store/verify.ts';
import { createWorkspace, listWorkspaces } from '../../store/workspaces.ts';
import { type Hub, startHub } from '../hub.ts';
import { heading, say, step, table } from '../story.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import {
  clients,
  type DemoEntry,
  type Expected,
  expectedOf,
  firm,
  firstDayBefore,
  makeEntries,
} from './firm.ts';
import { harvestAccount, quickbooksCompany, startHarvest, startQuickbooks } from './sandboxes.ts';

/** What a demo that was killed needs to go on where it stood. */
interface DemoState {
  workspaceId: string;
  firstDay: string;
  harvestPort?: number;
  quickbooksPort?: number;
  finished: boolean;
}
interface Invoice {
  id: string;
  status: string;
  number: string | null;
  clientId: string;
  clientName: string;
  net: string;
  total: string;
  applied: string;
  quantitySeconds: number;
  itemCount: number;
  holdReason: string | null;
  sync: { status: string; externalId: string | null; reason: string | null } | null;
}
interface Ids {
  clients: Map<string, string>;
  sellerId: string;
  quickbooksId: string;
  harvestId: string;
}

const waitTimeoutMs = 180_000;

export interface DemoOptions {
  config: Config;
  logger: Logger;
  version: string;
  exit: boolean;
}

/** Runs the story and answers whether every control total was right; without `exit` the hub goes on until Ctrl-C. */
export async function runDemo(options: DemoOptions, untilStopped: () => Promise<void>): Promise<boolean> {
  const config: Config = {
    ...options.config,
    // Invented books never go where the real ones may be: the demo brings its own servers, key and ports.
    database: null,
    temporal: { address: null, namespace: 'default', tls: false, apiKey: null },
    secretKey: null,
    embedded: { ...options.config.embedded, postgresPort: 0, temporalPort: 0 },
    dataDir: join(options.config.dataDir, 'demo'),
    allowLoopbackVendors: true,
  };
  const state = openState(config.dataDir);
  const entries = makeEntries(state.firstDay);
  const expected = expectedOf(entries);
  const stops: (() => Promise<void>)[] = [];
  try {
    heading('Slipway demo: from a time sheet to money in the bank');
    say(
      '  Everything runs on this machine. Harvest and QuickBooks are stand-ins that speak the vendors’ HTTP.',
    );
    heading('1  Servers');
    const hub = await step(
      'Postgres, Temporal and the hub come up',
      ({ note }) =>
        startHub({
          config: { ...config, port: 0 },
          logger: options.logger,
          version: options.version,
          onProgress: note,
        }),
      (started) => started.url ?? '',
    );
    stops.push(() => hub.stop());
    const key = await step(
      'A workspace',
      () => openWorkspace(hub, state.workspaceId),
      () => firm.name,
    );
    const api = createApiClient(hub.url!, key);
    const harvest = await startHarvest(entries, state.harvestPort);
    stops.push(() => harvest.close());
    const quickbooks = await startQuickbooks(config.dataDir, state.quickbooksPort);
    stops.push(() => quickbooks.close());
    saveState(config.dataDir, {
      ...state,
      harvestPort: portOf(harvest.url),
      quickbooksPort: portOf(quickbooks.url),
    });

    heading('2  The firm');
    const ids = await step(
      'Seller, clients, contracts, rates and projects',
      () => setUp(api, state, harvest.url, quickbooks.url),
      (made) =>
        `${made.clients.size} clients, ${clients.flatMap((client) => client.projects).length} projects`,
    );

    heading('3  Time comes in from Harvest');
    await step(
      'The connection workflow reads the time sheet',
      ({ note }) => readTime(api, ids.harvestId, expected, note),
      (count) => {
        const limited = harvest.requests.filter((request) => request.status === 429).length;
        return `${count} approved entries over ${harvest.requests.filter((r) => r.path.endsWith('/time_entries') && r.status === 200).length} pages, ${toldToWait(limited)}`;
      },
    );
    await step(
      'Warnings are looked at and released with a reason',
      () => releaseWarnings(api),
      (text) => text,
    );

    heading('4  Billing run');
    const run = await step(
      'Compile, draft and issue',
      ({ note }) => bill(api, state, note),
      (done) =>
        `${done.counts.items ?? 0} entries compiled, ${done.counts.drafts ?? 0} drafts, ${done.counts.issued ?? 0} issued`,
    );
    heading('5  The accounting system');
    await step(
      'Invoices are pushed to QuickBooks and compared to the cent',
      ({ note }) => waitForSync(api, run.id, note),
      (invoices) => `${invoices.length} booked there`,
    );
    await step(
      'Beside it each is printed, once: a reprint is the same bytes',
      () => waitForPrints(api, run.id),
      (files) =>
        `${files.length} PDFs, ${Math.round(files.reduce((sum, { bytes }) => sum + bytes, 0) / 1000)} kB`,
    );
    heading('6  Money');
    await step(
      'Two clients pay; the bank entry is booked in QuickBooks',
      () => bookPayments(api, quickbooks, run.id),
      (text) => text,
    );
    await step(
      'The payments are read back',
      ({ note }) => readBack(api, hub, ids.quickbooksId, run.id, note),
      (text) => text,
    );

    const good = await showResult(api, hub, state, quickbooks, run.id, entries, expected);
    saveState(config.dataDir, { ...readState(config.dataDir)!, finished: true });
    heading(good ? 'Everything adds up.' : 'A control total is off: see ✗ above.');
    if (options.exit) {
      say('\n  The hub is stopped now. To look around in it, run the demo without --exit.');
    } else {
      say(`\n  API      ${hub.url}/api/v1/docs`);
      say(`  Key      ${key}`);
      say(`  Try      curl -H "authorization: Bearer ${key}" ${hub.url}/api/v1/invoices`);
      const [invoice] = await invoicesOf(api, run.id);
      say(
        `  Print    curl -H "authorization: Bearer ${key}" -o invoice.pdf ${hub.url}/api/v1/invoices/${invoice!.id}/pdf`,
      );
      say('\n  The hub goes on running. Ctrl-C ends it.');
      await untilStopped();
    }
    return good;
  } finally {
    for (const stop of stops.reverse())
      await stop().catch((error: unknown) => options.logger.warn({ err: error }, 'a part did not stop'));
  }
}

const toldToWait = (times: number) =>
  times === 0
    ? 'never told to wait'
    : `told to wait ${times === 1 ? 'once' : `${times} times`} (429 Too Many Requests)`;

const statePath = (dataDir: string) => join(dataDir, 'demo.json');
const portOf = (url: string) => Number(new URL(url).port);

function readState(dataDir: string): DemoState | null {
  return existsSync(statePath(dataDir))
    ? (JSON.parse(readFileSync(statePath(dataDir), 'utf8')) as DemoState)
    : null;
}
function saveState(dataDir: string, state: DemoState): void {
  writeFileSync(`${statePath(dataDir)}.new`, JSON.stringify(state));
  renameSync(`${statePath(dataDir)}.new`, statePath(dataDir));
}

/** A demo that was killed goes on; one that came to its end begins anew in its own books. */
function openState(dataDir: string): DemoState {
  const known = readState(dataDir);
  if (known && !known.finished) return known;
  makeDataDir(dataDir);
  rmSync(join(dataDir, 'quickbooks-sandbox.json'), { force: true });
  const state: DemoState = { workspaceId: newId(), firstDay: firstDayBefore(new Date()), finished: false };
  saveState(dataDir, state);
  return state;
}

/** Makes the firm's workspace, or finds it again; vendors of earlier demos are gone, so their connections end. */
async function openWorkspace(hub: Hub, workspaceId: string): Promise<string> {
  const { key } = await createWorkspace(hub.database, { id: workspaceId, name: firm.name });
  for (const { id } of await listWorkspaces(hub.database)) {
    if (id === workspaceId) continue;
    await hub.database.inWorkspace(id, (tx) =>
      tx.run(
        `update connections set status = 'disconnected', status_reason = 'an earlier demo' where workspace_id = $1`,
        [id],
      ),
    );
  }
  return key;
}

async function setUp(
  api: ApiClient,
  state: DemoState,
  harvestUrl: string,
  quickbooksUrl: string,
): Promise<Ids> {
  const post = <T extends { id: string }>(path: string, body: unknown, name: string) =>
    api.post<T>(path, body, `demo-${state.workspaceId}-${name}`);
  await api.patch('/workspace', { settings: { zone: firm.zone, currency: firm.currency } });
  const seller = await post(
    '/sellers',
    {
      name: firm.name,
      country: firm.country,
      functionalCurrency: firm.currency,
      zone: firm.zone,
      address: firm.address,
      email: firm.email,
      registrationNumber: firm.registrationNumber,
    },
    'seller',
  );
  await post(
    `/sellers/${seller.id}/bank-accounts`,
    { ...firm.bankAccount, currency: firm.currency },
    'bank-account',
  );
  await post('/series', { sellerId: seller.id, documentType: 'invoice', pattern: firm.series }, 'series');
  const quickbooks = await post(
    '/connections',
    {
      connector: 'quickbooks',
      name: 'QuickBooks',
      goLiveOn: state.firstDay,
      settings: { realmId: quickbooksCompany.realmId, environment: 'sandbox', incomeAccountId: '79' },
      secrets: { accessToken: quickbooksCompany.accessToken },
      baseUrlOverride: quickbooksUrl,
      pollSeconds: 3600,
    },
    'quickbooks',
  );
  const ids: Ids = { clients: new Map(), sellerId: seller.id, quickbooksId: quickbooks.id, harvestId: '' };
  for (const client of clients) {
    const made = await post(
      '/clients',
      {
        name: client.name,
        code: client.code,
        email: client.email,
        currency: firm.currency,
        address: { city: client.city, region: 'WA', country: 'US' },
      },
      `client-${client.code}`,
    );
    ids.clients.set(client.code, made.id);
    const contract = await post(
      '/contracts',
      {
        clientId: made.id,
        sellerId: seller.id,
        name: 'Time and materials',
        currency: firm.currency,
        zone: firm.zone,
        startsOn: state.firstDay,
        goLiveOn: state.firstDay,
        grouping: { invoice: 'client', line: 'project' },
        targetConnectionId: quickbooks.id,
      },
      `contract-${client.code}`,
    );
    await post(
      '/strategies',
      { scopeType: 'contract', scopeId: contract.id, category: 'labor', method: 'service_rates' },
      `strategy-${client.code}`,
    );
    await post(
      '/rate-cards',
      {
        scopeType: 'contract',
        scopeId: contract.id,
        position: '*',
        regularRate: client.rate,
        currency: firm.currency,
      },
      `rate-${client.code}`,
    );
    for (const project of client.projects) {
      await post(
        '/projects',
        { clientId: made.id, contractId: contract.id, code: project.code, name: project.name },
        `project-${project.code}`,
      );
    }
  }
  const harvest = await post(
    '/connections',
    {
      connector: 'harvest',
      name: 'Harvest',
      goLiveOn: state.firstDay,
      settings: { accountId: harvestAccount.accountId, contact: 'ops@halvorsen.example' },
      secrets: { accessToken: harvestAccount.accessToken },
      ownership: { createMissing: ['person', 'task'] },
      baseUrlOverride: harvestUrl,
      pollSeconds: 3600,
    },
    'harvest',
  );
  ids.harvestId = harvest.id;
  // After a kill the stand-ins may answer at other ports than the stored connections name.
  await api.patch(`/connections/${harvest.id}`, { baseUrlOverride: harvestUrl });
  await api.patch(`/connections/${quickbooks.id}`, { baseUrlOverride: quickbooksUrl });
  return ids;
}

/** Asks again and again until `ready` answers something; a time-out says what was waited for. */
async function until<T>(what: string, ready: () => Promise<T | null>): Promise<T> {
  const deadline = Date.now() + waitTimeoutMs;
  while (Date.now() < deadline) {
    const value = await ready();
    if (value !== null) return value;
    await sleep(150);
  }
  throw new Error(`waited ${waitTimeoutMs / 1000} s for ${what}`);
}

async function syncNow(api: ApiClient, connectionId: string): Promise<void> {
  await api.post(`/connections/${connectionId}/sync`, {}, `demo-sync-${newId()}`);
}

async function readTime(
  api: ApiClient,
  connectionId: string,
  expected: Expected,
  note: (text: string) => void,
): Promise<number> {
  await syncNow(api, connectionId);
  return until('the time sheet to arrive', async () => {
    const { entries } = await api.get<{ entries: number }>('/dashboard');
    note(`${entries} entries`);
    const connection = await api.get<{ lastSuccessAt: string | null }>(`/connections/${connectionId}`);
    return connection.lastSuccessAt !== null && entries >= expected.entries ? entries : null;
  });
}

async function releaseWarnings(api: ApiClient): Promise<string> {
  const { items } = await api.get<{
    items: { rule: string; severity: string; exceptions: number; entries: number }[];
  }>('/exceptions/summary');
  const warnings = items.filter((item) => item.severity === 'W');
  if (warnings.length === 0) return 'none left';
  await api.post(
    '/exceptions/release',
    { rules: warnings.map((item) => item.rule), reason: 'Sea trial over two days, confirmed by the yard' },
    `demo-release-${newId()}`,
  );
  return warnings.map((item) => `${item.rule} (${item.entries} entries)`).join(', ');
}

interface Run {
  id: string;
  status: string;
  error: string | null;
  counts: Record<string, number>;
}

async function bill(api: ApiClient, state: DemoState, note: (text: string) => void): Promise<Run> {
  const asked = await api.post<{ id: string }>(
    '/billing-runs',
    {
      scope: { type: 'workspace', id: state.workspaceId },
      cutoffOn: new Date().toISOString().slice(0, 10),
      reason: 'Quarter end',
      finishAt: 'issue',
    },
    `demo-${state.workspaceId}-run`,
  );
  const run = await until('the billing run', async () => {
    const answer = await api.get<{ run: Run; steps: { step: string; done: number }[] }>(
      `/billing-runs/${asked.id}`,
    );
    note(answer.steps.map((row) => `${row.step} ${row.done}`).join(', '));
    return ['done', 'failed', 'cancelled'].includes(answer.run.status) ? answer.run : null;
  });
  if (run.status !== 'done') throw new Error(`the billing run ended as ${run.status}: ${run.error ?? ''}`);
  return run;
}

async function invoicesOf(api: ApiClient, runId: string): Promise<Invoice[]> {
  const { items } = await api.get<{ items: Invoice[] }>('/invoices', { runId, limit: 200 });
  return items.sort((a, b) => (a.number ?? '').localeCompare(b.number ?? ''));
}

async function waitForSync(api: ApiClient, runId: string, note: (text: string) => void): Promise<Invoice[]> {
  return until('every invoice to be synced', async () => {
    const invoices = await invoicesOf(api, runId);
    const synced = invoices.filter((invoice) => invoice.sync?.status === 'synced');
    const failed = invoices.find((invoice) => invoice.sync?.status === 'failed');
    if (failed) throw new Error(`${failed.number} could not be synced: ${failed.sync?.reason}`);
    note(`${synced.length} of ${invoices.length}`);
    return synced.length === invoices.length && invoices.length > 0 ? invoices : null;
  });
}

interface PrintedFile {
  format: string;
  bytes: number;
}

async function waitForPrints(api: ApiClient, runId: string): Promise<PrintedFile[]> {
  return until('every invoice to be printed', async () => {
    const invoices = await invoicesOf(api, runId);
    const printed = await Promise.all(
      invoices.map(({ id }) => api.get<{ files: PrintedFile[] }>(`/invoices/${id}/documents`)),
    );
    const pdfs = printed.flatMap(({ files }) => files.filter(({ format }) => format === 'pdf'));
    return pdfs.length === invoices.length ? pdfs : null;
  });
}

/** One client pays in full, one the first half; booked once, however often the demo is killed around it. */
async function bookPayments(api: ApiClient, quickbooks: QuickbooksSandbox, runId: string): Promise<string> {
  const [first, second] = await invoicesOf(api, runId);
  const day = new Date().toISOString().slice(0, 10);
  const book = (invoice: Invoice, amount: string, reference: string) => {
    if (quickbooks.payments.some((payment) => payment.PaymentRefNum === reference)) return;
    quickbooks.bookPayment({ invoiceId: invoice.sync!.externalId!, amount, date: day, reference });
  };
  const half = (Math.floor(Number(second!.total) * 50) / 100).toFixed(2);
  book(first!, first!.total, 'WIRE-1001');
  book(second!, half, 'WIRE-1002');
  return `${first!.number} in full, ${second!.number} half of it`;
}

async function readBack(
  api: ApiClient,
  hub: Hub,
  connectionId: string,
  runId: string,
  note: (text: string) => void,
): Promise<string> {
  await syncNow(api, connectionId);
  const invoices = await until('the payments to come back', async () => {
    const now = await invoicesOf(api, runId);
    note(now.map((invoice) => invoice.status).join(', '));
    return now[0]?.status === 'settled' && now[1]?.status === 'partially_paid' ? now : null;
  });
  await until('all wake-ups to be answered', async () => ((await hub.relay.idle()) ? true : null));
  return `${invoices[0]!.number} is settled, ${invoices[1]!.number} partially paid`;
}

const money = (text: string) =>
  Number(text).toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const cents = (text: string) => Math.round(Number(text) * 100);

async function showResult(
  api: ApiClient,
  hub: Hub,
  state: DemoState,
  quickbooks: QuickbooksSandbox,
  runId: string,
  entries: DemoEntry[],
  expected: Expected,
): Promise<boolean> {
  const invoices = await invoicesOf(api, runId);
  const books = new Map(quickbooks.invoices.map((invoice) => [invoice.Id, invoice]));
  heading('7  What came of it');
  table(
    [
      'Number',
      'Client',
      '>Entries',
      '>Hours',
      '>Amount USD',
      'Status',
      'Sync',
      'QuickBooks id',
      '>Booked there',
    ],
    invoices.map((invoice) => [
      invoice.number ?? '',
      invoice.clientName,
      String(invoice.itemCount),
      (invoice.quantitySeconds / 3600).toFixed(2),
      money(invoice.total),
      invoice.status,
      invoice.sync?.status ?? '',
      invoice.sync?.externalId ?? '',
      money(String(books.get(invoice.sync?.externalId ?? '')?.TotalAmt ?? 0)),
    ]),
  );
  const codes = new Map(clients.map((client) => [client.name, client.code]));
  const sum = (pick: (invoice: Invoice) => number) =>
    invoices.reduce((total, invoice) => total + pick(invoice), 0);
  const dashboard = await api.get<{ entries: number }>('/dashboard');
  const verified = await verifyWorkspace(hub.database, state.workspaceId);
  const failing = verified.checks.filter((check) => !check.ok);
  const checks: [string, boolean, string][] = [
    [
      'approved entries taken in',
      dashboard.entries === expected.entries,
      `${dashboard.entries} of ${expected.entries} (${entries.length} in the time sheet)`,
    ],
    [
      'entries billed, each exactly once',
      sum((i) => i.itemCount) === expected.billed,
      `${sum((i) => i.itemCount)} of ${expected.billed}`,
    ],
    [
      'nothing else was left out',
      sum((i) => i.itemCount) + expected.notBillable + expected.settledElsewhere === dashboard.entries,
      `${dashboard.entries} taken in: ${sum((i) => i.itemCount)} billed, ${expected.notBillable} not billable, ${expected.settledElsewhere} settled elsewhere`,
    ],
    [
      'hours billed',
      sum((i) => i.quantitySeconds) === expected.centihours * 36,
      `${(sum((i) => i.quantitySeconds) / 3600).toFixed(2)} of ${(expected.centihours / 100).toFixed(2)}`,
    ],
    [
      'amounts to the cent, per client',
      invoices.every((invoice) => cents(invoice.total) === expected.cents[codes.get(invoice.clientName)!]),
      `${money(String(sum((i) => cents(i.total)) / 100))} of ${money(String(expected.totalCents / 100))}`,
    ],
    ['numbers without a gap', distinctSequences(invoices), `${invoices.length} invoices`],
    [
      'found in QuickBooks, once each',
      quickbooks.invoices.length === invoices.length &&
        invoices.every(
          (i) => cents(String(books.get(i.sync?.externalId ?? '')?.TotalAmt ?? 0)) === cents(i.total),
        ),
      `${quickbooks.invoices.length} there`,
    ],
    [
      'ledgers, totals and event chain verified',
      failing.length === 0,
      failing.length === 0
        ? `${verified.checks.length} checks`
        : failing.map((check) => `${check.name}: ${check.detail}`).join('; '),
    ],
  ];
  heading('Control totals');
  for (const [name, ok, text] of checks) say(`  ${ok ? '✓' : '✗'} ${name}: ${text}`);
  return checks.every(([, ok]) => ok);
}

/** The counter belongs to the series, not to the client: over all invoices it runs 1…n. */
function distinctSequences(invoices: Invoice[]): boolean {
  const counters = invoices.map((invoice) => Number(invoice.number?.split('-').at(-1))).sort((a, b) => a - b);
  return counters.every((counter, index) => counter === index + 1);
}
