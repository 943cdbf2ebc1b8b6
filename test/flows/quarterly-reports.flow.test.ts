/** Owns clients' quarterly reports: figures worked out by hand, made once after closed books or the grace, seen by whom they are for. */
import { createHash } from 'node:crypto';
import pino from 'pino';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createClientReportActivities } from '../../activities/client-report.ts';
import { createPrinter } from '../../printing/printer.ts';
import { createFileStore } from '../../runtime/file-store.ts';
import { createReportKeeper, type ReportKeeper } from '../../runtime/report-keeper.ts';
import { sweepOverdue } from '../../runtime/sweeper.ts';
import { nextDue } from '../../store/due.ts';
import { listMails } from '../../store/mails.ts';
import { deleteLooks, takeLooks } from '../../store/outbox.ts';
import { series } from '../../store/series.ts';
import { bill, entryOf, expectBalanced, invoicesOf, take } from '../support/books.ts';
import { makeTestDirectory } from '../support/directory.ts';
import { startTestHub } from '../support/hub.ts';
import { until } from '../support/loops.ts';
import { readPdf } from '../support/pdf-text.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { newSession } from '../support/sessions.ts';
import { named } from '../support/source-entry.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

const printer = createPrinter();
let api: TestApi;
let reports: ReportKeeper;
const opened: Firm[] = [];
beforeAll(async () => {
  const files = createFileStore(makeTestDirectory('files'));
  // The API knows its database only once it is there.
  const later: ReportKeeper = {
    keep: (ref) => reports.keep(ref),
    read: (ref) => reports.read(ref),
    preview: (figures, now) => reports.preview(figures, now),
  };
  api = await startApi({ files, reports: later });
  reports = createReportKeeper({ database: api.test.database, files, printer });
});
afterEach(async () => {
  for (const { books } of opened.splice(0)) await expectBalanced(api.test.database, books);
});
afterAll(async () => {
  await api.stop();
  await printer.stop();
});

const setClock = ({ books }: Firm, at: string) =>
  books.in((tx) => tx.run('update workspaces set clock_at = $2 where id = $1', [books.workspaceId, at]));

function activities() {
  const none = () => {
    throw new Error('a report needs no secrets');
  };
  return createClientReportActivities({
    database: api.test.database,
    secrets: { seal: none, open: none, fingerprints: none },
    logger: pino({ level: 'silent' }),
    documents: { keep: none },
    reports,
    vendor: { allowLoopback: true, timeoutMs: null },
  });
}
const refOf = ({ books }: Firm, subjectId: string) => ({ workspaceId: books.workspaceId, subjectId });
const lookAt = (firm: Firm, id: string) => activities().lookAtClientReport(refOf(firm, id));

interface Shown {
  id: string;
  quarter: string;
  status: string;
  drawnUpBecause: string | null;
}
const reportsOf = async (firm: Firm): Promise<Shown[]> =>
  (await firm.get(`/client-reports?clientId=${firm.books.clientId}`)).json.items;
const mailsOf = ({ books }: Firm) =>
  books.in((tx) => listMails(tx, { status: null, before: null, limit: 10 }));
const download = async ({ key }: Pick<Firm, 'key'>, path: string) => {
  const answer = await fetch(`${api.url}/api/v1${path}`, { headers: { Authorization: `Bearer ${key}` } });
  return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
};
/** Looks that wait for a report; taken, as its workflow would. */
const woken = ({ books }: Firm, id: string) =>
  books.in(async (tx) => {
    const taken = await takeLooks(tx, 'client_report', id);
    await deleteLooks(tx, taken);
    return taken.length;
  });

const project = (code: string) => ({ externalId: null, code, name: code });
const ben = { ...named('Ben Dahl'), email: null };

