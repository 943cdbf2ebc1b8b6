/** Owns Hubstaff's webhooks: hints that time was uploaded. None tells of time sheets or approvals (README 10). */
import { z } from 'zod';
import { isDay } from '../../domain/day.ts';
import type { WebhookEvent, WebhookRequest, WebhookSource } from '../kit/define.ts';
import { idText, maybeId, maybeText } from '../kit/fields.ts';
import { toInstantOfUtc } from '../kit/instant.ts';
import { readAs } from '../kit/vendor-words.ts';
import { parsedBody, signedIn, unknownDelivery } from '../kit/webhook.ts';
import { ofOrganization } from './list.ts';
import { dayKey } from './to-source-entry.ts';

const vendor = { id: 'hubstaff', name: 'Hubstaff' };
const secretHeader = 'x-hook-secret';
const mostSecretCharacters = 500;

/** The documented kinds; those that say nothing of time that may be billed make no events. */
const kinds = /^(timer|project|client|task|schedule|shift|work_break|activity|idle_time|billing)\.[a-z_]+$/;
const changes: ReadonlyMap<string, WebhookEvent['change']> = new Map([
  ['timer.stop', 'updated'],
  ['activity.create', 'created'],
  ['activity.update', 'updated'],
  ['activity.delete', 'deleted'],
]);

const delivery = z.object({
  id: z.string(),
  event: z.string(),
  created_at: z.string(),
  payload: z.object({
    organization_id: maybeId,
    id: maybeId,
    user_id: maybeId,
    project_id: maybeId,
    task_id: maybeId,
    date: maybeText,
  }),
});

/** Without a mark of its zone, and UTC like all their instants (unconfirmed). */
const stampOf = toInstantOfUtc;

const read = ({ rawBody }: WebhookRequest) => delivery.safeParse(parsedBody(rawBody)).data ?? null;

const subscribed = z.object({ id: idText });

export const webhooks: WebhookSource = {
  verify: signedIn('x-hook-signature', 'hex'),
  // A day: how long Hubstaff repeats is not documented, nor the zone of its time.
  replayWindow: {
    seconds: 86_400,
    signedAt: (request) => stampOf(read(request)?.created_at ?? ''),
  },
  deliveryId: (request) => read(request)?.id.slice(0, 200) ?? null,
  events(request) {
    const told = read(request);
    if (told === null || !kinds.test(told.event)) throw unknownDelivery(vendor);
    const change = changes.get(told.event);
    if (change === undefined) return [];
    const { payload } = told;
    const { user_id: userId, date } = payload;
    const key =
      userId && date && isDay(date)
        ? dayKey(userId, date, payload.project_id ?? null, payload.task_id ?? null)
        : null;
    return [
      {
        account: payload.organization_id ?? null,
        entity: told.event.split('.')[0]!,
        externalId: key ?? payload.id ?? userId ?? told.id,
        change,
        occurredAt: stampOf(told.created_at),
      },
    ];
  },
  // Answered while a subscription waits and never else: whoever asks could make their own secret ours (README 6).
  handshake({ rawBody, headers }, _secret, pending) {
    const offered = headers[secretHeader];
    if (!pending || rawBody.length > 0 || !offered || offered.length > mostSecretCharacters) return null;
    const answer = { status: 200, headers: { 'X-Hook-Secret': offered } };
    return { answer, learned: offered, proved: { secret: offered } };
  },
  async subscribe(http, { url }) {
    const body = { events: ['*'], target_url: url };
    const response = await http.post(ofOrganization(http, '/webhooks'), { body });
    // The form of the answer is not documented: with and without a name around it.
    const inside = (response.body as { webhook?: unknown } | null)?.webhook ?? response.body;
    return [{ externalId: readAs(vendor, subscribed, inside).id, secret: null }];
  },
  async activate(http, { externalId }, proved) {
    const headers = { 'X-Hook-Secret': proved.secret ?? '' };
    await http.post(`/webhooks/${encodeURIComponent(externalId)}/activate`, { headers, allowEmpty: true });
  },
  async unsubscribe(http, externalId) {
    await http.delete(`/webhooks/${encodeURIComponent(externalId)}`, { allow404: true, allowEmpty: true });
  },
};
