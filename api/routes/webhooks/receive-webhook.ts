/** Owns POST /webhooks/:connectionId: what a platform announces, checked and stored before it is answered. */
import { z } from 'zod';
import { keepHandshake } from '../../../store/webhook-subscriptions.ts';
import type { ApiDeps } from '../../deps.ts';
import { definePublicRoute, empty } from '../../kit/route.ts';
import { type Admitted, noSuchConnection, wrongSignature } from './admit.ts';
import { arrive, deliveryOf, handedOver, maxBodyBytes } from './arrival.ts';

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
    const arrival = await (handedOver(request) ?? arrive(deps, connectionId, request));
    if (arrival.handshake) return handshake(deps, connectionId, arrival);
    const { addressee, webhooks } = arrival;
    const delivery = deliveryOf(connectionId, arrival);
    const outcome = await deps.deliveryDesk.store(addressee.owner.workspaceId, delivery);
    if (outcome === 'gone') throw noSuchConnection();
    return webhooks.acknowledges === 200 ? { status: 200, body: undefined } : { status: 202 };
  },
});

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
