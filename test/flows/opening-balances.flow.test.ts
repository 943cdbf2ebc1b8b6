/** Owns going live over HTTP: opening balances are signed off by a second person, act where they belong, and are undone whole. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readClauses } from '../../domain/contract-terms.ts';
import { contracts } from '../../store/contracts.ts';
import { unprintedDocuments } from '../../store/document-files.ts';
import { newId } from '../../store/new-id.ts';
import { projects } from '../../store/projects.ts';
import { verifyWorkspace } from '../../store/verify.ts';
import { carryOut, entryOf, exceptionsOf, expectBalanced, requestBilling, take } from '../support/books.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { type Answered, startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const hours = (count: number) => count * 3600;
type Call = (path: string, body?: unknown) => Promise<Answered>;

/** A member's way in. */
async function handOf(
  firm: Firm,
  role: 'manager' | 'admin',
  name: string,
): Promise<{ post: Call; get: Call }> {
  const { key } = await api.newMember(firm.books.workspaceId, role, { name });
  return {
    post: (path, body) =>
      api.call('POST', path, {
        key,
        ...(body === undefined ? {} : { body }),
        headers: { 'Idempotency-Key': newId() },
      }),
    get: (path) => api.call('GET', path, { key }),
  };
}

/** Prepaid hours beside a contract with a cap, a contractor, somebody who brings in and somebody who signs off. */
async function openOldFirm() {
  const firm = await openFirm(api, {
    projects: ['P1', 'P2'],
    contract: { clauses: readClauses({ caps: [{ per: 'contract', hours: '40', amount: null }] }) },
  });
  const { books } = firm;
  const prepaid = await books.in(async (tx) => {
    const made = await contracts.insert(tx, {
      clientId: books.clientId,
      sellerId: books.sellerId,
      name: 'Prepaid',
      currency: 'GBP',
      zone: 'Europe/London',
      startsOn: '2026-01-01',
      goLiveOn: '2026-03-01',
      clauses: readClauses({
        billingModel: {
          type: 'retainer',
          measure: 'hours',
          quantity: '10',
          period: 'month',
          rollOver: 'all',
        },
      }),
    });
    await projects.update(tx, books.projects.P2!, { contractId: made.id });
    return made.id;
  });
  const person = (
    await firm.post('/people', { name: 'Ola Vik', kind: 'contractor', email: 'ola@example.com' })
  ).json;
  return {
    firm,
    books,
    prepaid,
    person,
    clerk: await handOf(firm, 'manager', 'Mona Clerk'),
    admin: await handOf(firm, 'admin', 'Ada Admin'),
  };
}

const asOf = '2026-03-01';
const invoice = {
  kind: 'receivable',
  client: 'NFE',
  number: 'OLD-17',
  issueDate: '2026-01-10',
  dueDate: '2026-02-09',
  currency: 'GBP',
  total: '1000.00',
  amount: '400.00',
};
const csv = [
  'kind,client,person,contract,project,documentType,number,issueDate,dueDate,usedOn,currency,total,amount',
  'receivable,NFE,,,,,OLD-17,2026-01-10,2026-02-09,,GBP,1000.00,400.00',
  'receivable,NFE,,,,,OLD-18,2026-02-10,2026-03-12,,GBP,50.00,50.00',
  'payable,,ola@example.com,,,,OV-9,2026-02-01,2026-03-03,,GBP,84.00,84.00',
  'wip,NFE,,Refit,P1,,,,,,GBP,,1250.00',
  'retainer,NFE,,Prepaid,,,,,,,,,3',
  'cap_used,NFE,,Refit,P1,,,,,2026-02-10,,,35.5',
  'last_number,,,,,invoice,,2026-02-27,,,,,317',
].join('\n');
const totals = [
  { kind: 'receivable', currency: 'GBP', count: 2, amount: '450.00' },
  { kind: 'payable', currency: 'GBP', count: 1, amount: '84.00' },
  { kind: 'wip', currency: 'GBP', count: 1, amount: '1250.00' },
  { kind: 'retainer', currency: null, count: 1, amount: '3' },
  { kind: 'cap_used', currency: null, count: 1, amount: '35.5' },
  { kind: 'last_number', currency: null, count: 1, amount: '317' },
];

