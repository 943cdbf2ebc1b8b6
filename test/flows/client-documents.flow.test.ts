/** Owns the documents of clients over HTTP: told by their content, and downloaded by links that end. */
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createFileStore } from '../../runtime/file-store.ts';
import { scanWith } from '../../runtime/scan-file.ts';
import { makeTestDirectory } from '../support/directory.ts';
import { exe, office, pdf } from '../support/sample-files.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
let workspace: { id: string; key: string };
let clientId: string;
beforeAll(async () => {
  // $0 is the path: exit code 1 where the word is found.
  const scan = scanWith(['sh', '-c', '! grep -q EICAR "$0"']);
  api = await startApi({ files: createFileStore(makeTestDirectory('client-files'), { scan }) });
});
beforeEach(async () => {
  workspace = await api.newWorkspace();
  clientId = (await post('/clients', { name: 'Acme', email: 'a@acme.example', code: 'ACM', currency: 'USD' }))
    .json.id;
});
afterAll(() => api.stop());

const post = (path: string, body?: unknown, key = workspace.key) =>
  api.call('POST', path, { key, ...(body === undefined ? {} : { body }) });
const upload = (content: Buffer, name = 'Agreement.pdf', key = workspace.key) =>
  api.call('POST', `/attachments?subjectType=client_document&name=${encodeURIComponent(name)}`, {
    key,
    raw: new Uint8Array(content),
    headers: { 'Content-Type': 'application/octet-stream' },
  });
async function addDocument(content = pdf('agreement')): Promise<{ id: string; attachmentId: string }> {
  const { json } = await upload(content);
  const added = await post(`/clients/${clientId}/documents`, {
    attachmentId: json.id,
    kind: 'agreement',
    name: 'Frame agreement',
  });
  expect(added.status, added.text).toBe(201);
  return added.json;
}
const linkTo = async (id: string, key = workspace.key) =>
  (await post(`/client-documents/${id}/link`, undefined, key)).json;

test('a document is a PDF, a picture, a Word or an Excel file by its content, whatever it is called', async () => {
  for (const [content, name] of [
    [exe, 'Agreement.docx'],
    [office('docm'), 'Agreement.docx'],
    [Buffer.from('plain text'), 'Agreement.pdf'],
  ] as const) {
    const refused = await upload(content, name);
    expect([refused.status, refused.json.code], name).toEqual([415, 'file.type_refused']);
  }
  for (const content of [pdf(), office('docx'), office('xlsx')])
    expect((await upload(content)).status).toBe(201);
  expect((await api.call('GET', `/clients/${clientId}`, { key: workspace.key })).json.documents).toEqual([]);
});

test('a file that the scanner refuses is no attachment, so nothing can be bound to it', async () => {
  const refused = await upload(pdf('EICAR'));
  expect([refused.status, refused.json.code]).toEqual([422, 'file.infected']);
  const rows = await api.test.database.inWorkspace(workspace.id, (tx) =>
    tx.rows('select id from attachments'),
  );
  expect(rows).toEqual([]);
});

test('a document belongs to one client once, and is shown with it', async () => {
  const document = await addDocument();
  const whole = (await api.call('GET', `/clients/${clientId}`, { key: workspace.key })).json;
  expect(whole.documents).toMatchObject([{ id: document.id, kind: 'agreement', fileName: 'Agreement.pdf' }]);
  const again = { attachmentId: document.attachmentId, kind: 'contract', name: 'Again' };
  expect((await post(`/clients/${clientId}/documents`, again)).json.code).toBe('client_document.present');
  const other = (
    await post('/clients', { name: 'Other', email: 'o@o.example', code: 'OTH', currency: 'USD' })
  ).json;
  expect((await post(`/clients/${other.id}/documents`, again)).json.code).toBe('attachment.bound');
  const receipt = await api.call('POST', '/attachments?subjectType=ticket_line&name=r.pdf', {
    key: workspace.key,
    raw: new Uint8Array(pdf('receipt')),
    headers: { 'Content-Type': 'application/octet-stream' },
  });
  const asDocument = { attachmentId: receipt.json.id, kind: 'other', name: 'Receipt' };
  expect((await post(`/clients/${clientId}/documents`, asDocument)).json.code).toBe(
    'attachment.other_purpose',
  );
});

test('a link gives the file to whoever has it, for five minutes', async () => {
  const { id } = await addDocument(pdf('the file'));
  const { url, expiresAt } = await linkTo(id);
  const got = await fetch(url);
  expect(got.status).toBe(200);
  expect(Buffer.from(await got.arrayBuffer())).toEqual(pdf('the file'));
  expect(got.headers.get('content-disposition')).toContain('attachment; filename="Agreement.pdf"');
  expect(api.log()).not.toContain(new URL(url).searchParams.get('token'));
  // Not the last letter, of which base64 leaves some bits unread.
  const changed = `${url.slice(0, -9)}${url.at(-9) === 'A' ? 'B' : 'A'}${url.slice(-8)}`;
  expect((await fetch(changed)).status).toBe(404);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse(expiresAt) + 1 });
  try {
    expect((await fetch(url)).status).toBe(404);
  } finally {
    vi.useRealTimers();
  }
});

test('a link ends with the right of whoever made it, and with the document', async () => {
  const { id } = await addDocument();
  const manager = await api.newMember(workspace.id, 'manager');
  const contractor = await api.newMember(workspace.id, 'contractor');
  expect((await post(`/client-documents/${id}/link`, undefined, contractor.key)).status).toBe(403);
  const { url } = await linkTo(id, manager.key);
  const ours = (await linkTo(id)).url;
  expect((await fetch(url)).status).toBe(200);
  expect((await post(`/members/${manager.id}/suspend`, { reason: 'Left' })).status).toBe(200);
  expect((await fetch(url)).status).toBe(404);
  expect((await fetch(ours)).status).toBe(200);
  await api.call('DELETE', `/client-documents/${id}`, { key: workspace.key });
  expect((await fetch(ours)).status).toBe(404);
});
