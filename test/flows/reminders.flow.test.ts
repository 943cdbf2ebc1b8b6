/** Owns reminding clients over the store and HTTP: once a step, one letter, stopped where it must, and fees as documents. */
import pino from 'pino';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startMailer } from '../../runtime/mailer.ts';
import { doDaily } from '../../store/daily.ts';
import { listMails } from '../../store/mails.ts';
import {
  type Books,
  bill,
  entryOf,
  exceptionsOf,
  expectBalanced,
  invoicesOf,
  take,
} from '../support/books.ts';
import { until } from '../support/loops.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
const opened: Books[] = [];
beforeAll(async () => {
  api = await startApi();
});
afterEach(async () => {
  for (const books of opened.splice(0)) await expectBalanced(api.test.database, books);
});
afterAll(() => api.stop());

const setClock = (books: Books, at: string | null) =>
  books.in((tx) => tx.run('update workspaces set clock_at = $2 where id = $1', [books.workspaceId, at]));

/** Two invoices of 100.00, issued on 15 September, due on 15 October; the firm reminds after 7 and 21 days, with a fee. */
async function firmThatReminds(
  policy: Record<string, unknown> = {},
  { withSeries = true } = {},
): Promise<{ firm: Firm; ids: string[] }> {
  const codes = ['P1', 'P2'];
  const firm = await openFirm(api, {
    projects: codes,
    rate: '100.00',
    contract: { grouping: { invoice: 'project', line: 'project' } },
  });
  opened.push(firm.books);
  const { books } = firm;
  await books.in((tx) =>
    tx.run(`update clients set email = 'ap@ferries.example' where workspace_id = $1`, [books.workspaceId]),
  );
  await setClock(books, '2026-09-15T12:00:00Z');
  await take(
    books,
    codes.map((code) => entryOf(code, { project: { externalId: null, code, name: code } })),
  );
  await bill(api.test.database, books);
  if (withSeries) await makeSeries(firm);
  const made = await firm.post('/reminder-policies', {
    name: 'Seven and twenty-one',
    isDefault: true,
    steps: [{ days: 21, fee: { amount: '40.00', currency: 'GBP' } }, { days: 7 }],
    interestPercentage: '8',
    ...policy,
  });
  expect(made.status, made.text).toBe(201);
  return { firm, ids: (await invoicesOf(books)).map(({ id }) => id) };
}
async function makeSeries(firm: Firm): Promise<void> {
  const series = { sellerId: firm.books.sellerId, documentType: 'late_fee', pattern: 'LF-{NNNN}' };
  expect((await firm.post('/series', series)).status).toBe(201);
}
const send = async (firm: Firm) => (await firm.post('/reminders/send', {})).json.letters as number;
const letters = async (firm: Firm, query = '') => (await firm.get(`/reminder-letters${query}`)).json.items;
const mailsOf = (firm: Firm) =>
  firm.books.in((tx) => listMails(tx, { status: null, before: null, limit: 50 }));

test('one letter a client names every invoice whose step has come, once, however often it is asked for', async () => {
  const { firm, ids } = await firmThatReminds({ interestPercentage: null });
  await setClock(firm.books, '2026-10-21T12:00:00Z');
  expect(await send(firm)).toBe(0);
  await setClock(firm.books, '2026-10-22T12:00:00Z');
  const answers = await Promise.all([send(firm), send(firm), send(firm)]);
  expect(answers.sort()).toEqual([0, 0, 1]);
  expect(await send(firm)).toBe(0);
  expect(await letters(firm)).toMatchObject([
    {
      level: 1,
      status: 'sent',
      letterOn: '2026-10-22',
      invoices: [{ stepDays: 7, open: '100.00' }, { stepDays: 7 }],
    },
  ]);
  const mails = await mailsOf(firm);
  expect(mails.map(({ kind, address }) => `${kind} ${address}`)).toEqual([
    'reminder.sent ap@ferries.example',
  ]);
  expect(mails[0]?.params.invoices).toBe(
    'NFE-0001: GBP 100.00, due 15 Oct 2026\nNFE-0002: GBP 100.00, due 15 Oct 2026',
  );
  expect(await letters(firm, `?invoiceId=${ids[1]}`)).toHaveLength(1);
  // What is paid is not reminded of again.
  await firm.post('/payments', {
    currency: 'GBP',
    amount: '100.00',
    valueDate: '2026-10-25',
    applications: [{ invoiceId: ids[0], amount: '100.00' }],
  });
  await setClock(firm.books, '2026-11-05T12:00:00Z');
  expect(await send(firm)).toBe(1);
  expect((await letters(firm))[0]).toMatchObject({
    level: 2,
    invoices: [{ invoiceId: ids[1], stepDays: 21 }],
  });
});

