/** Owns the audit: who, what, before, after, when, from where; sealed per person, and whole to the last byte. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '@temporalio/activity';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readMapping } from '../domain/import/mapping.ts';
import { beginImport, runImport } from '../runtime/import/run-import.ts';
import { nameWhereFrom } from '../runtime/name-where-from.ts';
import { createSecretBox } from '../runtime/secrets.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { type NewEvent, recordEvents, verifyChain } from '../store/events.ts';
import { people } from '../store/people.ts';
import { makeTestDirectory } from './support/directory.ts';
import { startApi, type TestApi } from './support/start-api.ts';

let api: TestApi;
let owner: pg.Client;
let workspace: { id: string; key: string };
beforeAll(async () => {
  api = await startApi();
  owner = new pg.Client(api.test.url);
  await owner.connect();
});
afterAll(async () => {
  await owner.end();
  await api.stop();
});
beforeEach(async () => {
  workspace = await api.newWorkspace();
});

interface Shown {
  seq: number;
  actor: string;
  actorName: string | null;
  type: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  payload: Record<string, unknown> | null;
  origin: Record<string, unknown>;
}

async function audit(query = '', key = workspace.key): Promise<Shown[]> {
  await api.sequence();
  const answer = await api.call('GET', `/audit${query}`, { key });
  expect(answer.status, answer.text).toBe(200);
  return (answer.json as { items: Shown[] }).items;
}
const verify = () => api.test.database.inWorkspace(workspace.id, verifyChain);
const record = (events: readonly NewEvent[], database: Database = api.test.database) =>
  database.inWorkspace(workspace.id, (tx) => recordEvents(tx, events));
const event = (more: Partial<NewEvent> = {}): NewEvent => ({
  actor: 'system',
  type: 'ticket.approved',
  subjectType: 'ticket',
  subjectId: null,
  permission: 'tickets.read',
  ...more,
});

async function create(path: string, body: object): Promise<Record<string, unknown> & { id: string }> {
  const answer = await api.call('POST', path, { key: workspace.key, body });
  expect(answer.status, answer.text).toBe(201);
  return answer.json as { id: string };
}
const newClient = { name: 'North Sea Lines', code: 'NSL', currency: 'EUR', email: 'ap@north-sea.example' };

test('a change says who, what, before, after, when and from where', async () => {
  const manager = await api.newMember(workspace.id, 'admin', { name: 'Mona Berg' });
  const client = await create('/clients', newClient);
  const startedMs = Date.now();
  const answer = await api.call('PATCH', `/clients/${client.id}`, {
    key: manager.key,
    body: { paymentTermsDays: 45, email: 'pay@north-sea.example' },
    headers: { 'X-Request-Id': 'request-of-mona', 'User-Agent': 'Browser of Mona' },
  });
  expect(answer.status).toBe(200);
  const [updated, created] = await audit(`?subjectId=${client.id}`);
  expect(updated).toMatchObject({
    type: 'client.updated',
    actor: `member:${manager.id}`,
    actorName: 'Mona Berg',
    before: { paymentTermsDays: client.paymentTermsDays, email: 'ap@north-sea.example' },
    after: { paymentTermsDays: 45, email: 'pay@north-sea.example' },
    origin: { via: 'api', requestId: 'request-of-mona', userAgent: 'Browser of Mona' },
  });
  expect(updated?.origin.ip).toMatch(/127\.0\.0\.1$/);
  expect(Object.keys(updated?.after ?? {}).sort()).toEqual(['email', 'paymentTermsDays']);
  const { rows } = await owner.query<{ at: Date }>(
    'select at from events where seq = $2 and workspace_id = $1',
    [workspace.id, updated?.seq],
  );
  expect(Math.abs(rows[0]!.at.getTime() - startedMs)).toBeLessThan(10_000);
  expect(created).toMatchObject({ type: 'client.created', before: null, after: newClient });
  expect(await verify()).toMatchObject({ ok: true });
});

test('an edit that changes nothing leaves no event', async () => {
  const client = await create('/clients', newClient);
  await api.call('PATCH', `/clients/${client.id}`, { key: workspace.key, body: { code: 'NSL' } });
  expect((await audit(`?subjectId=${client.id}`)).map((each) => each.type)).toEqual(['client.created']);
});

test('what a workflow does names the workflow and its activity', async () => {
  const info = { workflowExecution: { workflowId: `${workspace.id}/run/7` }, activityType: 'compileRun' };
  const { inbound } = nameWhereFrom({ info } as unknown as Context);
  await inbound!.execute!({ args: [], headers: {} }, () => record([event()]));
  await record([event({ type: 'ticket.paid' })]);
  const [loose, carried] = await audit();
  expect(carried?.origin).toEqual({
    via: 'workflow',
    workflowId: `${workspace.id}/run/7`,
    activity: 'compileRun',
  });
  expect(loose?.origin).toEqual({ via: 'system' });
});

test('the audit is asked by who, what, subject and time, newest first, page by page', async () => {
  const before = new Date().toISOString();
  const one = await create('/clients', newClient);
  const other = await create('/clients', { ...newClient, name: 'Other Lines', code: 'OTH' });
  await api.call('PATCH', `/clients/${one.id}`, { key: workspace.key, body: { status: 'inactive' } });
  const between = new Date(Date.now() + 1).toISOString();
  await new Promise((resolve) => setTimeout(resolve, 5));
  await create('/people', { name: 'Ida Berg' });
  const types = async (query: string) => (await audit(query)).map((each) => each.type);
  expect(await types(`?subjectId=${one.id}`)).toEqual(['client.updated', 'client.created']);
  expect(await types('?type=client.created')).toEqual(['client.created', 'client.created']);
  expect(await types('?subjectType=person')).toEqual(['person.created']);
  expect(await types(`?from=${between}`)).toEqual(['person.created']);
  expect(await types(`?to=${before}`)).toEqual([]);
  const [latest] = await audit(`?subjectId=${other.id}`);
  expect((await audit(`?actor=${latest?.actor}`)).length).toBe(4);
  expect(await types('?actor=member:nobody')).toEqual([]);

  const seen: number[] = [];
  for (let query = '?limit=2'; ; ) {
    const page = await api.call('GET', `/audit${query}`, { key: workspace.key });
    seen.push(...(page.json as { items: Shown[] }).items.map((each) => each.seq));
    if (page.json.nextCursor === null) break;
    query = `?limit=2&cursor=${page.json.nextCursor}`;
  }
  expect(seen).toEqual([...seen].sort((a, b) => b - a));
  expect(seen).toEqual((await audit('?limit=200')).map((each) => each.seq));
});

test('an event shows only to whom the thing it tells of shows', async () => {
  await create('/clients', newClient);
  await create('/people', { name: 'Ida Berg' });
  const small = await api.newKey(workspace.id, ['audit.read', 'clients.read']);
  expect((await audit('', small)).map((each) => each.type)).toEqual(['client.created']);
});

test('personal fields are in the database as ciphertext only, and out of the log and the stream', async () => {
  const person = await create('/people', { name: 'Ida Nansen-Strand', email: 'ida@strand.example' });
  await api.call('PATCH', `/people/${person.id}`, {
    key: workspace.key,
    body: { name: 'Ida Nansen', position: 'Welder' },
    headers: { 'User-Agent': 'Browser of Ida' },
  });
  await api.sequence();
  const { rows } = await owner.query<{ text: string }>('select e::text as text from events e');
  const stored = rows.map((row) => row.text).join('\n');
  for (const secret of ['Nansen', 'strand.example', 'Browser of Ida', '127.0.0.1'])
    expect(stored, secret).not.toContain(secret);
  expect(stored).toContain('Welder');

  const log = await api.call('GET', '/events', { key: workspace.key });
  expect(log.text).toContain('Welder');
  for (const hidden of ['Nansen', 'origin', 'sealed', 'requestId']) expect(log.text).not.toContain(hidden);
  const [updated] = await audit(`?subjectId=${person.id}`);
  expect(updated?.before).toEqual({ name: 'Ida Nansen-Strand', position: null });
  expect(updated?.after).toEqual({ name: 'Ida Nansen', position: 'Welder' });
});

test('people who come with an import are named in no event', async () => {
  const { text } = await importPeople(['Ida Nansen', 'Ola Vik']);
  expect(text).toContain('person.created_from_source');
  for (const name of ['Nansen', 'Vik']) expect(text).not.toContain(name);
});

async function importPeople(names: readonly string[]): Promise<{ text: string }> {
  const mapping = {
    name: 'small',
    key: { natural: 'Id' },
    fields: {
      workDate: 'Date',
      hours: 'Hours',
      person: { name: 'Person' },
      client: { name: 'Client' },
      project: { name: 'Project' },
    },
    formats: { day: 'YYYY-MM-DD' },
    defaults: { approval: 'approved' },
    createMissing: ['client', 'project', 'person'],
  };
  const rows = names.map((name, n) => `${n},2026-01-05,2.5,Acme,Hull,${name}`);
  const source = { path: join(makeTestDirectory('audit'), 'small.csv') };
  writeFileSync(source.path, ['Id,Date,Hours,Client,Project,Person', ...rows, ''].join('\n'));
  const request = {
    workspaceId: workspace.id,
    source,
    mapping: readMapping(mapping),
    sourceName: 'small',
    startedBy: 'test',
  };
  const operation = await beginImport(api.test.database, request);
  await runImport(api.test.database, operation, request);
  const { rows: events } = await owner.query<{ text: string }>(
    'select e::text as text from events e where workspace_id = $1',
    [workspace.id],
  );
  return { text: events.map((row) => row.text).join('\n') };
}

test('ciphertext that was moved to another person or field does not open', async () => {
  const ida = await create('/people', { name: 'Ida Nansen' });
  const ola = await create('/people', { name: 'Ola Vik' });
  await api.sequence();
  await tamper(
    `update events e set personal = jsonb_set(personal, '{0,key}', (select personal #> '{0,key}' from events where subject_id = $3))
     where workspace_id = $1 and subject_id = $2`,
    ida.id,
    ola.id,
  );
  const [olas, idas] = await audit();
  expect([olas?.after?.name, idas?.after?.name]).toEqual(['Ola Vik', '[unreadable]']);
  expect(await verify()).toMatchObject({ ok: false });
});

test('with another secret key nothing personal is read or written, but the chain verifies', async () => {
  await create('/people', { name: 'Ida Nansen' });
  await api.sequence();
  const wrong = openDatabase(api.test.url, {
    poolSize: 1,
    secrets: () => createSecretBox(new Map([[1, Buffer.alloc(32, 7)]])),
  });
  const without = openDatabase(api.test.url, { poolSize: 1 });
  try {
    const { rows } = await owner.query<{ owner: `person:${string}` }>(
      `select owner from person_keys where workspace_id = $1 and owner like 'person:%'`,
      [workspace.id],
    );
    const about = event({ after: { name: 'Ida' }, personal: { of: rows[0]!.owner, fields: ['name'] } });
    await expect(record([about], wrong)).rejects.toThrow();
    await expect(record([about], without)).rejects.toThrow('without the secrets');
    expect(await without.inWorkspace(workspace.id, verifyChain)).toMatchObject({ ok: true });
  } finally {
    await wrong.close();
    await without.close();
  }
});

test('writers that meet a new person at the same time share one key', async () => {
  const about = (n: number) =>
    event({ after: { name: `Name ${n}` }, personal: { of: 'person:new', fields: ['name'] } });
  await Promise.all(Array.from({ length: 8 }, (_, n) => record([about(n)])));
  const { rows } = await owner.query(
    `select 1 from person_keys where workspace_id = $1 and owner = 'person:new'`,
    [workspace.id],
  );
  expect(rows).toHaveLength(1);
  const names = (await audit()).map((each) => String(each.after?.name));
  expect(names.toSorted((a, b) => a.localeCompare(b))).toEqual(
    Array.from({ length: 8 }, (_, n) => `Name ${n}`),
  );
});

const everyTable = async (needle: string): Promise<string[]> => {
  const { rows } = await owner.query<{ name: string }>(
    `select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' order by 1`,
  );
  const found: string[] = [];
  for (const { name } of rows) {
    const hits = await owner.query(`select 1 from ${name} t where t::text ilike $1 limit 1`, [`%${needle}%`]);
    if (hits.rows.length > 0) found.push(name);
  }
  return found;
};

test('a forgotten person is nowhere in the database any more, and the chain still verifies', async () => {
  const { id } = await create('/people', {
    name: 'Quirinius Zephyr',
    email: 'q@zephyr.example',
    kind: 'employee',
  });
  const client = await create('/clients', newClient);
  const member = await api.newMember(workspace.id, 'employee', { name: 'Quirinius Zephyr', personId: id });
  await api.call('POST', '/mapping-rules', {
    key: workspace.key,
    body: { targetKind: 'person', matchBy: 'name', matchValue: 'zephyr, q', targetId: id },
  });
  await api.call('GET', '/me', { key: member.key, headers: { 'User-Agent': 'Zephyr phone' } });
  await owner.query(
    `insert into auth_user (id, name, email) values ('0198d2a0-0000-7000-8000-00000000000a', 'Quirinius Zephyr', 'q@zephyr.example')`,
  );
  await owner.query(`update members set user_id = '0198d2a0-0000-7000-8000-00000000000a' where id = $1`, [
    member.id,
  ]);
  // Said by the key of the member, whose name it carries; a key is revoked, and named anew, by whoever made it.
  await owner.query(`update api_keys set name = 'a key' where member_id = $1`, [member.id]);
  await audit();
  expect(await everyTable('zephyr')).toEqual(['auth_user', 'mapping_rules', 'members', 'people']);

  const forget = () =>
    api.call('POST', `/people/${id}/forget`, {
      key: workspace.key,
      body: { reason: 'asked for it by letter' },
    });
  const answer = await forget();
  expect(answer.json, answer.text).toMatchObject({ name: 'Forgotten person', email: null, active: false });
  expect(answer.json.forgottenAt).not.toBeNull();
  expect(await everyTable('zephyr')).toEqual([]);
  expect(await verify()).toMatchObject({ ok: true });

  const [forgotten, ...earlier] = await audit(`?subjectId=${id}`);
  expect(forgotten).toMatchObject({
    type: 'person.forgotten',
    payload: { reason: 'asked for it by letter', keysDeleted: 1 },
  });
  expect(earlier.at(-1)?.after).toMatchObject({
    name: '[forgotten]',
    email: '[forgotten]',
    kind: 'employee',
  });
  // Others are as they were.
  expect((await audit(`?subjectId=${client.id}`))[0]?.after).toMatchObject({ email: newClient.email });
  expect((await api.call('GET', '/me', { key: member.key })).status).toBe(401);

  const repeated = await forget();
  expect([repeated.status, repeated.json]).toEqual([200, answer.json]);
  expect((await audit('?type=person.forgotten')).length).toBe(1);
  const renamed = await api.call('PATCH', `/people/${id}`, {
    key: workspace.key,
    body: { name: 'Back again' },
  });
  expect([renamed.status, renamed.json.code]).toEqual([409, 'person.forgotten']);
});

test('nobody is forgotten while a ticket or an invoice of theirs is open', async () => {
  const { id } = await create('/people', { name: 'Ida Nansen', kind: 'contractor' });
  await owner.query('set session_replication_role = replica');
  const ticket = await owner.query<{ id: string }>(
    `insert into tickets (workspace_id, person_id, project_id, work_date, status) values ($1, $2, $2, '2026-01-05', 'submitted') returning id`,
    [workspace.id, id],
  );
  await owner.query('reset session_replication_role');
  const forget = () =>
    api.call('POST', `/people/${id}/forget`, { key: workspace.key, body: { reason: 'asked for it' } });
  const refused = await forget();
  expect([refused.status, refused.json.code, refused.json.details]).toEqual([
    409,
    'person.has_open_work',
    { tickets: 1, contractorInvoices: 0 },
  ]);
  expect((await audit(`?subjectId=${id}`))[0]?.after).toMatchObject({ name: 'Ida Nansen' });
  await owner.query(`update tickets set status = 'discarded' where id = $1`, [ticket.rows[0]!.id]);
  expect((await forget()).status).toBe(200);
});

test('whoever may change people may not forget them', async () => {
  const { id } = await create('/people', { name: 'Ida Nansen' });
  const key = await api.newKey(workspace.id, ['people.read', 'people.create', 'people.update']);
  const answer = await api.call('POST', `/people/${id}/forget`, { key, body: { reason: 'no reason' } });
  expect(answer.status).toBe(403);
  const noReason = await api.call('POST', `/people/${id}/forget`, { key: workspace.key, body: {} });
  expect(noReason.status).toBe(422);
  const person = await api.test.database.inWorkspace(workspace.id, (tx) => people.find(tx, id));
  expect(person?.name).toBe('Ida Nansen');
});

const chainLength = 12;
const about: NewEvent = event({
  payload: { total: '10.00', note: 'as agreed' },
  before: { status: 'submitted' },
  after: { status: 'approved', name: 'Ida' },
  personal: { of: 'person:ida', fields: ['name'] },
});

/** Does `sql` as whoever owns the database and switches its triggers off. */
async function tamper(sql: string, ...params: unknown[]): Promise<number> {
  await owner.query('begin');
  await owner.query('set local session_replication_role = replica');
  const { rowCount } = await owner.query(sql, [workspace.id, ...params]);
  await owner.query('commit');
  return rowCount ?? 0;
}

