/** Owns that a platform is told which of its entries are billed here: once, taken back after a void, and without an echo. */
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createConnectionActivities } from '../../activities/connection.ts';
import { type Connector, defineConnector } from '../../connectors/kit/define.ts';
import { AuthorizationLost, InvalidRequest } from '../../connectors/kit/errors.ts';
import { connectors } from '../../connectors/kit/registry.ts';
import type { SourceEntry } from '../../domain/work-entry.ts';
import { createSecretBox } from '../../runtime/secrets.ts';
import { insertConnection } from '../../store/connections.ts';
import { expectBalanced, invoicesOf } from '../support/books.ts';
import { clockPlatform } from '../support/clock-platform.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { sourceEntry } from '../support/source-entry.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

/** Billed there, by id; and how it was asked. */
let billed = new Set<string>();
let calls: [boolean, string[]][] = [];
let locked = new Set<string>();
let entries: SourceEntry[] = [];
let planLacksIt = false;
let roleLacksIt = false;

const clock: Connector = defineConnector({
  ...clockPlatform,
  id: 'test-marked',
  name: 'Marked clock',
  timeSource: {
    rescan: { days: 300, everyMinutes: 60 },
    tellsDeletions: false,
    tellsApproval: true,
    async *window() {
      await Promise.resolve();
      const shown = entries.map((entry) => ({ ...entry, billedElsewhere: billed.has(entry.externalId) }));
      yield { entries: shown, unreadable: [], checkpoint: null };
    },
    readEntry: (_http, externalId) =>
      Promise.resolve(entries.find((entry) => entry.externalId === externalId) ?? null),
  },
  billedMarks: {
    mostAtOnce: 2,
    mark: (_http, externalIds, wanted) => {
      calls.push([wanted, [...externalIds].toSorted()]);
      if (planLacksIt) throw new InvalidRequest('Marks are not in this plan.');
      if (roleLacksIt) throw new AuthorizationLost('Only administrators may mark time.', { status: 403 });
      const done = externalIds.filter((id) => !locked.has(id));
      for (const id of done)
        if (wanted) billed.add(id);
        else billed.delete(id);
      const refused = externalIds.filter((id) => locked.has(id));
      return Promise.resolve({
        done,
        refused: refused.map((externalId) => ({ externalId, reason: 'The month is closed there.' })),
      });
    },
  },
});

let api: TestApi;
const secrets = createSecretBox(new Map([[1, Buffer.alloc(32, 3)]]));
beforeAll(async () => {
  (connectors as Map<string, Connector>).set(clock.id, clock);
  api = await startApi({ connectors });
});
afterAll(async () => {
  (connectors as Map<string, Connector>).delete(clock.id);
  await api.stop();
});

async function open(ids: readonly string[]) {
  billed = new Set();
  calls = [];
  locked = new Set();
  planLacksIt = false;
  roleLacksIt = false;
  const firm: Firm = await openFirm(api);
  const [code] = Object.keys(firm.books.projects);
  const project = { externalId: null, code: code!, name: null };
  entries = ids.map((externalId) => sourceEntry(externalId, { zone: 'UTC', project }));
  const connection = await firm.books.in((tx) =>
    insertConnection(
      tx,
      secrets,
      { connector: clock.id, name: clock.name, goLiveOn: '2026-01-01' },
      { accessToken: 'token' },
    ),
  );
  const activities = createConnectionActivities({
    database: api.test.database,
    secrets,
    logger: pino({ level: 'silent' }),
    documents: { keep: () => Promise.reject(new Error('nothing is printed')) },
    vendor: { allowLoopback: true, timeoutMs: null },
  });
  const read = async () => {
    await api.sequence();
    await activities.syncTime({ workspaceId: firm.books.workspaceId, subjectId: connection.id });
  };
  const marks = () =>
    firm.books.in((tx) =>
      tx.rows<{ id: string; wanted: boolean; told: boolean | null; refused: string | null; open: boolean }>(
        `select external_id as id, wanted, told, refused, open from billed_marks where workspace_id = $1 order by 1`,
        [tx.workspaceId],
      ),
    );
  await read();
  const status = async () => (await firm.get(`/connections/${connection.id}`)).json.status as string;
  return { firm, read, marks, status };
}

