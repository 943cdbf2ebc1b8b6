/** Owns the reconciliation report over HTTP and on the command line: every hour of a source is in one place, or it says so. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readClauses } from '../../domain/contract-terms.ts';
import type { ReconciledHours } from '../../domain/reconciliation.ts';
import { connections } from '../../store/connections.ts';
import { contracts } from '../../store/contracts.ts';
import { markDeletedAtSource } from '../../store/deleted-entries.ts';
import { ensureSource } from '../../store/intake.ts';
import { projects } from '../../store/projects.ts';
import { rateCards } from '../../store/rate-cards.ts';
import { markSynced, markSyncFailed } from '../../store/sync.ts';
import { carryOut, entryOf, expectBalanced, requestBilling, take } from '../support/books.ts';
import { runCli } from '../support/cli.ts';
import { makeTestDirectory } from '../support/directory.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { named } from '../support/source-entry.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

const dir = makeTestDirectory('reconciliation');
let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const hours = (count: number) => count * 3600;
const inProject = (code: string) => ({ externalId: null, code, name: code });

/** What a row says, with what is nothing left out. */
const said = (row: ReconciledHours & Record<string, unknown>) =>
  Object.fromEntries(
    [
      'source',
      'billed',
      'unbilled',
      'drafted',
      'nonBillable',
      'settledElsewhere',
      'writtenOff',
      'included',
      'quarantined',
      'difference',
    ]
      .filter((figure) => row[figure] !== 0)
      .map((figure) => [figure, (row[figure] as number) / 3600]),
  );
const report = async (firm: Firm, query = '') => (await firm.get(`/reports/reconciliation${query}`)).json;
const cli = (firm: Firm, ...args: string[]) =>
  runCli(['reconcile', '--workspace', firm.books.workspaceId, ...args], {
    DATABASE_URL: api.test.url,
    SLIPWAY_DATA_DIR: join(dir, 'data'),
  });

/** A contract of its own over one project, with these clauses, billed. */
async function billUnder(firm: Firm, code: string, clauses: Parameters<typeof readClauses>[0]) {
  const { books } = firm;
  const contract = await books.in(async (tx) => {
    const made = await contracts.insert(tx, {
      clientId: books.clientId,
      sellerId: books.sellerId,
      name: code,
      currency: 'GBP',
      zone: 'Europe/London',
      startsOn: '2026-01-01',
      goLiveOn: '2026-01-01',
      clauses: readClauses(clauses),
    });
    await rateCards.insert(tx, {
      scopeType: 'contract',
      scopeId: made.id,
      position: '*',
      regularRate: '80.00',
      currency: 'GBP',
    });
    await projects.update(tx, books.projects[code]!, { contractId: made.id });
    return made;
  });
  await carryOut(
    api.test.database,
    books,
    await requestBilling(books, { scope: { type: 'contract', id: contract.id } }),
  );
}

/** Hours in every place that there is. */
async function everywhere(): Promise<Firm> {
  const firm = await openFirm(api, { projects: ['P1', 'P2', 'P3'] });
  const { books } = firm;
  await books.in((tx) => projects.update(tx, books.projects.P1!, { costCentre: 'Yard 7' }));
  await take(books, [
    entryOf('billed', { workDate: '2026-03-02', quantity: hours(2) }),
    entryOf('billed in April', { workDate: '2026-04-01', quantity: hours(1.5) }),
  ]);
  await firm.run('issue');
  await take(books, [entryOf('before', { workDate: '2026-01-15', quantity: hours(5) })], {
    goLiveOn: '2026-02-01',
  });
  await take(books, [entryOf('drafted', { workDate: '2026-03-03', quantity: hours(1) })]);
  await firm.run('draft');
  await take(books, [entryOf('priced', { workDate: '2026-03-04', quantity: hours(0.5) })]);
  await firm.run('draft');
  const [last] = (await firm.get('/invoices?status=draft')).json.items;
  expect((await firm.post(`/invoices/${last.id}/discard`, { reason: 'next month' })).status).toBe(200);
  await take(books, [
    entryOf('fixed', { workDate: '2026-03-05', quantity: hours(7), project: inProject('P2') }),
    entryOf('retained', { workDate: '2026-03-06', quantity: hours(3), project: inProject('P3') }),
  ]);
  await billUnder(firm, 'P2', { billingModel: { type: 'fixed_price', price: '900', by: 'milestones' } });
  await billUnder(firm, 'P3', {
    billingModel: { type: 'retainer', measure: 'hours', quantity: '2', period: 'month' },
  });
  await take(books, [
    entryOf('lost', { workDate: '2026-03-09', quantity: hours(25) }),
    entryOf('free', { workDate: '2026-03-10', quantity: hours(3), billable: false }),
    entryOf('waiting', { workDate: '2026-03-11', quantity: hours(4), approval: 'submitted' }),
  ]);
  const lost = await firm.post('/exceptions/write-off', {
    rules: ['entry.over_24h'],
    reasonCode: 'goodwill',
    reason: 'Nobody works so long',
  });
  expect(lost.status, lost.text).toBe(200);
  await take(
    books,
    [
      entryOf('twice', { workDate: '2026-03-12', quantity: hours(1) }),
      entryOf('twice', { workDate: '2026-03-12', quantity: hours(2), notes: 'the same key' }),
      entryOf('nobody knows', { workDate: '2026-03-13', quantity: hours(6), project: named('Nobody') }),
    ],
    {},
    [{ position: 'line 9', raw: 'x,y', truncated: false, reason: 'hours.missing', detail: 'No hours.' }],
  );
  const other = await books.in((tx) =>
    ensureSource(tx, { kind: 'file', name: 'yard.csv', connectionId: null }),
  );
  await take(books, [entryOf('elsewhere', { workDate: '2026-03-02', quantity: hours(8) })], {
    sourceId: other,
  });
  return firm;
}

