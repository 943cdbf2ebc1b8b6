/** Owns POST /webhooks/:connectionId: what a platform announces, checked and stored before it is answered. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Refusal } from '../../../domain/refusal.ts';
import { readConnectionSecrets } from '../../../store/connections.ts';
import { raiseFindings } from '../../../store/exceptions.ts';
import {
  type ConnectionOwner,
  findConnectionOwner,
  storeDelivery,
} from '../../../store/webhook-deliveries.ts';
import type { ApiDeps, ArrivedWebhook, WebhookFacts } from '../../deps.ts';
import { collect } from '../../kit/body.ts';
import { definePublicRoute, empty } from '../../kit/route.ts';

const maxBodyBytes = 1_000_000;

export const receiveWebhook = definePublicRoute({
  name: 'receive-webhook',
  method: 'post',
  path: '/webhooks/:connectionId',
  summary: 'Take in a webhook of a platform',
  description:
    'Signed over its raw bytes with the secret webhookSecret of the connection. A hint to read anew.',
  publicBecause: "platforms carry no key of ours; the body is signed with the connection's own secret",
  upload: {
    maxBytes: maxBodyBytes,
    mediaTypes: ['application/json', 'application/*+json', 'application/x-www-form-urlencoded'],
  },
  responses: { 202: empty },
  errors: ['connection.not_found', 'webhook.signature_invalid'],
  handler: async ({ params: { connectionId }, request, upload, deps }) => {
    const body = await collect(upload);
    const headers = headersOf(request.headers);
    const arrived = { rawBody: body, headers, query: queryOf(request.url) };
    const { owner, webhooks } = await addressee(deps, connectionId, body);
    await deps.database.inWorkspace(owner.workspaceId, async (tx) => {
      const { webhookSecret = '' } = await readConnectionSecrets(tx, deps.secrets, connectionId);
      if (!webhooks.verify(arrived, webhookSecret)) throw wrongSignature();
      const digest = createHash('sha256').update(body).digest('hex');
      const key = webhooks.deliveryId(arrived) ?? `sha256:${digest}`;
      const isNew = await storeDelivery(tx, { connectionId, key, body, headers: shown(headers) });
      if (isNew && !isReadable(webhooks, arrived))
        await raiseFindings(tx, [
          {
            rule: 'webhook.unreadable',
            severity: 'W',
            subjectKey: `connection:${connectionId}`,
            fingerprint: digest,
            subjectType: 'connection',
            subjectId: connectionId,
            detail: { deliveryKey: key, bytes: body.length },
            entries: [],
          },
        ]);
    });
    return { status: 202 };
  },
});

/** The connection that the address names. An unknown one costs about what a wrong signature does. */
async function addressee(
  deps: ApiDeps,
  connectionId: string,
  body: Buffer,
): Promise<{ owner: ConnectionOwner; webhooks: WebhookFacts }> {
  const owner = await deps.database.inSystem((tx) => findConnectionOwner(tx, connectionId));
  const webhooks = owner && deps.connectors.get(owner.connector)?.webhooks;
  if (owner && webhooks && owner.status !== 'disconnected') return { owner, webhooks };
  const digest = createHash('sha256').update(body).digest();
  timingSafeEqual(digest, createHash('sha256').update(body).digest());
  throw new Refusal({
    code: 'connection.not_found',
    status: 404,
    message: 'There is no such connection that takes webhooks.',
    whatToDo: 'Check the address that the platform was given.',
  });
}

function isReadable(webhooks: WebhookFacts, arrived: ArrivedWebhook): boolean {
  try {
    webhooks.events(arrived);
    return true;
  } catch {
    return false;
  }
}

function queryOf(url: string | undefined): Record<string, string> {
  return Object.fromEntries(new URL(url ?? '/', 'http://hub').searchParams);
}

function headersOf(raw: NodeJS.Dict<string | string[]>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(raw).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}

const secretHeaders = new Set(['authorization', 'proxy-authorization', 'cookie']);
/** What is kept of them. */
function shown(headers: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || secretHeaders.has(name) ? [] : [[name, value]],
    ),
  );
}

function wrongSignature(): Refusal {
  return new Refusal({
    code: 'webhook.signature_invalid',
    status: 401,
    message: 'The signature does not fit the body and the secret of this connection.',
    whatToDo: 'Set the secret webhookSecret of the connection to the one that the platform shows.',
  });
}
