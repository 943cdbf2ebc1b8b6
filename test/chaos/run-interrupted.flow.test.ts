/**
 * Owns the promise of a run that is interrupted: whatever is killed in its middle, its totals are those of a calm run, each
 * invoice is booked once, and the books balance. `SEED=…` repeats the kills of an earlier run.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { sweepOverdue } from '../../runtime/sweeper.ts';
import { until } from '../support/loops.ts';
import { openSandbox } from '../support/sandbox.ts';
import { openSelfBillingFirm } from '../support/self-billing-firm.ts';
import { openDice } from './dice.ts';
import { becomes, type Firm, type Outcome, openFirm, waitFor } from './firm.ts';
import { type Ground, openGround } from './ground.ts';

// A killed worker is noticed after 10 s, by its missing beats; beside other tests all of it takes many times longer.
vi.setConfig({ testTimeout: 900_000, hookTimeout: 400_000 });

const dice = openDice();
const clients = 4;
const kills = 20;
const hoursOf = (n: number) => 2 + n;
let ground: Ground;
let calm: Outcome;
let calmMs: number;
const firms: Firm[] = [];

/** Clients with approved hours that have been read, and nothing under way. */
async function firmWithWork(): Promise<Firm> {
  const firm = await openFirm(await ground.hub.newWorkspace(), clients);
  firms.push(firm);
  for (const [n, code] of firm.codes.entries()) firm.work(code, hoursOf(n));
  await firm.read();
  return firm;
}
/** Asks for a run over everything, and resolves in its middle: when so many invoices are booked, and not all. */
async function askAndWaitFor(firm: Firm, booked: number): Promise<string> {
  const run = await firm.ask();
  if (booked === 0)
    await waitFor(firm, 'the run is under way', async () => (await firm.runStatus(run)) === 'running');
  else await waitFor(firm, `${booked} invoices are booked`, () => firm.booked() >= booked);
  expect(firm.booked()).toBeLessThan(2 * clients);
  return run;
}
/** Within the run itself, and while its invoices are booked. */
const middles = [0, 3] as const;

beforeAll(async () => {
  ground = await openGround();
  const worker = await ground.startWorker();
  const firm = await firmWithWork();
  const started = performance.now();
  await firm.ask();
  await waitFor(firm, 'all is booked', () => firm.booked() === 2 * clients).catch((error: Error) => {
    throw new Error(`${error.message}; the worker said: ${worker.text()}`);
  });
  calmMs = performance.now() - started;
  calm = await firm.settle();
  // 2 × (2 + 3 + 4 + 5) hours at 100.00.
  expect(calm).toEqual(firm.expected());
  expect(Object.values(calm.clients).reduce((sum, { net }) => sum + Number(net), 0)).toBe(2_800);
});
afterEach(async () => {
  for (const firm of firms.splice(0)) await firm.close();
});
afterAll(() => ground.close());

it.each(middles)(
  'Temporal killed and started again when %i invoices were booked: the totals of a calm run',
  async (booked) => {
    const firm = await firmWithWork();
    const run = await askAndWaitFor(firm, booked);
    await ground.killTemporal();
    await sleep(dice.upTo(1_000));
    await ground.startTemporal();
    await becomes(firm, run, ['done']);
    expect(await firm.settle()).toEqual(calm);
  },
);

it.each([
  { how: 'stop', booked: 0 },
  { how: 'kill', booked: 3 },
] as const)(
  'Postgres restarted ($how) when $booked invoices were booked: the totals of a calm run',
  async ({ how, booked }) => {
    const firm = await firmWithWork();
    const run = await askAndWaitFor(firm, booked);
    await ground.restartPostgres(how);
    await until(
      'the hub answers',
      async () => (await ground.hub.call('GET', '/readyz')).status === 200,
      30_000,
    );
    await becomes(firm, run, ['done']);
    expect(await firm.settle()).toEqual(calm);
  },
);

it('two workers at once, and runs of the same scope at once: the totals of a calm run', async () => {
  const other = await ground.startWorker();
  const firm = await firmWithWork();
  const runs = await Promise.all([firm.ask(), firm.ask(), firm.ask(firm.codes[0])]);
  for (const run of runs) await becomes(firm, run, ['done']);
  expect(await firm.settle()).toEqual(calm);
  other.signal('SIGINT');
  await other.ended;
});

it('Temporal’s own state deleted in the middle, workflows restarted from Postgres: the totals of a calm run', async () => {
  const firm = await firmWithWork();
  const run = await askAndWaitFor(firm, 3);
  await ground.killTemporal();
  ground.loseTemporalState();
  await ground.startTemporal();
  await until(
    'the hub is ready',
    async () => (await ground.hub.call('GET', '/readyz')).status === 200,
    30_000,
  );
  expect(await ground.restartWorkflows()).toMatch(/[1-9]\d* open documents and connections will look again/);
  await becomes(firm, run, ['done']);
  expect(await firm.settle()).toEqual(calm);
  // The connections' workflows are back too: what is worked from now on is read and billed.
  const code = firm.codes[0]!;
  firm.work(code, 1);
  await firm.read();
  await becomes(firm, await firm.ask(code), ['done']);
  expect(await firm.settle()).toEqual(firm.expected());
});