/** A firm in London that wants its client's reports; tax 20 %, an invoice a project, due after 30 days. */
async function openReporting(options: { language?: string } = {}): Promise<Firm> {
  const firm = await openFirm(api, {
    projects: ['P1', 'P2'],
    rate: '100.00',
    contract: {
      grouping: { invoice: 'project', line: 'project' },
      tax: { category: 'standard', rate: '20' },
    },
  });
  opened.push(firm);
  await firm.patch('/workspace', { settings: { zone: 'Europe/London' } });
  await firm.books.in((tx) =>
    series.insert(tx, { sellerId: firm.books.sellerId, documentType: 'credit_note', pattern: 'CN-{NNNN}' }),
  );
  await setClock(firm, '2026-06-20T12:00:00Z');
  const client = await firm.patch(`/clients/${firm.books.clientId}`, {
    email: 'office@ferries.example',
    language: options.language ?? 'en',
  });
  expect(client.status, client.text).toBe(200);
  return firm;
}
const wantReports = async (firm: Firm, quarterlyReports = true) => {
  const client = await firm.patch(`/clients/${firm.books.clientId}`, { quarterlyReports });
  expect(client.status, client.text).toBe(200);
};
const billAll = async (firm: Firm) => {
  await bill(api.test.database, firm.books);
  return (await invoicesOf(firm.books)).at(-1)!;
};
const pay = async (firm: Firm, valueDate: string, amounts: Record<string, string>) => {
  const amount = Object.values(amounts).reduce((sum, one) => sum + Number(one), 0);
  const paid = await firm.post('/payments', {
    clientId: firm.books.clientId,
    currency: 'GBP',
    amount: amount.toFixed(2),
    valueDate,
    reference: 'Wire',
    applications: Object.entries(amounts).map(([invoiceId, one]) => ({ invoiceId, amount: one })),
  });
  expect(paid.status, paid.text).toBe(201);
};

/**
 * 120.00 open from June. In the third quarter: 5.5 h and 4 h invoiced at 100.00 and 20 % tax, half an hour credited, 300.00 paid; an
 * hour free of charge, five that nobody approved. Then, in October, more of everything.
 */
async function liveThroughQuarter(firm: Firm): Promise<void> {
  const { books } = firm;
  await take(books, [entryOf('june', { workDate: '2026-06-10', project: project('P1') })]);
  const first = await billAll(firm);

  await setClock(firm, '2026-07-10T09:00:00Z');
  await wantReports(firm);
  const budget = await firm.patch(`/projects/${books.projects.P1!}`, { budgetSeconds: 144_000 });
  expect(budget.status, budget.text).toBe(200);

  await setClock(firm, '2026-08-10T09:00:00Z');
  await take(books, [
    entryOf('july', { workDate: '2026-07-01', quantity: 10_800, project: project('P1') }),
    entryOf('august', { workDate: '2026-08-03', quantity: 9_000, project: project('P1'), person: ben }),
    entryOf('nobody', {
      workDate: '2026-08-04',
      quantity: 18_000,
      project: project('P1'),
      approval: 'submitted',
    }),
  ]);
  const second = await billAll(firm);
  await setClock(firm, '2026-08-20T09:00:00Z');
  await pay(firm, '2026-08-20', { [first.id]: '120.00', [second.id]: '180.00' });

  await setClock(firm, '2026-09-15T09:00:00Z');
  const [line] = (await firm.get(`/invoices/${second.id}`)).json.lines;
  const credited = await firm.post(`/invoices/${second.id}/credit-notes`, {
    by: 'lines',
    reason: 'Half an hour too many',
    lines: [{ kind: 'quantity', lineId: line.id, quantity: '0.50', disposition: 'write_off' }],
  });
  expect(credited.status, credited.text).toBe(201);

  await setClock(firm, '2026-09-30T12:00:00Z');
  await take(books, [
    entryOf('september', { workDate: '2026-09-30', quantity: 14_400, project: project('P2') }),
    entryOf('free', { workDate: '2026-09-01', project: project('P2'), billable: false }),
  ]);
  const third = await billAll(firm);

  await setClock(firm, '2026-10-03T12:00:00Z');
  await take(books, [
    entryOf('october', { workDate: '2026-10-01', quantity: 28_800, project: project('P2') }),
  ]);
  await billAll(firm);
  await pay(firm, '2026-10-03', { [third.id]: '100.00' });
}

