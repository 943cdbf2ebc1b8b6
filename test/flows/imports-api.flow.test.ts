/** Owns importing over HTTP: a file sent as a body, its operation, and what is left when it breaks off. */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { entryOf, expectBalanced, invoicesOf, take } from '../support/books.ts';
import { sleep, until } from '../support/loops.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

const fixture = readFileSync(join(import.meta.dirname, '../fixtures/import/sip-like.csv'), 'utf8');
const csv = { 'Content-Type': 'text/csv' };

let api: TestApi;
const opened: Firm[] = [];
beforeAll(async () => {
  api = await startApi();
});
afterEach(async () => {
  for (const firm of opened.splice(0)) await expectBalanced(api.test.database, firm.books);
});
afterAll(() => api.stop());

async function newFirm(): Promise<Firm> {
  const firm = await openFirm(api);
  opened.push(firm);
  return firm;
}
const upload = (firm: Firm, query: string, raw: string, headers: Record<string, string> = csv) =>
  api.call('POST', `/imports?${query}`, { key: firm.key, raw, headers });

/** The operation once it has ended. */
async function ended(firm: Firm, location: string) {
  let operation: { status: string; result: Record<string, number>; error: { message: string } | null };
  await until('the import to end', async () => {
    operation = (await firm.get(location)).json;
    return operation.status !== 'running';
  });
  return operation!;
}

test('a file becomes entries and quarantined lines; sent again it changes nothing', async () => {
  const firm = await newFirm();
  const accepted = await upload(firm, 'mapping=sip&source=SiP', fixture);
  expect(accepted.status).toBe(202);
  expect(accepted.json).toMatchObject({ kind: 'import', status: 'running' });
  const first = await ended(firm, accepted.headers.get('location')!);
  expect(first).toMatchObject({ status: 'done', error: null });
  const { created, quarantined } = first.result;
  expect(created).toBeGreaterThan(3);
  expect((await firm.get('/dashboard')).json).toMatchObject({ entries: created, quarantined });
  expect((await firm.get('/quarantine')).json.items[0]).toMatchObject({ sourceName: 'SiP', status: 'open' });

  const again = await ended(
    firm,
    (await upload(firm, 'mapping=sip&source=SiP', fixture)).headers.get('location')!,
  );
  expect(again.result).toMatchObject({ created: 0, changed: 0, unchanged: created });
  expect((await firm.get('/dashboard')).json).toMatchObject({ entries: created, quarantined });
  expect((await firm.get('/operations?kind=import&status=done')).json.items).toHaveLength(2);
});

test('changed hours make a new version, or an exception when they are billed already', async () => {
  const firm = await newFirm();
  const mapping = {
    name: 'own',
    key: { natural: 'Id' },
    fields: {
      workDate: 'Day',
      hours: 'Hours',
      person: { name: 'Who' },
      client: { name: { constant: 'Northern Ferries' } },
      project: { code: 'Project' },
    },
    defaults: { approval: 'approved' },
    createMissing: ['person'],
  };
  const query = `mappingJson=${Buffer.from(JSON.stringify(mapping)).toString('base64url')}`;
  const file = (rows: string[]) => ['Id,Day,Hours,Who,Project', ...rows].join('\n');
  const send = async (rows: string[]) =>
    ended(
      firm,
      (await upload(firm, query, file(rows), { 'Content-Type': 'application/octet-stream' })).headers.get(
        'location',
      )!,
    );
  await send(['1,2026-03-02,2,Ann,P1']);
  const changed = await send(['1,2026-03-02,3,Ann,P1']);
  expect(changed.result).toMatchObject({ changed: 1, created: 0 });
  await firm.run('issue');
  expect((await invoicesOf(firm.books))[0]).toMatchObject({ net: '240.00', status: 'issued' });
  await send(['1,2026-03-02,2.5,Ann,P1']);
  expect((await firm.get('/exceptions?status=open')).json.items).toMatchObject([
    { rule: 'entry.changed_after_claim', severity: 'W' },
  ]);
  const entry = (await firm.get('/entries')).json.items[0];
  const versions = (await firm.get(`/entries/${entry.id}`)).json.versions;
  expect(versions.map((version: { quantity: number }) => version.quantity)).toEqual([9000, 10_800, 7200]);
});

