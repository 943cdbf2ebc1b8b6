/** Owns who a delivery is for: the connection of its address, with its secrets, remembered for a moment; and storing what it brings. */

import { Refusal } from '../../../domain/refusal.ts';
import {
  type ConnectionOwner,
  type Delivery,
  findConnectionOwner,
  type Stored,
  storeTogether,
} from '../../../store/webhook-deliveries.ts';
import { readWebhookSecrets, readWebhookSetup } from '../../../store/webhook-subscriptions.ts';
import type { AppDeps } from '../../deps.ts';
import { createGatherer } from '../../kit/gather.ts';

/** Whom a delivery is for, as it was a moment ago. */
export interface Addressee {
  owner: ConnectionOwner;
  secrets: readonly string[];
  /** A subscription waits for its handshake. */
  pending: boolean;
}
export interface DeliveryDesk {
  /** `fresh`: read anew, where what is remembered does not fit. Null: there is no such connection. */
  addressee(connectionId: string, fresh: boolean): Promise<{ addressee: Addressee; isFresh: boolean } | null>;
  store(workspaceId: string, delivery: Delivery): Promise<Stored>;
}

/** A changed secret is noticed at the first signature that does not fit; a disconnection, when the delivery is stored. */
const rememberedMs = 5_000;
const mostRemembered = 5_000;

export function createDeliveryDesk({
  database,
  secrets,
}: Pick<AppDeps, 'database' | 'secrets'>): DeliveryDesk {
  const remembered = new Map<string, { read: Promise<Addressee | null>; atMs: number }>();

  const read = async (connectionId: string): Promise<Addressee | null> => {
    const owner = await database.inSystem((tx) => findConnectionOwner(tx, connectionId));
    if (!owner) return null;
    return database.inWorkspace(owner.workspaceId, async (tx) => ({
      owner,
      secrets: await readWebhookSecrets(tx, secrets, connectionId),
      pending: (await readWebhookSetup(tx, connectionId))?.status === 'pending',
    }));
  };

  const store = createGatherer<Delivery, Stored>({
    write: (workspaceId, deliveries) => storeTogether(database, workspaceId, deliveries),
    mostAtOnce: 500,
    mostWaiting: 5_000,
    tooMany: () =>
      new Refusal({
        code: 'webhook.too_many',
        status: 503,
        message: 'More webhooks arrive than can be stored.',
        whatToDo: 'Send them again.',
        retryAfterSeconds: 5,
      }),
  });

  return {
    addressee: async (connectionId, fresh) => {
      const known = remembered.get(connectionId);
      const isFresh = fresh || !known || performance.now() - known.atMs > rememberedMs;
      const used = isFresh ? { read: read(connectionId), atMs: performance.now() } : known;
      if (isFresh) {
        remembered.delete(connectionId);
        remembered.set(connectionId, used);
        if (remembered.size > mostRemembered) remembered.delete(remembered.keys().next().value!);
        // What could not be read, and what is not there, is asked again by the next.
        used.read.then(
          (addressee) => addressee ?? forget(connectionId, used),
          () => forget(connectionId, used),
        );
      }
      const addressee = await used.read;
      return addressee && { addressee, isFresh };
    },
    store,
  };

  function forget(connectionId: string, used: { read: Promise<Addressee | null> }): void {
    if (remembered.get(connectionId) === used) remembered.delete(connectionId);
  }
}