const expected = {
  quarter: '2026-Q3',
  startsOn: '2026-07-01',
  asOf: '2026-09-30',
  sender: 'Harbour Works Ltd',
  clientName: 'Northern Ferries',
  projects: [
    {
      code: 'P1',
      seconds: 19_800,
      billableSeconds: 19_800,
      people: [
        { name: 'Ann Berg', seconds: 10_800 },
        { name: 'Ben Dahl', seconds: 9_000 },
      ],
    },
    { code: 'P2', seconds: 18_000, billableSeconds: 14_400, people: [{ name: 'Ann Berg', seconds: 18_000 }] },
  ],
  invoices: [
    { day: '2026-08-10', number: 'NFE-0002', net: '550.00', tax: '110.00', total: '660.00', open: '420.00' },
    { day: '2026-09-30', number: 'NFE-0003', net: '400.00', tax: '80.00', total: '480.00', open: '480.00' },
  ],
  credits: [
    {
      day: '2026-09-15',
      number: 'CN-0001',
      net: '50.00',
      tax: '10.00',
      total: '60.00',
      invoiceNumber: 'NFE-0002',
    },
  ],
  payments: [{ day: '2026-08-20', reference: 'Wire', currency: 'GBP', amount: '300.00' }],
  // 120 + 660 + 480 − 60 − 300; what was due on 9 September is overdue: 660 − 180 − 60.
  accounts: [
    {
      sellerName: 'Harbour Works Ltd',
      currency: 'GBP',
      opening: '120.00',
      invoiced: '1140.00',
      credited: '60.00',
      paid: '300.00',
      other: '0.00',
      closing: '900.00',
      overdue: '420.00',
    },
  ],
  // 1 + 3 + 2.5 h, and 5 that are not approved yet, of 40.
  budgets: [{ code: 'P1', seconds: { budget: 144_000, used: 41_400, percent: '28.7' }, money: null }],
};

test('a report says what was worked, invoiced, credited and paid in its quarter, as by hand and as the other reports have it', async () => {
  const firm = await openReporting();
  await liveThroughQuarter(firm);
  const { clientId } = firm.books;
  const preview = await firm.get(`/clients/${clientId}/report-preview?quarter=2026-Q3`);
  expect(preview.status, preview.text).toBe(200);
  expect(preview.json).toMatchObject(expected);

  const days = 'startsOn=2026-07-01&asOf=2026-09-30';
  const statement = (await firm.get(`/clients/${clientId}/statement?${days}`)).json;
  const [account] = preview.json.accounts;
  expect(statement.accounts).toMatchObject([
    { opening: account.opening, closing: account.closing, overdue: account.overdue },
  ]);
  const totalsOf = async (name: string) => {
    const answer = await firm.get(`/reports/finance/${name}?${days}&clientId=${clientId}`);
    expect(answer.status, answer.text).toBe(200);
    return answer.json.totals[0];
  };
  const sum = (rows: { net: string }[]) => rows.reduce((total, { net }) => total + Number(net), 0);
  const revenue = await totalsOf('revenue');
  expect(Number(revenue.invoiced)).toBe(sum(preview.json.invoices));
  expect(Number(revenue.credited)).toBe(sum(preview.json.credits));
  expect(Number((await totalsOf('aged-receivables')).open)).toBe(Number(account.closing));
  const tax = Number((await totalsOf('tax')).tax);
  expect(tax).toBe(110 + 80 - 10);
  const work = (await firm.get('/work?from=2026-07-01&before=2026-10-01')).json.items as {
    quantity: number;
  }[];
  expect(work.reduce((total, { quantity }) => total + quantity, 0)).toBe(19_800 + 18_000);
  const used = (await firm.get(`/projects/${firm.books.projects.P1!}/budget`)).json.hours;
  expect(used).toMatchObject({ usedSeconds: 41_400, percent: '28.7' });
});

