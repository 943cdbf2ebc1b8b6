/** Owns that runs over the same work go one after the other, through the real Temporal: asked for at once, by hand and by itself. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readClauses } from '../../domain/contract-terms.ts';
import { Decimal } from '../../domain/money.ts';
import type { RunScope } from '../../store/contract-scope.ts';
import { contracts } from '../../store/contracts.ts';
import { projects } from '../../store/projects.ts';
import { type Run, readRun, type Trigger } from '../../store/runs.ts';
import { pullTriggers } from '../../store/trigger-pulls.ts';
import {
  type Books,
  entryOf,
  expectBalanced,
  invoicesOf,
  openBooks,
  requestBilling,
  take,
} from '../support/books.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { sleep, until } from '../support/loops.ts';
import { openTestWorkspace, type TestWorkspace } from '../support/workspace.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub();
});
afterAll(() => hub.stop());

interface Firm {
  books: Books;
  at: TestWorkspace;
}
async function newFirm(options: Parameters<typeof openBooks>[1] = {}): Promise<Firm> {
  const books = await openBooks(hub.test.database, options);
  return { books, at: await openTestWorkspace(hub.hub, hub.test.database, books.workspaceId) };
}
const runOf = ({ books }: Firm, id: string) => books.in((tx) => readRun(tx, id));
/** Waits for the end of all; says where those are that have none. */
async function ended(firm: Firm, ...ids: string[]): Promise<Run[]> {
  const read = () => Promise.all(ids.map((id) => runOf(firm, id)));
  const underWay = async () =>
    (await read()).filter((run) => !run || ['queued', 'running'].includes(run.status));
  const end = performance.now() + 150_000;
  for (let open = await underWay(); open.length > 0; open = await underWay()) {
    if (performance.now() > end) throw new Error(`still under way: ${JSON.stringify(open)}`);
    await sleep(100);
  }
  return (await read()).map((run) => run!);
}
const onProject = (code: string) => ({ project: { externalId: null, code, name: code } });
const hoursOn = (code: string, count: number) =>
  Array.from({ length: count }, (_, index) => entryOf(`${code} ${index}`, onProject(code)));

/** Brings the run to its end and then under way again, as if its last step took long: until it is cancelled. */
async function keepUnderWay(firm: Firm, run: Run): Promise<void> {
  await ended(firm, run.id);
  await firm.at.idle();
  await firm.books.in((tx) =>
    tx.run(`update runs set status = 'running', finished_at = null where workspace_id = $1 and id = $2`, [
      firm.books.workspaceId,
      run.id,
    ]),
  );
}

/** Each run's time under way; none of them may meet another. */
async function expectOneAfterTheOther({ books }: Firm, ids: string[]): Promise<void> {
  const spans = await books.in((tx) =>
    tx.rows<{ startedAt: string; finishedAt: string }>(
      `select started_at::text as started_at, finished_at::text as finished_at from runs
       where workspace_id = $1 and id = any($2::uuid[]) order by started_at`,
      [books.workspaceId, ids],
    ),
  );
  for (const [index, { startedAt }] of spans.entries())
    if (index > 0) expect(startedAt >= spans[index - 1]!.finishedAt).toBe(true);
}

test('two runs that are asked for at once over HTTP make one draft of the work between them', async () => {
  const firm = await newFirm({ projects: ['P1', 'P2'] });
  await take(firm.books, [...hoursOn('P1', 12), ...hoursOn('P2', 8)]);
  const ask = (scope: RunScope) =>
    firm.at.post<Run>('/billing-runs', { scope, cutoffOn: '2027-01-01', reason: 'both', finishAt: 'draft' });
  const asked = await Promise.all([
    ask({ type: 'contract', id: firm.books.contractId }),
    ask({ type: 'client', id: firm.books.clientId }),
  ]);
  const ids = asked.map(({ id }) => id);
  const runs = await ended(firm, ...ids);
  expect(runs.map(({ status }) => status)).toEqual(['done', 'done']);
  expect((await invoicesOf(firm.books)).map(({ status, net }) => `${status} ${net}`)).toEqual([
    'draft 1600.00',
  ]);
  await expectOneAfterTheOther(firm, ids);
  await expectBalanced(hub.test.database, firm.books);
});

