/** Owns a small firm on a hub under test, with both of its vendors: time from a Harvest sandbox, invoices to a QuickBooks sandbox. */
import { type HarvestSandbox, startHarvestSandbox } from '../../connectors/harvest/sandbox.ts';
import {
  type QuickbooksSandbox,
  type QuickbooksSandboxOptions,
  startQuickbooksSandbox,
} from '../../connectors/quickbooks/sandbox.ts';
import { addContract, addSeller, maker } from './agreement.ts';
import { until } from './loops.ts';
import type { TestWorkspace } from './workspace.ts';

export const harvestAccount = { accountId: '1830001', accessToken: 'harvest-token' } as const;
export const quickbooksCompany = { realmId: '9130350000000001', accessToken: 'quickbooks-token' } as const;
export const quickbooksSettings = {
  realmId: quickbooksCompany.realmId,
  environment: 'sandbox',
  incomeAccountId: '79',
} as const;
export const firstDay = '2026-01-01';
export const cutoffOn = '2026-04-01';
/** Dollars an hour. */
export const rate = '100.00';

export interface ShownInvoice {
  id: string;
  status: string;
  number: string | null;
  clientId: string;
  net: string;
  total: string;
  applied: string;
  quantitySeconds: number;
  sync: {
    status: string;
    externalId: string | null;
    failedStep: string | null;
    reason: string | null;
  } | null;
}
export interface ShownConnection {
  id: string;
  status: string;
  statusReason: string | null;
  lastSuccessAt: string | null;
  lastError: { kind: string; message: string; at: string } | null;
}
export interface ShownRun {
  id: string;
  status: string;
  error: string | null;
  counts: Record<string, number>;
}

export interface Spine {
  harvest: HarvestSandbox;
  quickbooks: QuickbooksSandbox;
  harvestId: string;
  quickbooksId: string;
  /** By client code. */
  contracts: Record<string, string>;
  /** Books approved time at Harvest; answers the entry's id there. */
  work(project: string, hours: number, day?: string): number;
  sync(connectionId: string): Promise<void>;
  /** Asks for a run (over everything unless told otherwise) and waits for its end. */
  bill(scope?: { type: string; id: string }): Promise<ShownRun>;
  invoices(): Promise<ShownInvoice[]>;
  /** Until the only invoice of the firm is as wanted. */
  invoiceBecomes(
    what: string,
    wanted: (invoice: ShownInvoice) => boolean,
    timeoutMs?: number,
  ): Promise<ShownInvoice>;
  connection(id: string): Promise<ShownConnection>;
  connectionBecomes(
    id: string,
    what: string,
    wanted: (connection: ShownConnection) => boolean,
    timeoutMs?: number,
  ): Promise<ShownConnection>;
  exceptions(rule: string): Promise<{ id: string; severity: string; detail: Record<string, unknown> }[]>;
  close(): Promise<void>;
}

interface SpineClient {
  code: string;
  name: string;
  projects: string[];
}
const onlyClient: SpineClient = {
  code: 'NPF',
  name: 'North Pacific Ferries',
  projects: ['NPF-101', 'NPF-102'],
};

export interface SpineOptions {
  clients?: SpineClient[];
  pollSeconds?: number;
  /** What makes an invoice; default: the client. */
  invoicePer?: 'client' | 'project';
  /** How the company at QuickBooks is set up. */
  quickbooks?: Partial<QuickbooksSandboxOptions>;
  /** Further settings of its connection. */
  quickbooksSettings?: Record<string, string>;
}