test('a firm goes live: its open invoices are paid, its caps and retainers go on, its numbers follow', async () => {
  const { firm, books, prepaid, person, clerk, admin } = await openOldFirm();
  const key = (await api.newMember(books.workspaceId, 'manager', { name: 'Uploader' })).key;
  const uploaded = await api.call('POST', `/opening-batches/import?name=Books%20of%202025&asOf=${asOf}`, {
    key,
    raw: csv,
    headers: { 'Content-Type': 'text/csv' },
  });
  expect(uploaded.status, uploaded.text).toBe(201);
  const batch = uploaded.json;
  expect(batch).toMatchObject({ status: 'proposed', rowCount: 7, asOf });
  expect(batch.totals).toHaveLength(6);
  expect(batch.totals).toEqual(expect.arrayContaining(totals));
  const lines = (await clerk.get(`/opening-batches/${batch.id}/rows?limit=2`)).json;
  expect(lines.items.map((row: { lineNo: number }) => row.lineNo)).toEqual([2, 3]);
  expect(
    (await clerk.get(`/opening-batches/${batch.id}/rows?cursor=${lines.nextCursor}`)).json.items,
  ).toHaveLength(5);

  // Nothing has happened yet, and those who bring in do not sign off.
  expect((await firm.get('/invoices')).json.items).toEqual([]);
  const signOff = (by: typeof admin, controlTotals: unknown) =>
    by.post(`/opening-batches/${batch.id}/sign-off`, { controlTotals });
  expect((await signOff(clerk, totals)).json.code).toBe('auth.permission_missing');
  const wrong = await signOff(admin, [{ ...totals[0], amount: '540.00' }, ...totals.slice(1)]);
  expect(wrong.json).toMatchObject({
    status: 409,
    code: 'opening.totals_differ',
    detail:
      'The control totals differ: of receivable in GBP you state 2 rows with 540.00, and the batch has 2 rows with 450.00.',
    details: {
      differing: [
        {
          kind: 'receivable',
          currency: 'GBP',
          stated: { count: 2, amount: '540.00' },
          found: { count: 2, amount: '450.00' },
        },
      ],
    },
  });
  expect((await signOff(admin, totals.slice(1))).json.code).toBe('opening.totals_differ');
  expect((await firm.get('/invoices')).json.items).toEqual([]);
  // Twice at once: one wins.
  const both = await Promise.all([signOff(admin, totals), signOff(admin, totals)]);
  expect(
    both.map((answer) => answer.status).toSorted((a, b) => a - b),
    both[0]!.text + both[1]!.text,
  ).toEqual([200, 409]);
  expect((await clerk.get(`/opening-batches/${batch.id}`)).json).toMatchObject({ status: 'in_effect' });

  const dashboard = async () => (await firm.get('/dashboard')).json;
  expect(await dashboard()).toMatchObject({ receivable: { GBP: '450' }, issued: {} });
  const [second, first] = (await firm.get('/invoices')).json.items;
  expect(first).toMatchObject({
    number: 'OLD-17',
    status: 'issued',
    contractId: null,
    total: '400.00',
    issueDate: '2026-01-10',
    dueDate: '2026-02-09',
    lineCount: 0,
  });
  // The client has it from the system that issued it: it is not printed or mailed once more.
  expect(await books.in((tx) => unprintedDocuments(tx, first.id))).toEqual([]);
  const paid = await firm.post('/payments', {
    clientId: books.clientId,
    currency: 'GBP',
    amount: '450.00',
    valueDate: '2026-03-05',
    applications: [
      { invoiceId: first.id, amount: '400.00' },
      { invoiceId: second.id, amount: '20.00' },
    ],
  });
  expect(paid.status, paid.text).toBe(201);
  expect((await firm.get(`/invoices/${first.id}`)).json).toMatchObject({
    status: 'settled',
    applied: '400.00',
  });
  expect((await firm.get(`/invoices/${second.id}`)).json.status).toBe('partially_paid');
  const overview = (await firm.get(`/clients/${books.clientId}/overview`)).json;
  expect(overview).toMatchObject({
    revenue: {},
    outstanding: { GBP: '30.00' },
    invoicesIssued: 0,
    invoicesPaid: 0,
  });

  const [owed] = (await firm.get(`/contractor-invoices?personId=${person.id}`)).json.items;
  expect(owed).toMatchObject({ number: 'OV-9', status: 'approved', total: '84.00', ticketCount: 0 });
  // What was signed off is not taken back by one person alone.
  const cancelled = await firm.post(`/contractor-invoices/${owed.id}/cancel`, { reason: 'not ours' });
  expect(cancelled.json.code).toBe('contractor_invoice.opening');
  const voided = await firm.post(`/invoices/${second.id}/void`, { reason: 'not ours' });
  expect(voided.json.code).toBe('credit_note.opening');
  const payment = {
    personId: person.id,
    method: 'check',
    valueDate: '2026-03-05',
    currency: 'GBP',
    amount: '84.00',
    applications: [{ contractorInvoiceId: owed.id, amount: '84.00' }],
  };
  // Who let it in as owed does not pay it.
  expect((await admin.post('/contractor-payments', payment)).json.code).toBe('duty.reason_required');
  const payer = await handOf(firm, 'admin', 'Pia Payer');
  const settled = await payer.post('/contractor-payments', payment);
  expect(settled.status, settled.text).toBe(201);
  expect((await firm.get(`/contractor-invoices/${owed.id}`)).json.status).toBe('paid');

  // 35.5 of 40 hours are used: four fit, one more does not. Of the retainer 3 hours came along: 12 of 13 are drawn.
  await take(books, [
    entryOf('fits', { workDate: '2026-03-02', quantity: hours(4) }),
    entryOf('beyond', { workDate: '2026-03-03', quantity: hours(1) }),
    ...[8, 4].map((quantity, index) =>
      entryOf(`prepaid ${quantity}`, {
        workDate: `2026-03-1${index}`,
        quantity: hours(quantity),
        project: { externalId: null, code: 'P2', name: 'P2' },
      }),
    ),
  ]);
  await firm.run('issue');
  await carryOut(
    api.test.database,
    books,
    await requestBilling(books, { scope: { type: 'contract', id: prepaid } }),
  );
  expect((await exceptionsOf(books)).map((row) => row.rule)).toEqual(['contract.hours_over_cap']);
  const issued = (await firm.get('/invoices')).json.items.filter(
    (row: { contractId: string }) => row.contractId,
  );
  expect(issued).toMatchObject([{ number: 'NFE-0318', net: '1570.00' }]);
  const { lines: billed } = (await firm.get(`/invoices/${issued[0].id}`)).json;
  expect(
    billed.map((line: { kind: string; amount: string }) => `${line.kind} ${line.amount}`).sort(),
  ).toEqual(['lump_sum 1250.00', 'time 320.00']);
  // What was done before is the opening of the month that begins with it; four hours were earned since.
  const wip = await firm.get('/reports/finance/wip?startsOn=2026-03-01&asOf=2026-12-31');
  expect(wip.json.totals, wip.text).toMatchObject([
    { currency: 'GBP', opening: '1250', earned: '320', billed: '1570', closing: '0' },
  ]);
  const periods = await books.in((tx) =>
    tx.rows<{ startsOn: string; balance: string }>(
      'select starts_on, balance from retainers where workspace_id = $1 order by starts_on',
      [books.workspaceId],
    ),
  );
  expect(periods.map((row) => [row.startsOn, Number(row.balance)])).toEqual([
    ['2026-02-01', 0],
    ['2026-03-01', 1],
  ]);
  expect(await dashboard()).toMatchObject({ issued: { GBP: '1570' }, receivable: { GBP: '1600' } });
  await expectBalanced(api.test.database, books);
});

