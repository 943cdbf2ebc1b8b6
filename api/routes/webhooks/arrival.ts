/** Owns how far a delivery has come: its bytes are here, it is admitted, and as what it is to be stored. */
import type { IncomingMessage } from 'node:http';
import type { Delivery } from '../../../store/webhook-deliveries.ts';
import type { ApiDeps, ArrivedWebhook, WebhookFacts } from '../../deps.ts';
import { readBytes } from '../../kit/body.ts';
import { type Admitted, admit, bodyDigest, keyOf } from './admit.ts';
import { arrivedWebhook, shownHeaders } from './arrived-webhook.ts';

export const maxBodyBytes = 1_000_000;

export interface Arrival extends Admitted {
  arrived: ArrivedWebhook;
}

/** Reads it whole and lets it in, or throws the refusal. */
export async function arrive(
  deps: ApiDeps,
  connectionId: string,
  request: IncomingMessage,
): Promise<Arrival> {
  const arrived = arrivedWebhook(request, await readBytes(request, maxBodyBytes));
  return { arrived, ...(await admit(deps, connectionId, arrived)) };
}

export function deliveryOf(connectionId: string, { arrived, webhooks }: Arrival): Delivery {
  return {
    connectionId,
    key: keyOf(webhooks, arrived),
    body: arrived.rawBody,
    headers: shownHeaders(arrived.headers),
    unreadable: isReadable(webhooks, arrived) ? null : bodyDigest(arrived.rawBody),
  };
}

function isReadable(webhooks: WebhookFacts, arrived: ArrivedWebhook): boolean {
  try {
    webhooks.events(arrived);
    return true;
  } catch {
    return false;
  }
}

const begun = new WeakMap<IncomingMessage, Promise<Arrival>>();

/** The short way gives up: a body is read once, and a refusal is found once. */
export const handOver = (request: IncomingMessage, arrival: Promise<Arrival>) => begun.set(request, arrival);

export const handedOver = (request: IncomingMessage): Promise<Arrival> | undefined => begun.get(request);
