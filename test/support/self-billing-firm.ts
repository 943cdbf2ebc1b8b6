/** Owns a small firm on a hub whose contract bills by itself: work is recorded and approved over HTTP, and invoices appear. */
import { insertTaskEntries } from '../../store/task-entries.ts';
import { addContract, addSeller, maker } from './agreement.ts';
import { until } from './loops.ts';
import type { ShownInvoice } from './spine.ts';
import type { TestWorkspace } from './workspace.ts';

export interface ShownPolicy {
  waitsFor: string | null;
  pausedAt: string | null;
  pauseReason: string | null;
  nextPeriod: { startsOn: string; endsBefore: string; dueAt: string } | null;
  nextLookAt: string | null;
  openPulls: { trigger: string; pulls: number; cutoffOn: string; period: string | null; pulledBy: string }[];
  /** Newest first. */
  lastRuns: {
    id: string;
    trigger: string;
    pulledBy: string;
    reason: string | null;
    cutoffOn: string;
    status: string;
    pulls: number;
  }[];
}

export interface SelfBillingFirm {
  clientId: string;
  contractId: string;
  projectId: string;
  taskId: string;
  /** So many hours on these days, submitted and not approved; answers the ids of the task entries. */
  record(days: readonly string[], hours?: number): Promise<string[]>;
  approve(ids: readonly string[]): Promise<void>;
  policy(): Promise<ShownPolicy>;
  /** That have a number, by number. */
  issued(): Promise<ShownInvoice[]>;
  /** Until so many have a number. */
  issuedBecome(count: number, timeoutMs?: number): Promise<ShownInvoice[]>;
}

/** Euros an hour. */
export const hourlyRate = '90.00';

export interface SelfBillingOptions {
  triggers: Record<string, unknown>;
  /** Everything else of the contract; active from 2026-01-01 in Oslo unless told otherwise. */
  contract?: Record<string, unknown>;
  client?: Record<string, unknown>;
}

export async function openSelfBillingFirm(
  at: TestWorkspace,
  { triggers, contract = {}, client = {} }: SelfBillingOptions,
): Promise<SelfBillingFirm> {
  const made = maker(at);
  await at.patch('/workspace', { settings: { zone: 'Europe/Oslo', currency: 'EUR' } });
  const money = { currency: 'EUR', zone: 'Europe/Oslo' };
  const sellerId = await addSeller(at, { country: 'NO', ...money, pattern: '{CLIENT}-{NNNN}' });
  const clientId = await made('/clients', {
    name: 'Nordlys Rederi',
    email: 'ap@nordlys.example',
    code: 'NOR',
    currency: 'EUR',
    autoInvoicing: true,
    ...client,
  });
  const contractId = await addContract(at, {
    clientId,
    sellerId,
    ...money,
    from: '2026-01-01',
    rate: hourlyRate,
    more: {
      name: 'Yard work',
      grouping: { invoice: 'client', line: 'project' },
      clauses: { triggers },
      ...contract,
    },
  });
  const projectId = await made('/projects', { clientId, contractId, code: 'NOR-1', name: 'Hull' });
  const taskId = await made('/tasks', { projectId, name: 'Welding' });
  const personId = await made('/people', { name: 'Astrid Berg', position: 'Welder' });

  const issued = async () =>
    (await at.get<{ items: ShownInvoice[] }>('/invoices?limit=200')).items
      .filter(({ number }) => number !== null)
      .toSorted((a, b) => a.number!.localeCompare(b.number!));
  return {
    clientId,
    contractId,
    projectId,
    taskId,
    record: async (days, hours = 1) => {
      const rows = await at.in((tx) =>
        insertTaskEntries(
          tx,
          days.map((workDate) => ({
            taskId,
            personId,
            workDate,
            kind: 'labor' as const,
            seconds: Math.round(hours * 3600),
            billable: true,
            note: '',
            zone: null,
            startedAt: null,
            endedAt: null,
            metres: null,
            transportSeconds: null,
            amount: null,
            receiptOn: null,
            inputTax: null,
            currency: null,
            count: null,
            unitPrice: null,
            unitCost: null,
            productId: null,
            position: null,
            timerId: null,
          })),
          'Europe/Oslo',
          'system:test',
        ),
      );
      return rows.map(({ id }) => id);
    },
    approve: async (ids) => {
      await at.post('/task-entries/approve', { ids });
    },
    policy: () => at.get<ShownPolicy>(`/contracts/${contractId}/billing-policy`),
    issued,
    issuedBecome: async (count, timeoutMs = 30_000) => {
      let shown: ShownInvoice[] = [];
      const isThere = async () => {
        shown = await issued();
        return shown.length >= count;
      };
      await until(`${count} invoices are issued`, isThere, timeoutMs).catch((error: Error) => {
        throw new Error(`${error.message}; there are ${JSON.stringify(shown)}`);
      });
      return shown;
    },
  };
}