test('verify finds a change of any column of any event, whatever it is', async () => {
  await record(Array.from({ length: chainLength }, () => about));
  await api.sequence();
  const { rows: columns } = await owner.query<{ name: string; type: string }>(
    `select attname as name, format_type(atttypid, null) as type from pg_attribute
     where attrelid = 'events'::regclass and attnum > 0 and not attisdropped and attname not in ('workspace_id', 'seq')`,
  );
  expect(columns.length).toBeGreaterThanOrEqual(14);
  // Another value of the type, whatever was there.
  const other: Record<string, string> = {
    uuid: 'gen_random_uuid()',
    text: `coalesce(events.C, '') || 'x'`,
    jsonb: `coalesce(events.C, '[]') || '["x"]'::jsonb`,
    bytea: `decode(repeat('ab', 32), 'hex')`,
    'timestamp with time zone': `coalesce(events.C, now()) + interval '1 microsecond'`,
  };
  for (const { name, type } of columns) {
    expect(other[type], `a way to falsify ${name}, ${type}`).toBeDefined();
    const seq = 1 + (name.length % chainLength);
    await tamper(
      'create temporary table kept on commit preserve rows as select * from events where workspace_id = $1',
    );
    const touched = await tamper(
      `update events set ${name} = ${other[type]!.replaceAll('C', name)} where workspace_id = $1 and seq = $2`,
      seq,
    );
    expect(touched).toBe(1);
    expect(await verify(), name).toMatchObject({ ok: false, firstBrokenSeq: seq });
    await tamper('delete from events where workspace_id = $1');
    await tamper('insert into events select * from kept where workspace_id = $1');
    await owner.query('drop table kept');
    expect(await verify(), `${name} put back`).toMatchObject({ ok: true });
  }
});

