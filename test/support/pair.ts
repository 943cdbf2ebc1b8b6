/** Owns one firm between two platforms: time comes from one stand, invoices go to another, through a hub under test. */
import type { Connector } from '../../connectors/kit/define.ts';
import { connectorById } from '../../connectors/kit/registry.ts';
import type { Stand, StartStand } from '../../connectors/kit/stand.ts';
import { addDays } from '../../domain/day.ts';
import { addContract, addSeller, maker } from './agreement.ts';
import { until } from './loops.ts';
import type { ShownInvoice, ShownRun } from './spine.ts';
import type { TestWorkspace } from './workspace.ts';

export interface Pair {
  source: Stand;
  target: Stand;
  sourceId: string;
  targetId: string;
  /** Days before today on which work is written down. */
  day(back: number): string;
  sync(connectionId: string): Promise<void>;
  /** Until the hub knows so many entries. */
  entriesBecome(count: number): Promise<void>;
  bill(): Promise<ShownRun>;
  invoicesBecome(what: string, wanted: (invoices: ShownInvoice[]) => boolean): Promise<ShownInvoice[]>;
  close(): Promise<void>;
}

/** Dollars an hour. */
export const pairRate = '100.00';

async function startStandOf(id: string): Promise<Stand> {
  const { startStand } = (await import(`../../connectors/${id}/stand.ts`)) as { startStand: StartStand };
  return startStand({ startAt: new Date().toISOString() });
}

/** A connection as a person makes it: what the stand tells, and what the platform does not know by itself. */
async function connect(
  hub: TestWorkspace,
  connector: Connector,
  stand: Stand,
  name: string,
  goLiveOn: string,
  card: Record<string, unknown> = {},
): Promise<string> {
  const { id } = await hub.post<{ id: string }>('/connections', {
    connector: connector.id,
    name,
    goLiveOn,
    settings: stand.settings,
    secrets: stand.secrets,
    baseUrlOverride: stand.sandbox.url,
    pollSeconds: 3_600,
    ownership: {
      createMissing: ['person', 'task'],
      ...(connector.timeSource?.tellsApproval === false ? { approval: 'automatic' } : {}),
      ...card,
    },
  });
  return id;
}

export async function openPair(hub: TestWorkspace, sourceOf: string, targetOf: string): Promise<Pair> {
  const source = await startStandOf(sourceOf);
  // One platform for both is one account of it.
  const target = sourceOf === targetOf ? source : await startStandOf(targetOf);
  const today = source.now().slice(0, 10);
  const firstDay = addDays(today, -30);
  const made = maker(hub);
  await hub.patch('/workspace', { settings: { zone: 'Europe/Berlin', currency: 'USD' } });
  const sellerId = await addSeller(hub, {
    name: 'Nordwerft Engineering',
    currency: 'USD',
    zone: 'Europe/Berlin',
    pattern: 'NW-{NNNN}',
  });
  const targetId = await connect(hub, connectorById(targetOf), target, 'Books', firstDay, {
    // Of the platform that holds the time, a line links its entries.
    attachTime: source === target,
  });
  const clientId = await made('/clients', {
    name: 'Nordlicht GmbH',
    email: 'ap@nordlicht.example',
    code: 'NLI',
    currency: 'USD',
  });
  const contractId = await addContract(hub, {
    clientId,
    sellerId,
    currency: 'USD',
    zone: 'Europe/Berlin',
    from: firstDay,
    rate: pairRate,
    more: { grouping: { invoice: 'client', line: 'entry' }, targetConnectionId: targetId },
  });
  await made('/projects', { clientId, contractId, code: 'HULL', name: 'Hull refit' });
  const sourceId =
    source === target ? targetId : await connect(hub, connectorById(sourceOf), source, 'Time', firstDay);
  const invoices = async () => (await hub.get<{ items: ShownInvoice[] }>('/invoices?limit=200')).items;
  return {
    source,
    target,
    sourceId,
    targetId,
    day: (back) => addDays(today, -back),
    sync: async (connectionId) => {
      await hub.post(`/connections/${connectionId}/sync`, {});
    },
    async entriesBecome(count) {
      let seen: unknown[] = [];
      const areThere = async () => {
        seen = (await hub.get<{ items: unknown[] }>('/entries?limit=200')).items;
        return seen.length === count;
      };
      await until(`${count} entries are there`, areThere, 30_000).catch(async (error: Error) => {
        const connection = await hub.get(`/connections/${sourceId}`);
        throw new Error(
          `${error.message}; ${seen.length} entries: ${JSON.stringify(seen)}; ${JSON.stringify(connection)}`,
        );
      });
    },
    async bill() {
      const asked = await hub.post<ShownRun>('/billing-runs', {
        scope: { type: 'workspace', id: hub.workspaceId },
        cutoffOn: addDays(today, 1),
        reason: 'test',
        finishAt: 'issue',
      });
      let run = asked;
      const isOver = async () => {
        ({ run } = await hub.get<{ run: ShownRun }>(`/billing-runs/${asked.id}`));
        return run.status !== 'queued' && run.status !== 'running';
      };
      await until('the billing run ends', isOver, 30_000);
      return run;
    },
    async invoicesBecome(what, wanted) {
      let shown: ShownInvoice[] = [];
      const areThere = async () => {
        shown = await invoices();
        return wanted(shown);
      };
      await until(`the invoices are ${what}`, areThere, 30_000).catch((error: Error) => {
        throw new Error(`${error.message}; invoices: ${JSON.stringify(shown)}`);
      });
      return shown;
    },
    close: async () => {
      await Promise.all([source.sandbox.close(), target.sandbox.close()]);
    },
  };
}
