/** Owns the story of an invoice from the client's sign-off to the contractor's money, by a clock that is set forward. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addDays } from '../../domain/day.ts';
import { listMails } from '../../store/mails.ts';
import { wakeOpenSubjects } from '../../store/open-subjects.ts';
import { expectBalanced, invoicesOf } from '../support/books.ts';
import { type ContractorFirm, hubDoor, openContractorFirm } from '../support/contractors.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { until } from '../support/loops.ts';
import { makeSandbox, type Sandbox } from '../support/sandbox.ts';
import { expectStatus, type Hand } from '../support/tickets.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub();
});
afterAll(() => hub.stop());

interface Story {
  firm: ContractorFirm;
  /** A member of the client. */
  client: Hand;
  at: Sandbox;
  /** The Monday on which it begins, at nine. */
  day0: string;
  /** To a time of a day so many days after it. */
  to: (days: number, time?: string) => Promise<void>;
  /** The kinds of the mails that the client got at its address, oldest first. */
  mailed: () => Promise<string[]>;
  due: (invoiceId: string) => Promise<string[]>;
}

/** The next Monday: days of the week are known, whatever today is. */
const nextMonday = () => {
  const today = new Date().toISOString().slice(0, 10);
  const ahead = (8 - (new Date(`${today}T00:00:00Z`).getUTCDay() || 7)) % 7 || 7;
  return addDays(today, ahead);
};

const fee = { amount: '40.00', currency: 'GBP' };
async function openStory(
  clauses: Record<string, unknown>,
  policy: Record<string, unknown> = {},
): Promise<Story> {
  const door = hubDoor((method, path, options = {}) => hub.call(method, path, options), hub.test.database);
  const firm = await openContractorFirm(door);
  const { books, admin } = firm;
  const day0 = nextMonday();
  const at = await makeSandbox(hub, books.workspaceId, `${day0}T09:00:00.000Z`);
  const client = firm.hand(await door.newMember(books.workspaceId, 'client', { clientId: books.clientId }));
  const facts = { email: 'ap@ferries.example', paymentTermsDays: 10, language: 'en' };
  expectStatus(await admin.patch(`/clients/${books.clientId}`, facts), 200);
  const contract = { clauses, payWhenPaid: true, longStopOn: '2099-01-01' };
  expectStatus(await admin.patch(`/contracts/${books.contractId}`, contract), 200);
  const series = { sellerId: books.sellerId, documentType: 'late_fee', pattern: 'LF-{NNNN}' };
  expectStatus(await admin.post('/series', series), 201);
  expectStatus(
    await admin.post('/reminder-policies', {
      name: 'Four letters',
      isDefault: true,
      steps: [{ days: -3 }, { days: 7 }, { days: 14, fee }, { days: 21 }],
      thanks: true,
      ...policy,
    }),
    201,
  );
  return {
    firm,
    client,
    at,
    day0,
    to: async (days, time = '12:00') => {
      await at.moveTo(`${addDays(day0, days)}T${time}:00.000Z`, 120_000);
    },
    mailed: async () => {
      const mails = await books.in((tx) => listMails(tx, { status: null, before: null, limit: 100 }));
      return mails
        .filter(({ address }) => address === 'ap@ferries.example')
        .map(({ kind }) => kind)
        .reverse();
    },
    due: async (invoiceId) => {
      const { items } = expectStatus(await admin.get(`/invoices/${invoiceId}/next-steps`), 200);
      const daysFrom = (instant: string) =>
        Math.round((Date.parse(instant.slice(0, 10)) - Date.parse(day0)) / 86_400_000);
      return items.map(
        ({ step, dueAt }: { step: string; dueAt: string }) => `${step} on day ${daysFrom(dueAt)}`,
      );
    },
  };
}

/** Two hours of a contractor's ticket, billed by a run that was to issue. */
async function billTicket({ firm, at }: Story): Promise<{ invoiceId: string; claimId: string }> {
  const claim = (await firm.approvedInvoice([await firm.approvedTicket()])) as { id: string };
  expectStatus(
    await firm.admin.post('/billing-runs', {
      scope: { type: 'contract', id: firm.books.contractId },
      cutoffOn: '2098-01-01',
      reason: 'Quarter end',
      finishAt: 'issue',
    }),
    202,
  );
  await at.idle();
  const [invoice] = await invoicesOf(firm.books);
  return { invoiceId: invoice!.id, claimId: claim.id };
}

