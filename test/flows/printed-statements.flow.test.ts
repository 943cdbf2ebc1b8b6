/** Owns statements of account and late fees on paper, end to end: asked for over HTTP, made once, mailed, seen by whom they are for. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import pino from 'pino';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createClientInvoiceActivities } from '../../activities/client-invoice.ts';
import { createPrinter } from '../../printing/printer.ts';
import { createDocumentKeeper, type DocumentKeeper } from '../../runtime/document-keeper.ts';
import { createFileStore, type FileStore } from '../../runtime/file-store.ts';
import { startMailer } from '../../runtime/mailer.ts';
import { createStatementKeeper } from '../../runtime/statement-keeper.ts';
import { pruneFile } from '../../store/attachments.ts';
import { doDaily } from '../../store/daily.ts';
import { listDeliveries } from '../../store/deliveries.ts';
import { type ClaimedMail, listMails } from '../../store/mails.ts';
import { pruneTenantRows } from '../../store/prune.ts';
import { type Books, bill, entryOf, expectBalanced, invoicesOf, take } from '../support/books.ts';
import { makeTestDirectory } from '../support/directory.ts';
import { until } from '../support/loops.ts';
import { postTo, startMailServer } from '../support/mail-server.ts';
import { readPdf } from '../support/pdf-text.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { newSession } from '../support/sessions.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

const printer = createPrinter();
let api: TestApi;
let files: FileStore;
let documents: DocumentKeeper;
const opened: Books[] = [];
beforeAll(async () => {
  files = createFileStore(makeTestDirectory('files'));
  // The API knows its database only once it is there.
  const later: DocumentKeeper = {
    keep: (ref) => documents.keep(ref),
    read: (ref, format) => documents.read(ref, format),
    copy: (ref, badge) => documents.copy(ref, badge),
    page: (ref, badge) => documents.page(ref, badge),
    whyNoEInvoice: (ref) => documents.whyNoEInvoice(ref),
  };
  api = await startApi({ files, documents: later });
  documents = createDocumentKeeper({ database: api.test.database, files, printer });
});
afterEach(async () => {
  for (const books of opened.splice(0)) await expectBalanced(api.test.database, books);
});
afterAll(async () => {
  await api.stop();
  await printer.stop();
});

const setClock = (books: Books, at: string) =>
  books.in((tx) => tx.run('update workspaces set clock_at = $2 where id = $1', [books.workspaceId, at]));

/**
 * 100.00 invoiced on 15 September and due on 15 October, to a client in Norway who reads German; after 21 days a letter with 40.00
 * and 8 % a year.
 */
async function openLate(): Promise<{ firm: Firm; invoiceId: string }> {
  const firm = await openFirm(api, { rate: '100.00' });
  const { books } = firm;
  opened.push(books);
  const seller = await firm.patch(`/sellers/${books.sellerId}`, {
    address: { lines: ['Quay 4'], city: 'Leith', postalCode: 'EH6 6QQ' },
    email: 'billing@harbour.example',
  });
  expect(seller.status, seller.text).toBe(200);
  const account = await firm.post(`/sellers/${books.sellerId}/bank-accounts`, {
    label: 'Sterling',
    currency: 'GBP',
    iban: 'gb29 nwbk 6016 1331 9268 19',
    bic: 'NWBKGB2L',
  });
  expect(account.status, account.text).toBe(201);
  const terms = await firm.post('/payment-terms', {
    name: 'Thirty days',
    language: 'de',
    message: 'Payable within {{terms.days}} days.',
    paymentInstructions: 'Name {{invoice.number}} with {{invoice.total}}.',
    lateFeePolicy: 'Who pays {{invoice.number}} late pays 40 pounds and 8 % a year.',
  });
  expect(terms.status, terms.text).toBe(201);
  const client = await firm.patch(`/clients/${books.clientId}`, {
    email: 'ap@ferries.example',
    language: 'de',
    paymentTermsId: terms.json.id,
    address: { lines: ['Bryggen 1'], city: 'Bergen', postalCode: '5003', country: 'NO' },
  });
  expect(client.status, client.text).toBe(200);
  await setClock(books, '2026-09-15T12:00:00Z');
  await take(books, [entryOf('A')]);
  await bill(api.test.database, books);
  const series = { sellerId: books.sellerId, documentType: 'late_fee', pattern: 'LF-{NNNN}' };
  expect((await firm.post('/series', series)).status).toBe(201);
  const policy = await firm.post('/reminder-policies', {
    name: 'Twenty-one',
    isDefault: true,
    steps: [{ days: 21, fee: { amount: '40.00', currency: 'GBP' } }],
    interestPercentage: '8',
  });
  expect(policy.status, policy.text).toBe(201);
  const [invoice] = await invoicesOf(books);
  return { firm, invoiceId: invoice!.id };
}

