/** Owns trigger 2 as stories: periods of a contract end and are billed, on the moved clock of a sandbox and through the real Temporal. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sweepOverdue } from '../../runtime/sweeper.ts';
import { lookAtPolicy } from '../../store/billing-policies.ts';
import { finishRun, requestRun } from '../../store/runs.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { makeMember } from '../support/make-member.ts';
import { openSandbox, type Sandbox } from '../support/sandbox.ts';
import { openSelfBillingFirm, type SelfBillingFirm } from '../support/self-billing-firm.ts';
import { createTestNamespace, type TestNamespace } from '../support/temporal.ts';

let test: TestDatabase;
let temporal: TestNamespace;
let hub: TestHub;
beforeAll(async () => {
  test = await createTestDatabase();
  temporal = await createTestNamespace();
  hub = await startTestHub({ test, temporal });
});
afterAll(async () => {
  await hub.stop();
  await test.drop();
});

async function openFirm(
  startAt: string,
  triggers: Record<string, unknown>,
  contract: Record<string, unknown> = {},
): Promise<{ at: Sandbox; firm: SelfBillingFirm }> {
  const at = await openSandbox(hub, startAt);
  const firm = await openSelfBillingFirm(at, { triggers, contract });
  return { at, firm };
}
const work = async (firm: SelfBillingFirm, ...days: string[]) => firm.approve(await firm.record(days));
/** Number, net and day of issue. */
const shown = async (at: Sandbox, firm: SelfBillingFirm) => {
  await at.idle();
  const invoices = (await firm.issued()) as unknown as { number: string; net: string; issueDate: string }[];
  return invoices.map(({ number, net, issueDate }) => `${number} ${net} ${issueDate}`);
};
/** Sets the clock in one go, as time that passed while nobody kept a timer; the sweep wakes what is due. */
async function itIs(at: Sandbox, instant: string): Promise<void> {
  await at.in((tx) => tx.run('update workspaces set clock_at = $2 where id = $1', [at.workspaceId, instant]));
  await sweepOverdue(test.database);
  await at.idle();
}
const runsOf = async (firm: SelfBillingFirm) =>
  (await firm.policy()).lastRuns.map((run) => `${run.trigger} ${run.cutoffOn} ${run.status}`).toReversed();

it('months are billed when they end, each with its own work', async () => {
  const { at, firm } = await openFirm('2026-01-29T08:00:00Z', { periodEnd: 'month' });
  await work(firm, '2026-01-08', '2026-01-09');
  expect(await firm.policy()).toMatchObject({
    waitsFor: 'trigger',
    // Oslo is an hour ahead of UTC in January.
    nextPeriod: { startsOn: '2026-01-01', endsBefore: '2026-02-01', dueAt: '2026-01-31T23:00:00.000Z' },
  });
  await at.moveTo('2026-01-31T22:59:00Z');
  expect(await shown(at, firm)).toEqual([]);
  await at.moveTo('2026-02-02T12:00:00Z');
  expect(await shown(at, firm)).toEqual(['NOR-0001 180.00 2026-02-01']);
  await work(firm, '2026-02-02');
  await itIs(at, '2026-03-02T12:00:00Z');
  expect(await shown(at, firm)).toEqual(['NOR-0001 180.00 2026-02-01', 'NOR-0002 90.00 2026-03-02']);
  // March has no work: its run makes nothing.
  await itIs(at, '2026-04-02T12:00:00Z');
  expect(await runsOf(firm)).toEqual([
    'period_end 2026-02-01 done',
    'period_end 2026-03-01 done',
    'period_end 2026-04-01 done',
  ]);
  await at.verify();
}, 90_000);

it('a grace lets late approvals in, and work of the new month stays out', async () => {
  const { at, firm } = await openFirm('2026-01-20T08:00:00Z', { periodEnd: 'month', graceHours: 48 });
  await work(firm, '2026-01-15');
  await itIs(at, '2026-02-01T12:00:00Z');
  expect(await shown(at, firm)).toEqual([]);
  // Handed in and approved a day late.
  await work(firm, '2026-01-30', '2026-02-01');
  await itIs(at, '2026-02-03T00:00:00Z');
  expect(await shown(at, firm)).toEqual(['NOR-0001 180.00 2026-02-03']);
  await itIs(at, '2026-03-04T00:00:00Z');
  expect(await shown(at, firm)).toEqual(['NOR-0001 180.00 2026-02-03', 'NOR-0002 90.00 2026-03-04']);
}, 90_000);