test('nobody signs off their own, but for a lone admin with a reason that is listed', async () => {
  const { firm, clerk, admin } = await openOldFirm();
  const body = { name: 'Own', asOf, rows: [invoice] };
  const controlTotals = [{ kind: 'receivable', currency: 'GBP', count: 1, amount: '400' }];
  const own = (await admin.post('/opening-batches', body)).json;
  const path = `/opening-batches/${own.id}/sign-off`;
  const alone = await admin.post(path, { controlTotals });
  expect(alone.json.code).toBe('duty.reason_required');
  const other = await handOf(firm, 'admin', 'Olga Other');
  expect((await admin.post(path, { controlTotals, ownReason: 'in a hurry' })).json).toMatchObject({
    status: 403,
    code: 'duty.proposed_opening',
  });
  expect((await firm.get('/invoices')).json.items).toEqual([]);
  expect((await other.post(path, { controlTotals })).status).toBe(200);

  const lone = await openOldFirm();
  const mine = (await lone.admin.post('/opening-batches', body)).json;
  const signed = await lone.admin.post(`/opening-batches/${mine.id}/sign-off`, {
    controlTotals,
    ownReason: 'The accountant starts in May',
  });
  expect(signed.status, signed.text).toBe(200);
  expect((await lone.admin.get('/duties')).json.items).toMatchObject([
    { subjectType: 'opening_batch', subjectId: mine.id, reason: 'The accountant starts in May' },
  ]);
  // Refused, it is read and never acts.
  const refused = (await clerk.post('/opening-batches', { ...body, rows: [{ ...invoice, number: 'OLD-2' }] }))
    .json;
  expect(
    (await clerk.post(`/opening-batches/${refused.id}/refuse`, { reason: 'wrong client' })).json,
  ).toMatchObject({
    status: 'refused',
    decisionReason: 'wrong client',
  });
  expect((await other.post(`/opening-batches/${refused.id}/sign-off`, { controlTotals })).json.code).toBe(
    'opening.already_decided',
  );
});