interface Fee {
  id: string;
  kind: string;
  number: string;
}
/** The letter of 5 November, and its fee and interest. */
async function sendLate(firm: Firm): Promise<{ fee: Fee; interest: Fee }> {
  await setClock(firm.books, '2026-11-05T12:00:00Z');
  expect((await firm.post('/reminders/send', {})).json.letters).toBe(1);
  const fees = (await firm.get('/late-fees')).json.items as Fee[];
  return {
    fee: fees.find(({ kind }) => kind === 'fee')!,
    interest: fees.find(({ kind }) => kind === 'interest')!,
  };
}

/** What the workflow does at `print`. */
function activitiesOf() {
  const none = () => {
    throw new Error('printing needs no secrets');
  };
  return createClientInvoiceActivities({
    database: api.test.database,
    secrets: { seal: none, open: none, fingerprints: none },
    logger: pino({ level: 'silent' }),
    documents,
    vendor: { allowLoopback: true, timeoutMs: null },
  });
}

async function download({ key }: { key: string }, path: string) {
  const answer = await fetch(`${api.url}/api/v1${path}`, { headers: { Authorization: `Bearer ${key}` } });
  const bytes = Buffer.from(await answer.arrayBuffer());
  return { status: answer.status, headers: answer.headers, bytes, text: bytes.toString() };
}
const mailsOf = ({ books }: Firm) =>
  books.in((tx) => listMails(tx, { status: null, before: null, limit: 50 }));
const isStatement = ({ kind }: { kind: string }) => kind === 'statement.sent';
/** Of 1 November, of October. */
async function queueStatement(firm: Firm): Promise<void> {
  await firm.patch('/workspace', { settings: { monthlyStatements: true, digestTime: '06:00' } });
  await setClock(firm.books, '2026-11-01T12:00:00Z');
  await doDaily(api.test.database);
}
/** Until none of the firm's mails waits. */
async function sendAll(firm: Firm, deliver: (mail: ClaimedMail) => Promise<void>): Promise<void> {
  const mailer = startMailer({
    database: api.test.database,
    logger: pino({ level: 'silent' }),
    firstWaitMs: 10,
    maxWaitMs: 50,
    deliver: async (mail) => {
      if (mail.workspaceId === firm.books.workspaceId) await deliver(mail);
      return { outcome: 'sent' };
    },
  });
  try {
    await until(
      'the mails are settled',
      async () => (await mailsOf(firm)).every(({ status }) => status === 'sent' || status === 'given_up'),
      20_000,
    );
  } finally {
    await mailer.stop();
  }
}
const oneLine = (text: string | undefined) => (text ?? '').replace(/\s+/g, ' ');