it('workers that were down over the ends of three months bill each of them once when they return, the oldest first', async () => {
  const away = { test: await createTestDatabase(), temporal: await createTestNamespace() };
  const api = await startTestHub({ ...away, parts: { api: true, worker: false } });
  let workers: TestHub | null = null;
  try {
    const at = await openSandbox(api, '2026-01-10T08:00:00Z');
    const firm = await openSelfBillingFirm(at, { triggers: { periodEnd: 'month' } });
    const timePasses = (clockAt: string) =>
      at.in((tx) => tx.run('update workspaces set clock_at = $2 where id = $1', [at.workspaceId, clockAt]));
    await work(firm, '2026-01-09');
    await timePasses('2026-02-20T08:00:00Z');
    await work(firm, '2026-02-19', '2026-02-18');
    await timePasses('2026-03-20T08:00:00Z');
    await work(firm, '2026-03-17', '2026-03-18', '2026-03-19');
    await timePasses('2026-04-05T08:00:00Z');
    expect(await firm.issued()).toEqual([]);
    workers = await startTestHub({ ...away, parts: { api: false, worker: true } });
    await firm.issuedBecome(3);
    expect(await shown(at, firm)).toEqual([
      'NOR-0001 90.00 2026-04-05',
      'NOR-0002 180.00 2026-04-05',
      'NOR-0003 270.00 2026-04-05',
    ]);
    expect(await runsOf(firm)).toEqual([
      'period_end 2026-02-01 done',
      'period_end 2026-03-01 done',
      'period_end 2026-04-01 done',
    ]);
    await at.verify();
  } finally {
    await workers?.stop();
    await api.stop();
    await away.test.drop();
  }
}, 90_000);

it('an amendment from months to weeks, a pause and the end of the contract are followed', async () => {
  const { at, firm } = await openFirm('2026-01-10T08:00:00Z', { periodEnd: 'month' });
  await work(firm, '2026-01-09');
  await at.post(`/contracts/${firm.contractId}/amendments`, {
    startsOn: '2026-02-09',
    clauses: { triggers: { periodEnd: { every: 'week', closesOn: 5 } } },
    reason: 'They want to see smaller ones',
  });
  await itIs(at, '2026-02-10T08:00:00Z');
  await work(firm, '2026-02-04', '2026-02-10');
  expect((await firm.policy()).nextPeriod).toMatchObject({
    startsOn: '2026-02-01',
    endsBefore: '2026-02-14',
  });
  await itIs(at, '2026-02-16T08:00:00Z');
  expect(await shown(at, firm)).toEqual(['NOR-0001 90.00 2026-02-10', 'NOR-0002 180.00 2026-02-16']);

  // Paused, the ends of weeks pass; active again, each of them is billed once.
  await at.patch(`/contracts/${firm.contractId}`, { status: 'paused' });
  await at.idle();
  await work(firm, '2026-02-16');
  await itIs(at, '2026-03-02T08:00:00Z');
  expect(await firm.policy()).toMatchObject({ waitsFor: 'active_contract', nextPeriod: null });
  expect(await shown(at, firm)).toHaveLength(2);
  await at.patch(`/contracts/${firm.contractId}`, { status: 'active' });
  expect(await shown(at, firm)).toEqual([
    'NOR-0001 90.00 2026-02-10',
    'NOR-0002 180.00 2026-02-16',
    'NOR-0003 90.00 2026-03-02',
  ]);
  expect(await runsOf(firm)).toEqual([
    'period_end 2026-02-01 done',
    'period_end 2026-02-14 done',
    'period_end 2026-02-21 done',
    'period_end 2026-02-28 done',
  ]);

  await at.patch(`/contracts/${firm.contractId}`, { status: 'ended' });
  await itIs(at, '2026-04-01T08:00:00Z');
  expect(await runsOf(firm)).toHaveLength(4);
  // Temporal hears of the end a moment after the look that was its last.
  await expect
    .poll(() => at.workflowStatus('billing_policy', firm.contractId), { timeout: 20_000 })
    .toBe('COMPLETED');
}, 120_000);

it('the last period ends with the contract, whatever day that is', async () => {
  const { at, firm } = await openFirm(
    '2026-01-20T08:00:00Z',
    { periodEnd: { every: 'cron', cron: '0 18 L * *' } },
    { endsBefore: '2026-02-12' },
  );
  await work(firm, '2026-01-19');
  await itIs(at, '2026-01-31T17:30:00Z');
  expect(await shown(at, firm), 'at 18:00 in Oslo it has fired').toEqual(['NOR-0001 90.00 2026-01-31']);
  await work(firm, '2026-01-31');
  await itIs(at, '2026-06-01T08:00:00Z');
  expect(await shown(at, firm)).toEqual(['NOR-0001 90.00 2026-01-31', 'NOR-0002 90.00 2026-06-01']);
  expect(await firm.policy()).toMatchObject({ nextPeriod: null, waitsFor: 'trigger' });
}, 90_000);