test('each hour of a source is in exactly one place, and the places come to what the source has', async () => {
  const firm = await everywhere();
  const found = await report(firm);
  const rows = (found.items as Record<string, unknown>[]).map((row) => [
    row.sourceName,
    row.projectCode,
    row.costCentre,
    row.period,
    said(row as never),
  ]);
  expect(rows).toEqual([
    ['hours.csv', null, null, null, { source: 2, quarantined: 2 }],
    ['hours.csv', null, null, '2026-03', { source: 6, unbilled: 6 }],
    ['hours.csv', 'P1', 'Yard 7', '2026-01', { source: 5, settledElsewhere: 5 }],
    // 2 + 1 + 0.5 + 25 + 3 + 4 + 1 worked; 1 is drafted, 0.5 priced, 4 not approved and 1 new.
    [
      'hours.csv',
      'P1',
      'Yard 7',
      '2026-03',
      { source: 36.5, billed: 2, unbilled: 6.5, drafted: 1, nonBillable: 3, writtenOff: 25 },
    ],
    ['hours.csv', 'P1', 'Yard 7', '2026-04', { source: 1.5, billed: 1.5 }],
    ['hours.csv', 'P2', null, '2026-03', { source: 7, included: 7 }],
    // Of one item two hours are drawn from the retainer, and the third is billed.
    ['hours.csv', 'P3', null, '2026-03', { source: 3, billed: 1, included: 2 }],
    ['yard.csv', 'P1', 'Yard 7', '2026-03', { source: 8, unbilled: 8 }],
  ]);
  expect(said(found.all)).toEqual({
    source: 69,
    billed: 4.5,
    unbilled: 20.5,
    drafted: 1,
    nonBillable: 3,
    settledElsewhere: 5,
    writtenOff: 25,
    included: 9,
    quarantined: 2,
  });
  expect(found).toMatchObject({ balanced: true, money: [], all: { entries: 13, quarantinedRows: 2 } });

  // Page by page it is the same list.
  const paged: unknown[] = [];
  for (let cursor = ''; ; ) {
    const page = await report(firm, `?limit=3${cursor}`);
    paged.push(...page.items);
    expect(page.all).toEqual(found.all);
    if (page.nextCursor === null) break;
    cursor = `&cursor=${page.nextCursor}`;
  }
  expect(paged).toEqual(found.items);

  const april = await report(firm, '?startsOn=2026-04-01&endsBefore=2026-05-01');
  expect(april.items.map((row: { period: string }) => row.period)).toEqual([null, '2026-04']);
  const march = await report(firm, `?endsBefore=2026-04-01&sourceId=${found.items.at(-1).sourceId}`);
  expect(march.items).toEqual([found.items.at(-1)]);
  const backwards = await firm.get('/reports/reconciliation?startsOn=2026-04-01&endsBefore=2026-04-01');
  expect(backwards.json).toMatchObject({ status: 422, code: 'report.period_empty' });

  const csv = await firm.get('/reports/reconciliation/export');
  const lines = csv.text.trimEnd().split('\r\n');
  expect(lines).toHaveLength(10);
  expect(lines.at(-1)).toBe('all,,,,13,69.00,4.50,20.50,3.00,5.00,25.00,9.00,2.00,0.00,2');
  const shown = await cli(firm);
  expect(shown.text).toContain('Nothing differs.');
  expect(shown.code, shown.text).toBe(0);
  await expectBalanced(api.test.database, firm.books);
});

