/** Owns the demo's two vendors: a Harvest full of time and a QuickBooks with empty books, both on this machine only. */
import { join } from 'node:path';
import { type HarvestSandbox, startHarvestSandbox } from '../../connectors/harvest/sandbox.ts';
import { type QuickbooksSandbox, startQuickbooksSandbox } from '../../connectors/quickbooks/sandbox.ts';
import { clients, type DemoEntry, firm, people } from './firm.ts';

export const harvestAccount = { accountId: '1830001', accessToken: 'demo-harvest-token' } as const;
export const quickbooksCompany = {
  realmId: '9130350000000001',
  accessToken: 'demo-quickbooks-token',
} as const;

/** On the port of the run that was killed, where its connections still look, or on a free one where that is taken by now. */
async function onPort<T>(port: number | undefined, start: (port: number) => Promise<T>): Promise<T> {
  if (port === undefined) return start(0);
  return start(port).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    return start(0);
  });
}

/** Pages of 100 and four calls in two seconds: small enough that the connector meets a second page and a 429. */
export async function startHarvest(entries: DemoEntry[], port?: number): Promise<HarvestSandbox> {
  const sandbox = await onPort(port, (chosen) =>
    startHarvestSandbox({
      port: chosen,
      accountId: harvestAccount.accountId,
      accessToken: harvestAccount.accessToken,
      pageSizeMax: 100,
      rateLimit: { requests: 8, perSeconds: 2 },
    }),
  );
  const taskIds = new Map<string, number>();
  const userIds = people.map(
    ([first, last], index) =>
      sandbox.addUser({
        id: 4_411_200 + index,
        first_name: first,
        last_name: last,
        email: `${first.toLowerCase()}@halvorsen.example`,
      }).id,
  );
  const projectIds = clients.map((client, clientIndex) => {
    const clientId = sandbox.addClient({
      id: 9_001_100 + clientIndex,
      name: client.name,
      currency: firm.currency,
    }).id;
    return client.projects.map(
      (project, index) =>
        sandbox.addProject({
          id: 33_118_000 + clientIndex * 10 + index,
          name: project.name,
          code: project.code,
          client_id: clientId,
        }).id,
    );
  });
  for (const entry of entries) {
    let taskId = taskIds.get(entry.task);
    if (taskId === undefined) {
      taskId = sandbox.addTask({ id: 18_800_100 + taskIds.size, name: entry.task }).id;
      taskIds.set(entry.task, taskId);
    }
    const at = `${entry.day}T23:30:00Z`;
    sandbox.addEntry({
      id: entry.id,
      spent_date: entry.day,
      user_id: userIds[entry.person]!,
      project_id: projectIds[entry.client]![entry.project]!,
      task_id: taskId,
      hours: entry.centihours / 100,
      notes: entry.notes,
      approval_status: entry.status,
      billable: entry.billable,
      is_billed: entry.billedThere,
      invoice: entry.billedThere ? { id: 77_001, number: 'OLD-77' } : null,
      timer_started_at: entry.running ? at : null,
      created_at: at,
      updated_at: at,
    });
  }
  return sandbox;
}

/** Its books are kept in a file, as a vendor's survive whatever happens to us. */
export function startQuickbooks(dataDir: string, port?: number): Promise<QuickbooksSandbox> {
  return onPort(port, (chosen) =>
    startQuickbooksSandbox({
      port: chosen,
      ...quickbooksCompany,
      homeCurrency: firm.currency,
      stateFile: join(dataDir, 'quickbooks-sandbox.json'),
    }),
  );
}