test('an invoice that was taken back in its quarter is named as void, and nothing of it is open', async () => {
  const firm = await openReporting();
  await take(firm.books, [entryOf('A', { workDate: '2026-06-02', project: project('P1') })]);
  const invoice = await billAll(firm);
  const before = await firm.get(`/clients/${firm.books.clientId}/report-preview`);
  expect(before.json).toMatchObject({
    quarter: '2026-Q2',
    invoices: [{ total: '120.00', open: '120.00', isVoid: false }],
    accounts: [{ invoiced: '120.00', other: '0.00', closing: '120.00' }],
  });
  const voided = await firm.post(`/invoices/${invoice.id}/void`, { reason: 'wrong client' });
  expect(voided.json.outcome, voided.text).toBe('voided');
  const after = await firm.get(`/clients/${firm.books.clientId}/report-preview`);
  expect(after.json).toMatchObject({
    invoices: [{ total: '120.00', open: '0.00', isVoid: true }],
    accounts: [{ opening: '0.00', invoiced: '120.00', other: '-120.00', closing: '0.00', overdue: '0.00' }],
  });
  // The quarter before knows of neither, and so does the one after.
  for (const quarter of ['2026-Q1', '2026-Q3']) {
    const other = await firm.get(`/clients/${firm.books.clientId}/report-preview?quarter=${quarter}`);
    expect(other.json).toMatchObject({ invoices: [], projects: [] });
  }
});

test('it waits for the end of the quarter in the zone, then for closed books, and is made, mailed and kept once', async () => {
  const firm = await openReporting();
  await liveThroughQuarter(firm);
  const { books } = firm;
  const [report] = await reportsOf(firm);
  expect(report).toMatchObject({ quarter: '2026-Q3', status: 'waiting' });
  const id = report!.id;

  await setClock(firm, '2026-09-30T22:59:59Z');
  expect(await lookAt(firm, id)).toMatchObject({
    step: 'wait',
    for: 'quarter_end',
    until: '2026-09-30T23:00:00.000Z',
  });
  await setClock(firm, '2026-10-03T12:00:00Z');
  expect(await lookAt(firm, id)).toMatchObject({
    step: 'wait',
    for: 'closed_books',
    until: '2026-10-14T23:00:00.000Z',
  });
  expect((await firm.get(`/client-reports/${id}/pdf`)).json.code).toBe('client_report.not_made');

  const ofBooks = { sellerId: books.sellerId, area: 'billing' };
  const halves = [
    { ...ofBooks, startsOn: '2026-07-01', endsBefore: '2026-08-16' },
    { ...ofBooks, startsOn: '2026-08-16', endsBefore: '2026-10-01' },
  ];
  const [early, late] = await Promise.all(
    halves.map(async (body) => (await firm.post('/periods', body)).json),
  );
  const close = async (period: { id: string }) => {
    const closed = await firm.patch(`/periods/${period.id}`, {
      status: 'closed',
      despite: 'One ticket waits for its approver',
    });
    expect(closed.status, closed.text).toBe(200);
  };
  await close(early);
  expect(await woken(firm, id)).toBe(1);
  expect(await lookAt(firm, id)).toMatchObject({ step: 'wait', for: 'closed_books' });
  await close(late);
  expect(await woken(firm, id)).toBe(1);
  expect(await lookAt(firm, id)).toEqual({ step: 'make' });

  // Two workers at once, and once more later.
  await Promise.all([1, 2].map(() => activities().makeClientReport(refOf(firm, id))));
  await activities().makeClientReport(refOf(firm, id));
  expect(await lookAt(firm, id)).toEqual({ step: 'done', status: 'made' });
  const read = (await firm.get(`/client-reports/${id}`)).json;
  expect(read).toMatchObject({ status: 'made', drawnUpBecause: 'books_closed' });
  expect(read.figures).toMatchObject(expected);
  const mails = await mailsOf(firm);
  expect(mails).toMatchObject([
    {
      address: 'office@ferries.example',
      kind: 'document.sent',
      params: { title: 'Report of Harbour Works Ltd for 2026-Q3' },
    },
  ]);
  expect(JSON.stringify(mails[0]!.params)).toContain('GBP 900.00');
  expect(read.deliveries).toMatchObject([{ channel: 'email', address: 'office@ferries.example' }]);

  const file = await download(firm, `/client-reports/${id}/pdf`);
  expect(file.headers.get('content-disposition')).toContain('NFE-2026-Q3.pdf');
  const { pages } = await readPdf(file.bytes);
  for (const words of [
    'Quarterly report',
    '1 Jul 2026 – 30 Sep 2026',
    'Northern Ferries (NFE)',
    'Ben Dahl 2.5',
    'Total 10.5 9.5',
    '10 Aug 2026 NFE-0002 9 Sep 2026 550.00 110.00 GBP 660.00 420.00',
    '15 Sep 2026 CN-0001 NFE-0002 50.00 10.00 GBP 60.00',
    '20 Aug 2026 Wire GBP 300.00',
    'Harbour Works Ltd (GBP) 120.00 1,140.00 60.00 300.00 0.00 900.00 420.00',
    'P1 40 h 11.5 h 28.7 %',
  ])
    expect(pages.join(' ')).toContain(words);
  expect(pages.join(' ')).not.toContain('PREVIEW');

  // Whatever comes later, the report is what it was.
  await setClock(firm, '2026-10-20T12:00:00Z');
  await firm.patch(`/clients/${books.clientId}`, { name: 'Renamed Ferries' });
  await take(books, [entryOf('late', { workDate: '2026-09-29', project: project('P1') })]);
  expect((await firm.get(`/client-reports/${id}`)).json.figures).toEqual(read.figures);
  const again = await download(firm, `/client-reports/${id}/pdf`);
  expect(again.headers.get('x-content-sha256')).toBe(createHash('sha256').update(file.bytes).digest('hex'));
  await expect(
    books.in((tx) => tx.run(`update client_reports set figures = '{}' where id = $1`, [id])),
  ).rejects.toThrow('stays as it is');

  const [next] = await reportsOf(firm);
  expect(next).toMatchObject({ quarter: '2026-Q4', status: 'waiting' });
  expect(await books.in((tx) => nextDue(tx, 'client_report', next!.id))).toMatchObject({
    dueAt: '2027-01-01T00:00:00.000Z',
  });
});

