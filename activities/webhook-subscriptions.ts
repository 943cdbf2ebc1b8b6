/** Owns being called by platforms: asking them for it, proving the address where they want that, and ending it. */
import { randomBytes } from 'node:crypto';
import type { WebhookSource } from '../connectors/kit/define.ts';
import { toVendorError } from '../connectors/kit/errors.ts';
import type { VendorHttp } from '../connectors/kit/http.ts';
import { connectorById } from '../connectors/kit/registry.ts';
import type { Connection } from '../store/connections.ts';
import type { WorkspaceTx } from '../store/database.ts';
import {
  addSubscriptions,
  addWebhookSecret,
  beginWebhookSetup,
  endWebhookSetup,
  failWebhookSetup,
  forgetProved,
  listSubscriptions,
  readWebhookSetup,
  setSubscription,
  type WebhookSetup,
} from '../store/webhook-subscriptions.ts';
import type { ActivityDeps } from './deps.ts';
import type { SubjectRef } from './look.ts';
import { openVendor } from './vendor.ts';

const hourMs = 3_600_000;
/** A handshake comes within seconds of being asked for, or not at all. */
const handshakeMs = hourMs;

/** Where a platform calls a connection; null: this hub does not know where it is found from outside. */
export function webhookUrl(deps: Pick<ActivityDeps, 'hookBase'>, connectionId: string): string | null {
  const base = deps.hookBase?.() ?? null;
  return base === null ? null : `${base}/api/v1/webhooks/${connectionId}`;
}

/** Whether the connection's platform is to be asked, or asked again, or told what it waits for. */
export async function isWebhookWorkDue(
  tx: WorkspaceTx,
  deps: Pick<ActivityDeps, 'hookBase'>,
  connection: Pick<Connection, 'id' | 'connector'>,
): Promise<boolean> {
  const { webhooks } = connectorById(connection.connector);
  const url = webhookUrl(deps, connection.id);
  if (!webhooks?.subscribe || url === null) return false;
  return isDue(await readWebhookSetup(tx, connection.id), url);
}

function isDue(setup: WebhookSetup | null, url: string): boolean {
  if (!setup || setup.status === 'ended' || setup.url !== url) return true;
  if (setup.status === 'failed') return setup.agoMs > hourMs;
  return setup.status === 'pending' && (setup.proved.length > 0 || setup.agoMs > handshakeMs);
}

export function createWebhookActivities(deps: ActivityDeps) {
  const { database } = deps;
  return {
    /** Asks the platform to call us, or activates what it has proved. A failure is kept, shown, and tried again later. */
    keepWebhooks: async ({ workspaceId, subjectId }: SubjectRef): Promise<void> => {
      const url = webhookUrl(deps, subjectId);
      if (url === null) return;
      try {
        const vendor = await openVendor(deps, workspaceId, subjectId);
        const source = vendor?.connector.webhooks;
        if (!vendor || !source?.subscribe) return;
        const setup = await database.inWorkspace(workspaceId, (tx) => readWebhookSetup(tx, subjectId));
        if (!isDue(setup, url)) return;
        if (setup?.status === 'pending' && setup.url === url && setup.proved.length > 0)
          await activate(workspaceId, subjectId, source, vendor.http, setup);
        else await subscribe(workspaceId, subjectId, source, vendor.http, url, setup);
      } catch (problem) {
        const { message } = toVendorError(problem);
        deps.logger.warn(
          { connectionId: subjectId, err: problem },
          'the platform could not be asked to call',
        );
        await database.inWorkspace(workspaceId, (tx) => failWebhookSetup(tx, subjectId, url, message));
      }
    },
  };

  async function subscribe(
    workspaceId: string,
    connectionId: string,
    source: WebhookSource,
    http: VendorHttp,
    url: string,
    before: WebhookSetup | null,
  ): Promise<void> {
    // What an earlier address, or an attempt that was not proved, left behind there would call in vain.
    if (before) await endSubscriptions(deps, workspaceId, connectionId, source, http);
    const secret = randomBytes(24).toString('hex');
    await database.inWorkspace(workspaceId, (tx) =>
      beginWebhookSetup(tx, deps.secrets, connectionId, { url, secret }),
    );
    const made = await source.subscribe!(http, { url, secret });
    // A handshake may have come while the platform was being asked; it is answered at the next look.
    const waits = source.activate !== undefined;
    await database.inWorkspace(workspaceId, async (tx) => {
      for (const subscription of made)
        if (subscription.secret !== null)
          await addWebhookSecret(tx, deps.secrets, connectionId, subscription.secret);
      const externalIds = made.map((subscription) => subscription.externalId);
      await addSubscriptions(tx, connectionId, externalIds, waits ? 'pending' : 'active');
      if (!waits) await endWebhookSetup(tx, connectionId, { status: 'active' });
    });
  }

  async function activate(
    workspaceId: string,
    connectionId: string,
    source: WebhookSource,
    http: VendorHttp,
    setup: WebhookSetup,
  ): Promise<void> {
    const waiting = await database.inWorkspace(workspaceId, (tx) => listSubscriptions(tx, connectionId));
    let left = 0;
    for (const { externalId, status } of waiting) {
      if (status === 'active') continue;
      const proved = setup.proved.findLast((each) => (each.externalId ?? externalId) === externalId);
      if (!proved) {
        left += 1;
        continue;
      }
      await source.activate?.(http, { externalId, secret: null }, proved);
      await database.inWorkspace(workspaceId, (tx) =>
        setSubscription(tx, connectionId, externalId, 'active'),
      );
    }
    await database.inWorkspace(workspaceId, async (tx) => {
      await forgetProved(tx, connectionId, setup.proved);
      await endWebhookSetup(tx, connectionId, {
        status: left === 0 && waiting.length > 0 ? 'active' : 'pending',
      });
    });
  }
}

/** Ends what the platform calls us for. What it does not let us end is told and stays with the platform. */
async function endSubscriptions(
  deps: ActivityDeps,
  workspaceId: string,
  connectionId: string,
  source: WebhookSource,
  http: VendorHttp,
): Promise<{ ended: number; failed: string[] }> {
  const living = await deps.database.inWorkspace(workspaceId, (tx) => listSubscriptions(tx, connectionId));
  const failed: string[] = [];
  for (const { externalId } of living) {
    try {
      await source.unsubscribe?.(http, externalId);
      await deps.database.inWorkspace(workspaceId, (tx) =>
        setSubscription(tx, connectionId, externalId, 'ended'),
      );
    } catch (problem) {
      failed.push(toVendorError(problem).message);
    }
  }
  return { ended: living.length - failed.length, failed };
}

/**
 * Ends all that the platform was asked to call, before the connection's secrets are destroyed. `http`: the connection's.
 * Answers how many ended and, in sentences, why others did not; never throws for the platform's sake.
 */
export async function unsubscribeAll(
  deps: ActivityDeps,
  { workspaceId, connection, http }: { workspaceId: string; connection: Connection; http: VendorHttp },
): Promise<{ ended: number; failed: string[] }> {
  const { webhooks } = connectorById(connection.connector);
  if (!webhooks) return { ended: 0, failed: [] };
  const outcome = await endSubscriptions(deps, workspaceId, connection.id, webhooks, http);
  await deps.database.inWorkspace(workspaceId, (tx) =>
    endWebhookSetup(tx, connection.id, { status: 'ended', lastError: outcome.failed[0] ?? null }),
  );
  return outcome;
}