test('fee and interest are printed by the invoice’s workflow, once, and mailed each with its PDF', async () => {
  const { firm, invoiceId } = await openLate();
  const ref = { workspaceId: firm.books.workspaceId, subjectId: invoiceId };
  await activitiesOf().printDocuments(ref);
  const { fee, interest } = await sendLate(firm);
  expect((await activitiesOf().lookAtClientInvoice(ref)).print).toBe(true);
  for (let time = 0; time < 2; time += 1) await activitiesOf().printDocuments(ref);
  expect((await activitiesOf().lookAtClientInvoice(ref)).print).toBeUndefined();

  const titles = (await mailsOf(firm))
    .filter(({ kind }) => kind === 'document.sent')
    .map(({ params, address }) => `${address} ${String(params.title)}`);
  expect(titles.sort()).toEqual([
    `ap@ferries.example Mahngebühr ${fee.number} von Harbour Works Ltd`,
    expect.stringMatching(/^ap@ferries.example Rechnung NFE-0001 von/),
    `ap@ferries.example Verzugszinsen ${interest.number} von Harbour Works Ltd`,
  ]);

  // Everything later leaves the papers as they were.
  await firm.patch(`/clients/${firm.books.clientId}`, { name: 'Renamed Ferries', language: 'en' });
  const pdf = await download(firm, `/late-fees/${fee.id}/pdf`);
  const [text] = (await readPdf(pdf.bytes)).pages;
  for (const words of [
    `Mahngebühr ${fee.number}`,
    'Quay 4',
    '5003 Bergen',
    'Zur Rechnung NFE-0001, 15.09.2026',
    'Rechnung fällig 15.10.2026',
    'Tage in Verzug 21',
    '40,00 GBP',
    'Who pays NFE-0001 late pays 40 pounds and 8 % a year.',
    `Name ${fee.number} with`,
    'GB29 NWBK 6016 1331 9268 19',
  ])
    expect(oneLine(text)).toContain(words);
  expect(text).not.toContain('Renamed');
  expect(text).not.toContain('Payable within');
  expect((await download(firm, `/late-fees/${fee.id}/pdf`)).bytes.equals(pdf.bytes)).toBe(true);

  // 16 October to 4 November are 20 days: 100.00 × 8 % × 20 ÷ 365 = 0.438….
  const read = await readPdf((await download(firm, `/late-fees/${interest.id}/pdf`)).bytes);
  expect(oneLine(read.pages[0])).toContain('8 % im Jahr für 20 von 365 Tagen, 16.10.2026 – 04.11.2026 0,44');
  const page = await download(firm, `/late-fees/${interest.id}/html`);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(page.text).toMatch(/<h1>Verzugszinsen<\/h1>[\s\S]*Jahreszins/);
  const copy = await readPdf((await download(firm, `/late-fees/${fee.id}/pdf?marked=true`)).bytes);
  expect(copy.pages[0]).toContain('KOPIE · GESTELLT');
});

test('what was waived before it was printed is mailed to nobody', async () => {
  const { firm, invoiceId } = await openLate();
  const { fee, interest } = await sendLate(firm);
  expect((await firm.post(`/late-fees/${fee.id}/waive`, { reason: 'Goodwill' })).status).toBe(200);
  await activitiesOf().printDocuments({ workspaceId: firm.books.workspaceId, subjectId: invoiceId });
  const page = await download(firm, `/late-fees/${fee.id}/html`);
  expect(page.text).toContain('<p class="badge">Erlassen</p>');
  expect((await download(firm, `/late-fees/${fee.id}/pdf`)).status).toBe(200);
  const titles = (await mailsOf(firm)).map(({ params }) => String(params.title)).join('\n');
  expect(titles).toContain(interest.number);
  expect(titles).not.toContain(fee.number);
});

