/** Owns exports of the audit: whole, verifiable by whoever has only the file and docs/AUDIT.md, harmless in a spreadsheet. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { beginExport, exportLines } from '../store/audit-export.ts';
import type { Database } from '../store/database.ts';
import { type NewEvent, recordEvents } from '../store/events.ts';
import { from } from '../store/origin.ts';
import { runCli } from './support/cli.ts';
import { makeTestDirectory } from './support/directory.ts';
import { startApi, type TestApi } from './support/start-api.ts';

let api: TestApi;
let workspace: { id: string; key: string };
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());
beforeEach(async () => {
  workspace = await api.newWorkspace();
});

const step = (n: number, more: Partial<NewEvent> = {}): NewEvent => ({
  actor: 'system',
  type: 'ticket.approved',
  subjectType: 'ticket',
  subjectId: null,
  permission: 'tickets.read',
  payload: { n, nested: { z: [1, { b: null, a: 'é "quoted" \\ \u2028' }], a: 0.5 } },
  before: { status: 'submitted' },
  after: { status: 'approved', approver: `Person ${n}` },
  personal: { of: `person:${n % 2}`, fields: ['approver'] },
  ...more,
});
async function write(count: number, more: (n: number) => Partial<NewEvent> = () => ({})): Promise<void> {
  await api.test.database.inWorkspace(workspace.id, (tx) =>
    recordEvents(
      tx,
      Array.from({ length: count }, (_, n) => step(n, more(n))),
    ),
  );
  await api.sequence();
}
async function exported(query = ''): Promise<string> {
  const answer = await api.call('GET', `/audit/export${query}`, { key: workspace.key });
  expect(answer.status, answer.text).toBe(200);
  return answer.text;
}

// From here on as docs/AUDIT.md says it, without a line of ours.
interface Line {
  event: { seq: number; type: string; subject: { type: string }; [field: string]: unknown };
  hash: string;
  previousHash: string;
  opened: Record<string, unknown>;
}
function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${sorted(field)}`).join(',')}}`;
}
const sha256 = (...parts: (string | Buffer)[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex');

/** The first thing that is wrong with an export; null when it is whole. */
function whatIsWrong(text: string, partial = false): string | null {
  const [headLine, ...lines] = text.trimEnd().split('\n');
  const head = JSON.parse(headLine!) as {
    format: string;
    workspaceId: string;
    head: { seq: number; hash: string };
  };
  if (head.format !== 'slipway-audit-1') return 'format';
  let last: { seq: number; hash: string } = { seq: 0, hash: sha256(head.workspaceId) };
  for (const text of lines) {
    const { event, hash, previousHash } = JSON.parse(text) as Line;
    if (sha256(Buffer.from(previousHash, 'hex'), sorted(event)) !== hash) return `hash of ${event.seq}`;
    const follows = event.seq === last.seq + 1;
    if (!follows && !(partial && event.seq > last.seq)) return `a gap before ${event.seq}`;
    if (follows && previousHash !== last.hash) return `${event.seq} is chained to something else`;
    last = { seq: event.seq, hash };
  }
  if (!partial && (last.seq !== head.head.seq || last.hash !== head.head.hash)) return 'cut off';
  return null;
}

test('anybody can compute the hashes of an export again, from the file alone', async () => {
  await from(
    { via: 'api', requestId: 'r', client: { of: 'key:1', ip: '192.0.2.7', userAgent: 'curl' } },
    () => write(7),
  );
  const text = await exported();
  expect(text.trimEnd().split('\n')).toHaveLength(8);
  expect(whatIsWrong(text)).toBeNull();
  const first = JSON.parse(text.split('\n')[1]!) as Line;
  expect(first.opened).toEqual({
    'after.approver': 'Person 0',
    'origin.ip': '192.0.2.7',
    'origin.userAgent': 'curl',
  });
  // What is sealed is in the clear beside the event only.
  expect(JSON.stringify(first.event)).not.toContain('192.0.2.7');
});

test('whatever is changed, removed, inserted or moved in an export shows', async () => {
  const count = 9;
  await write(count);
  const whole = (await exported()).trimEnd().split('\n');
  const place = fc.integer({ min: 1, max: count });
  const changed = place.chain((at) => {
    const { event } = JSON.parse(whole[at]!) as Line;
    return fc.constantFrom(...Object.keys(event)).map((field) => {
      const line = JSON.parse(whole[at]!) as Line;
      line.event[field] = [line.event[field]];
      return whole.with(at, JSON.stringify(line));
    });
  });
  const tampered = fc.oneof(
    changed,
    place.map((at) => whole.toSpliced(at, 1)),
    place.map((at) => whole.toSpliced(at, 0, whole[at]!)),
    fc
      .uniqueArray(place, { minLength: 2, maxLength: 2 })
      .map(([one, two]) => whole.with(one!, whole[two!]!).with(two!, whole[one!]!)),
    place.map((at) => whole.slice(0, at)),
    place.map((at) => {
      const line = JSON.parse(whole[at]!) as Line;
      line.event.type = 'ticket.rejected';
      line.hash = sha256(Buffer.from(line.previousHash, 'hex'), sorted(line.event));
      return whole.with(at, JSON.stringify(line));
    }),
  );
  fc.assert(
    fc.property(tampered, (lines) => {
      expect(whatIsWrong(lines.join('\n'))).not.toBeNull();
    }),
    { numRuns: 200 },
  );
  expect(whatIsWrong(whole.join('\n'))).toBeNull();
});

