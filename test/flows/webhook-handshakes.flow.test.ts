/** Owns how platforms are asked to call us: subscribed with the address, proved by their handshake, activated, and ended. */
import { createHmac } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createConnectionActivities } from '../../activities/connection.ts';
import type { ActivityDeps } from '../../activities/deps.ts';
import { openVendor } from '../../activities/vendor.ts';
import { createWebhookActivities, unsubscribeAll } from '../../activities/webhook-subscriptions.ts';
import { type Connector, defineConnector, type WebhookSource } from '../../connectors/kit/define.ts';
import { InvalidRequest } from '../../connectors/kit/errors.ts';
import { connectors } from '../../connectors/kit/registry.ts';
import { type Sandbox, startSandbox } from '../../connectors/kit/sandbox.ts';
import { hmacMatches } from '../../connectors/kit/webhook.ts';
import { createSecretBox } from '../../runtime/secrets.ts';
import { connections, readConnectionSecrets } from '../../store/connections.ts';
import { listSubscriptions, readWebhookSetup } from '../../store/webhook-subscriptions.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

/** A vendor with subscriptions: it sends `X-Hook-Secret` first and wants it back at the subscription's own address. */
interface Subscribed {
  id: string;
  url: string;
  active: boolean;
}
let subscribed: Subscribed[] = [];
let refusing = false;

const hooks: WebhookSource = {
  verify: ({ rawBody, headers }, secret) =>
    hmacMatches({
      rawBody,
      signature: headers['x-hook-signature'],
      secret,
      algorithm: 'sha256',
      encoding: 'hex',
    }),
  replayWindow: {
    seconds: 300,
    signedAt: ({ headers }) => headers['x-signed-at'] ?? null,
  },
  deliveryId: () => null,
  events: ({ rawBody }) => {
    const body = JSON.parse(Buffer.from(rawBody).toString()) as { id?: string };
    if (!body.id) throw new InvalidRequest('unknown form');
    return [
      { account: null, entity: 'time_entry', externalId: body.id, change: 'updated', occurredAt: null },
    ];
  },
  handshake: ({ headers, rawBody }, _secret, pending) => {
    const told = headers['x-hook-secret'];
    if (told === undefined || rawBody.length > 0 || !pending) return null;
    const proved = { hookSecret: told, ...(headers['x-hook-id'] && { externalId: headers['x-hook-id'] }) };
    return { answer: { status: 200, headers: { 'X-Hook-Secret': told } }, learned: told, proved };
  },
  subscribe: async (http, { url }) => {
    const made: { externalId: string; secret: string | null }[] = [];
    for (const event of ['entries', 'timesheets']) {
      const { body } = await http.post('/hooks', { body: { url, event } });
      made.push({ externalId: (body as { id: string }).id, secret: null });
    }
    return made;
  },
  activate: async (http, { externalId }, proved) => {
    await http.post(`/hooks/${externalId}/activate`, {
      headers: { 'X-Hook-Secret': proved.hookSecret ?? '' },
    });
  },
  unsubscribe: async (http, externalId) => {
    await http.delete(`/hooks/${externalId}`, { allow404: true });
  },
};
const caller: Connector = defineConnector({
  id: 'test-caller',
  name: 'Caller',
  auth: { type: 'bearer' },
  baseUrl: () => 'https://api.caller.example',
  rateLimit: { requests: 1000, perSeconds: 1 },
  timeoutMs: 2_000,
  throttleMs: 1_000,
  requestIdHeader: 'x-request-id',
  settings: {},
  test: () => Promise.resolve({ account: 'Caller', warnings: [] }),
  entryReader: { read: () => Promise.resolve({ entries: [], unreadable: [] }) },
  webhooks: hooks,
});
/** One that is set up by hand, sends wrong signatures on purpose, and takes nothing but 200. */
const inspector: Connector = defineConnector({
  ...caller,
  id: 'test-inspector',
  name: 'Inspector',
  webhooks: {
    verify: (request, secret) => hooks.verify(request, secret),
    deliveryId: () => null,
    events: () => [],
    acknowledges: 200,
    handshake: (request, secret) =>
      Buffer.from(request.rawBody).toString() === '{"events":[]}'
        ? { answer: { status: hooks.verify(request, secret) ? 200 : 401 } }
        : null,
  },
});