test('a fee that is waived while its mail waits is asked for no more, and its delivery says why', async () => {
  const { firm, invoiceId } = await openLate();
  const { fee, interest } = await sendLate(firm);
  await activitiesOf().printDocuments({ workspaceId: firm.books.workspaceId, subjectId: invoiceId });
  expect((await firm.post(`/late-fees/${fee.id}/waive`, { reason: 'Goodwill' })).status).toBe(200);
  const left: string[] = [];
  await sendAll(firm, async ({ params }) => {
    left.push(String(params.title));
  });
  expect(left.join('\n')).toContain(`Verzugszinsen ${interest.number}`);
  expect(left.join('\n')).not.toContain(`Mahngebühr ${fee.number}`);
  const why = 'its late fee is waived meanwhile';
  const dropped = (await mailsOf(firm)).filter(({ status }) => status === 'given_up');
  expect(dropped).toMatchObject([{ kind: 'document.sent', lastError: why }]);
  const deliveriesOf = ({ id }: Fee) => firm.books.in((tx) => listDeliveries(tx, 'late_fee', id));
  expect(await deliveriesOf(fee)).toMatchObject([{ status: 'rejected', rejectionReason: why }]);
  expect(await deliveriesOf(interest)).toMatchObject([{ status: 'delivered' }]);
});

test('a fee from before parties were frozen with it is printed with those of its invoice, and mailed to nobody', async () => {
  const { firm, invoiceId } = await openLate();
  const { fee } = await sendLate(firm);
  await firm.books.in((tx) =>
    tx.run(
      `update late_fees set snapshot = jsonb_build_object('seller', 'Harbour Works Ltd', 'client', 'Northern Ferries', 'kind', kind) where workspace_id = $1`,
      [firm.books.workspaceId],
    ),
  );
  await activitiesOf().printDocuments({ workspaceId: firm.books.workspaceId, subjectId: invoiceId });
  const [text] = (await readPdf((await download(firm, `/late-fees/${fee.id}/pdf`)).bytes)).pages;
  for (const words of ['Quay 4', '5003 Bergen', 'vereinbarten Zahlungsbedingungen'])
    expect(text).toContain(words);
  const titles = (await mailsOf(firm)).map(({ params }) => String(params.title)).join('\n');
  expect(titles).not.toContain(fee.number);
});

test('a statement is printed with addresses, running balance and ages, in the asked language on the asked paper', async () => {
  const { firm } = await openLate();
  const { fee, interest } = await sendLate(firm);
  const paid = await firm.post('/payments', {
    clientId: firm.books.clientId,
    currency: 'GBP',
    amount: '25.00',
    reference: 'WIRE 77',
    valueDate: '2026-11-05',
  });
  expect(paid.status, paid.text).toBe(201);
  const path = `/clients/${firm.books.clientId}/statement`;
  const days = 'startsOn=2026-11-01&asOf=2026-11-30';
  const { accounts } = (await firm.get(`${path}?${days}`)).json;
  expect(accounts).toMatchObject([
    {
      sellerId: firm.books.sellerId,
      closing: '115.44',
      overdue: '100.00',
      ageing: { notDue: '40.44', days1To30: '0.00', days31To60: '100.00', over90: '0.00', retained: '0.00' },
    },
  ]);
  const pdf = await download(firm, `${path}/pdf?${days}`);
  expect(pdf.headers.get('content-type')).toBe('application/pdf');
  const german = await readPdf(pdf.bytes);
  const text = oneLine(german.pages[0]);
  for (const words of [
    'Kontoauszug',
    'Harbour Works Ltd',
    'Quay 4',
    '5003 Bergen',
    '01.11.2026 Anfangssaldo 100,00',
    `05.11.2026 Mahngebühr oder Zinsen ${fee.number}`,
    `Mahngebühr oder Zinsen ${interest.number}`,
    '05.11.2026 Zahlung WIRE 77 -25,00 115,44',
    '30.11.2026 Endsaldo 115,44',
    '40,44 0,00 100,00 0,00 0,00 -25,00 115,44',
    'GB29 NWBK 6016 1331 9268 19',
    'Seite 1 von 1',
  ])
    expect(text).toContain(words);
  expect(Math.round(german.width)).toBe(595);

  const english = await readPdf((await download(firm, `${path}/pdf?${days}&language=en&paper=LETTER`)).bytes);
  expect([Math.round(english.width), english.title]).toEqual([612, 'Statement of account NFE 2026-11-30']);
  expect(oneLine(english.pages[0])).toContain('1 Nov 2026 Opening balance 100.00');
  const page = await download(firm, `${path}/html?${days}&language=en`);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.text).toMatch(/size:A4[\s\S]*Opening balance[\s\S]*115\.44/);
  expect((await download(firm, `${path}/pdf?startsOn=2026-12-01&asOf=2026-11-30`)).status).toBe(422);
});