test('one bad row, and nothing is kept: the answer names each with its line', async () => {
  const { firm, clerk } = await openOldFirm();
  const rows = [
    invoice,
    { ...invoice, client: 'XXX', number: 'A' },
    { ...invoice, number: 'OLD-17' },
    { ...invoice, number: 'B', amount: '1000.01' },
    { ...invoice, number: 'C', amount: '-5.00' },
    { ...invoice, number: 'D', issueDate: asOf, dueDate: asOf },
    { ...invoice, number: 'E', dueDate: '2026-01-09' },
    { ...invoice, number: 'F', amount: '1.005' },
    { kind: 'receivable', client: 'NFE', currency: 'GBP', amount: '1.00' },
    { kind: 'wip', client: 'NFE', contract: 'Refit', currency: 'GBP', amount: '1.00', number: 'G' },
    { kind: 'retainer', client: 'NFE', contract: 'Refit', amount: '2' },
    { kind: 'retainer', client: 'NFE', contract: 'Prepaid', amount: '2', currency: 'GBP' },
    { kind: 'cap_used', client: 'NFE', contract: 'Refit', project: 'P2', usedOn: '2026-02-01', amount: '2' },
    { ...invoice, kind: 'payable', client: null, person: 'Nobody', number: 'H' },
    { kind: 'last_number', documentType: 'credit_note', amount: '5' },
    { kind: 'last_number', documentType: 'invoice', amount: '5.5' },
  ];
  const answer = await clerk.post('/opening-batches', { name: 'Bad', asOf, rows });
  expect(answer.json).toMatchObject({ status: 422, code: 'file.bad_rows', details: { badRows: 15 } });
  expect(
    answer.json.details.rows.map((row: { line: number; message: string }) => `${row.line} ${row.message}`),
  ).toEqual([
    '2 client: no client has the code "XXX"',
    '3 number: the same stands in line 1',
    '4 amount: is more than the total',
    '5 amount: is more than nothing; a mistake is countered, not brought in',
    '6 issueDate: is after 2026-02-28, the last day before',
    '7 dueDate: is before the issue',
    '8 amount: has more than 2 decimals',
    '9 number: is missing',
    '9 issueDate: is missing',
    '9 dueDate: is missing',
    '9 total: is missing',
    '10 number: has no meaning for wip',
    '11 contract: Refit has no retainer',
    '12 currency: the retainer of Prepaid is in hours, without one',
    '13 project: P2 is not under the contract Refit',
    '14 person: there is no person "Nobody"',
    '15 series: there is no series "credit_note default"',
    '16 amount: has more than 0 decimals',
  ]);
  expect((await clerk.get('/opening-batches')).json.items).toEqual([]);
  // The same rows are one batch, however often they are sent.
  const good = { name: 'Good', asOf, rows: [invoice] };
  expect((await clerk.post('/opening-batches', good)).status).toBe(201);
  expect((await clerk.post('/opening-batches', { ...good, name: 'Again' })).json.code).toBe(
    'opening.same_rows',
  );
  const noFile = await api.call('POST', `/opening-batches/import?name=x&asOf=${asOf}`, {
    key: firm.key,
    raw: 'kind,amount\n',
    headers: { 'Content-Type': 'text/csv' },
  });
  expect(noFile.json.code).toBe('file.bad_rows');
});

