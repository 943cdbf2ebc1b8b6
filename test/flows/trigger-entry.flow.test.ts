/** Owns trigger 1 as stories: work that is approved, submitted or taken in is billed without anybody asking, through the real Temporal. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addDays, localDay } from '../../domain/day.ts';
import { wakeOpenSubjects } from '../../store/open-subjects.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { sleep, until } from '../support/loops.ts';
import { openSandbox } from '../support/sandbox.ts';
import { openSelfBillingFirm, type SelfBillingFirm } from '../support/self-billing-firm.ts';
import { openSpine, type ShownInvoice } from '../support/spine.ts';
import { openTicketDesk } from '../support/ticket-desk.ts';
import type { TestWorkspace } from '../support/workspace.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub();
});
afterAll(() => hub.stop());

const yesterday = addDays(localDay(new Date(), 'Europe/Oslo'), -1);
/** A contract that began before any day that is worked here. */
const longAgo = { startsOn: '2020-01-01', goLiveOn: '2020-01-01' };

async function openFirm(
  onApproval: unknown,
  options: Partial<Parameters<typeof openSelfBillingFirm>[1]> = {},
): Promise<{ at: TestWorkspace; firm: SelfBillingFirm }> {
  const at = await hub.newWorkspace();
  const firm = await openSelfBillingFirm(at, { triggers: { onApproval }, contract: longAgo, ...options });
  return { at, firm };
}
const netOf = (invoices: readonly ShownInvoice[]) =>
  invoices.map(({ net }) => Number(net)).reduce((sum, net) => sum + net, 0);

it('two hundred approvals in a moment make two runs, the first at once, and each hour is billed once', async () => {
  // Here a moment is one however busy the machine: the clock of a sandbox stands until it is set.
  const at = await openSandbox(hub, '2026-03-04T08:00:00Z');
  const firm = await openSelfBillingFirm(at, { triggers: { onApproval: true } });
  const ids = await firm.record(
    Array.from({ length: 200 }, () => '2026-03-02'),
    0.1,
  );
  // Each by itself, as many at once as there are connections for.
  const left = ids.values();
  const approver = async () => {
    for (const id of left) await firm.approve([id]);
  };
  await Promise.all(Array.from({ length: 16 }, approver));
  await firm.issuedBecome(1);
  await at.idle();
  const before = await firm.policy();
  expect(before).toMatchObject({ waitsFor: 'gathering', nextLookAt: '2026-03-04T08:00:05.000Z' });
  expect(before.lastRuns).toMatchObject([{ trigger: 'entry', status: 'done' }]);
  expect(before.lastRuns[0]!.pulls + before.openPulls[0]!.pulls, 'each approval pulled').toBe(200);

  await at.moveTo('2026-03-04T08:00:10Z');
  const { lastRuns, openPulls } = await firm.policy();
  expect(lastRuns.map(({ trigger, status }) => `${trigger} ${status}`)).toEqual(['entry done', 'entry done']);
  expect(openPulls).toEqual([]);
  // 200 × 0.1 h × 90.00.
  expect(netOf(await firm.issued())).toBe(1800);
  await at.verify();
}, 300_000);

it('what is approved within the window waits for its end, and no longer', async () => {
  const { at, firm } = await openFirm({ windowSeconds: 8 });
  const [first, ...others] = await firm.record([yesterday, yesterday, yesterday]);
  await firm.approve([first!]);
  await firm.issuedBecome(1);
  for (const id of others) await firm.approve([id]);
  await firm.issuedBecome(2);
  await at.idle();
  expect((await firm.issued()).map(({ net }) => net)).toEqual(['90.00', '180.00']);
  expect((await firm.policy()).lastRuns.map(({ pulls }) => pulls)).toEqual([2, 1]);
});

it('no approval is lost between a run that begins and one that ends: all of them are billed, once', async () => {
  const { at, firm } = await openFirm({ windowSeconds: 1 });
  const ids = await firm.record(
    Array.from({ length: 60 }, (_, index) => addDays(yesterday, -(index % 3))),
    0.5,
  );
  const left = ids.values();
  const approver = async () => {
    for (const id of left) await firm.approve([id]);
  };
  await Promise.all(Array.from({ length: 4 }, approver));
  // 60 × 0.5 h × 90.00; nothing but the approvals asks for a run.
  await until('all of them are billed', async () => netOf(await firm.issued()) >= 2700, 60_000);
  // The last pull may be of work that the run before it billed: it waits for its window all the same.
  await until('no pull waits', async () => (await firm.policy()).openPulls.length === 0, 30_000);
  await at.idle();
  expect(netOf(await firm.issued())).toBe(2700);
  expect((await firm.policy()).lastRuns.length).toBeGreaterThan(1);
  await at.verify();
}, 300_000);