const becomes = ({ at }: Story, invoiceId: string, status: 'RUNNING' | 'COMPLETED') =>
  until(
    `the invoice's workflow is ${status}`,
    async () => (await at.workflowStatus('client_invoice', invoiceId)) === status,
    30_000,
  );
const pay = async ({ firm }: Story, invoiceId: string, amount: string, valueDate: string) =>
  expectStatus(
    await firm.admin.post('/payments', {
      currency: 'GBP',
      amount,
      valueDate,
      applications: [{ invoiceId, amount }],
    }),
    201,
  ).id as string;
const invoiceOf = async ({ firm }: Story, id: string) =>
  expectStatus(await firm.admin.get(`/invoices/${id}`), 200);

test('an invoice is signed off after a reminder, issued, mailed, reminded of before and after it is due, charged a late fee, paid in part, disputed, agreed, paid, thanked for, and its contractor is paid', {
  timeout: 300_000,
}, async () => {
  const story = await openStory({ signOffDays: 5 });
  const { firm, client, at, to, mailed, due, day0 } = story;
  const { invoiceId, claimId } = await billTicket(story);
  expect((await invoiceOf(story, invoiceId)).status).toBe('in_sign_off');
  await until('its times are planned', async () => (await due(invoiceId)).length === 2);
  expect(await due(invoiceId)).toEqual(['remind_sign_off on day 3', 'expire_sign_off on day 5']);

  await to(3);
  expect(await firm.told(client)).toEqual(['invoice.sign_off_asked', 'invoice.sign_off_reminder']);
  expect(await due(invoiceId)).toEqual(['expire_sign_off on day 5']);
  const { contentHash } = expectStatus(await client.get(`/invoices/${invoiceId}/sign-off`), 200);
  expectStatus(await client.post(`/invoices/${invoiceId}/accept`, { contentHash }), 200);

  // Issued on day 3, due on day 13, a Sunday; three days before that is a Thursday.
  await to(3, '13:00');
  await until('it is mailed', async () => (await invoiceOf(story, invoiceId)).status === 'sent', 60_000);
  const issued = { number: 'NFE-0001', dueDate: addDays(day0, 13) };
  expect(await invoiceOf(story, invoiceId)).toMatchObject(issued);
  expect(await mailed()).toEqual(['document.sent']);
  expect(await due(invoiceId)).toEqual(['remind on day 10']);
  await to(11);
  expect(await mailed()).toEqual(['document.sent', 'reminder.sent']);

  // Seven days after is a Sunday: the letter waits for Monday morning.
  await to(20, '20:00');
  expect(await mailed()).toHaveLength(2);
  expect(await due(invoiceId)).toEqual(['remind on day 21']);
  await to(21);
  expect(await mailed()).toEqual(['document.sent', 'reminder.sent', 'reminder.sent']);
  expect(await due(invoiceId)).toEqual(['charge_late_fee on day 28']);
  await to(28);
  // The letter, and the fee as a document of its own.
  expect((await mailed()).slice(3)).toEqual(['reminder.sent', 'document.sent']);
  const fees = expectStatus(await firm.admin.get(`/late-fees?invoiceId=${invoiceId}`), 200).items;
  expect(fees).toMatchObject([{ number: 'LF-0001', amount: '40.00', status: 'issued' }]);

  const total = (await invoiceOf(story, invoiceId)).total as string;
  const half = (Number(total) / 2).toFixed(2);
  const payableNow = async () =>
    expectStatus(await firm.contractor.get(`/contractor-invoices/${claimId}/payable`), 200).payableNow;
  expect(await payableNow()).toBe('0.00');
  const first = await pay(story, invoiceId, half, addDays(day0, 28));
  await at.idle();
  await until('the payer is told', async () =>
    (await firm.told(firm.clerk)).includes('contractor_invoice.released'),
  );
  expect([(await invoiceOf(story, invoiceId)).status, await payableNow()]).toEqual([
    'partially_paid',
    '42.00',
  ]);

  const dispute = expectStatus(
    await client.post(`/invoices/${invoiceId}/disputes`, { reason: 'Not us' }),
    201,
  );
  await at.idle();
  expect(await due(invoiceId)).toEqual([]);
  await to(36);
  expect(await mailed()).toHaveLength(5);
  await becomes(story, invoiceId, 'RUNNING');
  const decision = { decision: 'rejected', reason: 'The log book says otherwise' };
  expectStatus(await firm.admin.post(`/disputes/${dispute.id}/decide`, decision), 200);
  await to(36, '13:00');
  expect((await mailed()).slice(5)).toEqual(['reminder.sent']);
  // The last letter is written: fourteen days later, which is a Sunday again, a person is asked to take it up.
  expect(await due(invoiceId)).toEqual(['chase on day 49']);

  await pay(story, invoiceId, (Number(total) - Number(half)).toFixed(2), addDays(day0, 36));
  await to(36, '14:00');
  expect((await invoiceOf(story, invoiceId)).status).toBe('settled');
  expect((await mailed()).slice(6)).toEqual(['thanks.sent']);
  expect(await due(invoiceId)).toEqual([]);
  await becomes(story, invoiceId, 'COMPLETED');
  expect((await firm.told(firm.clerk)).filter((kind) => kind === 'contractor_invoice.released')).toHaveLength(
    2,
  );
  expect(await payableNow()).toBe('84.00');
  expectStatus(await firm.pay([{ contractorInvoiceId: claimId, amount: '84.00' }]), 201);

  // The bank takes the first half back: the same workflow's next run waits for it, writes no second letter of a step, and asks us.
  expectStatus(await firm.admin.post(`/payments/${first}/reverse`, { reason: 'bounced' }), 200);
  await at.idle();
  await becomes(story, invoiceId, 'RUNNING');
  await to(50);
  expect((await firm.told(firm.admin)).filter((kind) => kind === 'invoice.overdue')).toHaveLength(1);
  await pay(story, invoiceId, half, addDays(day0, 50));
  await to(51);
  await becomes(story, invoiceId, 'COMPLETED');
  // Thanked once, whatever is paid and taken back.
  expect((await mailed()).slice(6)).toEqual(['thanks.sent']);
  await expectBalanced(hub.test.database, firm.books);
});