test('where nobody closes the books it is made when the grace of the workspace is over', async () => {
  const firm = await openReporting();
  await firm.patch('/workspace', { settings: { quarterlyReportGraceDays: 3 } });
  await wantReports(firm);
  const [report] = await reportsOf(firm);
  expect(report).toMatchObject({ quarter: '2026-Q2' });
  await setClock(firm, '2026-07-03T22:59:00Z');
  expect(await lookAt(firm, report!.id)).toMatchObject({ until: '2026-07-03T23:00:00.000Z', waitMs: null });
  await setClock(firm, '2026-07-03T23:00:00Z');
  // The moved clock finds it by its row.
  await woken(firm, report!.id);
  await sweepOverdue(api.test.database, { graceMs: 0 });
  expect(await woken(firm, report!.id)).toBe(1);
  expect(await lookAt(firm, report!.id)).toEqual({ step: 'make' });
  // Whoever was to make it dies: until its file is there it stays due, and is found again.
  await sweepOverdue(api.test.database, { graceMs: 0 });
  expect(await woken(firm, report!.id)).toBe(1);
  await activities().makeClientReport(refOf(firm, report!.id));
  await sweepOverdue(api.test.database, { graceMs: 0 });
  expect(await woken(firm, report!.id)).toBe(0);
  expect((await reportsOf(firm)).map(({ quarter, drawnUpBecause }) => [quarter, drawnUpBecause])).toEqual([
    ['2026-Q3', null],
    ['2026-Q2', 'grace_over'],
  ]);
  const { pages } = await readPdf((await download(firm, `/client-reports/${report!.id}/pdf`)).bytes);
  expect(pages[0]).toContain('No approved hours in this quarter.');
  expect(pages[0]).toContain('Nothing has moved on the account, and nothing is open.');
});