it('a period ends during a run by hand of the same scope: it waits for that run, and every hour is billed once', async () => {
  const at = await openSandbox(ground.hub, '2026-01-20T08:00:00.000Z');
  const firm = await openSelfBillingFirm(at, { triggers: { periodEnd: 'month' } });
  await firm.approve(await firm.record(['2026-01-15', '2026-01-16']));
  await at.idle(180_000);
  const itIs = (clockAt: string) =>
    at.in((tx) => tx.run('update workspaces set clock_at = $2 where id = $1', [at.workspaceId, clockAt]));
  await at.in(async (tx) => {
    // Holds the run by hand within its first step, so that it is under way for certain.
    await tx.run('lock table run_steps in exclusive mode');
    const { id } = await at.post<{ id: string }>('/billing-runs', {
      scope: { type: 'contract', id: firm.contractId },
      cutoffOn: '2026-02-01',
      reason: 'chaos',
      finishAt: 'issue',
    });
    const isUnderWay = async () =>
      (await at.get<{ run: { status: string } }>(`/billing-runs/${id}`)).run.status === 'running';
    await waitFor({ at }, 'the run by hand is under way', isUnderWay);
    await itIs('2026-02-01T08:00:00Z');
    await sweepOverdue(ground.hub.test.database);
    await waitFor({ at }, 'the period has ended', async () => (await firm.policy()).openPulls.length === 1);
    expect((await firm.policy()).waitsFor).toBe('run');
  });
  const isOver = async () => (await firm.policy()).lastRuns[0]?.status === 'done';
  await waitFor({ at }, 'the run of the period is done', isOver);
  await at.idle(180_000);
  // 2 h at 90.00, by the run by hand; the one after it found nothing left.
  expect((await firm.issued()).map(({ net }) => net)).toEqual(['180.00']);
  expect((await firm.policy()).lastRuns.map(({ trigger, status }) => `${trigger} ${status}`)).toContain(
    'period_end done',
  );
  await at.verify();
});

/** Where it all stands at the moment of a kill, in a few words. */
const standing = (firm: Firm) =>
  firm.at.in((tx) =>
    tx.row<{ step: string | null; drafts: number; unsynced: number }>(
      `select (select string_agg(s.step || ' of ' || r.id, ', ') from runs r left join lateral (
           select step from run_steps where workspace_id = $1 and run_id = r.id and status = 'running' order by started_at desc limit 1) s on true
         where r.workspace_id = $1 and r.status = 'running') as step,
         (select count(*) from client_invoices where workspace_id = $1 and status = 'draft')::int as drafts,
         (select count(*) from sync_records where workspace_id = $1 and subject_type = 'client_invoice' and status in ('queued', 'syncing'))::int as unsynced`,
      [firm.at.workspaceId],
    ),
  );

it(`a worker killed at ${kills} random points of runs with sync: every hour billed once, every invoice booked once`, async () => {
  const firm = await openFirm(await ground.hub.newWorkspace(), kills);
  firms.push(firm);
  for (const code of firm.codes) firm.work(code, 3);
  await firm.read();
  console.log(`the dice of this run: SEED=${dice.seed}; a calm run takes ${Math.round(calmMs)} ms`);
  let underWay = 0;
  const runs: string[] = [];
  await ground.stopWorkers();
  let worker = await ground.startWorker();
  for (const [n, code] of firm.codes.entries()) {
    // More hours come in at the same time: whether this run has them or a later one is chance.
    firm.work(code, 1);
    await firm.spine.sync(firm.spine.harvestId);
    runs.push(await firm.ask(code));
    await sleep(dice.next() * 1.2 * calmMs);
    await worker.kill();
    const stood = (await standing(firm))!;
    if (stood.step !== null || stood.drafts > 0 || stood.unsynced > 0) underWay += 1;
    console.log(
      `kill ${n + 1}: ${stood.step ?? 'no step under way'}; ${stood.drafts} drafts, ${stood.unsynced} on their way to the platform`,
    );
    worker = await ground.startWorker();
  }
  // Enough of them hit something; else this shows nothing. A quick machine is often done before the kill.
  expect(underWay).toBeGreaterThanOrEqual(kills / 4);
  for (const run of runs) await becomes(firm, run, ['done'], 120_000);
  await firm.read();
  await becomes(firm, await firm.ask(), ['done']);
  expect(await firm.settle()).toEqual(firm.expected());
});
