/** Owns documents of issued invoices, end to end: printed once, kept byte by byte, seen by whom they are for, mailed, corrected. */
import { createHash } from 'node:crypto';
import pino from 'pino';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createClientInvoiceActivities } from '../../activities/client-invoice.ts';
import { createPrinter } from '../../printing/printer.ts';
import { createDocumentKeeper, type DocumentKeeper } from '../../runtime/document-keeper.ts';
import { createFileStore, type FileStore } from '../../runtime/file-store.ts';
import { startMailer } from '../../runtime/mailer.ts';
import type { NewContract } from '../../store/contracts.ts';
import { listMails } from '../../store/mails.ts';
import { series } from '../../store/series.ts';
import { entryOf, expectBalanced, invoicesOf, take } from '../support/books.ts';
import { openContractorFirm } from '../support/contractors.ts';
import { makeTestDirectory } from '../support/directory.ts';
import { keepLog, until } from '../support/loops.ts';
import { postTo, startMailServer } from '../support/mail-server.ts';
import { readPdf } from '../support/pdf-text.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { picture } from '../support/sample-files.ts';
import { newSession } from '../support/sessions.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

const printer = createPrinter();
let api: TestApi;
let files: FileStore;
let documents: DocumentKeeper;
const ends: (() => unknown)[] = [];
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
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(async () => {
  await api.stop();
  await printer.stop();
});

interface Printed {
  firm: Firm;
  invoiceId: string;
}

