/** Owns entries that are pushed: signed, taken in before the answer, once, and by the same rules as what is read. */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectors } from '../../connectors/kit/registry.ts';
import { newId } from '../../store/new-id.ts';
import { expectBalanced } from '../support/books.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
let firm: Firm;
beforeAll(async () => {
  api = await startApi({ connectors });
  firm = await openFirm(api);
});
afterAll(async () => {
  await expectBalanced(api.test.database, firm.books);
  await api.stop();
});

const secret = 'a secret of thirty-two characters';
const hookSettings = {
  entries: 'items',
  externalId: 'id',
  workDate: 'day',
  duration: 'hours',
  person: 'who',
  client: '=Nordlicht',
  project: 'project',
  approval: '=approved',
  tags: 'labels',
};
let count = 0;
async function connect(facts: Record<string, unknown> = {}): Promise<string> {
  const made = await firm.post('/connections', {
    connector: 'inbound-hook',
    name: `Pushed ${++count}`,
    goLiveOn: '2026-01-01',
    settings: hookSettings,
    secrets: { webhookSecret: secret },
    ownership: { createMissing: ['client', 'project', 'person'] },
    ...facts,
  });
  if (made.status !== 201) throw new Error(made.text);
  return made.json.id as string;
}
const nowSeconds = () => Math.floor(Date.now() / 1_000);
function push(
  connectionId: string,
  body: string,
  { at = nowSeconds(), id = newId(), key = secret, type = 'application/json' } = {},
) {
  const signature = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64');
  return api.call('POST', `/hooks/${connectionId}`, {
    raw: body,
    headers: {
      'Content-Type': type,
      'webhook-id': id,
      'webhook-timestamp': String(at),
      'webhook-signature': `v1,${signature}`,
    },
  });
}
const item = (id: string, over: Record<string, unknown> = {}) => ({
  id,
  day: '2026-03-02',
  hours: 1.5,
  who: 'Ines Roth',
  project: 'Hull refit',
  ...over,
});
const items = (...rows: object[]) => JSON.stringify({ items: rows });
const seconds = (connectionId: string) =>
  firm.books.in((tx) =>
    tx.rows<{ id: string; quantity: number; version: number }>(
      `select e.external_id as id, v.quantity, v.version from work_entries e join sources s on s.workspace_id = $1 and s.id = e.source_id
       join entry_versions v on v.workspace_id = $1 and v.entry_id = e.id and v.version = e.current_version
       where e.workspace_id = $1 and s.connection_id = $2 order by 1`,
      [tx.workspaceId, connectionId],
    ),
  );

test('pushed entries are taken in before the answer, and one that cannot be read is quarantined', async () => {
  const id = await connect();
  const answer = await push(id, items(item('1'), item('2', { day: 'soon' }), item('3')));
  expect(answer.status, answer.text).toBe(202);
  expect(answer.json).toMatchObject({ known: false, created: 2, quarantined: 1 });
  expect(await seconds(id)).toEqual([
    { id: '1', quantity: 5_400, version: 1 },
    { id: '3', quantity: 5_400, version: 1 },
  ]);
  const operation = await firm.get(`/operations/${answer.json.operationId}`);
  expect(operation.json).toMatchObject({ kind: 'take_hook', status: 'done', result: { created: 2 } });
  const shown = await firm.get(`/connections/${id}`);
  expect(shown.json).toMatchObject({ health: 'ok', lastSuccessAt: expect.any(String) });
});