test('a series goes on after the last number, never below what it gave and never with a gap', async () => {
  const { firm, books, clerk, admin } = await openOldFirm();
  const bring = (amount: string) =>
    clerk.post('/opening-batches', {
      name: `Up to ${amount}`,
      asOf,
      rows: [{ kind: 'last_number', documentType: 'invoice', amount }],
    });
  const late = (await bring('9')).json;
  await take(books, [entryOf('1')]);
  await firm.run('issue');
  expect((await firm.get('/invoices')).json.items[0].number).toBe('NFE-0001');
  const signed = await admin.post(`/opening-batches/${late.id}/sign-off`, {
    controlTotals: [{ kind: 'last_number', currency: null, count: 1, amount: '9' }],
  });
  expect(signed.json).toMatchObject({ status: 409, code: 'opening.series_moved' });
  expect((await bring('500')).json.details.rows[0].message).toBe(
    'series: default has numbered documents itself, up to 1, and goes on after them',
  );
  const patched = await firm.post('/series', {
    sellerId: books.sellerId,
    documentType: 'credit_note',
    pattern: 'CN-{NNNN}',
    nextNumber: 40,
  });
  expect(patched.status, patched.text).toBe(201);
  const below = await clerk.post('/opening-batches', {
    name: 'Below',
    asOf,
    rows: [{ kind: 'last_number', documentType: 'credit_note', amount: '38' }],
  });
  expect(below.json.details.rows[0].message).toBe(
    'amount: 38 is below 39, which the series default has already',
  );
  await expectBalanced(api.test.database, books);
});