test('books that are soft-closed are closed when their own grace ends, without anybody saying so', async () => {
  const firm = await openReporting();
  await wantReports(firm);
  const { id } = (await reportsOf(firm))[0]!;
  const period = await firm.post('/periods', {
    sellerId: firm.books.sellerId,
    area: 'billing',
    startsOn: '2026-04-01',
    endsBefore: '2026-07-01',
  });
  await setClock(firm, '2026-07-02T09:00:00Z');
  const soft = await firm.patch(`/periods/${period.json.id}`, {
    status: 'soft_closed',
    graceEndsBefore: '2026-07-06',
  });
  expect(soft.status, soft.text).toBe(200);
  expect(await lookAt(firm, id)).toMatchObject({ for: 'closed_books', until: '2026-07-05T23:00:00.000Z' });
  await setClock(firm, '2026-07-05T23:00:00Z');
  expect(await lookAt(firm, id)).toEqual({ step: 'make' });
  await activities().makeClientReport(refOf(firm, id));
  expect((await reportsOf(firm)).at(-1)).toMatchObject({ status: 'made', drawnUpBecause: 'books_closed' });
});

test('somebody may have it made before that, but not before its quarter is over, and send it again', async () => {
  const firm = await openReporting({ language: 'de-AT' });
  await wantReports(firm);
  const { id } = (await reportsOf(firm))[0]!;
  const early = await firm.post(`/client-reports/${id}/make`);
  expect([early.status, early.json.code]).toEqual([409, 'client_report.quarter_runs']);
  const unmade = await firm.post(`/client-reports/${id}/send`, {});
  expect([unmade.status, unmade.json.code]).toEqual([409, 'client_report.not_made']);
  const printed = await download(firm, `/clients/${firm.books.clientId}/report-preview/pdf`);
  expect((await readPdf(printed.bytes)).pages[0]).toContain('VORSCHAU');

  await setClock(firm, '2026-07-01T08:00:00Z');
  const made = await firm.post(`/client-reports/${id}/make`);
  expect(made.json).toMatchObject({ status: 'drawn_up', drawnUpBecause: 'asked' });
  const twice = await firm.post(`/client-reports/${id}/make`);
  expect([twice.status, twice.json.code]).toEqual([409, 'client_report.not_waiting']);
  expect(await lookAt(firm, id)).toEqual({ step: 'make' });
  await activities().makeClientReport(refOf(firm, id));
  const { pages } = await readPdf((await download(firm, `/client-reports/${id}/pdf`)).bytes);
  expect(pages[0]).toContain('Quartalsbericht');

  const again = await firm.post(`/client-reports/${id}/send`, { to: 'controlling@ferries.example' });
  expect(again.json.deliveries).toMatchObject([
    { address: 'office@ferries.example' },
    { address: 'controlling@ferries.example' },
  ]);
  await firm.patch(`/clients/${firm.books.clientId}`, { mailNotifications: false });
  const nobody = await firm.post(`/client-reports/${id}/send`, {});
  expect([nobody.status, nobody.json.code]).toEqual([409, 'client_report.no_address']);
  expect(await mailsOf(firm)).toHaveLength(2);
});

test('a client that wants none any more gets none, and one that changes its mind waits for the same report', async () => {
  const firm = await openReporting();
  await wantReports(firm);
  const { id } = (await reportsOf(firm))[0]!;
  await wantReports(firm, false);
  expect(await reportsOf(firm)).toMatchObject([{ id, status: 'cancelled' }]);
  expect(await lookAt(firm, id)).toEqual({ step: 'done', status: 'cancelled' });
  expect(await firm.books.in((tx) => nextDue(tx, 'client_report', id))).toBeNull();
  await wantReports(firm);
  expect(await reportsOf(firm)).toMatchObject([{ id, status: 'waiting' }]);
  expect(await firm.books.in((tx) => nextDue(tx, 'client_report', id))).toMatchObject({
    kind: 'quarter_ended',
  });
  // Archived by whatever way: the look sees that nobody is there to write to.
  await firm.books.in((tx) =>
    tx.run(`update clients set status = 'archived' where workspace_id = $1`, [firm.books.workspaceId]),
  );
  expect(await lookAt(firm, id)).toEqual({ step: 'done', status: 'cancelled' });
});