const secrets = createSecretBox(new Map([[1, Buffer.alloc(32, 3)]]));
let vendor: Sandbox;
let api: TestApi;
let firm: Firm;
let deps: ActivityDeps;
beforeAll(async () => {
  const registry = connectors as Map<string, Connector>;
  registry.set(caller.id, caller).set(inspector.id, inspector);
  vendor = await startSandbox({
    answer: ({ method, path, text, headers }) => {
      const [, , id, action] = path.split('/');
      if (method === 'POST' && id === undefined) {
        if (refusing) return { status: 403, body: { message: 'Webhooks are not in your plan.' } };
        const made = { id: `h${subscribed.length + 1}`, url: (JSON.parse(text) as { url: string }).url };
        subscribed.push({ ...made, active: false });
        return { status: 201, body: made };
      }
      const one = subscribed.find((each) => each.id === id);
      if (!one) return { status: 404, body: { message: 'no such hook' } };
      if (method === 'DELETE') subscribed = subscribed.filter((each) => each !== one);
      else if (action === 'activate') {
        if (headers['x-hook-secret'] !== `secret of ${one.id}`)
          return { status: 422, body: { message: 'not what we sent' } };
        one.active = true;
      }
      return { status: 200, body: {} };
    },
    errorBody: (_status, message) => ({ message }),
    rateLimits: [],
    sendsRetryAfter: false,
  });
  api = await startApi({ connectors, secrets, allowBaseUrlOverride: true });
  firm = await openFirm(api);
  deps = {
    database: api.test.database,
    secrets,
    logger: pino({ level: 'silent' }),
    documents: { keep: () => Promise.reject(new Error('nothing is printed')) },
    hookBase: () => 'https://hub.example.com',
    vendor: { allowLoopback: true, timeoutMs: null },
  };
});
afterAll(async () => {
  const registry = connectors as Map<string, Connector>;
  registry.delete(caller.id);
  registry.delete(inspector.id);
  await vendor.close();
  await api.stop();
});

let count = 0;
async function connect(connector: Connector): Promise<string> {
  const made = await firm.post('/connections', {
    connector: connector.id,
    name: `${connector.name} ${++count}`,
    goLiveOn: '2026-01-01',
    secrets: { accessToken: 'token', webhookSecret: 'given' },
    baseUrlOverride: vendor.url,
  });
  if (made.status !== 201) throw new Error(made.text);
  return made.json.id as string;
}
const inFirm: Firm['books']['in'] = (work) => firm.books.in(work);
const ref = (subjectId: string) => ({ workspaceId: firm.books.workspaceId, subjectId });
const step = async (id: string) => (await createConnectionActivities(deps).lookAtConnection(ref(id))).step;
const keep = (id: string) => createWebhookActivities(deps).keepWebhooks(ref(id));
const setup = (id: string) => inFirm((tx) => readWebhookSetup(tx, id));
const deliver = (id: string, body: string, headers: Record<string, string>) =>
  api.call('POST', `/webhooks/${id}`, {
    ...(body === '' ? {} : { raw: body }),
    headers: { 'Content-Type': 'application/json', ...headers },
  });
const shake = (id: string, hookId: string) =>
  deliver(id, '', { 'X-Hook-Secret': `secret of ${hookId}`, 'X-Hook-Id': hookId });
const sign = (body: string, secret: string) => createHmac('sha256', secret).update(body).digest('hex');
const signed = (body: string, secret: string, at = new Date()) => ({
  'X-Hook-Signature': sign(body, secret),
  'X-Signed-At': at.toISOString(),
});
const stored = async (id: string) =>
  (
    await inFirm((tx) =>
      tx.rows('select 1 from webhook_deliveries where workspace_id = $1 and connection_id = $2', [
        tx.workspaceId,
        id,
      ]),
    )
  ).length;

test('a connection subscribes by itself, proves its address, and hears from each subscription under its own secret', async () => {
  subscribed = [];
  const id = await connect(caller);
  expect(await step(id)).toBe('keep_webhooks');
  await keep(id);
  expect(subscribed.map(({ url }) => url)).toEqual(
    Array(2).fill(`https://hub.example.com/api/v1/webhooks/${id}`),
  );
  // Until the platform has spoken there is nothing more to do.
  expect(await step(id)).not.toBe('keep_webhooks');

  for (const hook of ['h1', 'h2']) {
    const answer = await shake(id, hook);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-hook-secret')).toBe(`secret of ${hook}`);
  }
  expect(await step(id)).toBe('keep_webhooks');
  await keep(id);
  expect(subscribed.map(({ active }) => active)).toEqual([true, true]);
  expect(await setup(id)).toMatchObject({ status: 'active', proved: [] });
  expect(await step(id)).not.toBe('keep_webhooks');

  for (const hook of ['h1', 'h2']) {
    const body = JSON.stringify({ id: `entry of ${hook}` });
    expect((await deliver(id, body, signed(body, `secret of ${hook}`))).status).toBe(202);
  }
  expect(await stored(id)).toBe(2);
});

