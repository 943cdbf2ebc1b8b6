/** Owns POST /hooks/:connectionId: entries that a time tracker or an automation tool pushes, signed and taken in at once. */
import { z } from 'zod';
import { readBytes } from '../../kit/body.ts';
import { definePublicRoute } from '../../kit/route.ts';
import { id } from '../../kit/schemas.ts';
import { admit, keyOf, noSuchConnection } from '../webhooks/admit.ts';
import { arrivedWebhook, shownHeaders } from '../webhooks/arrived-webhook.ts';

const maxBodyBytes = 5_000_000;

const count = z.int();
const taken = z
  .object({
    operationId: id.nullable().meta({ description: 'Where its counts stay; null: this delivery was known.' }),
    known: z.boolean(),
    created: count,
    changed: count,
    unchanged: count,
    stateChanged: count,
    quarantined: count.meta({ description: 'Rows that could not be read; GET /quarantine shows them.' }),
    outside: count.meta({ description: "Outside the connection's scope." }),
    beforeGoLive: count,
  })
  .meta({ id: 'TakenIn' });
const nothing = {
  created: 0,
  changed: 0,
  unchanged: 0,
  stateChanged: 0,
  quarantined: 0,
  outside: 0,
  beforeGoLive: 0,
};

export const receiveEntries = definePublicRoute({
  name: 'receive-entries',
  method: 'post',
  path: '/hooks/:connectionId',
  summary: 'Push time entries to an inbound hook',
  description:
    'JSON or CSV, read by the settings of the connection. Signed with HMAC-SHA256 and its secret webhookSecret: as Standard Webhooks asks (webhook-id, webhook-timestamp, webhook-signature), or with X-Timestamp (seconds) and X-Signature: sha256=<hex> over "timestamp.body". At most 5,000 rows.',
  publicBecause: "senders carry no key of ours; the body is signed with the connection's own secret",
  upload: {
    maxBytes: maxBodyBytes,
    mediaTypes: ['application/json', 'application/*+json', 'text/csv', 'application/csv'],
  },
  responses: { 200: taken, 202: taken },
  errors: [
    'connection.not_found',
    'connection.not_active',
    'webhook.signature_invalid',
    'webhook.too_old',
    'hook.unreadable',
  ],
  handler: async ({ params: { connectionId }, request, deps }) => {
    const arrived = arrivedWebhook(request, await readBytes(request, maxBodyBytes));
    const { addressee, webhooks } = await admit(deps, connectionId, arrived);
    if (!deps.connectors.get(addressee.owner.connector)?.entryReader) throw noSuchConnection();
    const done = await deps.takeHook({
      workspaceId: addressee.owner.workspaceId,
      connectionId,
      key: keyOf(webhooks, arrived),
      request: arrived,
      headers: shownHeaders(arrived.headers),
    });
    if (done === null) return { status: 200, body: { operationId: null, known: true, ...nothing } };
    return { status: 202, body: { operationId: done.operationId, known: false, ...done.counts } };
  },
});