test('runs of contracts that have nothing in common do not wait for each other', async () => {
  const firm = await newFirm();
  const other = await firm.books.in(async (tx) => {
    const contract = await contracts.insert(tx, {
      clientId: firm.books.clientId,
      sellerId: firm.books.sellerId,
      name: 'Survey',
      currency: 'GBP',
      zone: 'Europe/London',
      startsOn: '2026-01-01',
      goLiveOn: '2026-01-01',
    });
    await projects.insert(tx, {
      clientId: firm.books.clientId,
      contractId: contract.id,
      code: 'S1',
      name: 'S1',
    });
    return contract.id;
  });
  const stuck = await requestBilling(firm.books, { finishAt: 'draft' });
  await keepUnderWay(firm, stuck);
  const free = await requestBilling(firm.books, {
    scope: { type: 'contract', id: other },
    finishAt: 'draft',
  });
  expect((await ended(firm, free.id)).map(({ status }) => status)).toEqual(['done']);
});

test('a period that ends during a run by hand bills after it, only what is left', async () => {
  const clauses = readClauses({
    triggers: { onApproval: false, periodEnd: null, thresholdHours: null, thresholdAmount: '1000000' },
  });
  const firm = await newFirm();
  const { books, at } = firm;
  await at.patch(`/contracts/${books.contractId}`, { clauses: { triggers: clauses.triggers } });
  await take(books, hoursOn('P1', 6));
  const before = await requestBilling(books, { finishAt: 'compile' });
  await keepUnderWay(firm, before);
  const byHand = await at.post<Run>('/billing-runs', {
    scope: { type: 'contract', id: books.contractId },
    cutoffOn: '2026-03-10',
    reason: 'The client asked',
    finishAt: 'draft',
  });
  await books.in((tx) =>
    pullTriggers(tx, [
      {
        contractId: books.contractId,
        trigger: 'period_end',
        pulledBy: 'system:billing-policy',
        reason: 'The period is over.',
        cutoffOn: '2026-04-01',
        period: '2026-03-01/2026-04-01',
      },
    ]),
  );
  await until(
    'the run by hand waits',
    async () => (await runOf(firm, byHand.id))!.waitsForRunId === before.id,
  );
  await at.post(`/billing-runs/${before.id}/cancel`, {});
  await ended(firm, before.id, byHand.id);
  await until(
    'the pull became a run',
    async () =>
      (await books.in((tx) =>
        tx.row(`select id from runs where workspace_id = $1 and trigger = 'period_end' and status = 'done'`, [
          books.workspaceId,
        ]),
      )) !== null,
    60_000,
  );
  await at.idle();
  const all = await books.in((tx) =>
    tx.rows<{ id: string; trigger: Trigger }>(
      'select id, trigger from runs where workspace_id = $1 order by id',
      [books.workspaceId],
    ),
  );
  await expectOneAfterTheOther(
    firm,
    all.map(({ id }) => id),
  );
  const period = all.find(({ trigger }) => trigger === 'period_end')!;
  expect(await at.get(`/billing-runs/${period.id}`)).toMatchObject({ pulls: 1 });
  expect(await at.get(`/billing-runs/${period.id}/pulls`)).toMatchObject({
    items: [{ trigger: 'period_end', period: '2026-03-01/2026-04-01', reason: 'The period is over.' }],
  });
  // All hours are on drafts, each once: 6 × 80.
  const nets = (await invoicesOf(books)).map(({ net }) => net);
  expect(Decimal.sum(...nets).toFixed(2)).toBe('480.00');
  await expectBalanced(hub.test.database, books);
});