test('a delivery that comes again is known and changes nothing, also when both come at once', async () => {
  const id = await connect();
  const body = items(item('1'));
  const same = { id: newId() };
  const answers = await Promise.all([push(id, body, same), push(id, body, same), push(id, body, same)]);
  expect(answers.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([200, 200, 202]);
  expect(answers.filter((answer) => answer.json.known)).toHaveLength(2);
  expect(await seconds(id)).toHaveLength(1);
});

test('the same entry with other hours is a new version, and in another delivery unchanged it is not', async () => {
  const id = await connect();
  await push(id, items(item('1')));
  expect((await push(id, items(item('1')))).json).toMatchObject({ created: 0, unchanged: 1 });
  expect((await push(id, items(item('1', { hours: 2 })))).json).toMatchObject({ changed: 1 });
  expect(await seconds(id)).toEqual([{ id: '1', quantity: 7_200, version: 2 }]);
});

test('what is forged, changed on its way, or signed too long ago is refused', async () => {
  const id = await connect();
  const body = items(item('1'));
  expect((await push(id, body, { key: 'another' })).json.code).toBe('webhook.signature_invalid');
  expect((await push(id, body, { at: nowSeconds() - 400 })).json.code).toBe('webhook.too_old');
  expect((await push(id, body, { at: nowSeconds() + 400 })).json.code).toBe('webhook.too_old');
  const plain = createHmac('sha256', secret).update(`${nowSeconds()}.${body}`).digest('hex');
  const headers = {
    'Content-Type': 'application/json',
    'X-Timestamp': String(nowSeconds()),
    'X-Signature': `sha256=${plain}`,
  };
  const changed = await api.call('POST', `/hooks/${id}`, { raw: body.replace('1.5', '9.5'), headers });
  expect(changed.status).toBe(401);
  expect(await seconds(id)).toEqual([]);
  expect((await api.call('POST', `/hooks/${id}`, { raw: body, headers })).status).toBe(202);
});

test('the whole body is refused in words where it is no list, and nothing is kept of it', async () => {
  const id = await connect();
  const answer = await push(id, '{"rows":[]}');
  expect(answer.status).toBe(422);
  expect(answer.json.code).toBe('hook.unreadable');
  // Corrected at the sender, under the same id.
  const same = { id: newId() };
  await push(id, '{"rows":[]}', same);
  expect((await push(id, items(item('1')), same)).status).toBe(202);
});

test('a CSV body and a file connection are taken in as well', async () => {
  const id = await connect({
    settings: { externalId: 'Id', workDate: 'Day', duration: 'Hours', person: 'Who', client: '=Nordlicht' },
  });
  const csv = 'Id,Day,Hours,Who\n1,2026-03-02,1:30,Ines Roth\n';
  expect((await push(id, csv, { type: 'text/csv' })).json).toMatchObject({ created: 1 });
  expect(await seconds(id)).toEqual([{ id: '1', quantity: 5_400, version: 1 }]);
  const filed = await connect({ connector: 'file', settings: { mapping: 'toggl-detailed' } });
  const refused = await push(filed, csv, { type: 'text/csv' });
  expect(refused.status).toBe(422);
  expect(refused.json.detail).toContain('does not fit the mapping');
});

test('a paused connection says so, and what is no hook is not found', async () => {
  const id = await connect();
  await firm.patch(`/connections/${id}`, { status: 'paused' });
  expect((await push(id, items(item('1')))).json.code).toBe('connection.not_active');
  expect((await push(newId(), items(item('1')))).status).toBe(404);
  const harvest = await firm.post('/connections', {
    connector: 'quickbooks',
    name: 'Books',
    goLiveOn: '2026-01-01',
    settings: { realmId: '1' },
    secrets: { accessToken: 'token', webhookSecret: secret },
  });
  expect([401, 404]).toContain((await push(harvest.json.id as string, items(item('1')))).status);
});

test('rows without ids that are alike in every word are as many entries, and the same body again is the same ones', async () => {
  const { externalId: _, ...settings } = hookSettings;
  const id = await connect({ settings });
  const body = items(item('1'), item('1'), item('1', { hours: 2 }));
  expect((await push(id, body)).json).toMatchObject({ created: 3 });
  expect((await push(id, body)).json).toMatchObject({ created: 0, unchanged: 3 });
  const quantities = (await seconds(id)).map(({ quantity }) => quantity);
  expect(quantities.toSorted((a, b) => a - b)).toEqual([5_400, 5_400, 7_200]);
});

test('hours that are corrected and set back again are what was sent last, also where deliveries have no id', async () => {
  const id = await connect();
  const plainly = (body: string, at: number) => {
    const signature = createHmac('sha256', secret).update(`${at}.${body}`).digest('hex');
    const headers = {
      'Content-Type': 'application/json',
      'X-Timestamp': String(at),
      'X-Signature': `sha256=${signature}`,
    };
    return api.call('POST', `/hooks/${id}`, { raw: body, headers });
  };
  const at = nowSeconds();
  await plainly(items(item('1')), at - 20);
  await plainly(items(item('1', { hours: 8 })), at - 10);
  // What was sent before is known, whoever sends it again.
  expect((await plainly(items(item('1')), at - 20)).json).toMatchObject({ known: true });
  await plainly(items(item('1')), at);
  expect(await seconds(id)).toMatchObject([{ id: '1', quantity: 5_400 }]);
});

test('a line that was corrected in a file without ids waits for a person, as it does where the file is imported', async () => {
  const mapping = {
    name: 'export',
    key: { identity: ['workDate', 'person', 'client', 'project', 'notes'] },
    fields: {
      workDate: 'Date',
      hours: 'Hours',
      person: { name: 'Person' },
      client: { name: 'Client' },
      project: { name: 'Project' },
      notes: 'Note',
    },
    formats: { day: 'YYYY-MM-DD' },
    defaults: { approval: 'approved' },
  };
  const id = await connect({ connector: 'file', settings: { mappingJson: JSON.stringify(mapping) } });
  const fileOf = (note: string) =>
    `Date,Hours,Person,Client,Project,Note\n2026-03-02,8,Ola Vik,Nordlicht,Hull refit,${note}\n`;
  expect((await push(id, fileOf('weldng'), { type: 'text/csv' })).json).toMatchObject({ created: 1 });
  expect((await push(id, fileOf('welding'), { type: 'text/csv' })).json).toMatchObject({ created: 1 });
  const { json } = await firm.get('/exceptions?rule=entry.duplicate&status=open');
  expect(json.items).toHaveLength(1);
});

test('a go-live date that is moved later settles what came in before it, and moved back lets it be sent again', async () => {
  const id = await connect();
  const open = () =>
    firm.books.in((tx) =>
      tx.rows<{ id: string; settled: boolean; open: number }>(
        `select e.external_id as id, v.settled_elsewhere as settled, b.quantity - b.claimed as open
         from work_entries e join sources s on s.workspace_id = $1 and s.id = e.source_id
         join entry_versions v on v.workspace_id = $1 and v.entry_id = e.id and v.version = e.current_version
         join entry_balance b on b.workspace_id = $1 and b.entry_id = e.id and b.version = e.current_version
         where e.workspace_id = $1 and s.connection_id = $2 order by 1`,
        [tx.workspaceId, id],
      ),
    );
  const body = items(item('before', { day: '2026-02-27' }), item('after'));
  await push(id, body);
  const moved = await firm.patch(`/connections/${id}`, { goLiveOn: '2026-03-01' });
  expect(moved.status, moved.text).toBe(200);
  expect(await open()).toEqual([
    { id: 'after', settled: false, open: 5_400 },
    { id: 'before', settled: true, open: 0 },
  ]);
  await firm.patch(`/connections/${id}`, { goLiveOn: '2026-02-01' });
  await push(id, body);
  expect(await open()).toMatchObject([{ open: 5_400 }, { id: 'before', settled: false, open: 5_400 }]);
});
