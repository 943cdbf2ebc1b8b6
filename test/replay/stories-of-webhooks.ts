/** Owns the stories of platforms that call us, for the recorder. */
import { startStand } from '../../connectors/toggl/stand.ts';
import { until } from '../support/loops.ts';
import { openTestWorkspace } from '../support/workspace.ts';
import { hub, patienceMs, record } from './recorder.ts';

/** A connection asks its platform to call it, and then reads for the first time. */
export async function askedToCall(): Promise<void> {
  const at = await openTestWorkspace(hub, hub.database);
  const vendor = await startStand({ unlimited: true });
  try {
    const { id } = await at.post<{ id: string }>('/connections', {
      connector: 'toggl',
      name: 'Toggl',
      goLiveOn: '2026-03-01',
      settings: vendor.settings,
      secrets: vendor.secrets,
      baseUrlOverride: vendor.sandbox.url,
      pollSeconds: 3_600,
    });
    const isAsked = async () =>
      (await at.in((tx) =>
        tx.row('select from webhook_setups where workspace_id = $1 and connection_id = $2', [
          tx.workspaceId,
          id,
        ]),
      )) !== null;
    await until('the platform was asked to call', isAsked, patienceMs);
    await at.idle(patienceMs);
    await record('connection.asked-to-call', at.workflow('connection', id));
  } finally {
    await vendor.sandbox.close();
  }
}
