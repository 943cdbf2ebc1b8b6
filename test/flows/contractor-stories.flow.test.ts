/** Owns the stories of contractors' money: duties, accounts, withholding, sent-back tickets, one transfer for three, corrections. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { addDays } from '../../domain/day.ts';
import { exceptionsOf, expectBalanced } from '../support/books.ts';
import { type ContractorFirm, iban, openContractorFirm } from '../support/contractors.ts';
import { startApi, type TestApi } from '../support/start-api.ts';
import { expectStatus, hours } from '../support/tickets.ts';

let api: TestApi;
const opened: ContractorFirm[] = [];
beforeAll(async () => {
  api = await startApi();
});
afterEach(async () => {
  for (const firm of opened.splice(0)) await expectBalanced(api.test.database, firm.books);
});
afterAll(() => api.stop());

async function openFirm(options: Parameters<typeof openContractorFirm>[1] = {}): Promise<ContractorFirm> {
  const firm = await openContractorFirm(api, options);
  opened.push(firm);
  return firm;
}
const reportOf = async (firm: ContractorFirm) =>
  (await firm.admin.get('/duties')).json.items.map(
    (row: { action: string; reason: string; actor: string }) => [row.action, row.reason, row.actor],
  );

test('duties: who approved all of its tickets does not approve the invoice, and who approved it does not pay it', async () => {
  const firm = await openFirm();
  const { id } = await firm.submittedInvoice([await firm.approvedTicket(), await firm.approvedTicket()]);
  const path = `/contractor-invoices/${id}`;
  const stale = await firm.admin.post(`${path}/approve`, { total: '84.00' });
  expect([stale.status, stale.json.code]).toEqual([409, 'contractor_invoice.changed_since']);
  const alone = await firm.manager.post(`${path}/approve`, {});
  expect([alone.status, alone.json.code]).toEqual([403, 'duty.approved_all_tickets']);
  // A reason does not help where somebody else could decide.
  const pleading = await firm.manager.post(`${path}/approve`, { ownReason: 'It is urgent' });
  expect(pleading.json.code).toBe('duty.approved_all_tickets');
  // The clerk entered the rates that it goes by.
  expect((await firm.clerk.post(`${path}/approve`, {})).json.code).toBe('duty.edited_rate');
  expect((await firm.contractor.post(`${path}/approve`, {})).status).toBe(403);
  expectStatus(await firm.admin.post(`${path}/approve`, {}), 200);

  const payment = {
    personId: firm.contractor.personId,
    method: 'wire',
    valueDate: firm.today,
    currency: 'GBP',
    amount: '168.00',
    applications: [{ contractorInvoiceId: id, amount: '168.00' }],
  };
  expect((await firm.admin.post('/contractor-payments', payment)).json.code).toBe('duty.approved_it');
  expectStatus(await firm.clerk.post('/contractor-payments', payment), 201);
  expect(await reportOf(firm)).toEqual([]);
});

test('duties: a manager decides up to the limit of the workspace, an admin beyond it', async () => {
  const firm = await openFirm();
  expectStatus(
    await firm.admin.patch('/workspace', {
      settings: { approvalLimits: { GBP: '100.00' }, fourEyes: false },
    }),
    200,
  );
  const within = await firm.submittedInvoice([await firm.approvedTicket()]);
  expectStatus(await firm.manager.post(`/contractor-invoices/${within.id}/approve`, {}), 200);
  const beyond = await firm.submittedInvoice([await firm.approvedTicket(), await firm.approvedTicket()]);
  const refused = await firm.manager.post(`/contractor-invoices/${beyond.id}/approve`, {});
  expect([refused.status, refused.json.code, refused.json.details?.limit]).toEqual([
    403,
    'duty.beyond_limit',
    '100.00',
  ]);
  expectStatus(await firm.admin.post(`/contractor-invoices/${beyond.id}/approve`, {}), 200);
});

test('duties: an admin with nobody beside them decides with a reason, and the duties report lists it', async () => {
  const firm = await openFirm();
  expectStatus(await firm.admin.patch('/workspace', { settings: { fourEyes: true } }), 200);
  const ticket = await firm.approvedTicket();
  const draft = expectStatus(
    await firm.admin.post('/contractor-invoices', {
      personId: firm.contractor.personId,
      ticketIds: [ticket],
    }),
    201,
  );
  expectStatus(await firm.admin.post(`/contractor-invoices/${draft.id}/submit`), 200);
  for (const member of [firm.manager, firm.clerk])
    expectStatus(await firm.admin.post(`/members/${member.id}/suspend`, { reason: 'On leave' }), 200);
  const path = `/contractor-invoices/${draft.id}/approve`;
  const bare = await firm.admin.post(path, {});
  expect([bare.status, bare.json.code]).toEqual([409, 'duty.reason_required']);
  expectStatus(await firm.admin.post(path, { ownReason: 'Everybody else is on leave' }), 200);
  expect(await reportOf(firm)).toEqual([
    ['approve: submitted_it', 'Everybody else is on leave', `member:${firm.admin.id}`],
  ]);
});

test('an account changes by two people, a call back, a notice to the old contact and some days without payouts', async () => {
  const firm = await openFirm();
  const { contractor, clerk, admin } = firm;
  await firm.books.in((tx) =>
    tx.run(`update people set email = 'ola@example.com' where workspace_id = $1 and id = $2`, [
      firm.books.workspaceId,
      contractor.personId,
    ]),
  );
  const { id: invoiceId } = await firm.approvedInvoice([await firm.approvedTicket()]);
  const wrong = await clerk.post('/payee-accounts', {
    personId: contractor.personId,
    holder: 'Ola Vik',
    accountNumber: 'GB82 WEST 1234 5698 7654 33',
  });
  expect([wrong.status, wrong.json.code]).toEqual([422, 'payee_account.number_invalid']);
  const wanted = {
    personId: contractor.personId,
    holder: 'Ola Vik',
    accountNumber: 'GB82 WEST 1234 5698 7654 32',
    routing: 'WESTGB2L',
  };
  const account = expectStatus(await clerk.post('/payee-accounts', wanted), 201);
  expect(account).toMatchObject({ masked: 'GB•••• 5432', status: 'proposed', version: 2 });
  expect((await clerk.post('/payee-accounts', wanted)).json.code).toBe('payee_account.already_proposed');
  expect(await firm.told(contractor)).toContain('payee_account.change_proposed');

  const path = `/payee-accounts/${account.id}`;
  const callBack = { to: '+44 20 7946 0000', at: new Date().toISOString() };
  expect((await clerk.post(`${path}/confirm`, { callBack })).json.code).toBe('payee_account.second_person');
  expect((await admin.post(`${path}/confirm`, {})).json.code).toBe('payee_account.call_back_required');
  expect((await firm.manager.post(`${path}/confirm`, { callBack })).status).toBe(403);
  const confirmed = expectStatus(await admin.post(`${path}/confirm`, { callBack }), 200);
  expect(confirmed).toMatchObject({ status: 'confirmed', callBackTo: '+44 20 7946 0000' });
  expect(confirmed.usableFrom.slice(0, 10)).toBe(addDays(new Date().toISOString().slice(0, 10), 5));
  expect(await firm.told(contractor)).toContain('payee_account.changed');

  const blocked = await firm.pay([{ contractorInvoiceId: invoiceId, amount: '84.00' }]);
  expect([blocked.status, blocked.json.code]).toEqual([409, 'contractor_payment.payouts_blocked']);
  const { rows } = await firm.books.in(async (tx) => ({
    rows: await tx.rows<Record<string, unknown>>(
      `select version, status, notice_sent_to, details_encrypted::text as sealed from payee_accounts where workspace_id = $1 order by version`,
      [firm.books.workspaceId],
    ),
  }));
  expect(rows).toMatchObject([
    { version: 1, status: 'superseded' },
    { version: 2, status: 'confirmed', noticeSentTo: 'ola@example.com' },
  ]);
  // The invoice names the account as it was when it was approved.
  expect((await firm.invoice(invoiceId)).payeeAccountId).not.toBe(account.id);
  // Once the days are over, who entered the account does not pay to it.
  await firm.books.in((tx) =>
    tx.run('update payee_accounts set usable_from = now() where workspace_id = $1 and id = $2', [
      firm.books.workspaceId,
      account.id,
    ]),
  );
  const own = await firm.pay([{ contractorInvoiceId: invoiceId, amount: '84.00' }]);
  expect(own.json.code).toBe('duty.edited_account');
});

test('a whole account number is seen by few, each look is an event, and it is nowhere else in the clear', async () => {
  const firm = await openFirm();
  const [account] = (await firm.admin.get('/payee-accounts')).json.items;
  const path = `/payee-accounts/${account.id}`;
  // More digits than a random id repeats by chance.
  const shown = JSON.stringify((await firm.admin.get(path)).json);
  expect(shown).not.toContain('1331 9268');
  expect(shown).not.toContain('13319268');
  expect(account.masked).toBe('GB•••• 6819');
  expect((await firm.manager.post(`${path}/reveal`, { reason: 'curious' })).status).toBe(403);
  expect((await firm.contractor.post(`${path}/reveal`, { reason: 'mine' })).status).toBe(403);
  const seen = await firm.clerk.post(`${path}/reveal`, { reason: 'To enter it at the bank' });
  expect(expectStatus(seen, 200)).toEqual({ accountNumber: iban.replaceAll(' ', ''), routing: null });
  expect(seen.headers.get('cache-control')).toBe('no-store');
  await api.sequence();
  const events = (await firm.admin.get(`/events?limit=200`)).json.items as Record<string, unknown>[];
  expect(events.filter((event) => event.type === 'payee_account.revealed')).toMatchObject([
    {
      actor: `member:${firm.clerk.id}`,
      payload: { reason: 'To enter it at the bank', masked: 'GB•••• 6819' },
    },
  ]);
  const number = iban.replaceAll(' ', '');
  const dump = await firm.books.in((tx) =>
    tx.row<{ text: string }>(
      `select (select coalesce(string_agg(e::text, ''), '') from events e) || (select string_agg(a::text, '') from payee_accounts a)
         || (select coalesce(string_agg(k::text, ''), '') from idempotency_keys k) as text`,
    ),
  );
  expect(dump!.text).not.toContain(number);
  expect(api.log()).not.toContain(number);
});

test('the same account at two payees asks a person to look', async () => {
  const firm = await openFirm();
  const other = firm.hand(await api.newMember(firm.books.workspaceId, 'contractor', { name: 'Per Strand' }));
  expectStatus(
    await other.post('/payee-accounts', { holder: 'P. Strand', accountNumber: iban.toLowerCase() }),
    201,
  );
  expect(await exceptionsOf(firm.books)).toMatchObject([
    {
      rule: 'payee_account.shared',
      severity: 'W',
      detail: { personId: other.personId, otherPersonIds: [firm.contractor.personId] },
    },
  ]);
});

test('withholding: what is applied is what is paid and what is withheld, and the year’s total follows a reversal', async () => {
  const firm = await openFirm();
  const { id } = await firm.approvedInvoice([await firm.approvedTicket()]);
  const withholdings = [{ scheme: 'CIS', base: '84.00', percentage: '20' }];
  const over = await firm.pay([{ contractorInvoiceId: id, amount: '84.00', withholdings }]);
  expect(over.json.code).toBe('contractor_payment.beyond_due');
  // 20 % of 84.00 is 16.80; 67.20 goes to the contractor.
  const paid = expectStatus(
    await firm.pay([{ contractorInvoiceId: id, amount: '67.20', withholdings }]),
    201,
  );
  expect(paid).toMatchObject({ amount: '67.20', withheld: '16.80', applied: '84.00' });
  expect(paid.applications.map((row: { kind: string; amount: string }) => [row.kind, row.amount])).toEqual([
    ['contractor_invoice', '84.00'],
    ['tax_withheld', '-16.80'],
  ]);
  expect(await firm.invoice(id)).toMatchObject({ status: 'paid', applied: '84.00', withheld: '16.80' });
  const year = firm.today.slice(0, 4);
  const path = `/contractors/${firm.contractor.personId}/withholding?year=${year}`;
  expect((await firm.contractor.get(path)).json.totals).toEqual([
    { scheme: 'CIS', currency: 'GBP', base: '84.00', amount: '16.80' },
  ]);
  expect((await firm.admin.get(path.replace(year, '2020'))).json.totals).toEqual([]);
  expectStatus(await firm.clerk.post(`/contractor-payments/${paid.id}/reverse`, { reason: 'returned' }), 200);
  expect((await firm.contractor.get(path)).json.totals).toMatchObject([{ base: '0.00', amount: '0.00' }]);
  expect(await firm.invoice(id)).toMatchObject({ status: 'approved', applied: '0.00', withheld: '0.00' });
});

test('one ticket of a bundle is sent back and the rest is paid; revised, it goes on the next invoice', async () => {
  const firm = await openFirm();
  const [good, bad] = [await firm.approvedTicket(), await firm.approvedTicket([hours(9)])];
  const { id } = await firm.submittedInvoice([good, bad]);
  const path = `/contractor-invoices/${id}/tickets/${bad}/reject`;
  expect(
    (await firm.admin.post(`/contractor-invoices/${id}/tickets/${id}/reject`, { reason: 'x' })).status,
  ).toBe(404);
  const left = expectStatus(await firm.admin.post(path, { reason: 'Nine hours on a Sunday?' }), 200);
  expect(left).toMatchObject({ status: 'submitted', total: '84.00', ticketCount: 1 });
  expect(await firm.ticket(bad)).toMatchObject({
    status: 'rejected',
    decisionReason: 'Nine hours on a Sunday?',
  });
  expect(await firm.told(firm.contractor)).toContain('contractor_invoice.ticket_rejected');
  expect((await firm.admin.post(path, { reason: 'again' })).status).toBe(404);
  expectStatus(await firm.admin.post(`/contractor-invoices/${id}/approve`, {}), 200);
  expectStatus(await firm.pay([{ contractorInvoiceId: id, amount: '84.00' }]), 201);

  const lines = (await firm.ticket(bad)).lines as { id: string }[];
  expectStatus(
    await firm.contractor.patch(`/tickets/${bad}`, { lines: [hours(4, { id: lines[0]!.id })] }),
    200,
  );
  expectStatus(await firm.contractor.post(`/tickets/${bad}/submit`), 200);
  expectStatus(await firm.manager.post(`/tickets/${bad}/approve`, {}), 200);
  const next = await firm.submittedInvoice([bad]);
  expect(next).toMatchObject({ number: 'CI-OVI-0002', total: '168.00' });
});

test('one transfer pays three invoices, and its reversal opens all three', async () => {
  const firm = await openFirm();
  const invoices: { id: string }[] = [];
  for (const count of [1, 2, 3])
    invoices.push(await firm.approvedInvoice([await firm.approvedTicket([hours(count)])]));
  const [a, b, c] = invoices.map((invoice) => invoice.id) as [string, string, string];
  const transfer = expectStatus(
    await firm.pay([
      { contractorInvoiceId: a, amount: '42.00' },
      { contractorInvoiceId: b, amount: '84.00' },
      { contractorInvoiceId: c, amount: '26.00' },
    ]),
    201,
  );
  expect(transfer).toMatchObject({ amount: '152.00', applied: '152.00' });
  const states = async () =>
    Promise.all(
      [a, b, c].map(async (id) => firm.invoice(id).then(({ status, applied }) => [status, applied])),
    );
  expect(await states()).toEqual([
    ['paid', '42.00'],
    ['paid', '84.00'],
    ['partially_paid', '26.00'],
  ]);
  const told = (await firm.told(firm.contractor)).filter((kind) => kind.endsWith('paid'));
  expect(told.sort()).toEqual([
    'contractor_invoice.paid',
    'contractor_invoice.paid',
    'contractor_invoice.partially_paid',
  ]);
  const reverse = () =>
    firm.clerk.post(`/contractor-payments/${transfer.id}/reverse`, { reason: 'returned' });
  const answers = await Promise.all([reverse(), reverse(), reverse()]);
  expect(answers.map((answer) => answer.status).sort((a, b) => a - b)).toEqual([200, 409, 409]);
  expect(await states()).toEqual([
    ['approved', '0.00'],
    ['approved', '0.00'],
    ['approved', '0.00'],
  ]);
  expect(await firm.told(firm.contractor)).toContain('payment.reversed');
});

test('a correction after payment becomes a credit, which the next payment nets once', async () => {
  const firm = await openFirm();
  const ticket = await firm.approvedTicket([hours(5)]);
  const first = await firm.approvedInvoice([ticket]);
  expectStatus(await firm.pay([{ contractorInvoiceId: first.id, amount: '210.00' }]), 201);

  // Two of the five hours were on another job.
  const correction = await firm.approvedTicket([hours(-2)], { correctsTicketId: ticket });
  expect((await firm.ticket(correction)).status).toBe('bundled');
  const credits = async () => (await firm.contractor.get('/contractor-credits')).json.items;
  expect(await credits()).toMatchObject([
    { ticketId: correction, correctsTicketId: ticket, amount: '84.00', netted: '0.00', currency: 'GBP' },
  ]);
  expect((await firm.contractor.post('/contractor-invoices', { ticketIds: [correction] })).json.code).toBe(
    'ticket.wrong_status',
  );

  const second = await firm.approvedInvoice([await firm.approvedTicket([hours(3)])]);
  const whole = await firm.pay([{ contractorInvoiceId: second.id, amount: '126.00' }]);
  expect([whole.status, whole.json.code]).toEqual([409, 'contractor_payment.credit_open']);
  const rest = expectStatus(await firm.pay([{ contractorInvoiceId: second.id, amount: '42.00' }]), 201);
  expect(rest).toMatchObject({ amount: '42.00', netted: '84.00', applied: '126.00' });
  expect(await firm.invoice(second.id)).toMatchObject({ status: 'paid', applied: '126.00' });
  expect(await credits()).toMatchObject([{ netted: '84.00' }]);
  expect((await firm.ticket(correction)).status).toBe('paid');

  expectStatus(await firm.clerk.post(`/contractor-payments/${rest.id}/reverse`, { reason: 'returned' }), 200);
  expect((await credits())[0].netted).toBe('0.00');
  expect((await firm.ticket(correction)).status).toBe('bundled');

  // A credit may settle all of an invoice: no cash moves then.
  const small = await firm.approvedInvoice([await firm.approvedTicket([hours(1)])]);
  const netted = expectStatus(await firm.pay([{ contractorInvoiceId: small.id, amount: '0.00' }]), 201);
  expect(netted).toMatchObject({ amount: '0.00', netted: '42.00', applied: '42.00' });
  expect(await credits()).toMatchObject([{ netted: '42.00' }]);
});

test('a correction approved before its ticket is paid becomes a credit with the payment, and is not lost', async () => {
  const firm = await openFirm();
  const ticket = await firm.approvedTicket([hours(5)]);
  const { id } = await firm.approvedInvoice([ticket]);
  const correction = await firm.approvedTicket([hours(-2)], { correctsTicketId: ticket });
  const credits = async () => (await firm.contractor.get('/contractor-credits')).json.items;
  // Nothing was paid yet, so nothing is owed back.
  expect([(await firm.ticket(correction)).status, await credits()]).toEqual(['approved', []]);
  const paid = expectStatus(await firm.pay([{ contractorInvoiceId: id, amount: '210.00' }]), 201);
  expect(await credits()).toMatchObject([{ ticketId: correction, amount: '84.00', netted: '0.00' }]);
  expect((await firm.ticket(correction)).status).toBe('bundled');
  // It is no client's payment: what it settled is opened again on the contractors' side only.
  for (const answer of [
    await firm.admin.get(`/payments/${paid.id}`),
    await firm.admin.post(`/payments/${paid.id}/reverse`, { reason: 'returned' }),
  ])
    expect([answer.status, answer.json.code]).toEqual([404, 'payment.not_found']);
  expect(expectStatus(await firm.admin.get('/payments'), 200).items).toEqual([]);
  // Taken back and paid again: it is the same credit, which this payment nets.
  expectStatus(await firm.clerk.post(`/contractor-payments/${paid.id}/reverse`, { reason: 'returned' }), 200);
  const again = expectStatus(await firm.pay([{ contractorInvoiceId: id, amount: '126.00' }]), 201);
  expect(again).toMatchObject({ netted: '84.00', applied: '210.00' });
  expect(await credits()).toMatchObject([{ netted: '84.00' }]);
});

test('a correction that was on another invoice while its ticket was paid becomes a credit once it is taken off', async () => {
  const firm = await openFirm();
  const ticket = await firm.approvedTicket([hours(5)]);
  const { id } = await firm.approvedInvoice([ticket]);
  const correction = await firm.approvedTicket([hours(-2)], { correctsTicketId: ticket });
  const other = await firm.approvedTicket([hours(3)]);
  const draft = await firm.bundle([correction, other]);
  expectStatus(await firm.pay([{ contractorInvoiceId: id, amount: '210.00' }]), 201);
  const credits = async () => (await firm.contractor.get('/contractor-credits')).json.items;
  expect(await credits()).toEqual([]);
  expectStatus(await firm.contractor.patch(`/contractor-invoices/${draft.id}`, { ticketIds: [other] }), 200);
  expect(await credits()).toMatchObject([{ ticketId: correction, amount: '84.00', netted: '0.00' }]);
});

test('paying a ticket and approving its correction at the same moment makes one credit', async () => {
  const firm = await openFirm();
  for (let round = 0; round < 5; round += 1) {
    const ticket = await firm.approvedTicket([hours(1)]);
    const { id } = await firm.approvedInvoice([ticket]);
    const correction = await firm.submitted([hours(-0.5)], { correctsTicketId: ticket });
    const [paid, approved] = await Promise.all([
      firm.pay([{ contractorInvoiceId: id, amount: '42.00' }], { netCredits: false }),
      firm.manager.post(`/tickets/${correction}/approve`, {}),
    ]);
    expect([paid.status, approved.status]).toEqual([201, 200]);
    expect((await firm.ticket(correction)).status).toBe('bundled');
  }
  const credits = (await firm.contractor.get('/contractor-credits')).json.items;
  expect(credits.map((credit: { amount: string }) => credit.amount)).toEqual(Array(5).fill('21.00'));
});

test('a ticket that was sent back keeps what its corrections take back from it', async () => {
  const firm = await openFirm();
  const ticket = await firm.approvedTicket([hours(5)]);
  const { id } = await firm.submittedInvoice([ticket, await firm.approvedTicket()]);
  await firm.approvedTicket([hours(-2)], { correctsTicketId: ticket });
  expectStatus(
    await firm.admin.post(`/contractor-invoices/${id}/tickets/${ticket}/reject`, { reason: 'Too much' }),
    200,
  );
  const gone = await firm.contractor.post(`/tickets/${ticket}/discard`);
  expect([gone.status, gone.json.code]).toEqual([409, 'ticket.corrected']);
  expectStatus(await firm.contractor.patch(`/tickets/${ticket}`, { lines: [hours(1)] }), 200);
  const less = await firm.contractor.post(`/tickets/${ticket}/submit`);
  expect([less.status, less.json.code]).toEqual([422, 'ticket.corrected_below_zero']);
  expectStatus(await firm.contractor.patch(`/tickets/${ticket}`, { lines: [hours(2)] }), 200);
  expectStatus(await firm.contractor.post(`/tickets/${ticket}/submit`), 200);
});

test("one seller's cash on account never pays what another owes", async () => {
  const firm = await openFirm();
  const { admin, clerk, books } = firm;
  const sisterId = expectStatus(
    await admin.post('/sellers', {
      name: 'Sister Yard',
      country: 'GB',
      functionalCurrency: 'GBP',
      zone: 'Europe/London',
    }),
    201,
  ).id;
  const pattern = 'SY-{CONTRACTOR}-{SEQ:4}';
  expectStatus(
    await admin.post('/series', { sellerId: sisterId, documentType: 'contractor_invoice', pattern }),
    201,
  );
  const ours = await firm.approvedInvoice([await firm.approvedTicket()], { sellerId: books.sellerId });
  const theirs = await firm.approvedInvoice([await firm.approvedTicket()], { sellerId: sisterId });
  const apply = (paymentId: string, contractorInvoiceId: string, amount = '50.00') =>
    clerk.post(`/contractor-payments/${paymentId}/apply`, {
      applications: [{ contractorInvoiceId, amount }],
    });
  const rest = { amount: '134.00', rest: 'on_account' };
  const paid = expectStatus(await firm.pay([{ contractorInvoiceId: ours.id, amount: '84.00' }], rest), 201);
  const crossed = await apply(paid.id, theirs.id);
  expect([crossed.status, crossed.json.code]).toEqual([409, 'contractor_payment.sellers_differ']);
  // An advance is nobody's in particular until its first invoice.
  const advance = expectStatus(await firm.pay([], rest), 201);
  expect(advance.sellerId).toBeNull();
  const both = await Promise.all([
    apply(advance.id, theirs.id, '84.00'),
    apply(advance.id, theirs.id, '84.00'),
  ]);
  expect(both.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 409]);
  expect((await clerk.get(`/contractor-payments/${advance.id}`)).json).toMatchObject({
    sellerId: sisterId,
    onAccount: '50.00',
  });
  const another = await firm.approvedInvoice([await firm.approvedTicket()], { sellerId: books.sellerId });
  expect((await apply(advance.id, another.id)).json.code).toBe('contractor_payment.sellers_differ');
  const back = () => clerk.post(`/contractor-payments/${advance.id}/reverse`, { reason: 'returned' });
  const reversed = await Promise.all([back(), back()]);
  expect(reversed.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 409]);
  expect(await firm.invoice(theirs.id)).toMatchObject({ status: 'approved', applied: '0.00' });
});

test('a self-billed invoice needs an accepted agreement, carries its words, and is not paid while it is disputed', async () => {
  const firm = await openFirm();
  const { admin, contractor, books } = firm;
  expectStatus(
    await admin.post('/series', {
      sellerId: books.sellerId,
      documentType: 'self_billed',
      name: 'of Ola Vik',
      personId: contractor.personId,
      pattern: 'SB-{CONTRACTOR}-{SEQ:3}',
    }),
    201,
  );
  const ticket = await firm.approvedTicket();
  const body = { personId: contractor.personId, ticketIds: [ticket], kind: 'self_billed', tax: '16.80' };
  const byThem = await contractor.post('/contractor-invoices', body);
  expect([byThem.status, byThem.json.code]).toEqual([422, 'contractor_invoice.not_theirs_to_write']);
  const { id } = expectStatus(await firm.clerk.post('/contractor-invoices', body), 201);
  const path = `/contractor-invoices/${id}`;
  expect((await firm.clerk.post(`${path}/submit`)).json.code).toBe('contractor_invoice.no_agreement');
  const agreement = expectStatus(
    await firm.clerk.post('/self-billing-agreements', {
      sellerId: books.sellerId,
      personId: contractor.personId,
      startsOn: '2020-01-01',
      legalText: 'Self-billing: the VAT shown is your output tax.',
    }),
    201,
  );
  expect((await firm.clerk.post(`${path}/submit`)).json.code).toBe('contractor_invoice.no_agreement');
  const answer = await contractor.post(`/self-billing-agreements/${agreement.id}/answer`, {
    status: 'accepted',
  });
  expect(expectStatus(answer, 200).status).toBe('accepted');
  expect(expectStatus(await firm.clerk.post(`${path}/submit`), 200).number).toBe('SB-OVI-001');
  const snapshot = await books.in((tx) =>
    tx.row<{ legalText: string }>(
      `select snapshot ->> 'legalText' as legal_text from contractor_invoices where workspace_id = $1 and id = $2`,
      [books.workspaceId, id],
    ),
  );
  expect(snapshot!.legalText).toBe('Self-billing: the VAT shown is your output tax.');

  expectStatus(await contractor.post(`${path}/dispute`, { reason: 'Two days are missing' }), 200);
  expect((await admin.post(`${path}/approve`, {})).json.code).toBe('contractor_invoice.disputed');
  const overruled = await firm.manager.post(`${path}/accept`);
  expect([overruled.status, overruled.json.code]).toEqual([403, 'contractor_invoice.dispute_is_theirs']);
  expectStatus(await contractor.post(`${path}/accept`), 200);
  expectStatus(await admin.post(`${path}/approve`, {}), 200);
  expectStatus(await firm.pay([{ contractorInvoiceId: id, amount: '100.80' }]), 201);
});
