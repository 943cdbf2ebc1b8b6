/**
 * Owns a year of one client on the moved clock: a cap, two amendments, a retainer, a late entry each month, a dispute and a
 * void. It is billed by its contract's own policy; every invariant is checked each month, and what the year comes to equals
 * what a page of arithmetic below says, which knows nothing of Slipway.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Decimal } from '../../domain/money.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { openSandbox, type Sandbox } from '../support/sandbox.ts';
import { hourlyRate, openSelfBillingFirm, type SelfBillingFirm } from '../support/self-billing-firm.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub();
});
afterAll(() => hub.stop());

/** Far from the real date: whatever goes by that would show. */
const year = 2031;
const dayOf = (month: number, day: number) =>
  new Date(Date.UTC(year, month - 1, day)).toISOString().slice(0, 10);

/** By month: the days of eight hours. August has six hours on one. */
const regularDays = [5, 3, 5, 5, 4, 3, 5, 1, 4, 5, 3, 4] as const;
const hoursOf = (month: number) => (month === 8 ? 6 : 8);
const lateHours = 2;
/** From the first of April, and of September. */
const capOf = (month: number) => (month < 4 ? 30 : 36);
const retainerOf = (month: number) =>
  month < 9 ? { hours: 10, fee: '700.00' } : { hours: 12, fee: '780.00' };
const voidedMonth = 3;
const disputedMonth = 6;
const creditNet = '100.00';
const taxPercent = 25;

/** What the year comes to, worked out from the table above. */
function expectedYear() {
  let worked = 0;
  let refused = 0;
  let prepaid = 0;
  let fees = new Decimal(0);
  for (const [index, days] of regularDays.entries()) {
    const month = index + 1;
    // An entry counts whole or not at all; in the order of the days, then the late one.
    let month_ = 0;
    for (const hours of [...Array.from({ length: days }, () => hoursOf(month)), lateHours])
      if (month_ + hours <= capOf(month)) month_ += hours;
      else refused += hours;
    worked += month_;
    prepaid += retainerOf(month).hours;
    fees = fees.plus(retainerOf(month).fee);
  }
  // Each month but August works more than it has prepaid, and August's rest goes over into September.
  const net = fees.plus(new Decimal(worked - prepaid).times(hourlyRate));
  const withTax = (amount: Decimal) => amount.times(100 + taxPercent).div(100);
  return {
    billedHours: worked,
    refusedHours: refused,
    prepaidHours: prepaid,
    invoicedNet: net.toFixed(2),
    invoicedTotal: withTax(net).toFixed(2),
    creditedTotal: withTax(new Decimal(creditNet)).toFixed(2),
  };
}

async function openFirm(at: Sandbox): Promise<SelfBillingFirm> {
  const firm = await openSelfBillingFirm(at, {
    triggers: {},
    contract: {
      startsOn: dayOf(1, 1),
      goLiveOn: dayOf(1, 1),
      clauses: {
        triggers: { periodEnd: 'month', graceHours: 48 },
        billingModel: retainer(1),
        caps: [{ per: 'period', period: 'month', hours: String(capOf(1)) }],
        tax: { rate: String(taxPercent), category: 'standard' },
      },
    },
  });
  const { items } = await at.get<{ items: { id: string }[] }>('/sellers');
  await at.post('/series', { sellerId: items[0]!.id, documentType: 'credit_note', pattern: 'CN-{NNNN}' });
  return firm;
}
const retainer = (month: number) => ({
  type: 'retainer',
  measure: 'hours',
  period: 'month',
  quantity: String(retainerOf(month).hours),
  fee: retainerOf(month).fee,
  rollOver: 'all',
});

interface Shown {
  id: string;
  number: string | null;
  status: string;
  issueDate: string | null;
  net: string;
  total: string;
  applied: string;
  credited: string;
}
const invoicesOf = async (at: Sandbox) =>
  (await at.get<{ items: Shown[] }>('/invoices?limit=200')).items.filter(({ number }) => number !== null);
const issuedIn = async (at: Sandbox, month: number) => {
  const found = (await invoicesOf(at)).filter((one) =>
    one.issueDate!.startsWith(dayOf(month, 1).slice(0, 7)),
  );
  expect(found, `one invoice is issued in month ${month}`).toHaveLength(1);
  return found[0]!;
};
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
const sum = (amounts: readonly string[]) =>
  amounts.reduce((total, amount) => total.plus(amount), new Decimal(0)).toFixed(2);