it('the run says who pulled it, and a contract without the trigger is left alone', async () => {
  const { at, firm } = await openFirm(true);
  const other = await openSelfBillingFirm(await hub.newWorkspace(), { triggers: {}, contract: longAgo });
  await other.approve(await other.record([yesterday]));
  const [id] = await firm.record([yesterday], 2);
  await firm.approve([id!]);
  const [invoice] = await firm.issuedBecome(1);
  expect(invoice).toMatchObject({ net: '180.00', number: 'NOR-0001' });
  await at.idle();
  const { lastRuns, waitsFor } = await firm.policy();
  expect(lastRuns).toMatchObject([
    { trigger: 'entry', pulls: 1, status: 'done', reason: 'work was taken in' },
  ]);
  expect(lastRuns[0]!.pulledBy).toMatch(/^key:/);
  expect(waitsFor).toBe('trigger');
  expect(await other.policy()).toMatchObject({ waitsFor: 'triggers', openPulls: [], lastRuns: [] });
  expect(await other.issued()).toEqual([]);
});

it('where submission is the approval, a submitted ticket is billed; elsewhere it waits to be approved', async () => {
  const at = await hub.newWorkspace();
  const desk = await openTicketDesk(at, hub.test.database);
  const [contract] = (
    await at.get<{ items: { id: string; sellerId: string; clientId: string }[] }>('/contracts')
  ).items;
  const { id, sellerId, clientId } = contract!;
  await at.post('/series', { sellerId, documentType: 'invoice', pattern: '{CLIENT}-{NNNN}' });
  await at.post('/strategies', {
    scopeType: 'contract',
    scopeId: id,
    category: 'labor',
    method: 'service_rates',
  });
  await at.post('/rate-cards', {
    scopeType: 'contract',
    scopeId: id,
    position: '*',
    regularRate: '100.00',
    currency: 'USD',
  });
  await at.patch(`/clients/${clientId}`, { autoInvoicing: true });
  await at.patch(`/contracts/${id}`, { clauses: { triggers: { onApproval: { windowSeconds: 1 } } } });
  const issued = async () =>
    (await at.get<{ items: ShownInvoice[] }>('/invoices')).items.filter(({ number }) => number !== null);

  const ticketId = await desk.handIn(desk.dayAgo(2), [{ kind: 'labor', seconds: 7_200 }]);
  await at.idle();
  expect(await issued(), 'submitted is not approved here').toEqual([]);
  await desk.send(desk.manager, 'POST', `/tickets/${ticketId}/approve`, {});
  await until('the approved ticket is billed', async () => (await issued()).length === 1, 30_000);

  await at.patch(`/contracts/${id}`, { approvalPolicy: 'submitted' });
  await desk.handIn(desk.dayAgo(3), [{ kind: 'labor', seconds: 3_600 }]);
  await until('the submitted ticket is billed', async () => (await issued()).length === 2, 30_000);
  expect((await issued()).map(({ net }) => net).toSorted()).toEqual(['100.00', '200.00']);
  await at.idle();
  await at.verify();
});

