/** Owns Clockify's webhooks: one for each kind of event, proved by a fixed token that comes with every delivery. */
import { z } from 'zod';
import type { WebhookEvent, WebhookSource } from '../kit/define.ts';
import { InvalidRequest } from '../kit/errors.ts';
import { idText, maybeId } from '../kit/fields.ts';
import { readAs } from '../kit/vendor-words.ts';
import { digestOf, parsedBody, tokenMatches, unknownDelivery } from '../kit/webhook.ts';
import { pathOf } from './lists.ts';

/** Most wanted first: the free plan has three. */
const changes: Readonly<Record<string, WebhookEvent['change']>> = {
  APPROVAL_REQUEST_STATUS_UPDATED: 'updated',
  TIME_ENTRY_UPDATED: 'updated',
  TIME_ENTRY_DELETED: 'deleted',
  NEW_APPROVAL_REQUEST: 'created',
  NEW_TIME_ENTRY: 'created',
  TIMER_STOPPED: 'updated',
  TIME_ENTRY_SPLIT: 'updated',
  TIME_ENTRY_RESTORED: 'updated',
};
const vendor = { id: 'clockify', name: 'Clockify' };
const typeHeader = 'clockify-webhook-event-type';
const longestName = 30;

const hook = z.object({ id: idText, authToken: z.string() });
const hooks = z.object({
  webhooks: z.array(hook.extend({ url: z.string().nullish(), webhookEvent: z.string().nullish() })),
});

export const webhooks: WebhookSource = {
  // No signature: the token of the webhook itself. What a body says is therefore never believed, only read again.
  verify: ({ headers }, secret) => tokenMatches(headers['clockify-signature'], secret),
  // There is no id of a delivery.
  deliveryId: ({ rawBody, headers }) =>
    digestOf(`${headers[typeHeader] ?? ''} ${Buffer.from(rawBody).toString('base64')}`),
  events({ rawBody, headers }) {
    const type = headers[typeHeader] ?? '';
    const change = Object.hasOwn(changes, type) ? changes[type] : undefined;
    const body = z.object({ id: idText, workspaceId: maybeId }).safeParse(parsedBody(rawBody));
    if (change === undefined || !body.success)
      throw unknownDelivery(vendor, `webhook "${type.slice(0, 60)}"`);
    const entity = type.includes('APPROVAL_REQUEST') ? 'approval_request' : 'time_entry';
    const { id: externalId, workspaceId } = body.data;
    return [{ account: workspaceId ?? null, entity, externalId, change, occurredAt: null }];
  },
  async subscribe(http, { url }) {
    const path = pathOf(http, 'webhooks');
    const { webhooks: known } = readAs(http.connector, hooks, (await http.get(path)).body);
    const made = known.filter((one) => one.url === url);
    for (const [index, webhookEvent] of Object.keys(changes).entries()) {
      if (made.some((one) => one.webhookEvent === webhookEvent)) continue;
      const name = `Slipway ${webhookEvent}`.slice(0, longestName);
      const body = {
        name,
        url,
        webhookEvent,
        triggerSourceType: 'WORKSPACE_ID',
        triggerSource: [http.settings.workspaceId],
      };
      try {
        made.push(readAs(http.connector, hook, (await http.post(path, { body })).body));
      } catch (problem) {
        // The plan has no more of them; the poll brings the rest.
        if (!(problem instanceof InvalidRequest) || (index === 0 && made.length === 0)) throw problem;
        break;
      }
    }
    return made.map((one) => ({ externalId: one.id, secret: one.authToken }));
  },
  async unsubscribe(http, externalId) {
    const path = pathOf(http, `webhooks/${encodeURIComponent(externalId)}`);
    await http.delete(path, { allow404: true, allowEmpty: true });
  },
};