test('late fee and interest are documents of their own, paid by themselves or let go', async () => {
  const { firm, ids } = await firmThatReminds();
  await setClock(firm.books, '2026-11-05T12:00:00Z');
  expect(await send(firm)).toBe(1);
  const fees = (await firm.get('/late-fees')).json.items;
  // 16 October to 5 November are 20 days: 100.00 × 8 % × 20 ÷ 365 = 0.438….
  const shown = fees.map(
    (fee: { kind: string; number: string; amount: string }) =>
      `${fee.number} ${fee.kind} ${Number(fee.amount)}`,
  );
  expect(shown.sort()).toEqual([
    'LF-0001 fee 40',
    'LF-0002 interest 0.44',
    'LF-0003 fee 40',
    'LF-0004 interest 0.44',
  ]);
  expect((await firm.get(`/invoices/${ids[0]}`)).json).toMatchObject({ total: '100.00', status: 'issued' });

  const [fee, other] = fees.filter((one: { kind: string }) => one.kind === 'fee');
  const paid = await firm.post('/payments', {
    currency: 'GBP',
    amount: '140.00',
    valueDate: '2026-11-06',
    applications: [
      { invoiceId: ids[0], amount: '100.00' },
      { lateFeeId: fee.id, amount: '40.00' },
    ],
  });
  expect(paid.status, paid.text).toBe(201);
  expect(
    (await firm.get('/late-fees')).json.items.find((one: { id: string }) => one.id === fee.id).status,
  ).toBe('settled');
  expect((await firm.post(`/late-fees/${fee.id}/waive`, { reason: 'x' })).json.code).toBe(
    'late_fee.not_waivable',
  );
  expect((await firm.post(`/late-fees/${other.id}/waive`, { reason: 'Goodwill' })).json.status).toBe(
    'waived',
  );
  expect((await firm.post(`/payments/${paid.json.id}/reverse`, { reason: 'bounced' })).status).toBe(200);
  expect(
    (await firm.get('/late-fees')).json.items.find((one: { id: string }) => one.id === fee.id),
  ).toMatchObject({
    status: 'issued',
    applied: '0.00',
  });
  const aged = (await firm.get('/reports/finance/aged-receivables?asOf=2026-11-30&by=document')).json;
  expect(aged.rows.map((row: { number: string }) => row.number).sort()).toEqual(
    ['LF-0001', 'LF-0002', 'LF-0003', 'LF-0004', 'NFE-0001', 'NFE-0002'].filter(
      (number) => number !== other.number,
    ),
  );
});

