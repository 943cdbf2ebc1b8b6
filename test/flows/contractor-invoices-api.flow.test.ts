/** Owns contractor invoices over HTTP: bundled, numbered, decided on, paid, taken back; and what is refused on the way. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createFileStore } from '../../runtime/file-store.ts';
import { newId } from '../../store/new-id.ts';
import { expectBalanced } from '../support/books.ts';
import { type ContractorFirm, openContractorFirm } from '../support/contractors.ts';
import { makeTestDirectory } from '../support/directory.ts';
import { pdf } from '../support/sample-files.ts';
import { startApi, type TestApi } from '../support/start-api.ts';
import { expectStatus, hours } from '../support/tickets.ts';

let api: TestApi;
const opened: ContractorFirm[] = [];
beforeAll(async () => {
  api = await startApi({ files: createFileStore(makeTestDirectory('files')) });
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
const workOf = [
  hours(3.25),
  hours(1.5, { overtime: true }),
  { kind: 'expense', amount: '34.50', currency: 'GBP', category: 'Parking' },
  { kind: 'mileage', metres: 42_000, transportSeconds: 2_700 },
];
const statusOf = async (firm: ContractorFirm, ticketId: string) => (await firm.ticket(ticketId)).status;

test('approved tickets become an invoice whose lines explain themselves, to the cent, and its money settles it', async () => {
  const firm = await openFirm();
  const { contractor, admin } = firm;
  const [big, small] = [await firm.approvedTicket(workOf), await firm.approvedTicket()];
  const preview = expectStatus(await contractor.post('/contractor-invoices/preview', {}), 200);
  // 3.25 h at 42.00, 1.5 h at 63.00, the expense, 42 km at 0.45, 0.75 h on the road at 20.00; and 2 h at 42.00.
  expect(preview).toMatchObject({
    currency: 'GBP',
    totals: { net: '383.40', tax: '0.00', total: '383.40' },
    problems: [],
  });
  expect(await statusOf(firm, big)).toBe('approved');

  const draft = await firm.bundle([big, small]);
  expect(draft).toMatchObject({ status: 'draft', number: null, total: '383.40', ticketCount: 2 });
  expect(
    draft.lines.map((line: Record<string, string>) => [
      line.kind,
      line.quantity,
      line.unit,
      line.unitPrice,
      line.amount,
    ]),
  ).toEqual([
    ['labor', '3.25', 'h', '42.00', '136.50'],
    ['labor_overtime', '1.50', 'h', '63.00', '94.50'],
    ['expense', '1', 'expense', '34.50', '34.50'],
    ['mileage_distance', '42.000', 'km', '0.45', '18.90'],
    ['mileage_time', '0.75', 'h', '20.00', '15.00'],
    ['labor', '2.00', 'h', '42.00', '84.00'],
  ]);
  expect(draft.lines[0].formula).toEqual({
    raw: 11_700,
    rawUnit: 's',
    rounded: '3.25',
    unit: 'h',
    rate: '42.00',
    rounding: 'half_up',
    moneyPlaces: 2,
  });
  expect(await statusOf(firm, big)).toBe('bundled');

  const submitted = expectStatus(await contractor.post(`/contractor-invoices/${draft.id}/submit`), 200);
  expect(submitted).toMatchObject({ status: 'submitted', number: 'CI-OVI-0001', issueDate: firm.today });
  const approved = expectStatus(await admin.post(`/contractor-invoices/${draft.id}/approve`, {}), 200);
  expect(approved).toMatchObject({ status: 'approved', approvedBy: `member:${admin.id}`, applied: '0.00' });

  const part = expectStatus(await firm.pay([{ contractorInvoiceId: draft.id, amount: '83.40' }]), 201);
  expect(part).toMatchObject({ amount: '83.40', applied: '83.40', onAccount: '0.00', status: 'cleared' });
  expect(await firm.invoice(draft.id)).toMatchObject({ status: 'partially_paid', applied: '83.40' });
  expect(await statusOf(firm, big)).toBe('bundled');
  expectStatus(await firm.pay([{ contractorInvoiceId: draft.id, amount: '300.00' }]), 201);
  expect(await firm.invoice(draft.id)).toMatchObject({ status: 'paid', applied: '383.40' });
  expect([await statusOf(firm, big), await statusOf(firm, small)]).toEqual(['paid', 'paid']);

  const reversal = { reason: 'The bank returned it' };
  const taken = await firm.clerk.post(`/contractor-payments/${part.id}/reverse`, reversal);
  expect(expectStatus(taken, 200)).toMatchObject({ status: 'reversed', applied: '0.00' });
  expect(await firm.invoice(draft.id)).toMatchObject({
    status: 'partially_paid',
    applied: '300.00',
    paidAt: null,
  });
  expect(await statusOf(firm, big)).toBe('bundled');
  expect((await firm.clerk.post(`/contractor-payments/${part.id}/reverse`, reversal)).json.code).toBe(
    'contractor_payment.already_reversed',
  );
});

test('a draft is changed, and what is taken off it is free for another', async () => {
  const firm = await openFirm();
  const [a, b, c] = [await firm.approvedTicket(), await firm.approvedTicket(), await firm.approvedTicket()];
  const draft = await firm.bundle([a, b]);
  const changed = await firm.contractor.patch(`/contractor-invoices/${draft.id}`, { ticketIds: [b, c] });
  expect(expectStatus(changed, 200)).toMatchObject({ total: '168.00', ticketCount: 2 });
  expect(await statusOf(firm, a)).toBe('approved');
  const other = await firm.bundle([a]);
  expect(other.total).toBe('84.00');
  const refused = await firm.contractor.post('/contractor-invoices', { ticketIds: [b] });
  expect([refused.status, refused.json.code]).toEqual([409, 'ticket.wrong_status']);
  const stale = await firm.contractor.patch(
    `/contractor-invoices/${draft.id}`,
    { note: 'x' },
    { 'If-Match': '"old"' },
  );
  expect(stale.status).toBe(412);
  // A bundled ticket is not edited behind the invoice's back.
  const edit = await firm.contractor.patch(`/tickets/${b}`, { notes: 'other' });
  expect(edit.status).toBe(409);
});

test('two people who decide at the same moment make one decision, and the other reads whose', async () => {
  const firm = await openFirm();
  const { id } = await firm.submittedInvoice([await firm.approvedTicket()]);
  const path = `/contractor-invoices/${id}`;
  const answers = await Promise.all([
    firm.admin.post(`${path}/approve`, {}),
    firm.admin.post(`${path}/reject`, { reason: 'not now' }),
    firm.admin.post(`${path}/approve`, {}),
  ]);
  expect(answers.map((answer) => answer.status).sort((a, b) => a - b)).toEqual([200, 409, 409]);
  for (const answer of answers.filter((one) => one.status === 409))
    expect(answer.json).toMatchObject({
      code: 'contractor_invoice.already_decided',
      details: { decidedBy: `member:${firm.admin.id}` },
    });
});

test('a rejected invoice keeps its number, is mended and submitted again; a cancelled one explains its own', async () => {
  const firm = await openFirm();
  const ticket = await firm.approvedTicket();
  const { id, number } = await firm.submittedInvoice([ticket]);
  const path = `/contractor-invoices/${id}`;
  const rejected = await firm.admin.post(`${path}/reject`, { reason: 'Which vessel?' });
  expect(expectStatus(rejected, 200)).toMatchObject({ status: 'rejected', decisionReason: 'Which vessel?' });
  expectStatus(await firm.contractor.patch(path, { note: 'The Northern Star' }), 200);
  const again = expectStatus(await firm.contractor.post(`${path}/submit`), 200);
  expect(again).toMatchObject({ status: 'submitted', number, round: 2, decisionReason: null });
  expectStatus(await firm.contractor.post(`${path}/withdraw`), 200);
  const cancelled = await firm.contractor.post(`${path}/cancel`, { reason: 'Made twice' });
  expect(expectStatus(cancelled, 200)).toMatchObject({ status: 'cancelled', number, ticketCount: 0 });
  expect(await statusOf(firm, ticket)).toBe('approved');
  const next = await firm.submittedInvoice([ticket]);
  expect(next.number).toBe('CI-OVI-0002');
});

test('bad input is refused with what is wrong, and nothing is stored half', async () => {
  const firm = await openFirm();
  const { contractor, admin } = firm;
  const ticket = await firm.approvedTicket();
  const open = await firm.submitted();
  const refusals: [Record<string, unknown>, number, string][] = [
    [{ ticketIds: [newId()] }, 422, 'reference.unknown'],
    [{ ticketIds: [open] }, 409, 'ticket.wrong_status'],
    [{ ticketIds: [ticket], note: 'x'.repeat(10_000) }, 422, 'request.invalid_body'],
    [{ ticketIds: [ticket], tax: '20.00' }, 422, 'contractor_invoice.no_tax'],
    [{ ticketIds: [ticket], tax: '-1' }, 422, 'request.invalid_body'],
    [{ ticketIds: [ticket], kind: 'own_invoice', tax: '1.001' }, 422, 'contractor_invoice.too_fine'],
    [{ ticketIds: [ticket], theirNumber: '7' }, 422, 'contractor_invoice.not_their_own'],
    [{ ticketIds: [ticket], personId: firm.employee.personId }, 422, 'reference.unknown'],
    [{ ticketIds: 'all' }, 422, 'request.invalid_body'],
  ];
  for (const [body, status, code] of refusals) {
    const answer = await contractor.post('/contractor-invoices', body);
    expect([answer.status, answer.json.code], JSON.stringify(body).slice(0, 80)).toEqual([status, code]);
  }
  const forEmployee = await admin.post('/contractor-invoices', {
    personId: firm.employee.personId,
    ticketIds: [],
  });
  expect(forEmployee.json.code).toBe('contractor_invoice.not_a_contractor');
  expect((await admin.get('/contractor-invoices')).json.items).toEqual([]);
  expect(await statusOf(firm, ticket)).toBe('approved');

  const empty = await firm.bundle([]);
  expect((await contractor.post(`/contractor-invoices/${empty.id}/submit`)).json.code).toBe(
    'contractor_invoice.empty',
  );
  expect((await admin.post(`/contractor-invoices/${empty.id}/approve`, {})).json.code).toBe(
    'contractor_invoice.not_submitted',
  );
});

test('HTML and formulas in a note stay the text that they are', async () => {
  const firm = await openFirm();
  const note = '<script>alert(1)</script> =HYPERLINK("http://127.0.0.1")';
  const { id } = await firm.bundle([await firm.approvedTicket()], { note });
  expect((await firm.invoice(id)).note).toBe(note);
});

test('a ticket without a cost rate, or in another currency, is named before it is submitted', async () => {
  const firm = await openFirm();
  const foreign = await firm.approvedTicket([
    { kind: 'expense', amount: '10.00', currency: 'EUR', category: 'Ferry' },
  ]);
  const draft = await firm.bundle([foreign]);
  expect(draft).toMatchObject({ total: '0.00', lines: [] });
  const refused = await firm.contractor.post(`/contractor-invoices/${draft.id}/submit`);
  expect(refused.json).toMatchObject({
    code: 'contractor_invoice.cost_missing',
    details: { problems: [{ ticketId: foreign, problem: 'expense: it is in EUR, not in GBP' }] },
  });
  const number = (await firm.ticket(foreign)).number;
  expect(refused.json.detail).toContain(number);
});

test.each([
  // 3.25 h at 42.125 are 136.90625, and 3.333 km at 0.1 are 0.3333.
  { currency: 'KWD', rate: '42.125', perKm: '0.1', total: '137.239', part: '100.001', rest: '37.238' },
  // 3.25 h at 4,215 are 13,698.75, and 3.333 km at 15.5 are 51.6615.
  { currency: 'JPY', rate: '4215', perKm: '15.5', total: '13751', part: '13000', rest: '751' },
])('$currency is owed, paid and left over to its last decimal, and no finer', async (given) => {
  const { currency, rate, perKm, total, part, rest } = given;
  const firm = await openFirm();
  const { personId } = firm.contractor;
  expectStatus(await firm.admin.patch(`/people/${personId}`, { currency }), 200);
  for (const [kind, regularRate] of [
    ['labor', rate],
    ['mileage_distance', perKm],
  ])
    expectStatus(
      await firm.clerk.post('/cost-rates', {
        personId,
        currency,
        validFrom: '2020-01-01',
        kind,
        regularRate,
      }),
      201,
    );
  const ticket = await firm.approvedTicket([hours(3.25), { kind: 'mileage', metres: 3_333 }]);
  const { id } = await firm.approvedInvoice([ticket]);
  expect(await firm.invoice(id)).toMatchObject({ currency, total });
  const pay = (amount: string) =>
    firm.pay([{ contractorInvoiceId: id, amount }], { currency, amount, method: 'wire' });
  expect((await pay(`${total}${total.includes('.') ? '1' : '.5'}`)).json.code).toBe(
    'contractor_payment.amount_invalid',
  );
  expect(expectStatus(await pay(part), 201).amount).toBe(part);
  expect((await pay(part)).json).toMatchObject({
    code: 'contractor_payment.beyond_due',
    details: { due: rest },
  });
  expectStatus(await pay(rest), 201);
  expect(await firm.invoice(id)).toMatchObject({ status: 'paid', applied: total });
});

test('another contractor sees and touches nothing of it; another workspace neither', async () => {
  const firm = await openFirm();
  const ticket = await firm.approvedTicket();
  const { id } = await firm.approvedInvoice([ticket]);
  const payment = expectStatus(await firm.pay([{ contractorInvoiceId: id, amount: '84.00' }]), 201);
  const other = firm.hand(await api.newMember(firm.books.workspaceId, 'contractor', { name: 'Per Strand' }));
  const elsewhere = await openFirm();
  for (const stranger of [other, elsewhere.admin]) {
    expect((await stranger.get(`/contractor-invoices/${id}`)).status).toBe(404);
    expect((await stranger.get(`/contractor-payments/${payment.id}`)).status).toBe(404);
    expect((await stranger.post(`/contractor-invoices/${id}/submit`)).status).toBe(404);
    expect((await stranger.get('/contractor-invoices')).json.items).toEqual([]);
    expect((await stranger.get('/contractor-payments')).json.items).toEqual([]);
  }
  expect((await other.get(`/payee-accounts?personId=${firm.contractor.personId}`)).json.items).toEqual([]);
  const stolen = await other.post('/contractor-invoices', { ticketIds: [ticket] });
  expect(stolen.json.code).toBe('reference.unknown');
  expect((await firm.contractor.get('/contractor-invoices')).json.items).toMatchObject([{ id }]);
  expect((await firm.contractor.get(`/contractor-payments/${payment.id}`)).json.amount).toBe('84.00');
  for (const path of ['approve', 'reject']) {
    const answer = await firm.contractor.post(`/contractor-invoices/${id}/${path}`, { reason: 'mine' });
    expect(answer.status).toBe(403);
  }
});

test('never more is applied than is due, however many pay at the same moment', async () => {
  const firm = await openFirm();
  const { id } = await firm.approvedInvoice([await firm.approvedTicket()]);
  const beyond = await firm.pay([{ contractorInvoiceId: id, amount: '84.01' }]);
  expect([beyond.status, beyond.json.code]).toEqual([409, 'contractor_payment.beyond_due']);
  const unapplied = await firm.pay([{ contractorInvoiceId: id, amount: '84.00' }], { amount: '100.00' });
  expect(unapplied.json.code).toBe('contractor_payment.rest_unapplied');
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => firm.pay([{ contractorInvoiceId: id, amount: '40.00' }])),
  );
  expect(answers.map((answer) => answer.status).sort((a, b) => a - b)).toEqual([201, 201, 409, 409, 409]);
  expect(await firm.invoice(id)).toMatchObject({ status: 'partially_paid', applied: '80.00' });
});

test('what is paid beyond an invoice is kept on account on request, and goes on the next one', async () => {
  const firm = await openFirm();
  const first = await firm.approvedInvoice([await firm.approvedTicket()]);
  const paid = expectStatus(
    await firm.pay([{ contractorInvoiceId: first.id, amount: '84.00' }], {
      amount: '134.00',
      rest: 'on_account',
    }),
    201,
  );
  expect(paid).toMatchObject({ applied: '84.00', onAccount: '50.00' });
  const second = await firm.approvedInvoice([await firm.approvedTicket()]);
  const apply = (amount: string) =>
    firm.clerk.post(`/contractor-payments/${paid.id}/apply`, {
      applications: [{ contractorInvoiceId: second.id, amount }],
    });
  expect((await apply('50.01')).json.code).toBe('contractor_payment.beyond_account');
  expect(expectStatus(await apply('50.00'), 200)).toMatchObject({ applied: '134.00', onAccount: '0.00' });
  expect(await firm.invoice(second.id)).toMatchObject({ status: 'partially_paid', applied: '50.00' });
  expectStatus(await firm.clerk.post(`/contractor-payments/${paid.id}/reverse`, { reason: 'returned' }), 200);
  expect(await firm.invoice(first.id)).toMatchObject({ status: 'approved', applied: '0.00' });
  expect(await firm.invoice(second.id)).toMatchObject({ status: 'approved', applied: '0.00' });
});

test('nothing is approved or paid into closed books', async () => {
  const firm = await openFirm();
  const { id } = await firm.submittedInvoice([await firm.approvedTicket()]);
  const close = async (area: string) => {
    const period = expectStatus(
      await firm.admin.post('/periods', {
        sellerId: firm.books.sellerId,
        area,
        startsOn: '2020-01-01',
        endsBefore: '2199-01-01',
      }),
      201,
    );
    expectStatus(await firm.admin.patch(`/periods/${period.id}`, { status: 'soft_closed' }), 200);
    return period.id as string;
  };
  const payables = await close('payables');
  expect((await firm.admin.post(`/contractor-invoices/${id}/approve`, {})).json.code).toBe(
    'period.soft_closed',
  );
  expectStatus(await firm.admin.patch(`/periods/${payables}`, { status: 'open' }), 200);
  expectStatus(await firm.admin.post(`/contractor-invoices/${id}/approve`, {}), 200);
  await close('payments');
  expect((await firm.pay([{ contractorInvoiceId: id, amount: '84.00' }])).json.code).toBe(
    'period.soft_closed',
  );
  expect(await firm.invoice(id)).toMatchObject({ status: 'approved', applied: '0.00' });
});

test('the contractor’s own invoice needs its number and file, and the same number is refused', async () => {
  const firm = await openFirm();
  const draft = await firm.bundle([await firm.approvedTicket()], { kind: 'own_invoice', tax: '16.80' });
  expect(draft).toMatchObject({ net: '84.00', tax: '16.80', total: '100.80' });
  const submit = () => firm.contractor.post(`/contractor-invoices/${draft.id}/submit`);
  expect((await submit()).json.code).toBe('contractor_invoice.their_number_missing');
  expectStatus(
    await firm.contractor.patch(`/contractor-invoices/${draft.id}`, { theirNumber: '2026-7' }),
    200,
  );
  expect((await submit()).json.code).toBe('contractor_invoice.file_missing');
  const twice = await firm.contractor.post('/contractor-invoices', {
    ticketIds: [],
    kind: 'own_invoice',
    theirNumber: '2026-7',
  });
  expect([twice.status, twice.json.code]).toEqual([409, 'contractor_invoices.duplicate']);

  const upload = (subjectType: string, content: Buffer) =>
    api.call('POST', `/attachments?subjectType=${subjectType}&name=Invoice.pdf`, {
      key: firm.contractor.key,
      raw: new Uint8Array(content),
      headers: { 'Content-Type': 'application/octet-stream' },
    });
  const receipt = expectStatus(await upload('ticket_line', pdf('receipt')), 201).id;
  const path = `/contractor-invoices/${draft.id}`;
  expect((await firm.contractor.patch(path, { attachmentId: receipt })).json.code).toBe(
    'attachment.other_purpose',
  );
  const attachmentId = expectStatus(await upload('contractor_invoice', pdf('invoice 2026-7')), 201).id;
  expectStatus(await firm.contractor.patch(path, { attachmentId }), 200);
  const submitted = expectStatus(await submit(), 200);
  expect(submitted).toMatchObject({ status: 'submitted', attachmentId, theirNumber: '2026-7' });
  expect(submitted.number).toMatch(/^CI-OVI-\d{4}$/);
  // It is on record now: neither another invoice's nor anybody's to delete.
  const other = await firm.bundle([], { kind: 'own_invoice', theirNumber: '2026-8' });
  const taken = await firm.contractor.patch(`/contractor-invoices/${other.id}`, { attachmentId });
  expect([taken.status, taken.json.code]).toEqual([409, 'attachment.bound']);
  const stranger = await api.newMember(firm.books.workspaceId, 'contractor', { name: 'Ben Holm' });
  expect((await api.call('GET', `/attachments/${attachmentId}`, { key: stranger.key })).status).toBe(404);
  expectStatus(await firm.admin.post(`${path}/approve`, {}), 200);
  expectStatus(await firm.pay([{ contractorInvoiceId: draft.id, amount: '100.80' }]), 201);
  expect((await firm.invoice(draft.id)).status).toBe('paid');
});
