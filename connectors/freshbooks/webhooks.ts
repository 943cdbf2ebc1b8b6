/** Owns FreshBooks' webhooks: a callback for each kind of record, proved by a verifier that then signs what it sends. */
import { z } from 'zod';
import type { WebhookEvent, WebhookRequest, WebhookSource } from '../kit/define.ts';
import { idText } from '../kit/fields.ts';
import { hmacMatches, unknownDelivery } from '../kit/webhook.ts';
import { ofEvents, resultOf, vendor } from './calls.ts';

/** The bare noun covers what is made, changed and deleted. Each needs the scope to read it. */
const nouns = ['time_entry', 'invoice', 'payment'] as const;
const mostVerifierCharacters = 500;

const changes: Readonly<Record<string, WebhookEvent['change']>> = {
  create: 'created',
  update: 'updated',
  delete: 'deleted',
  sendByEmail: 'emailed',
};

/** Fields in the order in which they came. */
const fieldsOf = ({ rawBody }: WebhookRequest) => [
  ...new URLSearchParams(Buffer.from(rawBody).toString('utf8')),
];
const fieldOf = (request: WebhookRequest, name: string) =>
  fieldsOf(request).find(([field]) => field === name)?.[1];

/**
 * The text that FreshBooks signs: its form as Python's `json.dumps` writes it, with a space after colons and commas and
 * every character beyond `~` as `\uXXXX`. Neither the raw body nor JSON.stringify has these bytes.
 */
export function signedText(fields: readonly (readonly [string, string])[]): string {
  const text = (value: string) =>
    JSON.stringify(value).replace(
      /[\u007f-\uffff]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
  return `{${fields.map(([name, value]) => `${text(name)}: ${text(value)}`).join(', ')}}`;
}

const callback = z.object({ callback: z.object({ callbackid: idText }) });

export const webhooks: WebhookSource = {
  verify: (request, secret) =>
    hmacMatches({
      rawBody: Buffer.from(signedText(fieldsOf(request))),
      signature: request.headers['x-freshbooks-hmac-sha256'],
      secret,
      algorithm: 'sha256',
      encoding: 'base64',
    }),
  deliveryId: () => null,
  events(request) {
    const [, entity, operation = ''] = /^([a-z_]+)\.([a-zA-Z]+)$/.exec(fieldOf(request, 'name') ?? '') ?? [];
    const externalId = fieldOf(request, 'object_id');
    const change = changes[operation];
    if (entity === undefined || change === undefined || !externalId) throw unknownDelivery(vendor);
    return [
      { account: fieldOf(request, 'account_id') ?? null, entity, externalId, change, occurredAt: null },
    ];
  },
  // The verifier is what this callback signs with from then on: each callback has its own.
  handshake(request, _secret, pending) {
    const verifier = fieldOf(request, 'verifier');
    const callbackId = fieldOf(request, 'object_id');
    if (!pending || !verifier || !callbackId || verifier.length > mostVerifierCharacters) return null;
    return { answer: { status: 200 }, learned: verifier, proved: { externalId: callbackId, verifier } };
  },
  async subscribe(http, { url }) {
    const made = [];
    for (const event of nouns) {
      const response = await http.post(ofEvents(http, '/events/callbacks'), {
        body: { callback: { event, uri: url } },
      });
      made.push({ externalId: resultOf(callback, response).callback.callbackid, secret: null });
    }
    return made;
  },
  async activate(http, { externalId }, { verifier }) {
    await http.put(ofEvents(http, `/events/callbacks/${encodeURIComponent(externalId)}`), {
      body: { callback: { verifier } },
    });
  },
  async unsubscribe(http, externalId) {
    await http.delete(ofEvents(http, `/events/callbacks/${encodeURIComponent(externalId)}`), {
      allow404: true,
      allowEmpty: true,
    });
  },
};
