/** Owns what the inbound hook and the file source read, and which signatures they take. */
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { file } from '../../connectors/file/index.ts';
import { inboundHook } from '../../connectors/inbound-hook/index.ts';
import { pathOf, valueAt } from '../../connectors/inbound-hook/value-at.ts';
import type { WebhookRequest } from '../../connectors/kit/define.ts';

const request = (body: string, contentType = 'application/json'): WebhookRequest => ({
  rawBody: Buffer.from(body),
  headers: { 'content-type': contentType },
  query: {},
});
const settings = {
  entries: 'data.items[]',
  externalId: 'id',
  workDate: '$.worked.on',
  duration: 'worked.hours',
  personEmail: 'worker["e-mail"]',
  client: '=Nordlicht',
  projectCode: 'project.code',
  billable: 'billable|yes',
  approval: 'ok',
  tags: 'labels',
  costCentre: 'cc',
  updatedAt: 'changed',
};
const row = {
  id: 17,
  worked: { on: '2026-03-02', hours: 1.25 },
  worker: { 'e-mail': 'ines@nordwerft.example' },
  project: { code: 'HULL' },
  ok: true,
  labels: ['night', 'offshore'],
  cc: 'CC-7',
  changed: '2026-03-02T18:00:00+01:00',
};
const read = (rows: unknown[], over: Record<string, string> = {}) =>
  inboundHook.entryReader!.read(request(JSON.stringify({ data: { items: rows } })), { ...settings, ...over });

test('rows are read by their paths, fixed values and defaults', async () => {
  const { entries, unreadable } = await read([row]);
  expect(unreadable).toEqual([]);
  expect(entries).toMatchObject([
    {
      externalId: '17',
      workDate: '2026-03-02',
      quantity: 4_500,
      person: { email: 'ines@nordwerft.example', name: null },
      client: { name: 'Nordlicht' },
      project: { code: 'HULL' },
      billable: true,
      approval: 'approved',
      tags: ['night', 'offshore'],
      costCentre: 'CC-7',
      sourceUpdatedAt: '2026-03-02T17:00:00.000Z',
    },
  ]);
});

test.each<[string, unknown, Record<string, string>, number]>([
  ['a JSON number of hours', 0.1, {}, 360],
  ['text with a comma', '1,5', { durationUnit: 'decimal-comma' }, 5_400],
  ['minutes', 90, { durationUnit: 'minutes' }, 5_400],
  ['seconds', '5400', { durationUnit: 'seconds' }, 5_400],
  ['a clock', '1:30', {}, 5_400],
])('%s is whole seconds', async (_, hours, over, seconds) => {
  const { entries } = await read([{ ...row, worked: { on: '2026-03-02', hours } }], over);
  expect(entries[0]?.quantity).toBe(seconds);
});

test.each<[string, object, string]>([
  ['no day', { worked: { hours: 1 } }, 'work_date.missing'],
  ['a day that is none', { worked: { on: '2026-02-30', hours: 1 } }, 'work_date.not_a_day'],
  ['no duration', { worked: { on: '2026-03-02' } }, 'hours.missing'],
  ['less than nothing', { worked: { on: '2026-03-02', hours: -1 } }, 'hours.negative'],
  ['a flag that is no flag', { billable: 'perhaps' }, 'billable.unknown'],
  ['an approval of their own', { ok: 'in review' }, 'approval.unknown'],
  ['a time without an offset', { changed: '2026-03-02T18:00:00' }, 'updated_at.invalid'],
  ['an object for a name', { project: { code: { deep: 1 } } }, 'project_code.not_text'],
])('%s is quarantined with its content, and the others come in', async (_, over, reason) => {
  const { entries, unreadable } = await read([row, { ...row, ...over }]);
  expect(entries).toHaveLength(1);
  expect(unreadable).toMatchObject([{ position: 'item 2', reason }]);
  expect(JSON.parse(unreadable[0]!.raw)).toMatchObject({ id: 17 });
});

test('work from one clock time to another belongs to the day of its zone, also before midnight', async () => {
  const spans = { startedAt: 'from', endedAt: 'to', zone: 'Europe/Berlin', entries: '' };
  const body = '[{"from":"2026-03-02T22:30:00Z","to":"2026-03-02T23:00:00Z"}]';
  const { entries } = await inboundHook.entryReader!.read(request(body), spans);
  expect(entries).toMatchObject([{ workDate: '2026-03-02', quantity: 1_800 }]);
  // 23:30 in Berlin; by UTC alone the day would be the same, an hour later it is not.
  const late = '[{"from":"2026-03-02T23:30:00Z","to":"2026-03-03T00:00:00Z"}]';
  expect((await inboundHook.entryReader!.read(request(late), spans)).entries).toMatchObject([
    { workDate: '2026-03-03' },
  ]);
});

test('without an id a row is known by its content, and by its number among those alike', async () => {
  const { externalId: _, ...without } = settings;
  const idsOf = async (rows: unknown[]) => {
    const body = request(JSON.stringify({ data: { items: rows } }));
    return (await inboundHook.entryReader!.read(body, without)).entries.map((entry) => entry.externalId);
  };
  const other = { ...row, cc: 'other' };
  const ids = await idsOf([row, row, other]);
  expect(new Set(ids).size).toBe(3);
  expect(await idsOf([other, row, row])).toEqual([ids[2], ids[0], ids[1]]);
});