it('nothing before the day of go-live is a period', async () => {
  const { at, firm } = await openFirm(
    '2026-01-20T08:00:00Z',
    { periodEnd: 'month' },
    { goLiveOn: '2026-02-15' },
  );
  await at.idle();
  expect((await firm.policy()).nextPeriod).toMatchObject({
    startsOn: '2026-02-15',
    endsBefore: '2026-03-01',
  });
});

it('a calendar that changes moves the working day on which a month closes', async () => {
  const at = await openSandbox(hub, '2026-01-20T08:00:00Z');
  const holidays = [{ day: '2026-01-01', name: 'New year' }];
  const { id } = await at.post<{ id: string }>('/holiday-calendars', { name: 'Norway', holidays });
  const firm = await openSelfBillingFirm(at, {
    triggers: { periodEnd: { every: 'month', closesOn: { workingDay: -1 } } },
    contract: { holidayCalendarId: id },
  });
  await at.idle();
  // The last working day of January 2026 is Friday the 30th, in Oslo an hour ahead of UTC.
  expect(await firm.policy()).toMatchObject({ nextLookAt: '2026-01-30T23:00:00.000Z' });
  await at.patch(`/holiday-calendars/${id}`, {
    holidays: [...holidays, { day: '2026-01-30', name: 'Day of the yard' }],
  });
  await at.idle();
  expect(await firm.policy()).toMatchObject({
    nextLookAt: '2026-01-29T23:00:00.000Z',
    nextPeriod: { startsOn: '2026-01-01', endsBefore: '2026-01-30' },
  });
});

it('a run that began by itself and failed is told to whoever may run it again', async () => {
  const { at, firm } = await openFirm('2026-01-20T08:00:00Z', {});
  const finance = await at.in((tx) => makeMember(tx, 'admin', { name: 'Ada' }));
  for (const trigger of ['period_end', 'by_hand'] as const)
    await at.in(async (tx) => {
      const scope = { type: 'contract', id: firm.contractId } as const;
      const wanted = { scope, trigger, pulledBy: 'test', reason: null, cutoffOn: '2026-01-01' };
      const run = await requestRun(tx, { ...wanted, finishAt: 'issue' });
      await finishRun(tx, run.id, { status: 'failed', error: 'the disk is full' });
    });
  const told = await at.call('GET', '/notifications', { key: finance.key });
  expect(told.json.items).toMatchObject([
    { kind: 'run.failed', title: 'Billing of Nordlys Rederi · Yard work failed', quote: 'the disk is full' },
  ]);
});

it('a look that is repeated pulls a period once, and of very many missed ones the oldest together', async () => {
  const { at, firm } = await openFirm('2026-01-02T08:00:00Z', { periodEnd: 'day' });
  await at.idle();
  await at.post(`/contracts/${firm.contractId}/billing-policy/pause`, { reason: 'A long time' });
  await at.idle();
  // Nobody keeps a timer: the clock is set, and the looks are ours.
  await at.in((tx) =>
    tx.run(`update workspaces set clock_at = '2026-06-01T08:00:00Z' where id = $1`, [at.workspaceId]),
  );
  for (let again = 0; again < 3; again += 1) await at.in((tx) => lookAtPolicy(tx, firm.contractId));
  const { openPulls } = await firm.policy();
  expect(openPulls).toHaveLength(100);
  // 2 January to 21 February in one; the last is yesterday.
  expect([openPulls[0]!.period, openPulls[1]!.period, openPulls[99]!.period]).toEqual([
    '2026-01-02/2026-02-22',
    '2026-02-22/2026-02-23',
    '2026-05-31/2026-06-01',
  ]);
});

it('a schedule that makes no sense is refused by name', async () => {
  const { at, firm } = await openFirm('2026-01-02T08:00:00Z', {});
  for (const periodEnd of [
    { every: 'week', closesOn: 9 },
    { every: 'cron', cron: '0 0 30 2 *' },
    { every: 'cron', cron: 'now and then' },
  ]) {
    const answer = await at.call('PATCH', `/contracts/${firm.contractId}`, {
      body: { clauses: { triggers: { periodEnd } } },
    });
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('periodEnd');
  }
  expect((await firm.policy()).waitsFor).toBe('triggers');
});