it('a year of a client with a cap, two amendments, a retainer, a late entry each month, one dispute and one void', async () => {
  const began = performance.now();
  const at = await openSandbox(hub, `${dayOf(1, 1)}T08:00:00Z`);
  const firm = await openFirm(at);
  const work = async (days: string[], hours: number) => firm.approve(await firm.record(days, hours));
  const amend = (month: number, clauses: Record<string, unknown>) =>
    at.post(`/contracts/${firm.contractId}/amendments`, {
      startsOn: dayOf(month, 1),
      clauses,
      reason: 'Agreed at the yard',
    });
  const paid: string[] = [];
  let jumps = 0;
  let movedMs = 0;
  const moveTo = async (day: string) => {
    const left = performance.now();
    jumps += (await at.moveTo(`${day}T12:00:00Z`, 300_000)).result!.jumps;
    movedMs += performance.now() - left;
  };

  for (const [index, days] of regularDays.entries()) {
    const month = index + 1;
    await moveTo(dayOf(month, 20));
    await work(
      Array.from({ length: days }, (_, n) => dayOf(month, 10 + n)),
      hoursOf(month),
    );
    if (month === 3) await amend(4, { caps: [{ per: 'period', period: 'month', hours: String(capOf(4)) }] });
    if (month === 8) await amend(9, { billingModel: retainer(9) });
    if (month === disputedMonth + 1) await settleDispute(at, (await issuedIn(at, month)).id);
    // What was issued in this month, for the month before, is paid in full.
    if (month > 1) {
      const { id, total, credited, status } = await issuedIn(at, month);
      if (status !== 'void') {
        const amount = new Decimal(total).minus(credited).toFixed(2);
        await at.post('/payments', {
          clientId: firm.clientId,
          currency: 'EUR',
          amount,
          valueDate: dayOf(month, 20),
          applications: [{ invoiceId: id, amount }],
        });
        paid.push(amount);
      }
    }
    // Nobody outside has an invoice that was not mailed yet: it may be voided.
    if (month === voidedMonth) await at.patch(`/clients/${firm.clientId}`, { deliveryChannel: 'post' });
    await moveTo(dayOf(month + 1, 4));
    if (month === voidedMonth) await voidAndRelease(at, firm);
    if (month === disputedMonth)
      await at.post(`/invoices/${(await issuedIn(at, month + 1)).id}/disputes`, {
        amount: '125.00',
        reason: 'Ann was not on board that day',
      });
    await work([dayOf(month, 28)], lateHours);
    await at.idle();
    await at.verify();
  }
  // December's late hours go out by hand.
  const { id: runId } = await at.post<{ id: string }>('/billing-runs', {
    scope: { type: 'contract', id: firm.contractId },
    cutoffOn: dayOf(13, 1),
    reason: 'The year is closed',
    finishAt: 'issue',
  });
  await at.idle();
  expect(await at.get(`/billing-runs/${runId}`)).toMatchObject({ run: { status: 'done' } });
  await at.verify();
  console.log(
    `a year on the moved clock: ${seconds(performance.now() - began)}, of them ${seconds(movedMs)} in ${jumps} jumps`,
  );

  const expected = expectedYear();
  const all = await invoicesOf(at);
  const standing = all.filter(({ status }) => status !== 'void');
  expect(all.length - standing.length).toBe(1);
  // One a month, the voided one's work with the next month's, and the last by hand.
  expect(standing).toHaveLength(12);
  expect(sum(standing.map(({ net }) => net))).toBe(expected.invoicedNet);
  expect(sum(standing.map(({ total }) => total))).toBe(expected.invoicedTotal);
  expect(sum(standing.map(({ credited }) => credited))).toBe(expected.creditedTotal);
  expect(sum(standing.map(({ applied }) => applied))).toBe(sum(paid));

  // Hours: on invoices or drawn from what was prepaid, and those beyond the cap wait for a person.
  const hours = (await at.in((tx) =>
    tx.row<{ claimed: string; open: string }>(
      `select coalesce(sum(b.claimed), 0) / 3600.0 as claimed, coalesce(sum(b.quantity - b.claimed), 0) / 3600.0 as open
       from entry_balance b where b.workspace_id = $1`,
      [at.workspaceId],
    ),
  ))!;
  expect([Number(hours.claimed), Number(hours.open)]).toEqual([expected.billedHours, expected.refusedHours]);
  const { items: periods } = await at.get<{ items: { drawn: string; balance: string }[] }>(
    `/contracts/${firm.contractId}/retainer-periods`,
  );
  expect(sum(periods.map(({ drawn }) => drawn))).toBe(new Decimal(expected.prepaidHours).toFixed(2));

  // The reports of the year say the same, as of days that are years from now.
  const asOf = dayOf(13, 31);
  const report = (name: string, query: string) =>
    at
      .get<{ totals: Record<string, string>[] }>(`/reports/finance/${name}?${query}`)
      .then(({ totals }) => totals[0]!);
  const wip = await report('wip', `startsOn=${dayOf(1, 1)}&asOf=${asOf}`);
  expect(new Decimal(wip.billed!).toFixed(2)).toBe(expected.invoicedNet);
  expect(new Decimal(wip.opening!).isZero() && new Decimal(wip.closing!).isZero()).toBe(true);
  const receivable = await report('aged-receivables', `asOf=${asOf}`);
  expect(new Decimal(receivable.open!).toFixed(2)).toBe(
    new Decimal(expected.invoicedTotal).minus(expected.creditedTotal).minus(sum(paid)).toFixed(2),
  );
}, 900_000);

/** March's invoice has the wrong address: it is voided, and what it held goes out with April's. */
async function voidAndRelease(at: Sandbox, firm: SelfBillingFirm): Promise<void> {
  await at.idle();
  const { id } = await issuedIn(at, voidedMonth + 1);
  const answer = await at.post<{ outcome: string; because: string[] }>(`/invoices/${id}/void`, {
    reason: 'It went to nobody',
  });
  expect(answer).toMatchObject({ outcome: 'voided', because: [] });
  await at.patch(`/clients/${firm.clientId}`, { deliveryChannel: 'email' });
  const { items } = await at.get<{ items: { id: string }[] }>('/billable-items?status=held&limit=200');
  await at.post('/billable-items/release', {
    itemIds: items.map((item) => item.id),
    reason: 'It goes out with the next one',
  });
}

async function settleDispute(at: Sandbox, invoiceId: string): Promise<void> {
  const { items } = await at.get<{ items: { id: string; status: string }[] }>(
    `/disputes?invoiceId=${invoiceId}`,
  );
  await at.post(`/disputes/${items[0]!.id}/decide`, {
    decision: 'upheld',
    reason: 'She was ashore',
    credit: { by: 'amount', reason: 'She was ashore', amount: creditNet },
  });
}
