/** Owns Toggl's webhooks: the signature, the validation code, what a delivery announces, and the subscription. */
import { z } from 'zod';
import type { WebhookSource } from '../kit/define.ts';
import { InvalidRequest } from '../kit/errors.ts';
import { idText, maybeId, maybeText } from '../kit/fields.ts';
import { toInstant } from '../kit/instant.ts';
import { readAs } from '../kit/vendor-words.ts';
import { parsedBody, signedIn, unknownDelivery } from '../kit/webhook.ts';
import { workspaceOf } from './report.ts';

const signatureHeader = 'x-webhook-signature-256';
const subscription = z.object({ subscription_id: idText, url_callback: z.string() });
const ping = z.object({
  payload: z.literal('ping'),
  validation_code: maybeText,
  subscription_id: maybeId,
});
const event = z.object({
  created_at: maybeText,
  metadata: z.object({
    action: z.enum(['created', 'updated', 'deleted']),
    model: z.literal('time_entry'),
    workspace_id: maybeId,
    // Text here, a number in the payload.
    time_entry_id: idText,
  }),
});

export const webhooks: WebhookSource = {
  verify: signedIn(signatureHeader, 'hex', 'sha256='),
  deliveryId: ({ rawBody }) =>
    z.object({ event_id: idText }).safeParse(parsedBody(rawBody)).data?.event_id.slice(0, 200) ?? null,
  events({ rawBody }) {
    const body = parsedBody(rawBody);
    if (ping.safeParse(body).success) return [];
    const read = event.safeParse(body);
    if (!read.success) throw unknownDelivery({ id: 'toggl', name: 'Toggl Track' });
    const { metadata, created_at: createdAt } = read.data;
    return [
      {
        account: metadata.workspace_id ?? null,
        entity: metadata.model,
        externalId: metadata.time_entry_id,
        change: metadata.action,
        occurredAt: toInstant(createdAt ?? ''),
      },
    ];
  },
  handshake(request, secret, pending) {
    const { validation_code: code, subscription_id: externalId } =
      ping.safeParse(parsedBody(request.rawBody)).data ?? {};
    if (!code) return null;
    // A subscription of somebody else's must not be validated by us.
    const isOurs =
      request.headers[signatureHeader] === undefined ? pending : webhooks.verify(request, secret);
    if (!isOurs) return { answer: { status: 401 } };
    return {
      answer: { status: 200, body: { validation_code: code } },
      proved: { validationCode: code, ...(externalId ? { externalId } : {}) },
    };
  },
  async subscribe(http, { url, secret }) {
    const path = `/webhooks/api/v1/subscriptions/${workspaceOf(http)}`;
    const known = readAs(http.connector, z.array(subscription).nullable(), (await http.get(path)).body);
    const same = known?.find((one) => one.url_callback === url);
    const body = {
      url_callback: url,
      event_filters: [{ entity: 'time_entry', action: '*' }],
      enabled: true,
      secret,
      // No two in a workspace may have the same; the address of a connection ends in its id.
      description: `Slipway ${url.slice(-40)}`,
    };
    const { body: answer } = same
      ? await http.put(`${path}/${same.subscription_id}`, { body })
      : await http.post(path, { body });
    return [{ externalId: readAs(http.connector, subscription, answer).subscription_id, secret: null }];
  },
  async activate(http, { externalId }, { validationCode }) {
    if (!validationCode) return;
    const ids = [workspaceOf(http), encodeURIComponent(externalId), encodeURIComponent(validationCode)];
    try {
      await http.get(`/webhooks/api/v1/validate/${ids.join('/')}`, { allowEmpty: true });
    } catch (problem) {
      // Our answer to the ping has done it before.
      if (!(problem instanceof InvalidRequest && /already been validated/.test(problem.message)))
        throw problem;
    }
  },
  async unsubscribe(http, externalId) {
    const path = `/webhooks/api/v1/subscriptions/${workspaceOf(http)}/${encodeURIComponent(externalId)}`;
    await http.delete(path, { allow404: true, allowEmpty: true });
  },
};