it('approved time at a platform is on an invoice at the accounting platform, and what was held back follows once it may', async () => {
  const at = await hub.newWorkspace();
  const spine = await openSpine(at, { pollSeconds: 3_600 });
  try {
    const [client] = (await at.get<{ items: { id: string }[] }>('/clients')).items;
    await at.patch(`/clients/${client!.id}`, { autoInvoicing: true });
    await at.patch(`/contracts/${spine.contracts.NPF}`, {
      clauses: { triggers: { onApproval: { windowSeconds: 1 } } },
    });
    spine.work('NPF-101', 2);
    // More than a day's hours: taken in with a warning that keeps it back.
    spine.work('NPF-102', 25, '2026-03-03');
    await spine.sync(spine.harvestId);
    const first = await spine.invoiceBecomes('at QuickBooks', (one) => one.sync?.status === 'synced');
    expect(first).toMatchObject({ net: '200.00' });
    await at.idle();

    const held = (await at.get<{ items: { id: string; rule: string }[] }>('/exceptions?status=open')).items;
    expect(held.length).toBeGreaterThan(0);
    await at.post('/exceptions/release', {
      ids: held.map(({ id }) => id),
      reason: 'Two shifts of two people',
    });
    await until('the rest follows', async () => (await spine.invoices()).length === 2, 30_000);
    await at.idle();
    expect((await spine.invoices()).map(({ net, sync }) => [net, sync?.status])).toEqual([
      ['200.00', 'synced'],
      ['2500.00', 'synced'],
    ]);
    await at.verify();
  } finally {
    await spine.close();
  }
});

it('a paused policy keeps what is pulled; resumed, one run bills all of it', async () => {
  const { at, firm } = await openFirm({ windowSeconds: 1 });
  const path = `/contracts/${firm.contractId}/billing-policy`;
  await at.post(`${path}/pause`, { reason: 'The client moves house' });
  const again = await at.call('POST', `${path}/pause`, { body: { reason: 'And again' } });
  expect([again.status, again.json.code]).toEqual([409, 'billing_policy.paused']);
  for (const id of await firm.record([yesterday, yesterday, yesterday])) await firm.approve([id]);
  await at.idle();
  await sleep(1_500);
  expect(await firm.policy()).toMatchObject({
    waitsFor: 'resume',
    pauseReason: 'The client moves house',
    openPulls: [{ trigger: 'entry', pulls: 3 }],
    lastRuns: [],
  });
  await at.post(`${path}/resume`, { reason: 'They moved' });
  expect(await firm.issuedBecome(1)).toMatchObject([{ net: '270.00' }]);
  await at.idle();
  expect((await firm.policy()).lastRuns).toMatchObject([{ pulls: 3 }]);
  const twice = await at.call('POST', `${path}/resume`, { body: { reason: 'Again' } });
  expect([twice.status, twice.json.code]).toEqual([409, 'billing_policy.not_paused']);
});

it('work that was approved before the contract was active is billed once it is', async () => {
  const { at, firm } = await openFirm({ windowSeconds: 1 }, { contract: { ...longAgo, status: 'draft' } });
  await firm.approve(await firm.record([yesterday]));
  await at.idle();
  expect(await firm.policy()).toMatchObject({ waitsFor: 'active_contract', openPulls: [], lastRuns: [] });
  await at.patch(`/contracts/${firm.contractId}`, { status: 'active' });
  expect(await firm.issuedBecome(1)).toMatchObject([{ net: '90.00' }]);
});

it('with auto-invoicing off the work is drafted and waits for a person', async () => {
  const { at, firm } = await openFirm({ windowSeconds: 1 }, { client: { autoInvoicing: false } });
  await firm.approve(await firm.record([yesterday]));
  await until('it is drafted', async () => (await firm.policy()).lastRuns[0]?.status === 'done', 30_000);
  expect((await at.get<{ items: ShownInvoice[] }>('/invoices')).items).toMatchObject([
    { status: 'draft', number: null, net: '90.00' },
  ]);
});

it('lost workflows of policies are started again, and bill what was pulled meanwhile', async () => {
  const { at, firm } = await openFirm({ windowSeconds: 1 });
  await at.idle();
  await at.workflow('billing_policy', firm.contractId).terminate('as if Temporal had lost it');
  await firm.approve(await firm.record([yesterday]));
  expect(await firm.issuedBecome(1)).toMatchObject([{ net: '90.00' }]);
  await at.idle();
  await at.workflow('billing_policy', firm.contractId).terminate('once more');
  expect(await at.in(wakeOpenSubjects), 'slipway restart-workflows').toBeGreaterThan(0);
  await until(
    'it runs again',
    async () => (await at.workflowStatus('billing_policy', firm.contractId)) === 'RUNNING',
  );
  await at.patch(`/contracts/${firm.contractId}`, { status: 'ended' });
  await until(
    'the policy ends with its contract',
    async () => (await at.workflowStatus('billing_policy', firm.contractId)) === 'COMPLETED',
  );
});