test('fees that are left out, for want of a series or in closed books, raise one exception that says what to do', async () => {
  const { firm } = await firmThatReminds(
    { steps: [10, 20, 30, 40].map((days) => ({ days, fee: { amount: '40.00', currency: 'GBP' } })) },
    { withSeries: false },
  );
  const { books } = firm;
  const remindOn = async (day: string) => {
    await setClock(books, `${day}T12:00:00Z`);
    expect(await send(firm)).toBe(1);
    const open = await exceptionsOf(books);
    return open.map(({ rule, detail }) => `${rule} ${(detail as { reason: string }).reason}`);
  };
  const feesOf = async () => (await firm.get('/late-fees')).json.items.length;
  expect(await remindOn('2026-10-25')).toEqual(['late_fee.left_out no_series']);
  const [left] = (await firm.get('/exceptions?rule=late_fee.left_out')).json.items;
  expect(left).toMatchObject({ subjectType: 'seller', subjectId: books.sellerId, severity: 'W' });
  expect(left.detail.whatToDo).toContain('POST /series with documentType late_fee');
  expect(await remindOn('2026-11-04')).toEqual(['late_fee.left_out no_series']);
  expect(await feesOf()).toBe(0);

  await makeSeries(firm);
  const november = { startsOn: '2026-11-01', endsBefore: '2026-12-01' };
  const period = await firm.post('/periods', { sellerId: books.sellerId, area: 'billing', ...november });
  expect((await firm.patch(`/periods/${period.json.id}`, { status: 'soft_closed' })).status).toBe(200);
  expect(await remindOn('2026-11-14')).toEqual(['late_fee.left_out books_closed']);
  expect((await exceptionsOf(books))[0]!.detail).toMatchObject({
    figure: "the seller's billing period 2026-11-01 to 2026-12-01 is soft-closed",
  });
  expect(await feesOf()).toBe(0);

  expect((await firm.patch(`/periods/${period.json.id}`, { status: 'open' })).status).toBe(200);
  expect(await remindOn('2026-11-24')).toEqual([]);
  expect(await feesOf()).toBe(4);
});

test('money on account, a dispute and mail that is off stop it, each kept once, and it goes out when they are over', async () => {
  const { firm, ids } = await firmThatReminds({ interestPercentage: null });
  await setClock(firm.books, '2026-10-22T12:00:00Z');
  const money = await firm.post('/payments', {
    clientId: firm.books.clientId,
    currency: 'GBP',
    amount: '5.00',
    valueDate: '2026-10-20',
  });
  expect([await send(firm), await send(firm)]).toEqual([0, 0]);
  expect(await letters(firm)).toMatchObject([
    { status: 'stopped', stopReason: 'unapplied_cash', invoices: [] },
  ]);
  await firm.post(`/payments/${money.json.id}/reverse`, { reason: 'not ours' });

  await setClock(firm.books, '2026-10-23T12:00:00Z');
  await firm.patch(`/clients/${firm.books.clientId}`, { mailNotifications: false });
  expect(await send(firm)).toBe(0);
  expect((await letters(firm))[0]).toMatchObject({ stopReason: 'mail_off' });
  await firm.patch(`/clients/${firm.books.clientId}`, { mailNotifications: true });

  await setClock(firm.books, '2026-10-24T12:00:00Z');
  await firm.books.in((tx) =>
    tx.run(
      `insert into disputes (workspace_id, invoice_id, amount, reason, raised_by) values ($1, $2, 30, 'too many hours', 'test')`,
      [firm.books.workspaceId, ids[0]],
    ),
  );
  expect(await send(firm)).toBe(1);
  expect((await mailsOf(firm))[0]?.params.invoices).toContain('NFE-0001: GBP 70.00');
});

test('the day brings no reminders, which are the invoices’ own, and the first of a month statements, once', async () => {
  const { firm } = await firmThatReminds({ interestPercentage: null });
  await firm.patch('/workspace', { settings: { monthlyStatements: true, digestTime: '06:00' } });
  await setClock(firm.books, '2026-10-31T12:00:00Z');
  await doDaily(api.test.database);
  await setClock(firm.books, '2026-11-01T12:00:00Z');
  await Promise.all([doDaily(api.test.database), doDaily(api.test.database)]);
  await doDaily(api.test.database);
  const toClient = (await mailsOf(firm)).filter(({ address }) => address === 'ap@ferries.example');
  expect(toClient.map(({ kind }) => kind)).toEqual(['statement.sent']);
  const [statement] = toClient;
  expect(statement?.params.month).toBe('2026-10');
  expect(statement?.params.accounts).toContain('GBP 200.00 on 31 Oct 2026, of it overdue GBP 200.00');
});

