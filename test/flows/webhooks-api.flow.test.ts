/** Owns webhooks over HTTP: signed over the raw bytes, stored once before the answer, and followed by a sync. */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { connectors } from '../../connectors/kit/registry.ts';
import { newId } from '../../store/new-id.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
let firm: Firm;
beforeAll(async () => {
  api = await startApi({ connectors });
  firm = await openFirm(api);
});
afterAll(() => api.stop());

const secret = 'verifier-token-of-the-app';
let count = 0;
async function newConnection(facts: Record<string, unknown> = {}): Promise<string> {
  const made = await firm.post('/connections', {
    connector: 'quickbooks',
    name: `QuickBooks ${++count}`,
    goLiveOn: '2026-01-01',
    settings: { realmId: '310687' },
    secrets: { accessToken: 'token', webhookSecret: secret },
    ...facts,
  });
  if (made.status !== 201) throw new Error(made.text);
  return made.json.id as string;
}
/** The form of QuickBooks' own example. */
const bodyOf = (id: string) =>
  JSON.stringify([
    {
      specversion: '1.0',
      id,
      source: 'intuit.dsnBgbseACLLRZNxo2dfc4evmEJdxde58xeeYcZliOU=',
      type: 'qbo.payment.updated.v1',
      time: '2026-04-10T21:12:18Z',
      intuitentityid: '1234',
      intuitaccountid: '310687',
      data: {},
    },
  ]);
const sign = (body: string, key = secret) => createHmac('sha256', key).update(body).digest('base64');
const deliver = (connectionId: string, body: string, signature: string | null = sign(body)) =>
  api.call('POST', `/webhooks/${connectionId}`, {
    raw: body,
    headers: {
      'Content-Type': 'application/json',
      ...(signature === null ? {} : { 'intuit-signature': signature }),
    },
  });

interface Stored {
  deliveryKey: string;
  body: Buffer;
  headers: Record<string, string>;
}
const deliveries = (connectionId: string) =>
  firm.books.in((tx) =>
    tx.rows<Stored>(
      'select delivery_key, body, headers from webhook_deliveries where workspace_id = $1 and connection_id = $2 order by id',
      [tx.workspaceId, connectionId],
    ),
  );
const requestedAt = async (connectionId: string) =>
  (await firm.books.in((tx) =>
    tx.row<{ at: string | null }>(
      'select hinted_at::text as at from connections where workspace_id = $1 and id = $2',
      [tx.workspaceId, connectionId],
    ),
  ))!.at;
const looks = async (connectionId: string) =>
  (
    await firm.books.in((tx) =>
      tx.rows(`select 1 from outbox where workspace_id = $1 and subject_id = $2 and reason = 'webhook'`, [
        tx.workspaceId,
        connectionId,
      ]),
    )
  ).length;

test('a signed delivery is stored with its bytes and asks for a sync', async () => {
  const connectionId = await newConnection();
  expect(await requestedAt(connectionId)).toBeNull();
  const body = bodyOf('delivery-1');
  const answer = await deliver(connectionId, body);
  expect(answer.status).toBe(202);
  expect(answer.text).toBe('');
  const [stored] = await deliveries(connectionId);
  expect(stored!.deliveryKey).toBe('delivery-1');
  expect(stored!.body.toString()).toBe(body);
  expect(stored!.headers).toMatchObject({ 'intuit-signature': sign(body) });
  expect(await requestedAt(connectionId)).not.toBeNull();
  expect(await looks(connectionId)).toBe(1);
});

test('whichever way it goes through the hub, its answer has the same headers and the log the same line', async () => {
  const connectionId = await newConnection();
  // The media type of CloudEvents is not the plain case; both are taken.
  const ways = ['application/json', 'application/cloudevents-batch+json'].map(async (mediaType, n) => {
    const body = bodyOf(`way-${n}`);
    const requestId = `request-way-${n}`;
    const answer = await api.call('POST', `/webhooks/${connectionId}`, {
      raw: body,
      headers: { 'Content-Type': mediaType, 'intuit-signature': sign(body), 'X-Request-Id': requestId },
    });
    const line = await vi.waitUntil(() => api.log().match(new RegExp(`.*${requestId}.*`))?.[0]);
    const { time: _time, ms: _ms, requestId: said, ...told } = JSON.parse(line);
    expect([answer.status, answer.headers.get('x-request-id'), said]).toEqual([202, requestId, requestId]);
    const headers = [...answer.headers].filter(([name]) => name !== 'date' && name !== 'x-request-id');
    return { headers, told };
  });
  const [short, long] = await Promise.all(ways);
  expect(short).toEqual(long);
  expect(short!.told).toMatchObject({ method: 'POST', route: 'receive-webhook', status: 202 });
  expect(await deliveries(connectionId)).toHaveLength(2);
});

test('a delivery that comes again is stored once', async () => {
  const connectionId = await newConnection();
  const answers = await Promise.all(Array.from({ length: 5 }, () => deliver(connectionId, bodyOf('twice'))));
  expect(answers.map((answer) => answer.status)).toEqual([202, 202, 202, 202, 202]);
  expect(await deliveries(connectionId)).toHaveLength(1);
  expect(await looks(connectionId)).toBe(1);
  // Another id, another delivery; and without an id of its own a body is known by its hash.
  await deliver(connectionId, bodyOf('other'));
  const several = JSON.stringify([...JSON.parse(bodyOf('a')), ...JSON.parse(bodyOf('b'))]);
  await deliver(connectionId, several);
  await deliver(connectionId, several);
  const keys = (await deliveries(connectionId)).map((row) => row.deliveryKey);
  expect(keys).toEqual(['twice', 'other', expect.stringMatching(/^sha256:[0-9a-f]{64}$/)]);
});

