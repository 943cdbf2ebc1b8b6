/** Owns that a connection's secrets go in and never come out, and what its commands set in motion. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createSecretBox } from '../../runtime/secrets.ts';
import { readConnectionSecrets } from '../../store/connections.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

const secrets = createSecretBox(new Map([[1, randomBytes(32)]]));
let api: TestApi;
let workspace: { id: string; key: string };
let key: string;
beforeAll(async () => {
  api = await startApi({ secrets });
  workspace = await api.newWorkspace();
  key = workspace.key;
});
afterAll(() => api.stop());

let count = 0;
const body = (fields: object = {}) => ({
  connector: 'harvest',
  name: `Harvest ${++count}`,
  goLiveOn: '2026-01-01',
  settings: { accountId: '42' },
  secrets: { accessToken: 'first-secret-token', webhookSecret: 'hook-secret' },
  ...fields,
});
const connect = async (fields: object = {}) => {
  const answer = await api.call('POST', '/connections', { key, body: body(fields) });
  expect(answer.status, answer.text).toBe(201);
  return answer.json as { id: string; health: string };
};
const rowsOf = <T>(sql: string, id: string) =>
  api.test.database.inWorkspace(workspace.id, (tx) => tx.rows<T>(sql, [id]));

it('keeps secrets encrypted, reads them back for its work, and shows their names only', async () => {
  const { id } = await connect();
  const shown = await api.call('GET', `/connections/${id}`, { key });
  expect(shown.json.secretNames).toEqual(['accessToken', 'webhookSecret']);
  const listed = await api.call('GET', '/connections', { key });
  const kept = await rowsOf<{ hex: string }>(
    `select encode(ciphertext, 'escape') as hex from connection_secrets where connection_id = $1`,
    id,
  );
  const events = await rowsOf<{ payload: unknown }>('select payload from events where subject_id = $1', id);
  expect(events).toHaveLength(1);
  for (const place of [shown.text, listed.text, JSON.stringify(kept), JSON.stringify(events), api.log()])
    for (const secret of ['first-secret-token', 'hook-secret']) expect(place).not.toContain(secret);
  const read = await api.test.database.inWorkspace(workspace.id, (tx) =>
    readConnectionSecrets(tx, secrets, id),
  );
  expect(read).toEqual({ accessToken: 'first-secret-token', webhookSecret: 'hook-secret' });
});

it('replaces the named secrets, keeps the others, ends a lost authorisation and looks again', async () => {
  const { id } = await connect();
  await rowsOf(
    `update connections set status = 'authorization_lost', status_reason = '401' where id = $1`,
    id,
  );
  const answer = await api.call('PATCH', `/connections/${id}`, {
    key,
    body: { secrets: { accessToken: 'second-secret-token' } },
  });
  expect(answer.json).toMatchObject({ status: 'active', statusReason: null });
  expect(answer.text).not.toContain('second-secret-token');
  const read = await api.test.database.inWorkspace(workspace.id, (tx) =>
    readConnectionSecrets(tx, secrets, id),
  );
  expect(read).toEqual({ accessToken: 'second-secret-token', webhookSecret: 'hook-secret' });
  const looks = await rowsOf<{ reason: string }>(
    'select reason from outbox where subject_id = $1 order by id',
    id,
  );
  expect(looks.map((look) => look.reason)).toEqual(['connected', 'changed']);
  const types = await rowsOf<{ type: string }>(
    'select type from events where subject_id = $1 order by id',
    id,
  );
  expect(types.map((event) => event.type)).toEqual([
    'connection.created',
    'connection.updated',
    'connection.secrets_replaced',
  ]);
});

it('asks for a sync at once: a look, a mark and an event; not while it is paused', async () => {
  const { id, health } = await connect();
  expect(health).toBe('waiting');
  const answer = await api.call('POST', `/connections/${id}/sync`, { key });
  expect(answer.status).toBe(202);
  const [row] = await rowsOf<{ asked: boolean }>(
    'select sync_requested_at is not null as asked from connections where id = $1',
    id,
  );
  expect(row?.asked).toBe(true);
  const looks = await rowsOf<{ lane: string }>('select lane from outbox where subject_id = $1', id);
  expect(looks.map((look) => look.lane)).toEqual(['interactive', 'interactive']);

  await api.call('PATCH', `/connections/${id}`, { key, body: { status: 'paused' } });
  const paused = await api.call('POST', `/connections/${id}/sync`, { key });
  expect([paused.status, paused.json.code]).toEqual([409, 'connection.not_active']);
});

it('stays disconnected once it was', async () => {
  const { id } = await connect();
  await api.call('PATCH', `/connections/${id}`, { key, body: { status: 'disconnected' } });
  const answer = await api.call('PATCH', `/connections/${id}`, { key, body: { status: 'active' } });
  expect([answer.status, answer.json.code]).toEqual([409, 'connection.disconnected']);
});

it.each([
  ['an unknown connector', { connector: 'nobody' }, 'connection.unknown_connector', '/connector'],
  ['a missing setting', { settings: {} }, 'connection.setting_missing', '/settings'],
  [
    'an unknown setting',
    { settings: { accountId: '1', colour: 'red' } },
    'connection.setting_unknown',
    '/settings/colour',
  ],
  [
    'a host of the caller',
    { baseUrlOverride: 'http://127.0.0.1:1' },
    'connection.override_not_allowed',
    '/baseUrlOverride',
  ],
])('refuses %s and says where', async (_, fields, code, pointer) => {
  const answer = await api.call('POST', '/connections', { key, body: body(fields) });
  expect([answer.status, answer.json.code]).toEqual([422, code]);
  expect(answer.json.errors[0].pointer).toBe(pointer);
});

it('speaks to another host where the operator allows it', async () => {
  const open = await startApi({ allowBaseUrlOverride: true });
  try {
    const { key: openKey } = await open.newWorkspace();
    const answer = await open.call('POST', '/connections', {
      key: openKey,
      body: body({ baseUrlOverride: 'http://127.0.0.1:4010' }),
    });
    expect(answer.json.baseUrlOverride).toBe('http://127.0.0.1:4010');
  } finally {
    await open.stop();
  }
});

it("refuses a project under another client's contract, and a contract that ends before it starts", async () => {
  const post = async (path: string, content: object) =>
    (await api.call('POST', path, { key, body: content })).json;
  const seller = await post('/sellers', {
    name: 'S',
    country: 'NO',
    functionalCurrency: 'EUR',
    zone: 'Europe/Oslo',
  });
  const [one, two] = [
    await post('/clients', { name: 'One', email: 'ap@one.example', code: 'ONE', currency: 'EUR' }),
    await post('/clients', { name: 'Two', email: 'ap@two.example', code: 'TWO', currency: 'EUR' }),
  ];
  const terms = {
    sellerId: seller.id,
    name: 'C',
    currency: 'EUR',
    zone: 'Europe/Oslo',
    startsOn: '2026-02-01',
    goLiveOn: '2026-02-01',
  };
  const contract = await post('/contracts', { ...terms, clientId: one.id });
  const crossed = await post('/projects', {
    clientId: two.id,
    contractId: contract.id,
    code: 'P',
    name: 'P',
  });
  expect(crossed.code).toBe('project.contract_of_other_client');
  const ended = await api.call('PATCH', `/contracts/${contract.id}`, {
    key,
    body: { endsBefore: '2026-02-01' },
  });
  expect([ended.status, ended.json.code]).toEqual([422, 'contract.dates_conflict']);
  expect((await api.call('GET', `/contracts/${contract.id}`, { key })).json.endsBefore).toBeNull();
});