/** A firm with letterhead and account, whose client in Norway owes the tax of what it is invoiced, and one invoice: 2 h at 80.00. */
async function openPrinted(
  options: {
    contract?: Partial<NewContract>;
    client?: Record<string, unknown>;
    finishAt?: 'draft' | 'issue';
  } = {},
): Promise<Printed> {
  const firm = await openFirm(api, {
    contract: { appendix: true, vesselReference: 'MS Nordlys', ...options.contract },
  });
  const { books } = firm;
  const seller = await firm.patch(`/sellers/${books.sellerId}`, {
    address: { lines: ['Quay 4'], city: 'Leith', postalCode: 'EH6 6QQ' },
    email: 'billing@harbour.example',
    registrationNumber: 'SC123456',
  });
  expect(seller.status, seller.text).toBe(200);
  const registered = await firm.post(`/sellers/${books.sellerId}/tax-registrations`, {
    country: 'GB',
    number: 'GB123456789',
  });
  expect(registered.status, registered.text).toBe(201);
  const account = await firm.post(`/sellers/${books.sellerId}/bank-accounts`, {
    label: 'Sterling',
    currency: 'GBP',
    iban: 'gb29 nwbk 6016 1331 9268 19',
    bic: 'NWBKGB2L',
  });
  expect(account.status, account.text).toBe(201);
  const client = await firm.patch(`/clients/${books.clientId}`, {
    email: 'office@ferries.example',
    address: { lines: ['Bryggen 1'], city: 'Bergen', postalCode: '5003', country: 'NO' },
    taxId: 'NO987654321MVA',
    taxTreatment: 'reverse_charge',
    taxLegalText: 'Reverse charge: the customer owes the tax.',
    buyerReference: 'AP-77',
    ...options.client,
  });
  expect(client.status, client.text).toBe(200);
  await take(books, [entryOf('A', { quantity: 7200, notes: 'Bow thruster' })]);
  await firm.run(options.finishAt ?? 'issue');
  const [invoice] = await invoicesOf(books);
  return { firm, invoiceId: invoice!.id };
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
const refOf = ({ firm, invoiceId }: Printed) => ({
  workspaceId: firm.books.workspaceId,
  subjectId: invoiceId,
});

async function download({ key }: { key: string }, path: string) {
  const answer = await fetch(`${api.url}/api/v1${path}`, {
    headers: { Authorization: `Bearer ${key}` },
  });
  const bytes = Buffer.from(await answer.arrayBuffer());
  return { status: answer.status, headers: answer.headers, bytes, text: bytes.toString() };
}
const mailsOf = ({ books }: Firm) =>
  books.in((tx) => listMails(tx, { status: null, before: null, limit: 10 }));

test('at issue PDF, UBL and CII are made once, and every reprint is those bytes, whatever changes later', async () => {
  const printed = await openPrinted();
  const { firm, invoiceId } = printed;
  const look = await activitiesOf().lookAtClientInvoice(refOf(printed));
  expect(look).toMatchObject({ step: 'wait', for: 'payment', print: true });
  await activitiesOf().printDocuments(refOf(printed));
  expect((await activitiesOf().lookAtClientInvoice(refOf(printed))).print).toBeUndefined();

  const listed = (await firm.get(`/invoices/${invoiceId}/documents`)).json;
  expect(listed).toMatchObject({ badge: 'issued', whyNoEInvoice: [] });
  expect(listed.files.map((file: { fileName: string }) => file.fileName).sort()).toEqual([
    'NFE-0001-cii.xml',
    'NFE-0001.pdf',
    'NFE-0001.xml',
  ]);
  const first = await download(firm, `/invoices/${invoiceId}/pdf`);
  expect(first.status).toBe(200);
  expect(first.headers.get('content-type')).toBe('application/pdf');
  const { pages, files: inside } = await readPdf(first.bytes);
  for (const words of [
    'Harbour Works Ltd',
    'Quay 4',
    'Tax no. GB123456789',
    'Northern Ferries',
    '5003 Bergen Norway',
    'MS Nordlys',
    'AP-77',
    'GBP 160.00',
    'Reverse charge: the customer owes the tax.',
    'Payable within 30 days',
    'Please transfer GBP 160.00 and name NFE-0001 as the reference.',
    'GB29 NWBK 6016 1331 9268 19',
  ])
    expect(pages[0]).toContain(words);
  expect(pages[1]).toMatch(/Appendix: entries .* Bow thruster 2 h 160\.00/);
  const cii = await download(firm, `/invoices/${invoiceId}/xml?syntax=cii`);
  expect(inside['factur-x.xml']).toBe(cii.text);
  const ubl = await download(firm, `/invoices/${invoiceId}/xml`);
  expect(ubl.text).toMatch(/<cbc:ID>NFE-0001<\/cbc:ID>[\s\S]*<cbc:ID>AE<\/cbc:ID>/);

  await firm.patch(`/clients/${firm.books.clientId}`, { name: 'Renamed Ferries', language: 'de' });
  await firm.patch(`/sellers/${firm.books.sellerId}`, { name: 'Renamed Works' });
  await activitiesOf().printDocuments(refOf(printed));
  const again = await download(firm, `/invoices/${invoiceId}/pdf`);
  expect(again.bytes.equals(first.bytes)).toBe(true);
  const kept = listed.files.find((file: { format: string }) => file.format === 'pdf');
  expect(createHash('sha256').update(again.bytes).digest('hex')).toBe(kept.sha256);
  await expectBalanced(api.test.database, firm.books);
});

test('whoever asks before it is printed has it made, and two at once get the same bytes', async () => {
  const { firm, invoiceId } = await openPrinted();
  const both = await Promise.all([
    download(firm, `/invoices/${invoiceId}/pdf`),
    download(firm, `/invoices/${invoiceId}/pdf`),
    download(firm, `/invoices/${invoiceId}/xml`),
  ]);
  expect(both.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(both[0].bytes.equals(both[1].bytes)).toBe(true);
  expect(await mailsOf(firm)).toHaveLength(1);
});

test('a draft is printed as it is now and marked so, and kept nowhere', async () => {
  const { firm, invoiceId } = await openPrinted({ finishAt: 'draft' });
  const { pages, files: inside } = await readPdf((await download(firm, `/invoices/${invoiceId}/pdf`)).bytes);
  expect(pages[0]).toContain('DRAFT');
  expect(inside).toEqual({});
  await firm.patch(`/clients/${firm.books.clientId}`, { name: 'Renamed Ferries' });
  const later = await readPdf((await download(firm, `/invoices/${invoiceId}/pdf`)).bytes);
  expect(later.pages[0]).toContain('Renamed Ferries');
  const xml = await firm.get(`/invoices/${invoiceId}/xml`);
  expect([xml.status, xml.json.code]).toEqual([409, 'document.not_issued']);
  expect((await firm.get(`/invoices/${invoiceId}/documents`)).json.files).toEqual([]);
});

test('the status stands on the screen and on a marked copy, and not on the document', async () => {
  const { firm, invoiceId } = await openPrinted();
  const page = await download(firm, `/invoices/${invoiceId}/html`);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(page.text).toContain('<p class="badge">Issued</p>');
  const copy = await readPdf((await download(firm, `/invoices/${invoiceId}/pdf?marked=true`)).bytes);
  expect(copy.pages[0]).toContain('COPY · ISSUED');
  const document = await readPdf((await download(firm, `/invoices/${invoiceId}/pdf`)).bytes);
  expect(document.pages[0]).not.toMatch(/issued/i);
});

test("a client downloads their own issued invoice; another's, and a draft, do not exist for them", async () => {
  const { firm, invoiceId } = await openPrinted();
  const ours = await newSession(api, firm.key, 'client', { clientId: firm.books.clientId });
  expect((await ours.call('GET', `/invoices/${invoiceId}/pdf`)).status).toBe(200);
  expect((await ours.call('GET', `/invoices/${invoiceId}/documents`)).status).toBe(200);
  const other = await firm.post('/clients', {
    name: 'Southern Tugs',
    code: 'STU',
    currency: 'GBP',
    email: 'a@tugs.example',
  });
  const theirs = await newSession(api, firm.key, 'client', { clientId: other.json.id });
  for (const way of ['pdf', 'html', 'xml', 'documents'])
    expect((await theirs.call('GET', `/invoices/${invoiceId}/${way}`)).status, way).toBe(404);
  await take(firm.books, [entryOf('B')]);
  await firm.run('draft');
  const all = (await firm.get('/invoices')).json.items as { id: string }[];
  const draft = all.find(({ id }) => id !== invoiceId)!;
  expect((await ours.call('GET', `/invoices/${draft.id}/pdf`)).status).toBe(404);
});

test('what cannot be an e-invoice says why, and is a PDF all the same', async () => {
  const { firm, invoiceId } = await openPrinted({
    client: { taxTreatment: 'by_region', taxLegalText: null },
  });
  const xml = await firm.get(`/invoices/${invoiceId}/xml`);
  expect(xml.status).toBe(409);
  expect(xml.json).toMatchObject({
    code: 'document.no_e_invoice',
    details: { reasons: ['no reason is given for work without tax'] },
  });
  expect((await firm.get(`/invoices/${invoiceId}/documents`)).json.whyNoEInvoice).toHaveLength(1);
  const { files: inside } = await readPdf((await download(firm, `/invoices/${invoiceId}/pdf`)).bytes);
  expect(inside).toEqual({});
});

test('the invoice is mailed once with its PDF, in the language of the client, and is sent when the mail left', async () => {
  const printed = await openPrinted({
    client: { language: 'de-DE', accountsPayableEmail: 'ap@ferries.example' },
  });
  const { firm, invoiceId } = printed;
  for (let time = 0; time < 2; time += 1) await activitiesOf().printDocuments(refOf(printed));
  expect((await firm.get(`/invoices/${invoiceId}/documents`)).json.deliveries).toMatchObject([
    { channel: 'email', address: 'ap@ferries.example', status: 'queued' },
  ]);
  const server = await startMailServer();
  ends.push(() => server.stop());
  const post = await postTo(server.port, (sha256) => files.read(sha256));
  const { logger } = keepLog();
  const mailer = startMailer({ database: api.test.database, logger, deliver: (mail) => post.deliver(mail) });
  ends.push(
    () => post.close(),
    () => mailer.stop(),
  );
  await until(
    'the invoice is sent',
    async () => (await firm.get(`/invoices/${invoiceId}`)).json.status === 'sent',
  );
  // The mailer sends what other tests left, too.
  const mails = server.received
    .map((mail) => JSON.stringify(mail))
    .filter((mail) => mail.includes('ap@ferries'));
  expect(mails).toHaveLength(1);
  const [raw] = mails;
  expect(raw).toContain('NFE-0001.pdf');
  expect(raw).toContain('Rechnung NFE-0001');
  expect((await firm.get(`/invoices/${invoiceId}/documents`)).json.deliveries).toMatchObject([
    { status: 'delivered' },
  ]);
  await expectBalanced(api.test.database, firm.books);
});

test('where the client wants no mail none goes out, and the invoice says so', async () => {
  const printed = await openPrinted({ client: { mailNotifications: false } });
  const { firm, invoiceId } = printed;
  await activitiesOf().printDocuments(refOf(printed));
  expect(await mailsOf(firm)).toEqual([]);
  expect((await firm.get(`/invoices/${invoiceId}`)).json).toMatchObject({ mail: 'off', status: 'issued' });
  const { pages } = await readPdf((await download(firm, `/invoices/${invoiceId}/pdf`)).bytes);
  expect(pages[0]).toContain('Not sent by e-mail, as you asked.');
});

test('an invoice that was voided before it was printed is mailed to nobody', async () => {
  const printed = await openPrinted();
  const { firm, invoiceId } = printed;
  const voided = await firm.post(`/invoices/${invoiceId}/void`, { reason: 'The wrong client' });
  expect(voided.status, voided.text).toBe(200);
  expect((await activitiesOf().lookAtClientInvoice(refOf(printed))).print).toBeUndefined();
  expect((await download(firm, `/invoices/${invoiceId}/pdf`)).status).toBe(200);
  expect(await mailsOf(firm)).toEqual([]);
});

test('a mail that no server took is no delivery, and the invoice is not sent', async () => {
  const printed = await openPrinted({ client: { accountsPayableEmail: 'filed@ferries.example' } });
  const { firm, invoiceId } = printed;
  await activitiesOf().printDocuments(refOf(printed));
  const { logger } = keepLog();
  const mailer = startMailer({
    database: api.test.database,
    logger,
    deliver: () => Promise.resolve({ outcome: 'filed' }),
  });
  ends.push(() => mailer.stop());
  const documentsOf = async () => (await firm.get(`/invoices/${invoiceId}/documents`)).json;
  await until('the mail is filed', async () => (await documentsOf()).deliveries[0].status === 'rejected');
  expect((await documentsOf()).deliveries[0].rejectionReason).toContain('outbox folder');
  expect((await firm.get(`/invoices/${invoiceId}`)).json.status).toBe('issued');
});

test('a client that gets its documents another way is not mailed either', async () => {
  const printed = await openPrinted({ contract: { deliveryChannel: 'portal' } });
  await activitiesOf().printDocuments(refOf(printed));
  expect(await mailsOf(printed.firm)).toEqual([]);
});

test("a seller's picture is on top of its documents; another kind of file is refused", async () => {
  const { firm, invoiceId } = await openPrinted({ finishAt: 'draft' });
  const upload = await api.call('POST', '/attachments?subjectType=seller_logo&name=logo.png', {
    key: firm.key,
    raw: new Uint8Array(picture),
    headers: { 'Content-Type': 'application/octet-stream' },
  });
  expect(upload.status, upload.text).toBe(201);
  const change = { logoAttachmentId: (upload.json as { id: string }).id };
  expect((await firm.patch(`/sellers/${firm.books.sellerId}`, change)).status).toBe(200);
  const { images } = await readPdf((await download(firm, `/invoices/${invoiceId}/pdf`)).bytes);
  expect(images).toBe(1);
  const wrong = await api.call('POST', '/attachments?subjectType=seller_logo&name=logo.txt', {
    key: firm.key,
    raw: 'no picture',
    headers: { 'Content-Type': 'application/octet-stream' },
  });
  expect(wrong.status).toBe(415);
});

test('a credit note is printed at its issue with the invoice that it corrects, and mailed', async () => {
  const printed = await openPrinted();
  const { firm, invoiceId } = printed;
  await activitiesOf().printDocuments(refOf(printed));
  await firm.books.in((tx) =>
    series.insert(tx, { sellerId: firm.books.sellerId, documentType: 'credit_note', pattern: 'CN-{NNNN}' }),
  );
  const credited = await firm.post(`/invoices/${invoiceId}/credit-notes`, {
    by: 'full',
    reason: 'The work was not wanted.',
  });
  expect(credited.status, credited.text).toBe(201);
  expect((await activitiesOf().lookAtClientInvoice(refOf(printed))).print).toBe(true);
  await activitiesOf().printDocuments(refOf(printed));
  const pdf = await download(firm, `/credit-notes/${credited.json.id}/pdf`);
  const { pages } = await readPdf(pdf.bytes);
  for (const words of ['Credit note', 'NFE-0001', 'The work was not wanted.', 'Total credited', 'GBP 160.00'])
    expect(pages[0]).toContain(words);
  const xml = await download(firm, `/credit-notes/${credited.json.id}/xml`);
  expect(xml.text).toContain('<CreditNote');
  expect(await mailsOf(firm)).toHaveLength(2);
});

test("a contractor's invoice is printed from the contractor to the firm, and kept once it is approved", async () => {
  const firm = await openContractorFirm(api);
  const ticket = await firm.approvedTicket();
  const draft = await firm.bundle([ticket]);
  const key = await api.newKey(firm.books.workspaceId, ['*']);
  const print = () => download({ key }, `/contractor-invoices/${draft.id}/pdf`);
  const { pages } = await readPdf((await print()).bytes);
  for (const words of ['Contractor invoice', 'DRAFT', 'Ola Vik', 'GBP 84.00'])
    expect(pages[0]).toContain(words);
  const { id } = await firm.approvedInvoice([await firm.approvedTicket()]);
  const path = `/contractor-invoices/${id}/pdf`;
  const approved = await download({ key }, path);
  const read = await readPdf(approved.bytes);
  for (const words of [
    'CI-OVI-0001',
    'Bill to Harbour Works Ltd',
    '2 h 42.00 84.00',
    'Account holder Ola Vik',
  ])
    expect(read.pages[0]).toContain(words);
  expect((await download({ key }, path)).bytes.equals(approved.bytes)).toBe(true);
});