/** Makes the firm over the API. */
export async function openSpine(hub: TestWorkspace, options: SpineOptions = {}): Promise<Spine> {
  const { clients = [onlyClient], pollSeconds = 3_600, invoicePer = 'client' } = options;
  const harvest = await startHarvestSandbox({ ...harvestAccount, rateLimit: 'off', pageSizeMax: 3 });
  const quickbooks = await startQuickbooksSandbox({
    ...quickbooksCompany,
    rateLimit: 'off',
    homeCurrency: 'USD',
    ...options.quickbooks,
  });
  const made = maker(hub);

  await hub.patch('/workspace', { settings: { zone: 'America/Los_Angeles', currency: 'USD' } });
  const zone = 'America/Los_Angeles';
  const sellerId = await addSeller(hub, { currency: 'USD', zone, pattern: '{CLIENT}-{NNNN}' });
  const quickbooksId = await made('/connections', {
    connector: 'quickbooks',
    name: 'QuickBooks',
    goLiveOn: firstDay,
    settings: { ...quickbooksSettings, ...options.quickbooksSettings },
    secrets: { accessToken: quickbooksCompany.accessToken },
    baseUrlOverride: quickbooks.url,
    pollSeconds,
  });
  const person = harvest.addUser({
    first_name: 'Astrid',
    last_name: 'Berg',
    email: 'astrid@halvorsen.example',
  });
  const task = harvest.addTask({ name: 'Design' });
  const contracts: Record<string, string> = {};
  const projectIds = new Map<string, number>();
  for (const client of clients) {
    const there = harvest.addClient({ name: client.name, currency: 'USD' });
    const clientId = await made('/clients', {
      name: client.name,
      email: `ap@${client.code.toLowerCase()}.example`,
      code: client.code,
      currency: 'USD',
    });
    const contractId = await addContract(hub, {
      clientId,
      sellerId,
      currency: 'USD',
      zone,
      from: firstDay,
      rate,
      more: { grouping: { invoice: invoicePer, line: 'project' }, targetConnectionId: quickbooksId },
    });
    contracts[client.code] = contractId;
    for (const code of client.projects) {
      await made('/projects', { clientId, contractId, code, name: `Work ${code}` });
      projectIds.set(code, harvest.addProject({ name: `Work ${code}`, code, client_id: there.id }).id);
    }
  }
  const harvestId = await made('/connections', {
    connector: 'harvest',
    name: 'Harvest',
    goLiveOn: firstDay,
    settings: { accountId: harvestAccount.accountId, contact: 'ops@halvorsen.example' },
    secrets: { accessToken: harvestAccount.accessToken },
    ownership: { createMissing: ['person', 'task'] },
    baseUrlOverride: harvest.url,
    pollSeconds,
  });

  const invoices = async () =>
    (await hub.get<{ items: ShownInvoice[] }>('/invoices?limit=200')).items.sort((a, b) =>
      (a.number ?? '').localeCompare(b.number ?? ''),
    );
  const connection = (id: string) => hub.get<ShownConnection>(`/connections/${id}`);
  return {
    harvest,
    quickbooks,
    harvestId,
    quickbooksId,
    contracts,
    work: (project, hours, day = '2026-03-02') =>
      harvest.addEntry({
        spent_date: day,
        user_id: person.id,
        project_id: projectIds.get(project)!,
        task_id: task.id,
        hours,
        approval_status: 'approved',
      }).id,
    sync: async (connectionId) => {
      await hub.post(`/connections/${connectionId}/sync`, {});
    },
    bill: async (scope = { type: 'workspace', id: hub.workspaceId }) => {
      const asked = await hub.post<ShownRun>('/billing-runs', {
        scope,
        cutoffOn,
        reason: 'test',
        finishAt: 'issue',
      });
      let run = asked;
      await until(
        'the billing run ends',
        async () => {
          ({ run } = await hub.get<{ run: ShownRun }>(`/billing-runs/${asked.id}`));
          return run.status !== 'queued' && run.status !== 'running';
        },
        30_000,
      );
      return run;
    },
    invoices,
    invoiceBecomes: async (what, wanted, timeoutMs = 20_000) => {
      let shown: ShownInvoice[] = [];
      const isThere = async () => {
        shown = await invoices();
        return shown.length === 1 && wanted(shown[0]!);
      };
      await until(`the invoice is ${what}`, isThere, timeoutMs).catch((error: Error) => {
        throw new Error(`${error.message}; invoices: ${JSON.stringify(shown)}`);
      });
      return shown[0]!;
    },
    connection,
    connectionBecomes: async (id, what, wanted, timeoutMs = 20_000) => {
      let shown: ShownConnection | null = null;
      const isThere = async () => {
        shown = await connection(id);
        return wanted(shown);
      };
      await until(`the connection is ${what}`, isThere, timeoutMs).catch((error: Error) => {
        throw new Error(`${error.message}; connection: ${JSON.stringify(shown)}`);
      });
      return shown!;
    },
    exceptions: async (rule) =>
      (
        await hub.get<{ items: { id: string; severity: string; detail: Record<string, unknown> }[] }>(
          `/exceptions?rule=${rule}&status=open`,
        )
      ).items,
    close: async () => {
      await Promise.all([harvest.close(), quickbooks.close()]);
    },
  };
}