test('an export is an event itself: who, which, and how far', async () => {
  const auditor = await api.newMember(workspace.id, 'admin', { name: 'Audra' });
  await write(3);
  const answer = await api.call('GET', '/audit/export?format=csv&subjectType=ticket', { key: auditor.key });
  expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename="audit-[\d-]{10}\.csv"$/);
  await api.sequence();
  const text = await exported('?subjectType=workspace');
  const { event } = JSON.parse(text.split('\n')[1]!) as Line;
  expect(event).toMatchObject({
    type: 'audit.exported',
    actor: `member:${auditor.id}`,
    payload: { format: 'csv', filter: { subjectType: 'ticket' }, untilSeq: 3 },
  });
});

test('a part of the audit verifies line by line, and its gaps show as gaps', async () => {
  await write(6, (n) => ({ subjectType: n % 2 === 0 ? 'ticket' : 'client' }));
  const part = await exported('?subjectType=client');
  const lines = part.trimEnd().split('\n').slice(1);
  expect(lines.map((line) => (JSON.parse(line) as Line).event.seq)).toEqual([2, 4, 6]);
  expect(whatIsWrong(part, true)).toBeNull();
  expect(whatIsWrong(part)).toBe('a gap before 2');
  const none = await exported(`?from=${new Date(Date.now() + 60_000).toISOString()}`);
  expect(none.trimEnd().split('\n')).toHaveLength(1);
});

test('who may read the audit may not export it', async () => {
  const key = await api.newKey(workspace.id, ['audit.read']);
  expect((await api.call('GET', '/audit/export', { key })).status).toBe(403);
  const bad = await api.call('GET', '/audit/export?format=xlsx', { key: workspace.key });
  expect(bad.status).toBe(422);
});

test('what was forgotten is said to be forgotten, and the export still verifies', async () => {
  const person = await api.call('POST', '/people', { key: workspace.key, body: { name: 'Ida Nansen' } });
  await api.call('POST', `/people/${person.json.id}/forget`, {
    key: workspace.key,
    body: { reason: 'asked for it' },
  });
  await api.sequence();
  const text = await exported();
  expect(whatIsWrong(text)).toBeNull();
  expect(text).not.toContain('Nansen');
  expect((JSON.parse(text.split('\n')[1]!) as Line).opened['after.name']).toBe('[forgotten]');
});

test('formulas and quotes in a CSV are text', async () => {
  const { after: _, personal: __, ...plain } = step(0);
  const formula = { ...plain, actor: '=cmd|calc', payload: { note: '=1+1', more: 'a "b", c' } };
  await api.test.database.inWorkspace(workspace.id, (tx) => recordEvents(tx, [formula]));
  await api.sequence();
  const [header, row, ...rest] = (await exported('?format=csv')).split('\r\n');
  expect(header).toBe(
    'seq,at,sandbox_at,actor,actor_name,type,subject_type,subject_id,via,request_id,workflow_id,ip,user_agent,before,after,payload,hash',
  );
  expect(rest).toEqual(['']);
  expect(row).toMatch(
    /^1,[\dT:.-]+Z,,'=cmd\|calc,,ticket\.approved,ticket,,system,,,,,"\{""status"":""submitted""\}",,"\{""more"":""a \\""b\\"", c"",""note"":""=1\+1""\}",[0-9a-f]{64}$/,
  );
});

test('an export reads a page when the one before was taken, and what comes later is not in it', async () => {
  await write(2_600);
  let reads = 0;
  const counting: Database = {
    ...api.test.database,
    inWorkspace: (id, work) => {
      reads += 1;
      return api.test.database.inWorkspace(id, work);
    },
  };
  const head = await counting.inWorkspace(workspace.id, (tx) =>
    beginExport(tx, { format: 'jsonl', filter: {}, actor: 'test' }),
  );
  await write(10);
  const lines = exportLines(counting, head, { format: 'jsonl', filter: {} });
  const first = await lines.next();
  expect([String(first.value).split('\n').length, reads]).toEqual([2, 1]);
  const pages = [String((await lines.next()).value)];
  expect([pages[0]!.split('\n').length - 1, reads]).toEqual([500, 2]);
  for await (const page of lines) pages.push(page);
  expect(reads).toBe(7);
  const text = `${String(first.value)}${pages.join('')}`;
  expect(text.trimEnd().split('\n')).toHaveLength(2_601);
  expect(whatIsWrong(text)).toBeNull();
});

test('the command line writes the same lines to a file of its user alone, and never over another', async () => {
  await write(4);
  const dir = makeTestDirectory('audit-export');
  const output = join(dir, 'audit.jsonl');
  const database = { DATABASE_URL: api.test.url, SLIPWAY_DATA_DIR: join(dir, 'data') };
  const options = ['audit-export', '--workspace', workspace.id, '--output', output];
  // The key of the personal fields is not this machine's.
  const wrongKey = await runCli(options, database);
  expect([wrongKey.code, existsSync(output)]).toEqual([1, false]);
  await api.test.database.inWorkspace(workspace.id, (tx) =>
    tx.run('delete from person_keys where workspace_id = $1', [tx.workspaceId]),
  );
  expect(await runCli(options, database)).toEqual({ code: 0, text: '' });
  expect(statSync(output).mode & 0o777).toBe(0o600);
  const text = readFileSync(output, 'utf8');
  expect(text.trimEnd().split('\n')).toHaveLength(5);
  expect(whatIsWrong(text)).toBeNull();
  const again = await runCli(options, database);
  expect([again.code, again.text]).toEqual([1, expect.stringContaining('EEXIST')]);
  expect(readFileSync(output, 'utf8')).toBe(text);
  const bad = await runCli(['audit-export', '--format', 'xlsx'], database);
  expect([bad.code, bad.text]).toEqual([2, expect.stringContaining('--format is jsonl or csv')]);
});