test('verify finds events that are removed, inserted, moved or taken from another workspace', async () => {
  const other = await api.newWorkspace('Other');
  await record(Array.from({ length: chainLength }, (_, n) => ({ ...about, type: `ticket.step_${n}` })));
  await api.test.database.inWorkspace(other.id, (tx) =>
    recordEvents(
      tx,
      Array.from({ length: chainLength }, () => about),
    ),
  );
  await api.sequence();
  const all =
    'workspace_id, seq, id, at, sandbox_at, actor, type, subject_type, subject_id, permission, payload, before, after, origin, personal, hash';
  const copied = all.replace('workspace_id', '$1::uuid');
  const tampering = fc.oneof(
    fc.integer({ min: 1, max: chainLength }).map((seq) => ({
      what: `remove ${seq}`,
      sql: [`delete from events where workspace_id = $1 and seq = ${seq}`],
    })),
    fc.integer({ min: 1, max: chainLength }).map((seq) => ({
      what: `remove ${seq} and close the gap`,
      sql: [
        `delete from events where workspace_id = $1 and seq = ${seq}`,
        `update events set seq = -seq where workspace_id = $1 and seq > ${seq}`,
        'update events set seq = -seq - 1 where workspace_id = $1 and seq < 0',
      ],
    })),
    fc.integer({ min: 1, max: chainLength }).map((seq) => ({
      what: `insert a copy after ${seq}`,
      sql: [
        `update events set seq = -seq where workspace_id = $1 and seq > ${seq}`,
        'update events set seq = -seq + 1 where workspace_id = $1 and seq < 0',
        `insert into events (${all}) select ${all.replace(', seq, id', `, ${seq + 1}, gen_random_uuid()`)} from events where workspace_id = $1 and seq = ${seq}`,
        `update event_heads set seq = seq + 1 where workspace_id = $1`,
      ],
    })),
    fc
      .uniqueArray(fc.integer({ min: 1, max: chainLength }), { minLength: 2, maxLength: 2 })
      .map(([one, two]) => ({
        what: `swap ${one} and ${two}`,
        sql: [
          `update events set seq = -1 where workspace_id = $1 and seq = ${one}`,
          `update events set seq = ${one} where workspace_id = $1 and seq = ${two}`,
          `update events set seq = ${two} where workspace_id = $1 and seq = -1`,
        ],
      })),
    fc.integer({ min: 1, max: chainLength }).map((seq) => ({
      what: `take ${seq} from the other workspace`,
      sql: [
        `delete from events where workspace_id = $1 and seq = ${seq}`,
        `insert into events (${all}) select ${copied} from events where workspace_id = '${other.id}' and seq = ${seq}`,
      ],
    })),
    fc.integer({ min: 0, max: chainLength - 1 }).map((seq) => ({
      what: `cut off after ${seq}, without the head`,
      sql: [`delete from events where workspace_id = $1 and seq > ${seq}`],
    })),
  );
  await owner.query('create temporary table whole as select * from events');
  await owner.query('create temporary table whole_heads as select * from event_heads');
  await fc.assert(
    fc.asyncProperty(tampering, async ({ what, sql }) => {
      for (const statement of sql) await tamper(statement);
      expect((await verify()).ok, what).toBe(false);
      await tamper('delete from events where workspace_id = $1');
      await tamper('insert into events select * from whole where workspace_id = $1');
      await tamper(
        'update event_heads h set seq = w.seq, hash = w.hash from whole_heads w where h.workspace_id = $1 and w.workspace_id = $1',
      );
      expect((await verify()).ok, `${what}, put back`).toBe(true);
    }),
    { numRuns: 40 },
  );
  await owner.query('drop table whole, whole_heads');
});
