/** Owns the days that books, reports and exceptions say in a workspace with a clock of its own: those of that clock. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { doDailyOf } from '../../store/daily.ts';
import { getWorkspace } from '../../store/workspaces.ts';
import {
  type Books,
  carryOut,
  entryOf,
  expectBalanced,
  invoicesOf,
  requestBilling,
  take,
} from '../support/books.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
const opened: Books[] = [];
beforeAll(async () => {
  api = await startApi();
});
afterEach(async () => {
  for (const books of opened.splice(0)) await expectBalanced(api.test.database, books);
});
afterAll(() => api.stop());

async function sandboxFirm(clockAt: string): Promise<Firm> {
  const firm = await openFirm(api, { rate: '100.00' });
  opened.push(firm.books);
  await setClock(firm.books, clockAt);
  return firm;
}
const setClock = (books: Books, at: string) =>
  books.in((tx) =>
    tx.run(`update workspaces set kind = 'sandbox', clock_at = $2 where id = $1`, [books.workspaceId, at]),
  );
const run = async (firm: Firm, wanted: Parameters<typeof requestBilling>[1]) => {
  const { status } = await carryOut(api.test.database, firm.books, await requestBilling(firm.books, wanted));
  expect(status).toBe('done');
};
const totals = async (firm: Firm, name: string, query: string) => {
  const answer = await firm.get(`/reports/finance/${name}?${query}`);
  expect(answer.status, answer.text).toBe(200);
  return (answer.json as { totals: Record<string, string | null>[] }).totals;
};

test('work in progress is earned, billed and written off on days of the sandbox, years from now', async () => {
  const firm = await sandboxFirm('2041-03-05T12:00:00Z');
  await take(
    firm.books,
    [entryOf('A', { workDate: '2041-03-03' }), entryOf('B', { workDate: '2041-03-04' })],
    {
      today: '2041-03-05',
    },
  );
  await run(firm, { cutoffOn: '2041-04-01', finishAt: 'compile' });
  await setClock(firm.books, '2041-04-10T12:00:00Z');
  const { items } = (await firm.get('/billable-items')).json as { items: { id: string }[] };
  expect(items).toHaveLength(2);
  const off = await firm.post('/billable-items/write-off', {
    itemIds: [items[0]!.id],
    reasonCode: 'goodwill',
    reason: 'It took too long',
  });
  expect(off.status, off.text).toBeLessThan(300);
  expect(await totals(firm, 'wip', 'startsOn=2041-02-01&asOf=2041-03-04')).toEqual([]);
  expect(await totals(firm, 'wip', 'startsOn=2041-03-01&asOf=2041-03-31')).toMatchObject([
    { earned: '200', closing: '200' },
  ]);
  expect(await totals(firm, 'wip', 'startsOn=2041-04-01&asOf=2041-04-30')).toMatchObject([
    { opening: '200', writtenOff: '100', closing: '100' },
  ]);
});

test('a late fee that is waived late in the evening counts on its seller’s day, which is the next one', async () => {
  const firm = await sandboxFirm('2041-06-03T12:00:00Z');
  await firm.books.in((tx) =>
    tx.run(`update clients set email = 'ap@ferries.example' where workspace_id = $1`, [
      firm.books.workspaceId,
    ]),
  );
  await take(firm.books, [entryOf('A', { workDate: '2041-06-02' })], { today: '2041-06-03' });
  await firm.post('/series', {
    sellerId: firm.books.sellerId,
    documentType: 'late_fee',
    pattern: 'LF-{NNNN}',
  });
  await firm.post('/reminder-policies', {
    name: 'A week',
    isDefault: true,
    steps: [{ days: 7, fee: { amount: '40.00', currency: 'GBP' } }],
  });
  await run(firm, { cutoffOn: '2041-06-03' });
  const [invoice] = await invoicesOf(firm.books);
  expect(invoice!.number).toBe('NFE-0001');
  await setClock(firm.books, '2041-07-10T22:30:00Z');
  expect((await firm.post('/reminders/send', {})).json).toMatchObject({ letters: 1 });
  const { items } = (await firm.get('/late-fees')).json as { items: { id: string; status: string }[] };
  // Half past eleven in UTC is half past midnight in a British summer.
  await setClock(firm.books, '2041-07-14T23:30:00Z');
  expect((await firm.post(`/late-fees/${items[0]!.id}/waive`, { reason: 'Goodwill' })).json.status).toBe(
    'waived',
  );
  const owed = async (asOf: string) =>
    Number((await totals(firm, 'aged-receivables', `asOf=${asOf}`))[0]!.open);
  expect([await owed('2041-07-14'), await owed('2041-07-15')]).toEqual([140, 100]);
  const journal = async (day: string) =>
    (await firm.get(`/reports/finance/journal?startsOn=${day}&asOf=${day}`)).json as { rows: unknown[] };
  expect((await journal('2041-07-14')).rows).toEqual([]);
  expect((await journal('2041-07-15')).rows).toHaveLength(2);
});

test('an exception grows as old as the sandbox’s clock says, and its alarm comes by that', async () => {
  const firm = await sandboxFirm('2041-03-05T12:00:00Z');
  // Work of a project that nobody knows.
  await take(
    firm.books,
    [entryOf('A', { workDate: '2041-03-03', project: { externalId: null, code: 'P9', name: 'P9' } })],
    { today: '2041-03-05' },
  );
  const aged = async () =>
    ((await firm.get('/exceptions?status=open')).json as { items: { ageDays: number }[] }).items.map(
      ({ ageDays }) => ageDays,
    );
  expect(await aged()).toEqual([0]);
  const alarms = async () => {
    await doDailyOf(api.test.database, await firm.books.in((tx) => getWorkspace(tx)));
    const row = await firm.books.in((tx) =>
      tx.row<{ count: number }>(
        'select count(*)::int as count from exceptions where workspace_id = $1 and alarmed_at is not null',
        [firm.books.workspaceId],
      ),
    );
    return row!.count;
  };
  await setClock(firm.books, '2041-03-10T12:00:00Z');
  expect([await aged(), await alarms()]).toEqual([[5], 0]);
  await setClock(firm.books, '2041-03-13T12:00:00Z');
  expect([await aged(), await alarms()]).toEqual([[8], 1]);
  const old = async (days: number) =>
    ((await firm.get(`/exceptions?minAgeDays=${days}`)).json as { items: unknown[] }).items.length;
  expect([await old(8), await old(9)]).toEqual([1, 0]);
});