test('a run that waits is cancelled without a trace, and what waited for it goes on', async () => {
  const firm = await newFirm();
  const { books, at } = firm;
  await take(books, hoursOn('P1', 4));
  const first = await requestBilling(books, { finishAt: 'draft' });
  await keepUnderWay(firm, first);
  const second = await requestBilling(books, { finishAt: 'issue' });
  const third = await requestBilling(books, { finishAt: 'draft' });
  const waits = async (run: Run, forRun: Run) => (await runOf(firm, run.id))!.waitsForRunId === forRun.id;
  await until('both wait', async () => (await waits(second, first)) && (await waits(third, first)), 60_000);
  const progress = await at.workflow('billing_run', second.id).query('progress');
  expect(progress).toMatchObject({ step: 'wait', waitsFor: first.id });
  await at.post(`/billing-runs/${second.id}/cancel`, {});
  expect((await ended(firm, second.id))[0]!.status).toBe('cancelled');
  expect((await runOf(firm, third.id))!.status).toBe('queued');
  await at.post(`/billing-runs/${first.id}/cancel`, {});
  expect((await ended(firm, first.id, third.id)).map(({ status }) => status)).toEqual(['cancelled', 'done']);
  expect((await invoicesOf(books)).map(({ status, net }) => `${status} ${net}`)).toEqual(['draft 320.00']);
  await expectBalanced(hub.test.database, books);
});

test('runs by hand and by themselves, of every scope, at once: the books balance and each hour is on one invoice', async () => {
  const codes = ['P1', 'P2', 'P3'];
  const firm = await newFirm({
    projects: codes,
    contract: { grouping: { invoice: 'project', line: 'project' } },
  });
  const { books, at } = firm;
  const seed = Date.now() % 1_000_000;
  console.log(`seed ${seed}`);
  let state = seed;
  const random = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
  const scopes: RunScope[] = [
    { type: 'workspace', id: books.workspaceId },
    { type: 'client', id: books.clientId },
    { type: 'contract', id: books.contractId },
    ...codes.map((code) => ({ type: 'project' as const, id: books.projects[code]! })),
  ];
  const automatic: Trigger[] = ['entry', 'period_end', 'ready_for_billing', 'threshold'];
  const ids: string[] = [];
  let worked = 0;
  for (let round = 0; round < 4; round += 1) {
    const entries = codes.flatMap((code) =>
      Array.from({ length: 1 + random(4) }, (_, index) =>
        entryOf(`${round} ${code} ${index}`, {
          ...onProject(code),
          person: { externalId: null, code: null, name: `Hand ${round} ${code}`, email: null },
        }),
      ),
    );
    worked += entries.length;
    const asked = await Promise.all([
      take(books, entries).then(() => null),
      ...[0, 1].map(() =>
        at.post<Run>('/billing-runs', {
          scope: scopes[random(scopes.length)],
          cutoffOn: '2027-01-01',
          reason: `round ${round} ${ids.length}`,
          finishAt: random(2) === 0 ? 'draft' : 'issue',
        }),
      ),
      ...[0, 1].map(() =>
        requestBilling(books, {
          scope: scopes[random(scopes.length)]!,
          trigger: automatic[random(automatic.length)]!,
          pulledBy: 'system:billing-policy',
          finishAt: 'draft',
        }),
      ),
    ]);
    ids.push(...asked.flatMap((run) => (run ? [run.id] : [])));
    if (random(3) === 0)
      await at.call('POST', `/billing-runs/${ids[random(ids.length)]}/cancel`, { body: {} });
    await sleep(random(200));
  }
  const last = await requestBilling(books, { finishAt: 'draft' });
  const runs = await ended(firm, ...new Set(ids), last.id);
  expect(runs.filter(({ status }) => status === 'failed').map(({ error }) => error)).toEqual([]);
  const nets = (await invoicesOf(books)).map(({ net }) => net);
  expect(Decimal.sum(...nets).toFixed(2)).toBe(new Decimal(worked).times(80).toFixed(2));
  const onTwo = await books.in((tx) =>
    tx.rows(
      `select p.entry_id from (
         select i.entry_id, a.invoice_id from allocations a join billable_items i on i.workspace_id = $1 and i.id = a.item_id
         where a.workspace_id = $1 group by 1, 2 having sum(a.quantity) <> 0) p
       group by 1 having count(*) > 1`,
      [books.workspaceId],
    ),
  );
  expect(onTwo).toEqual([]);
  await expectBalanced(hub.test.database, books);
}, 240_000);