test('CSV is read by its header, and a line that does not fit it is quarantined', async () => {
  const body = 'Id;Work date;Hours;Who\n1;02/03/2026;1,5;Ines Roth\n2;03/03/2026;1,5\n';
  const { entries, unreadable } = await inboundHook.entryReader!.read(
    request(body, 'text/csv; charset=utf-8'),
    {
      externalId: 'Id',
      workDate: '["Work date"]',
      duration: 'Hours',
      person: 'Who',
      durationUnit: 'decimal-comma',
      dayFormat: 'DD/MM/YYYY',
    },
  );
  expect(entries).toMatchObject([
    { externalId: '1', workDate: '2026-03-02', quantity: 5_400, person: { name: 'Ines Roth' } },
  ]);
  expect(unreadable).toMatchObject([{ position: 'line 3', reason: 'work_date.missing' }]);
});

test.each<[string, string, Record<string, string>, string]>([
  ['no JSON', 'hello', settings, 'body_invalid'],
  ['no list where it should be', '{"data":{"items":{}}}', settings, 'entries_missing'],
  ['too many rows', JSON.stringify(Array(5_001).fill(row)), { ...settings, entries: '' }, 'too_many_rows'],
  ['a path that is none', '[]', { ...settings, workDate: 'a[' }, 'settings_invalid'],
  ['a unit that nobody knows', '[]', { ...settings, durationUnit: 'fortnights' }, 'settings_invalid'],
  ['nothing that says how long', '[]', { workDate: 'day' }, 'settings_invalid'],
])('%s refuses the whole body', async (_, body, over, vendorCode) => {
  await expect(inboundHook.entryReader!.read(request(body), over)).rejects.toMatchObject({
    kind: 'InvalidRequest',
    vendorCode,
  });
});

test('a path finds own fields only', () => {
  expect(valueAt({ a: [{ b: 1 }] }, pathOf('$.a[0].b')!)).toBe(1);
  expect(valueAt({}, pathOf('constructor.name')!)).toBeUndefined();
  expect(pathOf('a..[x]')).toBeNull();
  expect(pathOf(`a${'.b'.repeat(30)}`)).toBeNull();
});

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const hook = inboundHook.webhooks!;
const signed = (headers: Record<string, string>, body: string): WebhookRequest => ({
  rawBody: Buffer.from(body),
  headers,
  query: {},
});

test('a delivery signed as Standard Webhooks asks is taken: the example of its specification', () => {
  // standardwebhooks.com, test vector of the reference libraries.
  const headers = {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  };
  const body = '{"test": 2432232314}';
  expect(hook.verify(signed(headers, body), secret)).toBe(true);
  expect(hook.verify(signed(headers, `${body} `), secret)).toBe(false);
  expect(hook.verify(signed({ ...headers, 'webhook-timestamp': '1614265331' }, body), secret)).toBe(false);
  expect(hook.verify(signed({ ...headers, 'webhook-id': 'msg_other' }, body), secret)).toBe(false);
  expect(hook.verify(signed(headers, body), '')).toBe(false);
  expect(hook.replayWindow!.signedAt(signed(headers, body))).toBe('2021-02-25T15:02:10.000Z');
  expect(hook.deliveryId(signed(headers, body))).toBe('msg_p5jXN8AQM9LWM0D4loKWxJek');
});

test('the plain form signs its time too', () => {
  const body = '{"id":1}';
  const signature = createHmac('sha256', 'plain secret').update(`1614265330.${body}`).digest('hex');
  const headers = { 'x-timestamp': '1614265330', 'x-signature': `sha256=${signature}` };
  expect(hook.verify(signed(headers, body), 'plain secret')).toBe(true);
  expect(hook.verify(signed({ ...headers, 'x-timestamp': '1614265339' }, body), 'plain secret')).toBe(false);
  expect(hook.verify(signed({ 'x-signature': headers['x-signature'] }, body), 'plain secret')).toBe(false);
  expect(hook.replayWindow!.signedAt(signed({ 'x-timestamp': 'now' }, body))).toBeNull();
});

test('a file is read by the same mapping as an import, and a line that does not fit is quarantined', async () => {
  const mappingJson = JSON.stringify({
    name: 'own',
    key: { natural: 'Id' },
    fields: { workDate: 'Day', hours: 'Hours', person: { name: 'Who' }, project: { code: 'Code' } },
    formats: { day: 'DD.MM.YYYY', hours: 'decimal-point' },
    defaults: { approval: 'approved' },
  });
  const body =
    'Id,Day,Hours,Who,Code\n1,02.03.2026,1.5,Ines Roth,HULL\n2,02.03.2026,1.5\n3,never,1,Ines Roth,HULL\n';
  const { entries, unreadable } = await file.entryReader!.read(request(body, 'text/csv'), { mappingJson });
  expect(entries).toMatchObject([
    {
      externalId: '1',
      workDate: '2026-03-02',
      quantity: 5_400,
      approval: 'approved',
      project: { code: 'HULL' },
    },
  ]);
  expect(unreadable.map(({ position, reason }) => [position, reason])).toEqual([
    ['line 3', 'row.columns'],
    ['line 4', 'work_date.not_a_day'],
  ]);
  const unmapped = file.entryReader!.read(request('A,B\n1,2\n', 'text/csv'), { mappingJson });
  await expect(unmapped).rejects.toMatchObject({ vendorCode: 'header_unknown' });
  await expect(file.entryReader!.read(request(body), {})).rejects.toMatchObject({
    vendorCode: 'settings_invalid',
  });
  await expect(file.entryReader!.read(request(body), { mapping: 'nobody' })).rejects.toMatchObject({
    vendorCode: 'settings_invalid',
  });
});
