/** Owns the leakage report over HTTP: every open hour is in it once, under the reason that keeps it from earning. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LeakageRow } from '../../store/reports/leakage.ts';
import { entryOf, expectBalanced, take } from '../support/books.ts';
import { openFirm } from '../support/pipeline.ts';
import { named } from '../support/source-entry.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const hours = (count: number) => count * 3600;

test('each open hour is under one reason and age, and together they are all that is open', async () => {
  const firm = await openFirm(api, {
    projects: ['P1', '=cmd'],
    contract: { endsBefore: '2026-06-01' },
  });
  const { books } = firm;
  await books.in((tx) =>
    tx.run(`update projects set contract_id = null where workspace_id = $1 and code = '=cmd'`, [
      books.workspaceId,
    ]),
  );
  const formula = { externalId: null, code: '=cmd', name: '=cmd' };
  await take(books, [
    entryOf('billed', { workDate: '2026-03-01' }),
    entryOf('written by nobody', { workDate: '2026-03-02', billable: false }),
  ]);
  await firm.run('issue');
  await take(books, [
    // 31 March less 30 days is 1 March: the 1st is 30 days old, the last of February 31.
    entryOf('30 days', { workDate: '2026-03-01', quantity: hours(2) }),
    entryOf('31 days', { workDate: '2026-02-28', quantity: hours(3) }),
    entryOf('unapproved', { workDate: '2026-01-15', quantity: hours(4), approval: 'submitted' }),
    entryOf('no contract', { workDate: '2026-01-29', quantity: hours(5), project: formula }),
    entryOf('nobody knows', { workDate: '2026-01-30', quantity: hours(6), project: named('Nobody') }),
    entryOf('after the end', { workDate: '2026-06-01', quantity: hours(7) }),
    entryOf('last day', { workDate: '2026-05-31', quantity: hours(8) }),
  ]);
  const march = (await firm.get('/reports/leakage?asOf=2026-03-31')).json;
  const shown = (report: { rows: LeakageRow[] }) =>
    report.rows.map((row) => `${row.reason} ${row.age} ${row.projectCode} ${row.entries} ${row.seconds}`);
  expect(shown(march)).toEqual([
    `no_contract 31-60 null 1 ${hours(6)}`,
    `no_contract 61-90 =cmd 1 ${hours(5)}`,
    `never_approved 61-90 P1 1 ${hours(4)}`,
    `unbilled 0-30 P1 1 ${hours(2)}`,
    `unbilled 31-60 P1 1 ${hours(3)}`,
  ]);
  expect(march).toMatchObject({ asOf: '2026-03-31', entries: 5, seconds: hours(20) });

  const june = (await firm.get('/reports/leakage?asOf=2026-06-30')).json;
  expect(shown(june)).toContain(`after_contract_end 0-30 P1 1 ${hours(7)}`);
  expect(shown(june)).toContain(`unbilled 0-30 P1 1 ${hours(8)}`);
  expect(june.seconds).toBe(hours(35));
  // The same by another way: what intake and compile counted as open.
  const counted = await books.in((tx) =>
    tx.row<{ seconds: number }>(
      `select sum(value)::bigint as seconds from (
         select value from totals where workspace_id = $1 and metric = 'open_seconds'
         union all select value from total_deltas where workspace_id = $1 and metric = 'open_seconds') t`,
      [books.workspaceId],
    ),
  );
  expect(counted!.seconds).toBe(june.seconds);

  const csv = await firm.get('/reports/leakage/export?asOf=2026-06-30');
  expect(csv.headers.get('content-type')).toContain('text/csv');
  const lines = csv.text.trimEnd().split('\r\n');
  expect(lines.find((line) => line.includes('cmd'))).toContain(",'=cmd,1,5.00,");
  expect(lines.at(-1)).toBe(`2026-06-30,all,,,,7,35.00,${hours(35)}`);
  await expectBalanced(api.test.database, books);
});

test('work that is priced at nothing for want of a rate is named, and gone from the report once it has one', async () => {
  const firm = await openFirm(api, { rate: null });
  await take(firm.books, [entryOf('1', { quantity: hours(2) })]);
  const report = async () => (await firm.get('/reports/leakage?asOf=2026-03-31')).json;
  expect((await report()).rows).toMatchObject([{ reason: 'unbilled', seconds: hours(2) }]);
  await firm.run('draft');
  const [draft] = (await firm.get('/invoices')).json.items;
  expect((await report()).rows).toEqual([]);
  expect((await firm.post(`/invoices/${draft.id}/discard`, { reason: 'no rate' })).status).toBe(200);
  expect((await report()).rows).toMatchObject([{ reason: 'no_rate', entries: 1, seconds: hours(2) }]);
  expect((await firm.get('/reports/leakage?asOf=2026-03-01')).json.rows).toEqual([]);
  expect((await firm.get('/reports/leakage?asOf=yesterday')).status).toBe(422);
});
