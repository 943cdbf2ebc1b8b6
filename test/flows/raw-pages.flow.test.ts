/** Owns what is kept of a platform's answers and calls: compressed and redacted pages, counts by the hour, and their end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openVendor } from '../../activities/vendor.ts';
import { redactPage, type VendorCallWatch, watchVendorCalls } from '../../activities/vendor-call-watch.ts';
import { connectors } from '../../connectors/kit/registry.ts';
import { type Sandbox, startSandbox } from '../../connectors/kit/sandbox.ts';
import { createSecretBox } from '../../runtime/secrets.ts';
import { pruneTenantRows } from '../../store/prune.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

const secrets = createSecretBox(new Map([[1, Buffer.alloc(32, 3)]]));
let answer: { status: number; body: unknown } = { status: 200, body: {} };
let vendor: Sandbox;
let api: TestApi;
let firm: Firm;
beforeAll(async () => {
  vendor = await startSandbox({
    answer: () => answer,
    errorBody: (_status, message) => ({ message }),
    rateLimits: [],
    sendsRetryAfter: false,
  });
  api = await startApi({ connectors, secrets, allowBaseUrlOverride: true });
  firm = await openFirm(api);
});
afterAll(async () => {
  await vendor.close();
  await api.stop();
});

let count = 0;
async function open(archiveDays = 30) {
  const made = await firm.post('/connections', {
    connector: 'harvest',
    name: `Harvest ${++count}`,
    goLiveOn: '2026-01-01',
    settings: { accountId: '1', contact: 'ops@firm.example' },
    secrets: { accessToken: 'token' },
    baseUrlOverride: vendor.url,
  });
  expect(made.status, made.text).toBe(201);
  const id = made.json.id as string;
  const logger = pino({ level: 'silent' });
  const watch: VendorCallWatch = watchVendorCalls({ database: api.test.database, logger, archiveDays });
  const { http } = (await openVendor(
    {
      database: api.test.database,
      secrets,
      logger,
      documents: { keep: () => Promise.reject(new Error('nothing is printed')) },
      noteCall: watch.noteCall,
      vendor: { allowLoopback: true, timeoutMs: null },
    },
    firm.books.workspaceId,
    id,
  ))!;
  return { id, http, watch };
}
const pages = async (id: string, query = '') => (await firm.get(`/connections/${id}/raw-pages${query}`)).json;

test('an answer is kept as it was read, without its secrets, and looking at it is in the audit', async () => {
  const { id, http, watch } = await open();
  answer = {
    status: 200,
    body: { name: 'Halvorsen', access_token: 'hush', nested: { clientSecret: 'hush' } },
  };
  await http.get('/company');
  await watch.stop();
  const { items } = await pages(id);
  expect(items).toMatchObject([{ path: '/v2/company', status: 200, truncated: false }]);
  expect(JSON.parse(items[0].text)).toEqual({
    name: 'Halvorsen',
    access_token: '[redacted]',
    nested: { clientSecret: '[redacted]' },
  });
  await api.sequence();
  const audit = (await firm.get('/audit?limit=50')).text;
  expect(audit).toContain('raw_pages_read');
  const reader = await firm.withScopes(['connections.read']);
  expect((await reader.get(`/connections/${id}/raw-pages`)).status).toBe(403);
});

test('a long answer is cut and says so, and pages come newest first', async () => {
  const { id, http, watch } = await open();
  answer = { status: 200, body: { text: 'x'.repeat(1_200_000) } };
  await http.get('/first');
  answer = { status: 200, body: {} };
  await http.get('/second');
  await watch.stop();
  const first = await pages(id, '?limit=1');
  expect(first.items).toMatchObject([{ path: '/v2/second' }]);
  const second = await pages(id, `?limit=1&cursor=${first.nextCursor}`);
  expect(second.items).toMatchObject([{ path: '/v2/first', truncated: true }]);
  expect(second.items[0].bytes).toBeGreaterThan(1_200_000);
  expect(second.items[0].text).toHaveLength(1_000_000);
});

test('calls are counted by outcome, with how long they took, also where nothing is kept of them', async () => {
  const { id, http, watch } = await open(0);
  answer = { status: 200, body: {} };
  await http.get('/a');
  await http.get('/b');
  answer = { status: 500, body: { message: 'down' } };
  await expect(http.get('/c')).rejects.toMatchObject({ kind: 'Unavailable' });
  await watch.stop();
  const { items } = (await firm.get(`/connections/${id}/calls`)).json;
  expect(items).toMatchObject([
    { outcome: 'Unavailable', calls: 1 },
    { outcome: 'answered', calls: 2 },
  ]);
  expect((await pages(id)).items).toEqual([]);
});

test('a page is gone when its time is over, and old counts with it', async () => {
  const { id, http, watch } = await open();
  answer = { status: 200, body: {} };
  await http.get('/old');
  await watch.stop();
  await firm.books.in(async (tx) => {
    await tx.run(`update vendor_calls set hour = now() - interval '91 days' where workspace_id = $1`, [
      tx.workspaceId,
    ]);
    await pruneTenantRows(tx);
  });
  expect((await pages(id)).items).toHaveLength(1);
  expect((await firm.get(`/connections/${id}/calls?hours=168`)).json.items).toEqual([]);
  const short = await open();
  const brief = watchVendorCalls({
    database: api.test.database,
    logger: pino({ level: 'silent' }),
    archiveDays: 0.000_001,
  });
  const call = { method: 'GET', path: '/brief', query: {}, outcome: 'answered', status: 200 } as const;
  brief.noteCall(
    { workspaceId: firm.books.workspaceId, connectionId: short.id },
    { ...call, durationMs: 1, waitedMs: 0, text: '{}' },
  );
  await brief.stop();
  await short.watch.stop();
  await sleep(150);
  await firm.books.in(pruneTenantRows);
  expect((await pages(short.id)).items).toEqual([]);
});

test('a secret is redacted also where the answer was cut in the middle of it', () => {
  expect(redactPage('{"refresh_token" : "abc\\"def","a":1}')).toBe('{"refresh_token" : "[redacted]","a":1}');
  expect(redactPage('{"a":1,"password":"hal')).toBe('{"a":1,"password":"[redacted]"');
  expect(redactPage('{"note":"my token"}')).toBe('{"note":"my token"}');
});

test('a scope is set over the API, read back, and has everything read anew', async () => {
  const { id, watch } = await open();
  await watch.stop();
  expect((await firm.get(`/connections/${id}/scope`)).json).toEqual({});
  const wanted = { billableOnly: true, include: { project: ['HULL*'] } };
  const set = await api.call('PUT', `/connections/${id}/scope`, { key: firm.key, body: wanted });
  expect(set.status, set.text).toBe(200);
  expect((await firm.get(`/connections/${id}/scope`)).json).toEqual(wanted);
  const looks = await firm.books.in((tx) =>
    tx.rows('select 1 from outbox where workspace_id = $1 and subject_id = $2 and reason = $3', [
      tx.workspaceId,
      id,
      'scope changed',
    ]),
  );
  expect(looks).toHaveLength(1);
  const wrong = await api.call('PUT', `/connections/${id}/scope`, {
    key: firm.key,
    body: { include: { colour: ['red'] } },
  });
  expect(wrong.status).toBeGreaterThanOrEqual(400);
});