test('a mistake is undone by a batch that counters it, and brought in anew under the same number', async () => {
  const { firm, books, clerk, admin, person } = await openOldFirm();
  const rows = [
    invoice,
    {
      kind: 'payable',
      person: person.name,
      number: 'OV-1',
      issueDate: '2026-02-01',
      dueDate: '2026-03-03',
      currency: 'GBP',
      total: '84.00',
      amount: '84.00',
    },
    { kind: 'retainer', client: 'NFE', contract: 'Prepaid', amount: '3' },
    { kind: 'cap_used', client: 'NFE', contract: 'Refit', usedOn: '2026-02-10', amount: '40' },
    { kind: 'wip', client: 'NFE', contract: 'Refit', currency: 'GBP', amount: '70.00' },
    { kind: 'last_number', documentType: 'invoice', amount: '317' },
  ];
  const stated = (sign: '' | '-') => [
    { kind: 'receivable', currency: 'GBP', count: 1, amount: `${sign}400.00` },
    { kind: 'payable', currency: 'GBP', count: 1, amount: `${sign}84.00` },
    { kind: 'retainer', currency: null, count: 1, amount: `${sign}3` },
    { kind: 'cap_used', currency: null, count: 1, amount: `${sign}40` },
    { kind: 'wip', currency: 'GBP', count: 1, amount: `${sign}70` },
    { kind: 'last_number', currency: null, count: 1, amount: `${sign}317` },
  ];
  const signOff = async (id: string, sign: '' | '-' = '') =>
    admin.post(`/opening-batches/${id}/sign-off`, { controlTotals: stated(sign) });
  const batch = (await clerk.post('/opening-batches', { name: 'Balances', asOf, rows })).json;
  expect((await clerk.post(`/opening-batches/${batch.id}/counter`)).json.code).toBe(
    'opening.not_counterable',
  );
  expect((await signOff(batch.id)).status).toBe(200);
  const [wrong] = (await firm.get('/invoices')).json.items;

  const counter = await clerk.post(`/opening-batches/${batch.id}/counter`);
  expect(counter.json).toMatchObject({
    status: 'proposed',
    countersBatchId: batch.id,
    name: 'Counters Balances',
  });
  expect((await clerk.post(`/opening-batches/${batch.id}/counter`)).json.code).toBe(
    'opening.not_counterable',
  );
  const pay = await firm.post('/payments', {
    clientId: books.clientId,
    currency: 'GBP',
    amount: '1.00',
    valueDate: '2026-03-05',
    applications: [{ invoiceId: wrong.id, amount: '1.00' }],
  });
  expect((await signOff(counter.json.id, '-')).json).toMatchObject({
    status: 409,
    code: 'opening.in_use',
    detail: 'Document OLD-17 is paid, credited or written off in part, so it cannot be taken back.',
  });
  expect((await firm.post(`/payments/${pay.json.id}/reverse`, { reason: 'not theirs' })).status).toBe(200);
  await firm.run('draft');
  const [draft] = (await firm.get('/invoices?status=draft')).json.items;
  expect(draft.net).toBe('70.00');
  expect((await signOff(counter.json.id, '-')).json.detail).toBe(
    'Document of line 5 is on a draft or an invoice, so it cannot be taken back.',
  );
  expect((await firm.post(`/invoices/${draft.id}/discard`, { reason: 'a mistake' })).status).toBe(200);
  const undone = await signOff(counter.json.id, '-');
  expect(undone.status, undone.text).toBe(200);
  expect((await firm.get(`/invoices/${wrong.id}`)).json.status).toBe('void');
  expect((await firm.get('/contractor-invoices')).json.items[0].status).toBe('cancelled');
  expect((await firm.get('/dashboard')).json.receivable.GBP ?? '0').toBe('0');
  expect((await firm.get(`/opening-batches/${batch.id}`)).json).toMatchObject({
    counteredById: counter.json.id,
  });

  // Anew, with less: the invoice has its number again, the cap and the series theirs.
  const anew = (await clerk.post('/opening-batches', { name: 'Anew', asOf, rows })).json;
  expect((await signOff(anew.id)).status).toBe(200);
  const again = (await firm.get(`/invoices?clientId=${books.clientId}`)).json.items.filter(
    (row: { number: string | null }) => row.number !== null,
  );
  expect(again.map((row: { number: string; status: string }) => `${row.number} ${row.status}`)).toEqual([
    'OLD-17 issued',
    'OLD-17 void',
  ]);
  await take(books, [entryOf('beyond the cap')]);
  await firm.run('issue');
  expect((await exceptionsOf(books)).map((row) => row.rule)).toEqual(['contract.hours_over_cap']);
  await expectBalanced(api.test.database, books);
});

