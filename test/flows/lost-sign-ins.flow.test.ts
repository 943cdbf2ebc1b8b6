/** Owns what happens when a platform no longer lets us in, for every connector of the registry: paused, told, and mended. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { connectors } from '../../connectors/kit/registry.ts';
import type { StartStand } from '../../connectors/kit/stand.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { until } from '../support/loops.ts';
import type { ShownConnection } from '../support/spine.ts';

const called = [...connectors.values()].filter((connector) => !connector.entryReader);

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub({ vendorTimeoutMs: 10_000 });
});
afterAll(() => hub.stop());

describe('a sign-in that is lost', () => {
  test.each(called.map(({ id }) => id))('at %s pauses the connection and tells finance once', async (id) => {
    const { startStand } = (await import(`../../connectors/${id}/stand.ts`)) as { startStand: StartStand };
    const stand = await startStand({ startAt: new Date().toISOString() });
    onTestFinished(() => stand.sandbox.close());
    const workspace = await hub.newWorkspace();
    const made = await workspace.post<ShownConnection>('/connections', {
      connector: id,
      name: 'The platform',
      goLiveOn: stand.now().slice(0, 10),
      settings: stand.settings,
      secrets: stand.secrets,
      baseUrlOverride: stand.sandbox.url,
      pollSeconds: 3_600,
    });
    const shown = () => workspace.get<ShownConnection>(`/connections/${made.id}`);
    await until(
      'the first reading succeeded',
      async () => (await shown()).lastSuccessAt !== null,
      30_000,
    ).catch(async (error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify(await shown())}`);
    });
    stand.revoke();
    await workspace.post(`/connections/${made.id}/sync`, {});
    await until('it is paused', async () => (await shown()).status === 'authorization_lost', 30_000);
    const { statusReason, lastError } = await shown();
    expect(statusReason).toContain(connectors.get(id)!.name);
    expect(lastError?.kind).toBe('AuthorizationLost');
    const exceptions = () =>
      workspace.get<{ items: { detail: { reason: string } }[] }>(
        '/exceptions?rule=connection.authorization_lost&status=open',
      );
    expect((await exceptions()).items).toHaveLength(1);
    // It is left in peace until a person mends it.
    stand.sandbox.requests.length = 0;
    const refused = workspace.post(`/connections/${made.id}/sync`, {});
    await expect(refused).rejects.toThrow('connection.not_active');
    expect(stand.sandbox.requests).toEqual([]);
  });
});