test('a wish for a sync is renewed only after a poll has begun', async () => {
  const connectionId = await newConnection();
  await deliver(connectionId, bodyOf('first'));
  const first = await requestedAt(connectionId);
  await deliver(connectionId, bodyOf('second'));
  expect(await requestedAt(connectionId)).toBe(first);
  await firm.books.in((tx) =>
    tx.run(
      `insert into checkpoints (workspace_id, connection_id, stream, updated_at) values ($1, $2, 'payments', clock_timestamp())`,
      [tx.workspaceId, connectionId],
    ),
  );
  // One look for both: the poll that answers the first begins after the second.
  expect(await looks(connectionId)).toBe(1);
  await deliver(connectionId, bodyOf('third'));
  expect(await requestedAt(connectionId)).not.toBe(first);
  expect(await looks(connectionId)).toBe(2);
});

test('a wrong signature, a changed body, another secret: 401, and nothing is stored', async () => {
  const connectionId = await newConnection();
  const body = bodyOf('forged');
  for (const signature of [
    null,
    '',
    'nonsense',
    sign(`${body} `),
    sign(body, 'other secret'),
    sign(body, ''),
  ]) {
    const answer = await deliver(connectionId, body, signature);
    expect(answer.status).toBe(401);
    expect(answer.json.code).toBe('webhook.signature_invalid');
    expect(answer.text).not.toContain(secret);
  }
  expect(await deliveries(connectionId)).toEqual([]);
  expect(await requestedAt(connectionId)).toBeNull();
});

test('without a secret of the connection every signature is wrong', async () => {
  const connectionId = await newConnection({ secrets: { accessToken: 'token' } });
  const body = bodyOf('unsigned');
  expect((await deliver(connectionId, body, sign(body, ''))).status).toBe(401);
  expect((await deliver(connectionId, body)).status).toBe(401);
});

test('what is no connection, takes no webhooks or was disconnected is not found', async () => {
  const body = bodyOf('nowhere');
  const harvest = await newConnection({
    connector: 'harvest',
    settings: { accountId: '1', contact: 'ops@firm.example' },
  });
  const gone = await newConnection();
  await firm.patch(`/connections/${gone}`, { status: 'disconnected' });
  for (const id of [newId(), harvest, gone]) {
    const answer = await deliver(id, body);
    expect(answer.status).toBe(404);
    expect(answer.json.code).toBe('connection.not_found');
  }
  expect((await deliver('not-a-uuid', body)).status).toBe(404);
});

test('a new secret fits at once, and what is disconnected a moment after it was heard takes nothing', async () => {
  const connectionId = await newConnection();
  expect((await deliver(connectionId, bodyOf('old secret'))).status).toBe(202);
  await firm.patch(`/connections/${connectionId}`, { secrets: { webhookSecret: 'another' } });
  const body = bodyOf('new secret');
  expect((await deliver(connectionId, body, sign(body, 'another'))).status).toBe(202);
  await firm.patch(`/connections/${connectionId}`, { status: 'disconnected' });
  const late = bodyOf('too late');
  expect((await deliver(connectionId, late, sign(late, 'another'))).status).toBe(404);
  expect(await deliveries(connectionId)).toHaveLength(2);
});

test('a hundred that arrive at once are all stored, each once, and one that cannot be stored takes none with it', async () => {
  const connectionId = await newConnection();
  const bodies = Array.from({ length: 100 }, (_, n) => bodyOf(`burst-${n % 50}`));
  // A NUL in its id is no text that Postgres can hold.
  const odd = bodyOf('odd').replace('"odd"', '"odd\\u0000"');
  const answers = await Promise.all([...bodies, odd].map((body) => deliver(connectionId, body)));
  expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([202]));
  expect(await deliveries(connectionId)).toHaveLength(51);
  expect(await looks(connectionId)).toBe(1);
});

test('a paused connection keeps what it is told for later', async () => {
  const connectionId = await newConnection();
  await firm.patch(`/connections/${connectionId}`, { status: 'paused' });
  expect((await deliver(connectionId, bodyOf('paused'))).status).toBe(202);
  expect(await deliveries(connectionId)).toHaveLength(1);
});

test('a signed body in a form nobody knows is kept and shown to a person', async () => {
  const connectionId = await newConnection();
  const body = '{"surprise":true}';
  expect((await deliver(connectionId, body)).status).toBe(202);
  expect(await deliveries(connectionId)).toHaveLength(1);
  const exceptions = (await firm.get('/exceptions?rule=webhook.unreadable')).json.items;
  expect(exceptions).toMatchObject([{ severity: 'W', subjectId: connectionId, status: 'open' }]);
});

test('a body beyond the limit is refused, and so is one that is no data', async () => {
  const connectionId = await newConnection();
  const large = JSON.stringify({ text: 'x'.repeat(1_000_001) });
  expect((await deliver(connectionId, large)).status).toBe(413);
  const text = await api.call('POST', `/webhooks/${connectionId}`, {
    raw: 'hello',
    headers: { 'Content-Type': 'text/html', 'intuit-signature': sign('hello') },
  });
  expect(text.status).toBe(415);
  expect(await deliveries(connectionId)).toEqual([]);
});

test('a delivery belongs to the workspace of its connection, and the log holds no secret', async () => {
  const connectionId = await newConnection();
  await deliver(connectionId, bodyOf('ours'));
  const other = await openFirm(api);
  const seen = await other.books.in((tx) => tx.rows('select 1 from webhook_deliveries'));
  expect(seen).toEqual([]);
  expect(api.log()).not.toContain(secret);
});