test('a hub that was down for weeks, and whose Temporal has forgotten everything, writes one letter: the newest', {
  timeout: 300_000,
}, async () => {
  const story = await openStory({});
  const { firm, at, mailed, due, day0, to } = story;
  const { invoiceId } = await billTicket(story);
  await until('it is mailed', async () => (await invoiceOf(story, invoiceId)).status === 'sent', 60_000);
  await at.idle();
  // Issued on day 0 and due on day 10: a letter on day 7.
  await to(7);
  expect(await mailed()).toEqual(['document.sent', 'reminder.sent']);
  expect(await due(invoiceId)).toEqual(['remind on day 17']);

  await at.workflow('client_invoice', invoiceId).terminate('Temporal is lost');
  await firm.books.in((tx) =>
    tx.run('update workspaces set clock_at = $2 where id = $1', [
      firm.books.workspaceId,
      `${addDays(day0, 32)}T12:00:00.000Z`,
    ]),
  );
  await firm.books.in(wakeOpenSubjects);
  // Steps 7, 14 (with a fee) and 21 have come meanwhile: the last alone is asked for, and its fee, which is none.
  await until('the letter is written', async () => (await mailed()).length === 3, 30_000);
  await to(33);
  expect(await mailed()).toEqual(['document.sent', 'reminder.sent', 'reminder.sent']);
  const letters = expectStatus(await firm.admin.get(`/reminder-letters?invoiceId=${invoiceId}`), 200).items;
  expect(letters.map((one: { invoices: { stepDays: number }[] }) => one.invoices[0]!.stepDays)).toEqual([
    21, -3,
  ]);
  expect(expectStatus(await firm.admin.get(`/late-fees?invoiceId=${invoiceId}`), 200).items).toEqual([]);
  await becomes(story, invoiceId, 'RUNNING');

  // Restarted again and again, it stays at that.
  await firm.books.in(wakeOpenSubjects);
  await firm.books.in(wakeOpenSubjects);
  await to(35);
  expect(await mailed()).toHaveLength(3);
});