test('hours that were billed and then deleted at their source are a difference, and the command says so', async () => {
  const firm = await openFirm(api);
  const { books } = firm;
  await take(books, [entryOf('1', { quantity: hours(2) }), entryOf('2', { quantity: hours(3) })]);
  await take(books, [entryOf('never billed', { quantity: hours(4), approval: 'submitted' })]);
  await firm.run('issue');
  await books.in((tx) => markDeletedAtSource(tx, books.sourceId, ['1', 'never billed'], 'test'));
  const found = await report(firm);
  expect(found.items.map(said)).toEqual([{ source: 3, billed: 5, difference: -2 }]);
  expect(found.balanced).toBe(false);
  const shown = await cli(firm);
  expect(shown.text).toContain('-2.00');
  expect(shown.code).toBe(1);
  expect((await cli(firm, '--from', '2026-04-01')).code).toBe(0);
  expect((await cli(firm, '--from', 'yesterday')).code).toBe(2);
});

test('a ledger that lost a claim is a difference in the hours of its project', async () => {
  const firm = await openFirm(api);
  const { books } = firm;
  await take(books, [entryOf('1', { quantity: hours(2) })]);
  await firm.run('issue');
  await books.in((tx) =>
    tx.run(
      `insert into claims (workspace_id, entry_id, version, item_id, quantity)
       select workspace_id, entry_id, version, item_id, -1800 from claims where workspace_id = $1`,
      [books.workspaceId],
    ),
  );
  // Half an hour is open again; of what was billed the claim says an hour and a half.
  expect((await report(firm)).items.map(said)).toEqual([{ source: 2, billed: 1.5, unbilled: 0.5 }]);
  await books.in((tx) =>
    tx.run(`update entry_balance set quantity = claimed where workspace_id = $1`, [books.workspaceId]),
  );
  expect((await report(firm)).items.map(said)).toEqual([{ source: 2, billed: 1.5, difference: 0.5 }]);
});

test('issued money is what the platform has, what is on its way and what failed; anything else is a difference', async () => {
  const firm = await openFirm(api);
  const { books } = firm;
  const connectionId = await books.in(async (tx) => {
    const { id } = await connections.insert(tx, {
      connector: 'quickbooks',
      name: 'Ledger',
      goLiveOn: '2026-01-01',
      settings: {},
    });
    await contracts.update(tx, books.contractId, { targetConnectionId: id });
    return id;
  });
  const ids: string[] = [];
  for (const [index, quantity] of [1, 2, 4, 8].entries()) {
    await take(books, [
      entryOf(`${index}`, { workDate: `2026-03-0${index + 2}`, quantity: hours(quantity) }),
    ]);
    await firm.run('issue');
    ids.push((await firm.get('/invoices')).json.items[0].id);
  }
  const synced = (subjectId: string, total: string) =>
    books.in((tx) =>
      markSynced(tx, {
        connectionId,
        subjectType: 'client_invoice',
        subjectId,
        externalId: subjectId,
        versionToken: null,
        total,
        actor: 'test',
      }),
    );
  await synced(ids[0]!, '80.00');
  await books.in((tx) =>
    markSyncFailed(tx, {
      connectionId,
      subjectType: 'client_invoice',
      subjectId: ids[1]!,
      step: 'customer',
      reason: 'closed there',
      actor: 'test',
    }),
  );
  await synced(ids[2]!, '320.00');
  const money = async () => (await report(firm)).money as Record<string, string>[];
  expect(await money()).toMatchObject([
    {
      connectionName: 'Ledger',
      currency: 'GBP',
      documents: 4,
      net: '1200.00',
      total: '1200.00',
      remoteTotal: '400.00',
      waitingTotal: '640.00',
      failedTotal: '160.00',
    },
  ]);
  expect(Number((await money())[0]!.difference)).toBe(0);
  await synced(ids[3]!, '639.99');
  expect(await money()).toMatchObject([{ remoteTotal: '1039.99', waitingTotal: '0', difference: '0.01' }]);
  expect((await report(firm)).balanced).toBe(false);
  expect((await cli(firm)).code).toBe(1);
  const csv = (await firm.get('/reports/reconciliation/export?part=money')).text;
  expect(csv).toContain(',GBP,4,1200.00,1200.00,1039.99,0,160.00,0.01');
});
