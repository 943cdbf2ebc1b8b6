/** Owns whether a delivery is let in: its connection, its signature, the time it was signed at, and what it is known by. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Refusal } from '../../../domain/refusal.ts';
import type { ApiDeps, ArrivedWebhook, WebhookFacts } from '../../deps.ts';
import type { Addressee } from './delivery-desk.ts';

/** Of a vendor's delivery id; a longer one is known by its hash. */
const maxKeyLength = 300;

export interface Admitted {
  addressee: Addressee;
  webhooks: WebhookFacts;
  handshake: NonNullable<ReturnType<NonNullable<WebhookFacts['handshake']>>> | null;
}

/** Checks a delivery against what is remembered of its connection, and once more against what is there now. */
export async function admit(
  deps: ApiDeps,
  connectionId: string,
  arrived: ArrivedWebhook,
  fresh = false,
): Promise<Admitted> {
  const found = await deps.deliveryDesk.addressee(connectionId, fresh);
  const { addressee, isFresh } = found ?? { addressee: null, isFresh: true };
  const webhooks = addressee && deps.connectors.get(addressee.owner.connector)?.webhooks;
  if (!addressee || !webhooks || addressee.owner.status === 'disconnected') {
    // An unknown one costs about what a wrong signature does.
    const digest = createHash('sha256').update(arrived.rawBody).digest();
    timingSafeEqual(digest, createHash('sha256').update(arrived.rawBody).digest());
    throw noSuchConnection();
  }
  // A webhook comes with one secret; where there is none, none fits.
  const secrets = addressee.secrets.length === 0 ? [''] : addressee.secrets;
  const handshakes = secrets.map(
    (secret) => webhooks.handshake?.(arrived, secret, addressee.pending) ?? null,
  );
  const handshake = handshakes.find((each) => each && each.answer.status < 400) ?? handshakes[0] ?? null;
  const fits = handshake
    ? handshake.answer.status < 400
    : secrets.some((secret) => webhooks.verify(arrived, secret));
  if (!fits && !isFresh) return admit(deps, connectionId, arrived, true);
  if (!fits && !handshake) throw wrongSignature();
  if (!handshake) requireRecent(webhooks, arrived);
  return { addressee, webhooks, handshake };
}

/** What is signed with its time may be sent again by whoever saw it, as long as that time is near. */
function requireRecent({ replayWindow }: WebhookFacts, arrived: ArrivedWebhook): void {
  if (!replayWindow) return;
  const signedAt = replayWindow.signedAt(arrived);
  const offMs = signedAt === null ? Number.NaN : Math.abs(Date.now() - Date.parse(signedAt));
  if (offMs <= replayWindow.seconds * 1_000) return;
  throw new Refusal({
    code: 'webhook.too_old',
    status: 401,
    message: `It was signed more than ${replayWindow.seconds} seconds from now, or says no time.`,
    whatToDo: 'Send it again with a signature of now; check the clocks.',
  });
}

/** The vendor's id of the delivery, or the hash of its body. */
export function keyOf(webhooks: WebhookFacts, arrived: ArrivedWebhook): string {
  const key = webhooks.deliveryId(arrived);
  return key === null || key === '' || key.length > maxKeyLength
    ? `sha256:${bodyDigest(arrived.rawBody)}`
    : key;
}

export const bodyDigest = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex');

export function noSuchConnection(): Refusal {
  return new Refusal({
    code: 'connection.not_found',
    status: 404,
    message: 'There is no such connection that takes webhooks.',
    whatToDo: 'Check the address that the platform was given.',
  });
}

export function wrongSignature(): Refusal {
  return new Refusal({
    code: 'webhook.signature_invalid',
    status: 401,
    message: 'The signature does not fit the body and the secret of this connection.',
    whatToDo: 'Set the secret webhookSecret of the connection to the one that the platform shows.',
  });
}
