/** Owns POST /webhooks/:connectionId: what a platform announces, checked and stored before it is answered. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { Refusal } from '../../../domain/refusal.ts';
import { keepHandshake } from '../../../store/webhook-subscriptions.ts';
import type { ApiDeps, ArrivedWebhook, WebhookFacts } from '../../deps.ts';
import { readBytes } from '../../kit/body.ts';
import { definePublicRoute, empty } from '../../kit/route.ts';
import { arrivedWebhook, shownHeaders } from './arrived-webhook.ts';
import type { Addressee } from './delivery-desk.ts';

const maxBodyBytes = 1_000_000;
/** Of a vendor's delivery id; a longer one is known by its hash. */
const maxKeyLength = 300;

export const receiveWebhook = definePublicRoute({
  name: 'receive-webhook',
  method: 'post',
  path: '/webhooks/:connectionId',
  summary: 'Take in a webhook of a platform',
  description:
    'Signed over its raw bytes with the secret webhookSecret of the connection. A hint to read anew. A handshake is answered as the platform asks.',
  publicBecause: "platforms carry no key of ours; the body is signed with the connection's own secret",
  upload: {
    maxBytes: maxBodyBytes,
    mediaTypes: ['application/json', 'application/*+json', 'application/x-www-form-urlencoded'],
  },
  responses: {
    200: z.unknown().meta({ description: 'What the platform waits for; mostly nothing.' }),
    202: empty,
    401: { kind: 'empty', description: 'A handshake that is not signed as it should be.' },
  },
  errors: ['connection.not_found', 'webhook.signature_invalid', 'webhook.too_old', 'webhook.too_many'],
  quiet: true,
  handler: async ({ params: { connectionId }, request, deps }) => {
    const arrived = arrivedWebhook(request, await readBytes(request, maxBodyBytes));
    const admitted = await admit(deps, connectionId, arrived, false);
    if (admitted.handshake) return handshake(deps, connectionId, admitted);
    const { addressee, webhooks } = admitted;
    const digest = createHash('sha256').update(arrived.rawBody).digest('hex');
    const outcome = await deps.deliveryDesk.store(addressee.owner.workspaceId, {
      connectionId,
      key: keyOf(webhooks, arrived) ?? `sha256:${digest}`,
      body: arrived.rawBody,
      headers: shownHeaders(arrived.headers),
      unreadable: isReadable(webhooks, arrived) ? null : digest,
    });
    if (outcome === 'gone') throw noSuchConnection();
    return webhooks.acknowledges === 200 ? { status: 200, body: undefined } : { status: 202 };
  },
});

interface Admitted {
  addressee: Addressee;
  webhooks: WebhookFacts;
  handshake: NonNullable<ReturnType<NonNullable<WebhookFacts['handshake']>>> | null;
}

/** Checks a delivery against what is remembered of its connection, and once more against what is there now. */
async function admit(
  deps: ApiDeps,
  connectionId: string,
  arrived: ArrivedWebhook,
  fresh: boolean,
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

async function handshake(
  deps: ApiDeps,
  connectionId: string,
  { addressee, handshake }: Admitted,
): Promise<
  | { status: 200; body: unknown; headers?: Readonly<Record<string, string>> }
  | { status: 401; headers?: Readonly<Record<string, string>> }
> {
  const { answer, learned, proved } = handshake!;
  const headers = answer.headers ? { headers: answer.headers } : {};
  if (answer.status >= 400) return { status: 401, ...headers };
  const tells = learned !== undefined || proved !== undefined;
  if (tells || addressee.pending) {
    const { workspaceId } = addressee.owner;
    const kept = await deps.database.inWorkspace(workspaceId, (tx) =>
      keepHandshake(tx, deps.secrets, connectionId, { learned, proved }),
    );
    // A secret that nobody waits for would let a stranger sign from now on.
    if (!kept && learned !== undefined) throw wrongSignature();
  }
  return { status: 200, body: answer.body, ...headers };
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

function keyOf(webhooks: WebhookFacts, arrived: ArrivedWebhook): string | null {
  const key = webhooks.deliveryId(arrived);
  return key === null || key === '' || key.length > maxKeyLength ? null : key;
}

function isReadable(webhooks: WebhookFacts, arrived: ArrivedWebhook): boolean {
  try {
    webhooks.events(arrived);
    return true;
  } catch {
    return false;
  }
}

function noSuchConnection(): Refusal {
  return new Refusal({
    code: 'connection.not_found',
    status: 404,
    message: 'There is no such connection that takes webhooks.',
    whatToDo: 'Check the address that the platform was given.',
  });
}

function wrongSignature(): Refusal {
  return new Refusal({
    code: 'webhook.signature_invalid',
    status: 401,
    message: 'The signature does not fit the body and the secret of this connection.',
    whatToDo: 'Set the secret webhookSecret of the connection to the one that the platform shows.',
  });
}