test('what is issued is told in batches and once, and our own word that comes back changes nothing', async () => {
  const { firm, read, marks } = await open(['a', 'b', 'c']);
  expect(calls).toEqual([]);
  await firm.run('issue');
  await read();
  expect(calls.flatMap(([, ids]) => ids).toSorted()).toEqual(['a', 'b', 'c']);
  expect(calls.map(([wanted, ids]) => [wanted, ids.length])).toEqual([
    [true, 2],
    [true, 1],
  ]);
  calls = [];
  // The platform now shows them as billed.
  expect([...billed].toSorted()).toEqual(['a', 'b', 'c']);
  await read();
  expect(calls).toEqual([]);
  expect(await marks()).toMatchObject(
    ['a', 'b', 'c'].map((id) => ({ id, wanted: true, told: true, open: false })),
  );
  const versions = await firm.books.in((tx) =>
    tx.rows('select distinct version, settled_elsewhere from entry_versions where workspace_id = $1', [
      tx.workspaceId,
    ]),
  );
  expect(versions).toEqual([{ version: 1, settledElsewhere: false }]);
  expect((await firm.get('/exceptions?status=open')).json.items).toEqual([]);
  await expectBalanced(api.test.database, firm.books);
});

test('a draft is told to nobody', async () => {
  const { firm, read, marks } = await open(['a']);
  await firm.run('draft');
  await read();
  expect(await invoicesOf(firm.books)).toMatchObject([{ number: null }]);
  expect(calls).toEqual([]);
  expect(await marks()).toEqual([]);
});

test('after a void the mark is taken back', async () => {
  const { firm, read, marks } = await open(['a']);
  await firm.run('issue');
  const invoice = (await invoicesOf(firm.books)).find(({ number }) => number !== null)!;
  await read();
  expect(calls).toEqual([[true, ['a']]]);
  const voided = await firm.post(`/invoices/${invoice.id}/void`, { reason: 'Wrong client' });
  expect(voided.status, voided.text).toBeLessThan(300);
  calls = [];
  await read();
  expect(calls).toEqual([[false, ['a']]]);
  expect(billed.size).toBe(0);
  expect(await marks()).toMatchObject([{ id: 'a', wanted: false, told: false, open: false }]);
});

test('what the platform refuses keeps its reason and is not asked again; the others are told', async () => {
  const { firm, read, marks } = await open(['a', 'b']);
  locked = new Set(['a']);
  await firm.run('issue');
  await read();
  await read();
  expect(calls).toEqual([[true, ['a', 'b']]]);
  expect(await marks()).toMatchObject([
    { id: 'a', told: null, refused: 'The month is closed there.', open: false },
    { id: 'b', told: true, refused: null, open: false },
  ]);
});

test('a plan without marks stops no reading', async () => {
  const { firm, read, marks } = await open(['a']);
  planLacksIt = true;
  await firm.run('issue');
  await read();
  expect(await marks()).toMatchObject([{ id: 'a', refused: 'Marks are not in this plan.' }]);
});

test('a sign-in that may read time but not mark it stops no reading', async () => {
  const { firm, read, marks, status } = await open(['a']);
  roleLacksIt = true;
  await firm.run('issue');
  await read();
  expect(await marks()).toMatchObject([{ id: 'a', refused: 'Only administrators may mark time.' }]);
  expect(await status()).toBe('active');
});

test('what was billed, deleted there and written down anew is not billed again by itself', async () => {
  const { firm, read } = await open(['a', 'other']);
  await firm.run('issue');
  const [a, other] = entries;
  const held = async () =>
    (await firm.get('/exceptions?rule=entry.duplicate&status=open')).json.items as { severity: string }[];
  // Deleted and made anew within one reading.
  entries = [other!, { ...a!, externalId: 'made anew' }];
  await read();
  expect(await held()).toMatchObject([{ severity: 'W' }]);
  // Deleted first, and made anew after that was noticed.
  entries = [entries[1]!];
  await read();
  entries = [...entries, { ...other!, externalId: 'made anew later' }];
  await read();
  expect(await held()).toHaveLength(2);
  await firm.run('issue');
  expect((await invoicesOf(firm.books)).filter(({ number }) => number !== null)).toHaveLength(1);
});