test('a wrong mapping, type or permission is refused before anything is read', async () => {
  const firm = await newFirm();
  const codeOf = async (query: string, headers = csv) =>
    (await upload(firm, query, fixture, headers)).json.code;
  expect(await codeOf('source=x')).toBe('import.mapping_invalid');
  expect(await codeOf('mapping=nobody')).toBe('request.invalid_query');
  expect(await codeOf('mapping=sip&mappingJson=e30')).toBe('import.mapping_invalid');
  expect(await codeOf('mapping=sip&dayFormat=WW')).toBe('import.mapping_invalid');
  expect(await codeOf('mapping=sip&zone=Mars%2FBase')).toBe('request.invalid_query');
  expect(await codeOf('mappingJson=bm90IGpzb24')).toBe('import.mapping_invalid');
  expect(await codeOf(`mappingJson=${'A'.repeat(12_000)}`)).toBe('request.invalid_query');
  expect(await codeOf('mapping=sip', { 'Content-Type': 'application/json' })).toBe(
    'request.unsupported_media_type',
  );
  const reader = await firm.withScopes(['imports.read']);
  expect((await upload(reader, 'mapping=sip', fixture)).status).toBe(403);
  expect((await firm.get('/operations')).json.items).toEqual([]);
});

test('the mapping of a vendor takes what its export leaves open from the query', async () => {
  const firm = await newFirm();
  const harvest = readFileSync(join(import.meta.dirname, '../fixtures/import/harvest-detailed.csv'), 'utf8');
  const sent = await upload(firm, 'mapping=harvest-detailed&client=Northern%20Ferries', harvest);
  const done = await ended(firm, sent.headers.get('location')!);
  expect(done.status).toBe('done');
  const entries = (await firm.get('/entries')).json.items;
  expect(entries.length).toBeGreaterThan(0);
  expect(new Set(entries.map((entry: { clientName: string }) => entry.clientName))).toEqual(
    new Set(['Northern Ferries']),
  );
  expect((await firm.get('/quarantine?limit=1')).status).toBe(200);
});

test('a file that cannot be read at all ends as failed, with the reason', async () => {
  const firm = await newFirm();
  const failed = await ended(
    firm,
    (await upload(firm, 'mapping=sip', 'Nothing,Of,This\n1,2,3\n')).headers.get('location')!,
  );
  expect(failed.status).toBe('failed');
  expect(failed.error!.message).toContain('Completed On');
  expect((await firm.get('/entries')).json.items).toEqual([]);
});

test('a client that goes away while sending leaves nothing behind', async () => {
  const firm = await newFirm();
  const sending = request(`${api.url}/api/v1/imports?mapping=sip`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${firm.key}`, ...csv, 'Transfer-Encoding': 'chunked' },
  });
  const gone = new Promise((resolve) => sending.once('error', resolve));
  sending.write(fixture);
  await sleep(200);
  sending.destroy();
  await gone;
  await until('the server to notice', () => api.log().includes('"cut":true'));
  expect((await firm.get('/operations')).json.items).toEqual([]);
  expect((await firm.get('/entries')).json.items).toEqual([]);
});

test('the same upload with the same key is one operation', async () => {
  const firm = await newFirm();
  const headers = { ...csv, 'Idempotency-Key': 'file-1' };
  const first = await upload(firm, 'mapping=sip', fixture, headers);
  const second = await upload(firm, 'mapping=sip', fixture, headers);
  expect(second.headers.get('idempotency-replayed')).toBe('true');
  expect(second.json.id).toBe(first.json.id);
  await ended(firm, first.headers.get('location')!);
  expect((await firm.get('/operations')).json.items).toHaveLength(1);
});

test('an import stops when it is asked to, and says so; an ended one cannot be stopped', async () => {
  const firm = await newFirm();
  const other = await newFirm();
  const lines = Array.from(
    { length: 60_000 },
    (_, index) => `${index},S,P1,T,D,S,FINISHED,dev-${index % 50},1,1-Jan-26,5-Mar-26`,
  );
  const header = fixture.slice(0, fixture.indexOf('\n'));
  const started = await upload(firm, 'mapping=sip', [header, ...lines].join('\n'));
  const location = started.headers.get('location')!;
  expect((await other.post(`/operations/${started.json.id}/cancel`)).status).toBe(404);
  const asked = await firm.post(`/operations/${started.json.id}/cancel`);
  expect(asked.status).toBe(202);
  expect(asked.json.cancelRequested).toBe(true);
  const stopped = await ended(firm, location);
  expect(stopped.status).toBe('cancelled');
  expect(stopped.result.created).toBeLessThan(60_000);
  const late = await firm.post(`/operations/${started.json.id}/cancel`);
  expect(late.json.code).toBe('operation.ended');
});

test('an import does not see the entries of another workspace', async () => {
  const firm = await newFirm();
  const other = await newFirm();
  await take(other.books, [entryOf('101/dev-1')], {});
  const done = await ended(
    firm,
    (await upload(firm, 'mapping=sip&source=hours.csv', fixture)).headers.get('location')!,
  );
  expect(done.result.changed).toBe(0);
  expect((await other.get('/entries')).json.items).toHaveLength(1);
  expect((await other.get('/operations')).json.items).toEqual([]);
});
