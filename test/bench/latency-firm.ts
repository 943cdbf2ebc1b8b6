/** Owns a hub in a process of its own with a firm on it, and the accounting platform that hears when an invoice is accepted. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { readToolPaths } from '../../config.ts';
import { startQuickbooksSandbox } from '../../connectors/quickbooks/sandbox.ts';
import { addDays, localDay } from '../../domain/day.ts';
import { startEmbeddedPostgres } from '../../runtime/embedded-postgres.ts';
import { createSecretBox } from '../../runtime/secrets.ts';
import { startTemporalServer } from '../../runtime/temporal-server.ts';
import { openDatabase } from '../../store/database.ts';
import { makeMember, type TestMember } from '../support/make-member.ts';
import { startScript } from '../support/script.ts';
import { openTestWorkspace, type TestWorkspace } from '../support/workspace.ts';

export interface BenchContract {
  code: string;
  contractId: string;
  clientId: string;
  projectId: string;
}
export interface LatencyFirm {
  at: TestWorkspace;
  contracts: BenchContract[];
  contractor: TestMember;
  manager: TestMember;
  /** A day that every rule allows, so many days ago. */
  dayAgo(days: number): string;
  send<T>(by: TestMember, method: string, path: string, body?: unknown): Promise<T>;
  /** Called with the client's code at the platform's end, the moment that it has an invoice for it. */
  onAccepted(listener: (code: string) => void): void;
  close(): Promise<void>;
}

const realm = { realmId: '9130350000000001', accessToken: 'quickbooks-token' };
/** As the npm scripts start a hub. */
const nodeOptions = '--max-semi-space-size=8 --max-old-space-size=768';

/** So many clients, each with one contract that bills what is approved, and a project. */
export async function openLatencyFirm(clients: number): Promise<LatencyFirm> {
  const dataDir = mkdtempSync(join(tmpdir(), 'slipway-bench-latency-'));
  const { PATH, HOME } = process.env;
  const postgres = await startEmbeddedPostgres({ dataDir });
  const temporal = await startTemporalServer({ dataDir, tools: readToolPaths(process.env) });
  const key = Buffer.alloc(32, 7);
  const hub = startScript('cli/main.ts', ['start'], {
    ...(PATH !== undefined && { PATH }),
    ...(HOME !== undefined && { HOME }),
    NODE_OPTIONS: nodeOptions,
    DATABASE_URL: postgres.url,
    TEMPORAL_ADDRESS: temporal.address,
    SLIPWAY_DATA_DIR: join(dataDir, 'hub'),
    SLIPWAY_PORT: '0',
    SLIPWAY_SECRET_KEY: key.toString('base64'),
    SLIPWAY_ALLOW_LOOPBACK_VENDORS: 'true',
    SLIPWAY_LOG_LEVEL: 'warn',
  });
  const url = (await hub.says(/Slipway serves (http:\/\/\S+)/))[1]!;
  const database = openDatabase(postgres.url, {
    poolSize: 2,
    secrets: () => createSecretBox(new Map([[1, key]])),
  });
  const client = new Client({ connection: Connection.lazy({ address: temporal.address }) });
  const quickbooks = await startQuickbooksSandbox({ ...realm, rateLimit: 'off', homeCurrency: 'USD' });

  const listeners = new Set<(code: string) => void>();
  let heard = 0;
  // Sees every call before it is answered; the answer follows in the same turn.
  quickbooks.fault({
    kind: 'drop',
    times: Number.POSITIVE_INFINITY,
    match: (method, path) => {
      if (method === 'POST' && path.endsWith('/invoice'))
        setImmediate(() => {
          for (const invoice of quickbooks.invoices.slice(heard))
            for (const listener of listeners) listener((invoice.DocNumber ?? '').split('-')[0]!);
          heard = quickbooks.invoices.length;
        });
      return false;
    },
  });

  const at = await openTestWorkspace({ url, temporal: client }, database);
  const { contracts, contractor, manager } = await makeFirm(at, clients, quickbooks.url);
  const today = localDay(new Date(), 'UTC');
  return {
    at,
    contracts,
    contractor,
    manager,
    dayAgo: (days) => addDays(today, -days),
    send: async <T>(by: TestMember, method: string, path: string, body?: unknown) => {
      const answer = await at.call(method, path, { key: by.key, ...(body === undefined ? {} : { body }) });
      if (answer.status >= 300)
        throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`);
      return answer.json as T;
    },
    onAccepted: (listener) => listeners.add(listener),
    close: async () => {
      hub.signal('SIGINT');
      await hub.ended;
      await client.connection.close();
      await database.close();
      await quickbooks.close();
      await temporal.stop();
      await postgres.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function makeFirm(at: TestWorkspace, clients: number, platformUrl: string) {
  const made = async (path: string, body: unknown) => (await at.post<{ id: string }>(path, body)).id;
  const sellerId = await made('/sellers', {
    name: 'Halvorsen Marine Engineering',
    country: 'US',
    functionalCurrency: 'USD',
    zone: 'UTC',
  });
  await made('/series', { sellerId, documentType: 'invoice', pattern: '{CLIENT}-{NNNN}' });
  const targetConnectionId = await made('/connections', {
    connector: 'quickbooks',
    name: 'QuickBooks',
    goLiveOn: '2020-01-01',
    settings: { realmId: realm.realmId, environment: 'sandbox', incomeAccountId: '79' },
    secrets: { accessToken: realm.accessToken },
    baseUrlOverride: platformUrl,
    pollSeconds: 3_600,
  });
  await made('/strategies', {
    scopeType: 'workspace',
    scopeId: at.workspaceId,
    category: 'labor',
    method: 'service_rates',
  });
  const member = (role: 'contractor' | 'manager', name: string) =>
    at.in((tx) => makeMember(tx, role, { name }));
  const contractor = await member('contractor', 'Ola Vik');
  const manager = await member('manager', 'Mats Dahl');
  await made('/cost-rates', {
    personId: contractor.personId,
    currency: 'USD',
    regularRate: '42.00',
    validFrom: '2020-01-01',
  });
  const contracts: BenchContract[] = [];
  for (let n = 0; n < clients; n += 1) {
    const code = `B${String.fromCharCode(65 + Math.floor(n / 26))}${String.fromCharCode(65 + (n % 26))}`;
    const clientId = await made('/clients', {
      name: `Client ${code}`,
      email: `ap@${code.toLowerCase()}.example`,
      code,
      currency: 'USD',
      autoInvoicing: true,
    });
    const contractId = await made('/contracts', {
      clientId,
      sellerId,
      name: 'Time and materials',
      currency: 'USD',
      zone: 'UTC',
      startsOn: '2020-01-01',
      goLiveOn: '2020-01-01',
      targetConnectionId,
    });
    await made('/rate-cards', {
      scopeType: 'contract',
      scopeId: contractId,
      position: '*',
      regularRate: '100.00',
      currency: 'USD',
    });
    contracts.push({
      code,
      clientId,
      contractId,
      projectId: await made('/projects', { clientId, contractId, code: `${code}-1`, name: 'Refit' }),
    });
  }
  return { contracts, contractor, manager };
}