test('a client prints their own statement and late fees; another’s do not exist for them', async () => {
  const { firm } = await openLate();
  const { fee } = await sendLate(firm);
  const { clientId } = firm.books;
  const ours = await newSession(api, firm.key, 'client', { clientId });
  const other = await firm.post('/clients', {
    name: 'Southern Tugs',
    code: 'STU',
    currency: 'GBP',
    email: 'a@tugs.example',
  });
  const theirs = await newSession(api, firm.key, 'client', { clientId: other.json.id });
  for (const path of [`/clients/${clientId}/statement`, `/late-fees/${fee.id}`])
    for (const way of ['pdf', 'html']) {
      expect((await ours.call('GET', `${path}/${way}`)).status, `${path}/${way}`).toBe(200);
      expect((await theirs.call('GET', `${path}/${way}`)).status, `${path}/${way}`).toBe(404);
    }
});

test('the monthly mail brings the statement as PDF, printed once however often it has to be sent', async () => {
  const { firm } = await openLate();
  await queueStatement(firm);
  const server = await startMailServer();
  const post = await postTo(server.port, (sha256) => files.read(sha256));
  const statements = createStatementKeeper({ database: api.test.database, files, printer });
  let attempts = 0;
  const mailer = startMailer({
    database: api.test.database,
    logger: pino({ level: 'silent' }),
    firstWaitMs: 10,
    deliver: async (mail) => {
      const whole = await statements.withStatement(mail);
      attempts += isStatement(mail) ? 1 : 0;
      if (isStatement(mail) && attempts === 1) throw new Error('the line broke');
      return post.deliver({ ...whole, workspaceKind: 'live' });
    },
  });
  try {
    await until(
      'the statement is sent',
      async () => (await mailsOf(firm)).find(isStatement)?.status === 'sent',
    );
  } finally {
    await mailer.stop();
    post.close();
    await server.stop();
  }
  expect(attempts).toBe(2);
  const { params } = (await mailsOf(firm)).find(isStatement)!;
  expect(params.title).toBe('Kontoauszug von Northern Ferries für 2026-10');
  expect(params.accounts).toContain('100,00 GBP am 31.10.2026, davon überfällig 100,00 GBP');
  const { source = '' } = server.received.find(({ source: one }) => one.includes('-statement.pdf')) ?? {};
  const [, base64 = ''] =
    /filename="?NFE-2026-10-31-statement\.pdf"?[\s\S]*?\r\n\r\n([A-Za-z0-9+/=\r\n]+)/.exec(source) ?? [];
  const { pages } = await readPdf(Buffer.from(base64, 'base64'));
  for (const words of ['Kontoauszug', '01.10.2026 – 31.10.2026', '31.10.2026 Endsaldo 100,00'])
    expect(oneLine(pages[0])).toContain(words);
  const kept = await firm.books.in((tx) =>
    tx.rows(`select 1 from document_files where workspace_id = $1 and document_type = 'statement'`, [
      firm.books.workspaceId,
    ]),
  );
  expect(kept).toHaveLength(1);
});