test('a letter that waited for the mail server does not leave once its invoices are paid or disputed', async () => {
  const { firm, ids } = await firmThatReminds({ interestPercentage: null });
  await setClock(firm.books, '2026-10-22T12:00:00Z');
  expect(await send(firm)).toBe(1);
  const applications = [{ invoiceId: ids[0], amount: '100.00' }];
  await firm.post('/payments', { currency: 'GBP', amount: '100.00', valueDate: '2026-10-22', applications });
  expect((await firm.post(`/invoices/${ids[1]}/disputes`, { reason: 'Not us' })).status).toBe(201);
  const left: string[] = [];
  const mailer = startMailer({
    database: api.test.database,
    logger: pino({ level: 'silent' }),
    deliver: ({ kind, workspaceId }) => {
      if (workspaceId === firm.books.workspaceId) left.push(kind);
      return Promise.resolve({ outcome: 'sent' });
    },
  });
  await until('the mail is settled', async () =>
    (await mailsOf(firm)).every(({ status }) => status !== 'queued'),
  );
  await mailer.stop();
  expect(left).toEqual([]);
  expect(await mailsOf(firm)).toMatchObject([{ kind: 'reminder.sent', status: 'given_up' }]);
});

test('letters are paused by hand, of an invoice until a day, and of a client until somebody ends it', async () => {
  const { firm, ids } = await firmThatReminds({ interestPercentage: null });
  const { clientId } = firm.books;
  await setClock(firm.books, '2026-10-20T12:00:00Z');
  const pause = (body: object) =>
    firm.post('/reminder-pauses', { reason: 'They change their bank', ...body });
  expect((await pause({ invoiceId: ids[0], untilOn: '2026-10-20' })).json.code).toBe('reminder_pause.over');
  expect((await pause({})).status).toBe(422);
  const ofInvoice = await pause({ invoiceId: ids[0], untilOn: '2026-11-01' });
  expect(ofInvoice.json).toMatchObject({ clientId, invoiceId: ids[0], untilOn: '2026-11-01', endedAt: null });
  expect((await pause({ invoiceId: ids[0] })).json.code).toBe('reminder_pause.exists');
  const ofClient = await pause({ clientId });
  await setClock(firm.books, '2026-10-22T12:00:00Z');
  expect(await send(firm)).toBe(0);
  const end = () => firm.post(`/reminder-pauses/${ofClient.json.id}/end`);
  expect((await end()).json.endedAt).not.toBeNull();
  expect((await end()).json.code).toBe('reminder_pause.ended');
  expect(await send(firm)).toBe(1);
  expect((await letters(firm))[0].invoices).toMatchObject([{ invoiceId: ids[1] }]);
  expect((await firm.get('/reminder-pauses?open=true')).json.items).toMatchObject([{ invoiceId: ids[0] }]);
  // On its day it is over by itself, and may be said anew.
  await setClock(firm.books, '2026-11-01T12:00:00Z');
  expect(await send(firm)).toBe(1);
  expect((await letters(firm))[0].invoices).toMatchObject([{ invoiceId: ids[0], stepDays: 7 }]);
  expect((await pause({ invoiceId: ids[0] })).status).toBe(201);
});

test('a client may have a policy of its own, or none that is active', async () => {
  const { firm } = await firmThatReminds({ interestPercentage: null });
  const gentle = await firm.post('/reminder-policies', { name: 'Gentle', steps: [{ days: 60 }] });
  const path = `/clients/${firm.books.clientId}/reminder-policy`;
  expect(
    (await api.call('PUT', path, { key: firm.key, body: { reminderPolicyId: gentle.json.id } })).status,
  ).toBe(200);
  await setClock(firm.books, '2026-11-05T12:00:00Z');
  expect(await send(firm)).toBe(0);
  expect((await api.call('PUT', path, { key: firm.key, body: { reminderPolicyId: null } })).status).toBe(200);
  // It is written to in its own language.
  await firm.patch(`/clients/${firm.books.clientId}`, { language: 'de-AT' });
  expect(await send(firm)).toBe(1);
  const [mail] = await mailsOf(firm);
  expect(mail?.params.title).toBe('Zahlungserinnerung: Rechnungen sind überfällig');
  expect(mail?.params.invoices).toContain('NFE-0001: 100,00 GBP, fällig am 15.10.2026');
  const bad = await firm.post('/reminder-policies', {
    name: 'Early fee',
    steps: [{ days: -3, fee: { amount: '1.00', currency: 'GBP' } }],
  });
  expect(bad.status).toBe(422);
});