test("a client's member sees and downloads their own report once it is made, and nobody else's", async () => {
  const firm = await openReporting();
  await wantReports(firm);
  const { id } = (await reportsOf(firm))[0]!;
  const ours = await newSession(api, firm.key, 'client', { clientId: firm.books.clientId });
  const other = await firm.post('/clients', {
    name: 'Southern Tugs',
    email: 'ap@tugs.example',
    currency: 'GBP',
  });
  const theirs = await newSession(api, firm.key, 'client', { clientId: other.json.id });
  expect((await ours.call('GET', '/client-reports')).json.items).toEqual([]);
  expect((await ours.call('GET', `/client-reports/${id}`)).status).toBe(404);
  await setClock(firm, '2026-07-20T08:00:00Z');
  await activities().makeClientReport(refOf(firm, id));
  expect((await ours.call('GET', '/client-reports')).json.items).toMatchObject([{ id, status: 'made' }]);
  expect((await ours.call('GET', `/client-reports/${id}/pdf`)).status).toBe(200);
  expect((await theirs.call('GET', '/client-reports')).json.items).toEqual([]);
  expect((await theirs.call('GET', `/client-reports?clientId=${firm.books.clientId}`)).json.items).toEqual(
    [],
  );
  for (const path of [`/client-reports/${id}`, `/client-reports/${id}/pdf`])
    expect((await theirs.call('GET', path)).status, path).toBe(404);
  expect((await ours.call('GET', `/clients/${firm.books.clientId}/report-preview`)).status).toBe(403);
});

test('a hub that was down over two quarters makes the report of each once when it returns', async () => {
  const first = await startTestHub();
  const { test: database, temporal, workspaceId } = first;
  const clockTo = (at: string) =>
    first.in((tx) => tx.run('update workspaces set clock_at = $2 where id = $1', [workspaceId, at]));
  await clockTo('2026-02-10T12:00:00Z');
  const client = await first.post<{ id: string }>('/clients', {
    name: 'Northern Ferries',
    email: 'office@ferries.example',
    currency: 'EUR',
    quarterlyReports: true,
  });
  const list = async (hub: typeof first) =>
    (await hub.get<{ items: Shown[] }>(`/client-reports?clientId=${client.id}`)).items;
  const [waiting] = await list(first);
  await until(
    'its workflow waits',
    async () => (await first.workflowStatus('client_report', waiting!.id)) === 'RUNNING',
  );
  await first.idle();
  await first.hub.stop();

  await clockTo('2026-08-20T12:00:00Z');
  const second = await startTestHub({ test: database, temporal });
  try {
    // The schedule comes by once a minute; twice here, as a report plans the next.
    await until(
      'both are made',
      async () => {
        await sweepOverdue(second.hub.database, { graceMs: 0 });
        return (await list(second)).filter(({ status }) => status === 'made').length === 2;
      },
      30_000,
    );
    await second.idle();
    await sweepOverdue(second.hub.database, { graceMs: 0 });
    await second.idle();
    expect((await list(second)).map(({ quarter, status }) => `${quarter} ${status}`)).toEqual([
      '2026-Q3 waiting',
      '2026-Q2 made',
      '2026-Q1 made',
    ]);
    const mails = await second.in((tx) => listMails(tx, { status: null, before: null, limit: 10 }));
    expect(mails.map(({ params }) => params.title)).toEqual([
      'Report of Harbour Works for 2026-Q2',
      'Report of Harbour Works for 2026-Q1',
    ]);
    await until(
      'the first has ended',
      async () => (await second.workflowStatus('client_report', waiting!.id)) === 'COMPLETED',
    );
  } finally {
    await second.stop();
    await database.drop();
  }
});