test('a print that takes longer than an attempt goes on, and the attempt after it finds it', async () => {
  const { firm } = await openLate();
  await queueStatement(firm);
  const printing = Promise.withResolvers<void>();
  let prints = 0;
  const statements = createStatementKeeper({
    database: api.test.database,
    files,
    printTimeoutMs: 20,
    printer: {
      ...printer,
      print: async () => {
        prints += 1;
        await printing.promise;
        return Buffer.from('%PDF of October');
      },
    },
  });
  const attempts: string[] = [];
  await sendAll(firm, async (mail) => {
    if (!isStatement(mail)) return;
    const whole = await statements.withStatement(mail).catch((error: Error) => {
      attempts.push(error.message);
      if (attempts.length === 3) printing.resolve();
      throw error;
    });
    attempts.push(whole.attachments.map(({ fileName }) => fileName).join());
  });
  const late = 'printing the statement took longer than 0.02 seconds';
  expect(attempts.slice(0, 3)).toEqual([late, late, late]);
  expect(attempts.at(-1)).toBe('NFE-2026-10-31-statement.pdf');
  expect(prints).toBe(1);
});

test('what a statement was mailed as goes a week after its mail, and the files of documents stay', async () => {
  const { firm, invoiceId } = await openLate();
  const { workspaceId } = firm.books;
  // Nobody else's statement has the same bytes, and so the same file.
  await firm.patch(`/clients/${firm.books.clientId}`, { name: 'Ferries Alone' });
  await activitiesOf().printDocuments({ workspaceId, subjectId: invoiceId });
  await queueStatement(firm);
  const statements = createStatementKeeper({ database: api.test.database, files, printer });
  let sha256 = '';
  await sendAll(firm, async (mail) => {
    const { attachments } = await statements.withStatement(mail);
    if (isStatement(mail)) sha256 = attachments[0]!.sha256;
  });
  const owner = new pg.Client({ connectionString: api.test.url });
  await owner.connect();
  /** Ids begin with their time. */
  const typesAfter = async (days: number) => {
    await owner.query('update document_files set id = uuidv7($2::interval) where workspace_id = $1', [
      workspaceId,
      `-${days} days`,
    ]);
    await firm.books.in(pruneTenantRows);
    const { rows } = await owner.query<{ type: string }>(
      'select distinct document_type as type from document_files where workspace_id = $1 order by 1',
      [workspaceId],
    );
    return rows.map(({ type }) => type);
  };
  const isUnnamed = () => api.test.database.inSystem((tx) => pruneFile(tx, sha256, () => Promise.resolve()));
  try {
    expect(await typesAfter(96)).toEqual(['client_invoice', 'statement']);
    expect(await isUnnamed()).toBe(false);
    expect(await typesAfter(98)).toEqual(['client_invoice']);
    expect(await isUnnamed()).toBe(true);
  } finally {
    await owner.end();
  }
});

test('a statement that was mailed before its words came with it reads as it was sent', async () => {
  const { firm } = await openLate();
  const name = '0048-printed-late-fees-and-statements.sql';
  const sql = await readFile(join(import.meta.dirname, '../../migrations', name), 'utf8');
  const [update = ''] = /^update mails [\s\S]*?;/m.exec(sql) ?? [];
  await firm.books.in(async (tx) => {
    await tx.run(
      `insert into mails (workspace_id, key, kind, address, params, status, sent_at)
       values ($1, 'statement:before', 'statement.sent', 'ap@ferries.example', $2, 'sent', now())`,
      [
        firm.books.workspaceId,
        JSON.stringify({ client: 'Northern Ferries', month: '2026-08', accounts: 'Harbour: 1.00' }),
      ],
    );
    await tx.run(update);
  });
  const mail = (await mailsOf(firm)).find(isStatement)!;
  const shown = (await firm.get(`/mail-outbox/${mail.id}`)).json;
  expect(shown.subject).toBe('Statement of account of Northern Ferries for 2026-08');
  expect(shown.text).toContain('This is your account as we keep it.');
  expect(shown.text).toContain('Harbour: 1.00');
});