test('a stranger who sends a handshake when nobody waits for one gets no secret of theirs in', async () => {
  subscribed = [];
  const id = await connect(caller);
  expect((await shake(id, 'h1')).status).toBe(401);
  await keep(id);
  for (const hook of ['h1', 'h2']) await shake(id, hook);
  await keep(id);
  expect((await deliver(id, '', { 'X-Hook-Secret': 'mine now' })).status).toBe(401);
  const body = '{"id":"1"}';
  expect((await deliver(id, body, signed(body, 'mine now'))).status).toBe(401);
  const kept = await inFirm((tx) => readConnectionSecrets(tx, secrets, id));
  expect(Object.values(kept)).not.toContain('mine now');
});

test('what was signed too long ago or too far ahead is refused, also when the signature is right', async () => {
  const id = await connect(caller);
  const body = '{"id":"1"}';
  const at = (minutes: number) => new Date(Date.now() + minutes * 60_000);
  for (const minutes of [-6, 6]) {
    const answer = await deliver(id, body, signed(body, 'given', at(minutes)));
    expect(answer.status).toBe(401);
    expect(answer.json.code).toBe('webhook.too_old');
  }
  const { 'X-Signed-At': _, ...untimed } = signed(body, 'given');
  expect((await deliver(id, body, untimed)).json.code).toBe('webhook.too_old');
  expect(await stored(id)).toBe(0);
  expect((await deliver(id, body, signed(body, 'given', at(-4)))).status).toBe(202);
});

test('a platform that sends wrong signatures on purpose gets 401 for those, 200 for its others, and no body with either', async () => {
  const id = await connect(inspector);
  const intent = '{"events":[]}';
  const good = await deliver(id, intent, { 'X-Hook-Signature': sign(intent, 'given') });
  const bad = await deliver(id, intent, { 'X-Hook-Signature': sign(intent, 'other') });
  expect([good.status, good.text, bad.status, bad.text]).toEqual([200, '', 401, '']);
  expect(await stored(id)).toBe(0);
  const body = '{"events":[{"resource":"1"}]}';
  expect((await deliver(id, body, { 'X-Hook-Signature': sign(body, 'given') })).status).toBe(200);
  expect((await deliver(id, body, { 'X-Hook-Signature': sign(body, 'other') })).status).toBe(401);
  expect(await stored(id)).toBe(1);
});

test('a platform that refuses is asked again an hour later, and its words are kept', async () => {
  const id = await connect(caller);
  refusing = true;
  try {
    await keep(id);
  } finally {
    refusing = false;
  }
  expect(await setup(id)).toMatchObject({ status: 'failed', lastError: expect.stringContaining('plan') });
  expect(await step(id)).not.toBe('keep_webhooks');
  await inFirm((tx) =>
    tx.run(
      `update webhook_setups set tried_at = now() - interval '61 minutes' where workspace_id = $1 and connection_id = $2`,
      [tx.workspaceId, id],
    ),
  );
  expect(await step(id)).toBe('keep_webhooks');
});

test('a hub that does not know its own address asks nobody', async () => {
  const id = await connect(caller);
  const quiet = { ...deps, hookBase: () => null };
  expect((await createConnectionActivities(quiet).lookAtConnection(ref(id))).step).not.toBe('keep_webhooks');
});

test('at the end all subscriptions are ended there, also one that is gone already', async () => {
  subscribed = [];
  const id = await connect(caller);
  await keep(id);
  subscribed = subscribed.filter(({ id: hookId }) => hookId !== 'h1');
  const open = await openVendor(deps, firm.books.workspaceId, id);
  const connection = (await inFirm((tx) => connections.find(tx, id)))!;
  const outcome = await unsubscribeAll(deps, {
    workspaceId: firm.books.workspaceId,
    connection,
    http: open!.http,
  });
  expect(outcome).toEqual({ ended: 2, failed: [] });
  expect(subscribed).toEqual([]);
  expect(await inFirm((tx) => listSubscriptions(tx, id))).toEqual([]);
});