test('nothing of before comes into books that are closed', async () => {
  const { firm, books, clerk, admin } = await openOldFirm();
  const period = await firm.post('/periods', {
    sellerId: books.sellerId,
    area: 'billing',
    startsOn: '2026-03-01',
    endsBefore: '2026-04-01',
  });
  const batch = (await clerk.post('/opening-batches', { name: 'Late', asOf, rows: [invoice] })).json;
  await books.in((tx) =>
    tx.run(`update periods set status = 'closed' where workspace_id = $1 and id = $2`, [
      books.workspaceId,
      period.json.id,
    ]),
  );
  const signed = await admin.post(`/opening-batches/${batch.id}/sign-off`, {
    controlTotals: [{ kind: 'receivable', currency: 'GBP', count: 1, amount: '400.00' }],
  });
  expect(signed.json.code).toBe('period.closed');
  expect((await firm.get('/invoices')).json.items).toEqual([]);

  // What came in while they were open is undone today, whatever was closed since.
  await books.in((tx) =>
    tx.run(`update periods set status = 'open' where workspace_id = $1`, [books.workspaceId]),
  );
  const signOff = (id: string, amount: string) =>
    admin.post(`/opening-batches/${id}/sign-off`, {
      controlTotals: [{ kind: 'receivable', currency: 'GBP', count: 1, amount }],
    });
  expect((await signOff(batch.id, '400.00')).status).toBe(200);
  await books.in((tx) =>
    tx.run(`update periods set status = 'closed' where workspace_id = $1`, [books.workspaceId]),
  );
  const counter = await clerk.post(`/opening-batches/${batch.id}/counter`);
  expect((await signOff(counter.json.id, '-400.00')).status).toBe(200);
  const [undone] = (await firm.get('/invoices')).json.items;
  expect(undone).toMatchObject({ number: 'OLD-17', status: 'void' });
  // Its number carries no code of ours: the client may have another one.
  expect((await firm.patch(`/clients/${books.clientId}`, { code: 'NOF' })).status).toBe(200);
  await expectBalanced(api.test.database, books);
});

test.each([
  [
    'a control total',
    `update opening_batches set control_totals = jsonb_set(control_totals, '{0,amount}', '"401"')`,
  ],
  ['a document that is gone', `update client_invoices set status = 'void'`],
])('the proof of the books finds %s that is not as it was signed off', async (_, sql) => {
  const { books, clerk, admin } = await openOldFirm();
  const batch = (await clerk.post('/opening-batches', { name: 'Balances', asOf, rows: [invoice] })).json;
  const controlTotals = [{ kind: 'receivable', currency: 'GBP', count: 1, amount: '400' }];
  expect((await admin.post(`/opening-batches/${batch.id}/sign-off`, { controlTotals })).status).toBe(200);
  await expectBalanced(api.test.database, books);
  await books.in((tx) => tx.run(`${sql} where workspace_id = $1`, [books.workspaceId]));
  const { checks } = await verifyWorkspace(api.test.database, books.workspaceId);
  expect(checks.filter((check) => !check.ok).map((check) => check.name)).toContain('opening balances');
});

test('a receivable of before go-live is reminded and charged a late fee like any other, though it is of no contract', async () => {
  const { firm, books, clerk, admin } = await openOldFirm();
  const batch = (await clerk.post('/opening-batches', { name: 'Balances', asOf, rows: [invoice] })).json;
  const controlTotals = [{ kind: 'receivable', currency: 'GBP', count: 1, amount: '400' }];
  expect((await admin.post(`/opening-batches/${batch.id}/sign-off`, { controlTotals })).status).toBe(200);
  const series = { sellerId: books.sellerId, documentType: 'late_fee', pattern: 'LF-{NNNN}' };
  expect((await firm.post('/series', series)).status).toBe(201);
  expect((await firm.patch(`/clients/${books.clientId}`, { email: 'ap@ferries.example' })).status).toBe(200);
  const policy = await firm.post('/reminder-policies', {
    name: 'Twenty-one',
    isDefault: true,
    steps: [{ days: 21, fee: { amount: '40.00', currency: 'GBP' } }],
  });
  expect(policy.status, policy.text).toBe(201);
  const sent = await firm.post('/reminders/send', {});
  expect([sent.status, sent.json.letters]).toEqual([200, 1]);
  const [fee] = (await firm.get('/late-fees')).json.items;
  expect(fee.amount).toBe('40.00');
  const page = await firm.get(`/late-fees/${fee.id}/html`);
  expect([page.status, page.text.includes('OLD-17')]).toEqual([200, true]);
  const snapshot = await books.in((tx) =>
    tx.row<{ contract: unknown }>(
      `select snapshot -> 'contract' as contract from late_fees where workspace_id = $1`,
      [books.workspaceId],
    ),
  );
  expect(snapshot).toEqual({ contract: null });
});
