/** Owns what others send to our own address: who may (Standard Webhooks, a plain form for automation tools), and that nothing is called there. */
import type { Connector, WebhookRequest, WebhookSource } from './define.ts';
import { hmacMatches } from './webhook.ts';

/**
 * Either the headers of Standard Webhooks (`webhook-id`, `webhook-timestamp` in seconds, `webhook-signature: v1,<base64>` over
 * `id.timestamp.body`; a secret `whsec_<base64>` is a key of bytes), or `X-Timestamp` in seconds and
 * `X-Signature: sha256=<hex>` over `timestamp.body`. Source: standardwebhooks.com, specification 1.0.
 */
export const signedHook: Pick<WebhookSource, 'verify' | 'deliveryId' | 'replayWindow'> = {
  verify: (request, secret) => isStandard(request, secret) || isPlain(request, secret),
  // Without an id the signature: it covers the time, so that a body that comes again later is another delivery. Hours that were
  // corrected and are set back again would not be taken in otherwise.
  deliveryId: ({ headers }) =>
    headers['webhook-id'] || headers['x-delivery-id'] || headers['x-signature']?.toLowerCase() || null,
  replayWindow: { seconds: 300, signedAt },
};

/** A connection that only receives: the secret signs what comes, and there is no address of theirs. */
export const receivesOnly = (id: string) =>
  ({
    id,
    auth: {
      type: 'header',
      header: 'x-signature',
      secrets: {
        webhookSecret: 'What deliveries are signed with; 32 random characters or more, or whsec_ and base64',
      },
      tokenOf: () => '',
    },
    baseUrl: () => `https://${id}.invalid`,
    rateLimit: { requests: 1, perSeconds: 1 },
    timeoutMs: 1_000,
    throttleMs: 1_000,
    requestIdHeader: 'x-request-id',
    settings: {},
  }) satisfies Partial<Connector>;

const mostSignatures = 5;

function isStandard({ headers, rawBody }: WebhookRequest, secret: string): boolean {
  const id = headers['webhook-id'];
  const at = headers['webhook-timestamp'];
  if (!id || !at) return false;
  const signed = joined(`${id}.${at}.`, rawBody);
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : secret;
  const signatures = (headers['webhook-signature'] ?? '').split(' ').slice(0, mostSignatures);
  return signatures.some((signature) =>
    hmacMatches({
      rawBody: signed,
      signature: signature.startsWith('v1,') ? signature.slice(3) : undefined,
      secret: key,
      algorithm: 'sha256',
      encoding: 'base64',
    }),
  );
}

function isPlain({ headers, rawBody }: WebhookRequest, secret: string): boolean {
  const at = headers['x-timestamp'];
  const signature = /^sha256=([0-9a-f]{64})$/i.exec(headers['x-signature'] ?? '')?.[1];
  if (!at) return false;
  const signed = joined(`${at}.`, rawBody);
  return hmacMatches({ rawBody: signed, signature, secret, algorithm: 'sha256', encoding: 'hex' });
}

const joined = (before: string, rawBody: Uint8Array) => Buffer.concat([Buffer.from(before), rawBody]);

/** Both forms sign their time. */
function signedAt({ headers }: WebhookRequest): string | null {
  const text = headers['webhook-timestamp'] ?? headers['x-timestamp'] ?? '';
  return /^\d{9,11}$/.test(text) ? new Date(Number(text) * 1_000).toISOString() : null;
}
