/** Owns trigger 5 through the real Temporal: unbilled hours, amount and age beyond what the contract allows, each once. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClauseChange, readClauses } from '../../domain/contract-terms.ts';
import { clients } from '../../store/clients.ts';
import { nextDue } from '../../store/due.ts';
import { openPulls } from '../../store/trigger-pulls.ts';
import {
  type AutoFirm,
  type AutoInvoice,
  hours,
  onProject,
  openAutoFirm,
  type ShownAutoRun,
} from '../support/auto-firm.ts';
import { entryOf, openBooks, take } from '../support/books.ts';
import { createTestDatabase } from '../support/database.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { createTestNamespace } from '../support/temporal.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub();
});
afterAll(() => hub.stop());

const open = (clauses: ClauseChange, options: Parameters<typeof openAutoFirm>[2] = {}) =>
  openAutoFirm(hub, clauses, options);
const beyondHours = (thresholdHours: string): ClauseChange => ({ triggers: { thresholdHours } });
const said = async (firm: AutoFirm) =>
  (await firm.runs()).map(({ trigger, reason, status }) => `${trigger}: ${reason} ${status}`);
const nextWatch = (firm: AutoFirm) => firm.in((tx) => nextDue(tx, 'billing_policy', firm.books.contractId));
const waiting = async (firm: AutoFirm) =>
  (await firm.in((tx) => openPulls(tx, firm.books.contractId))).map(({ reason }) => reason);
const fired = (firm: AutoFirm) =>
  firm.in((tx) =>
    tx.rows<{ measure: string; threshold: string }>(
      'select measure, threshold from billing_watches where workspace_id = $1 order by 1',
      [firm.workspaceId],
    ),
  );

describe('a threshold', () => {
  test('of hours is reached by the entry that reaches it, and all that is open is billed', async () => {
    const firm = await open(beyondHours('40'), { projects: ['P1', 'P2'] });
    await firm.work('a', 30);
    await firm.work('waits', 20, { approval: 'submitted' });
    await firm.idle();
    expect(await firm.runs()).toEqual([]);
    await firm.work('b', 10, onProject('P2'));
    await firm.idle();
    const [run, ...others] = await firm.runs();
    expect(others).toEqual([]);
    expect(run).toMatchObject({
      trigger: 'threshold',
      pulledBy: 'system:watch',
      reason: '40 h are not billed, threshold 40 h',
      scopeType: 'contract',
      cutoffOn: '2026-03-11',
      status: 'done',
    });
    expect(await firm.issued()).toEqual(['3200.00']);
    await firm.verify();
  });

  test('of an amount counts what a run would bill, at its prices and roundings', async () => {
    const firm = await open({
      triggers: { thresholdAmount: '200.00' },
      timeRounding: { incrementSeconds: 900, mode: 'up', per: 'entry' },
    });
    // Two hours and twenty minutes: 2.5 h as rounded, 200.00 GBP.
    await firm.work('a', 2);
    await firm.idle();
    expect(await firm.runs()).toEqual([]);
    await firm.work('b', 1 / 3);
    await firm.idle();
    expect(await said(firm)).toEqual(['threshold: 200.00 GBP are not billed, threshold 200.00 GBP done']);
    expect(await firm.issued()).toEqual(['200.00']);
    await firm.verify();
  });

  test('that is reached again by later work fires again, each time for its own', async () => {
    const firm = await open(beyondHours('8'));
    for (const [round, issued] of [
      ['one', ['640.00']],
      ['two', ['640.00', '640.00']],
      ['three', ['640.00', '640.00', '640.00']],
    ] as const) {
      await firm.work(`${round} a`, 5);
      await firm.idle();
      await firm.work(`${round} b`, 3);
      await firm.idle();
      expect(await firm.issued()).toEqual(issued);
    }
    expect(await firm.runs()).toHaveLength(3);
    expect(await fired(firm)).toEqual([]);
    await firm.verify();
  });

  test('two hundred entries that come in together, and again, make one run', async () => {
    const firm = await open(beyondHours('40'));
    await firm.work('a', 2000);
    await firm.work('a', 2000);
    await firm.idle();
    expect(await said(firm)).toEqual(['threshold: 2000 h are not billed, threshold 40 h done']);
    expect(await firm.issued()).toEqual(['160000.00']);
    await firm.verify();
  });

  test('whose work no run takes fires once, until it was billed', async () => {
    const firm = await open({ ...beyondHours('8'), minimumInvoiceAmount: '1000.00' });
    await firm.work('a', 8);
    await firm.idle();
    await firm.work('b', 2);
    await firm.idle();
    await firm.moveTo('2026-03-12T09:00:00Z');
    // 10 h are less than an invoice of 1000.00: the run left them, and is not asked for again.
    expect((await firm.runs()).map(({ reason }) => reason)).toEqual(['8 h are not billed, threshold 8 h']);
    expect(await fired(firm)).toEqual([{ measure: 'hours', threshold: '8' }]);
    await firm.work('c', 3);
    await firm.post('/billing-runs', {
      scope: { type: 'contract', id: firm.books.contractId },
      cutoffOn: '2026-03-13',
      reason: 'The rest of the week',
      finishAt: 'issue',
    });
    await firm.idle();
    expect(await firm.issued()).toEqual(['1040.00']);
    await firm.work('d', 13);
    await firm.idle();
    expect((await firm.runs()).map(({ trigger }) => trigger)).toEqual(['threshold', 'by_hand', 'threshold']);
    expect(await firm.issued()).toEqual(['1040.00', '1040.00']);
    await firm.verify();
  });

  test('counts nothing that a rule holds back, and fires when that is mended', async () => {
    const firm = await open(beyondHours('8'), { contract: { goLiveOn: '2026-03-05' } });
    await firm.work('early', 10);
    await take(firm.books, [entryOf('over a day', { quantity: hours(30), workDate: '2026-03-06' })]);
    await firm.idle();
    expect(await firm.runs()).toEqual([]);
    await firm.patch(`/contracts/${firm.books.contractId}`, { goLiveOn: '2026-03-01' });
    await firm.idle();
    expect(await said(firm)).toEqual(['threshold: 10 h are not billed, threshold 8 h done']);
    expect(await firm.issued()).toEqual(['800.00']);
    const rules = ['entry.over_24h', 'person_day.over_24h'];
    await firm.post('/exceptions/release', { rules, reason: 'A watch at sea' });
    await firm.idle();
    expect(await firm.issued()).toEqual(['800.00', '2400.00']);
    await firm.verify();
  });

  test('counts nothing that a void has returned until somebody releases it', async () => {
    const firm = await open(beyondHours('8'));
    await firm.work('a', 8);
    await firm.idle();
    const [invoice] = await firm.invoices();
    await firm.post(`/invoices/${invoice!.id}/void`, { reason: 'Wrong ship' });
    await firm.moveTo('2026-03-12T09:00:00Z');
    await firm.work('b', 7);
    await firm.idle();
    expect(await firm.runs()).toHaveLength(1);
    expect(await firm.issued()).toEqual([]);
    const { items } = await firm.get<{ items: { id: string }[] }>('/billable-items?status=held');
    await firm.post('/billable-items/release', { itemIds: items.map(({ id }) => id), reason: 'Agreed' });
    await firm.idle();
    expect(await firm.issued()).toEqual(['1200.00']);
    await firm.verify();
  });

  test('however high is reached by twenty thousand entries, so that a look never takes long', async () => {
    const firm = await open({ triggers: { thresholdAmount: '999999999.00' } });
    await firm.post(`/contracts/${firm.books.contractId}/billing-policy/pause`, { reason: 'Only watched' });
    await firm.work('a', 199_990);
    await firm.idle();
    expect(await waiting(firm)).toEqual([]);
    await firm.work('b', 10);
    await firm.idle();
    expect(await waiting(firm)).toEqual(['20,000 entries or more are not billed']);
    expect(await firm.runs()).toEqual([]);
  });

  test('that is lowered by an amendment is looked at on the day that it counts', async () => {
    const firm = await open(beyondHours('40'));
    await firm.work('a', 10);
    await firm.idle();
    await firm.post(`/contracts/${firm.books.contractId}/amendments`, {
      startsOn: '2026-03-15',
      clauses: beyondHours('8'),
      reason: 'Invoices sooner',
    });
    await firm.moveTo('2026-03-14T23:00:00Z');
    expect(await firm.runs()).toEqual([]);
    await firm.moveTo('2026-03-15T00:00:00Z');
    expect(await said(firm)).toEqual(['threshold: 10 h are not billed, threshold 8 h done']);
  });

  test('is found by the daily watch where nothing told of the work', async () => {
    const firm = await open(beyondHours('8'));
    await firm.work('a', 4);
    await firm.work('b', 4, { approval: 'submitted' });
    await firm.idle();
    // As an older hub would have approved it, that told nobody.
    await firm.in((tx) =>
      tx.run(
        `update entry_versions set approval = 'approved', approved_hash = content_hash where workspace_id = $1 and approval = 'submitted'`,
        [firm.workspaceId],
      ),
    );
    expect(await firm.runs()).toEqual([]);
    expect(await nextWatch(firm)).toMatchObject({
      kind: 'watch',
      period: '2026-03-11',
      dueAt: '2026-03-11T00:00:00.000Z',
    });
    await firm.moveTo('2026-03-11T00:00:00Z');
    expect(await firm.issued()).toEqual(['640.00']);
    // Nothing is left to watch, and so nobody looks tomorrow.
    expect(await nextWatch(firm)).toBeNull();
  });

  test('of one contract never bills another', async () => {
    const firm = await open(beyondHours('8'));
    const other = await open({ triggers: { onApproval: false } });
    await firm.work('a', 8);
    await other.work('a', 80);
    await Promise.all([firm.idle(), other.idle()]);
    expect(await firm.issued()).toEqual(['640.00']);
    expect(await other.runs()).toEqual([]);
  });
});

test('work that came in while the hub was down is found when it is back, by the real clock', async () => {
  const database = await createTestDatabase();
  const shared = { test: database, temporal: await createTestNamespace() };
  const before = await startTestHub(shared);
  const books = await openBooks(database.database, {
    workspaceId: before.workspaceId,
    contract: { status: 'active', clauses: readClauses(beyondHours('8')) },
  });
  await books.in((tx) => clients.update(tx, books.clientId, { autoInvoicing: true }));
  await take(books, [entryOf('a', { quantity: hours(5) })]);
  await before.idle();
  await before.stop();
  await take(books, [entryOf('b', { quantity: hours(3) })]);
  const after = await startTestHub(shared);
  try {
    await after.idle();
    const { items: runs } = await after.get<{ items: ShownAutoRun[] }>('/billing-runs');
    expect(runs.map(({ trigger, status }) => `${trigger} ${status}`)).toEqual(['threshold done']);
    const { items: invoices } = await after.get<{ items: AutoInvoice[] }>('/invoices');
    expect(invoices.map(({ net, number }) => [net, number])).toEqual([['640.00', 'NFE-0001']]);
    await after.verify();
  } finally {
    await after.stop();
    await database.drop();
  }
});

describe('work that is not billed for so many days', () => {
  test("is billed on the day on which the oldest becomes that old, in the contract's zone", async () => {
    const firm = await open({ triggers: { unbilledDays: 14 } }, { contract: { zone: 'Pacific/Auckland' } });
    await firm.work('a', 2, { workDate: '2026-03-02' });
    await firm.work('b', 1, { workDate: '2026-03-09' });
    await firm.idle();
    // Thirteen hours ahead of UTC: the 16th begins there at 11:00 of the 15th.
    await firm.moveTo('2026-03-15T10:59:00Z');
    expect(await firm.runs()).toEqual([]);
    await firm.moveTo('2026-03-15T11:00:00Z');
    expect(await said(firm)).toEqual(['threshold: work of 2026-03-02 is not billed after 14 days done']);
    expect(await firm.issued()).toEqual(['240.00']);
    await firm.work('late', 1, { workDate: '2026-03-01' });
    await firm.idle();
    // Late work is old as it comes.
    expect(await firm.issued()).toEqual(['240.00', '80.00']);
    await firm.verify();
  });

  test('that no run takes is asked for once for each day of work, and all of it once it may be taken', async () => {
    const firm = await open({ triggers: { unbilledDays: 10 }, minimumInvoiceAmount: '200.00' });
    await firm.work('a', 1, { workDate: '2026-03-02' });
    await firm.work('b', 2, { workDate: '2026-03-05' });
    await firm.idle();
    await firm.moveTo('2026-03-11T12:00:00Z');
    expect(await firm.runs()).toEqual([]);
    // The first hour is too little; with the work of the 5th, which is in it already, it is not.
    await firm.moveTo('2026-03-12T12:00:00Z');
    expect(await said(firm)).toEqual(['threshold: work of 2026-03-02 is not billed after 10 days done']);
    expect(await firm.issued()).toEqual(['240.00']);
    await firm.work('c', 1, { workDate: '2026-03-03' });
    await firm.work('d', 1, { workDate: '2026-03-08' });
    await firm.moveTo('2026-03-13T12:00:00Z');
    expect((await said(firm)).at(-1)).toBe('threshold: work of 2026-03-03 is not billed after 10 days done');
    await firm.moveTo('2026-03-17T12:00:00Z');
    expect(await firm.runs()).toHaveLength(2);
    await firm.moveTo('2026-03-18T12:00:00Z');
    expect((await said(firm)).at(-1)).toBe('threshold: work of 2026-03-08 is not billed after 10 days done');
    expect(await firm.issued()).toEqual(['240.00']);
    await firm.moveTo('2026-03-25T12:00:00Z');
    expect(await firm.runs()).toHaveLength(3);
    await firm.verify();
  });
});
