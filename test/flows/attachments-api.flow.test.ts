/** Owns uploads over HTTP: what is taken, what stays when it is not, who sees whose, what holds them, and what is pruned. */
import { readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AttachmentSubject } from '../../domain/file-type.ts';
import { createFileStore, type FileStore } from '../../runtime/file-store.ts';
import { bindAttachments, holdFile, insertAttachment, maxUnbound } from '../../store/attachments.ts';
import { newId } from '../../store/new-id.ts';
import { pruneTenantRows } from '../../store/prune.ts';
import { makeTestDirectory } from '../support/directory.ts';
import { until } from '../support/loops.ts';
import type { TestMember } from '../support/make-member.ts';
import { exe, html, jpeg, office, pdf } from '../support/sample-files.ts';
import { type Answered, startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
let folder: string;
let files: FileStore;
let workspace: { id: string; key: string };
let ida: TestMember;
let ben: TestMember;
let manager: TestMember;
beforeAll(async () => {
  folder = makeTestDirectory('files');
  files = createFileStore(folder);
  api = await startApi({ files });
});
beforeEach(async () => {
  workspace = await api.newWorkspace();
  ida = await api.newMember(workspace.id, 'contractor', { name: 'Ida Berg' });
  ben = await api.newMember(workspace.id, 'contractor', { name: 'Ben Holm' });
  manager = await api.newMember(workspace.id, 'manager', { name: 'Max Manager' });
});
afterAll(() => api.stop());

const upload = (
  key: string,
  content: Buffer,
  options: { name?: string; subjectType?: AttachmentSubject; type?: string; idempotencyKey?: string } = {},
): Promise<Answered> => {
  const { name = 'Ferry.pdf', subjectType = 'ticket_line', type = 'application/octet-stream' } = options;
  const query = new URLSearchParams({ name, subjectType });
  return api.call('POST', `/attachments?${query.toString()}`, {
    key,
    raw: new Uint8Array(content),
    headers: {
      'Content-Type': type,
      ...(options.idempotencyKey && { 'Idempotency-Key': options.idempotencyKey }),
    },
  });
};
const download = (key: string, id: string) =>
  fetch(`${api.url}/api/v1/attachments/${id}/content`, { headers: { Authorization: `Bearer ${key}` } });
const inWorkspace = <T>(work: Parameters<TestApi['test']['database']['inWorkspace']>[1]) =>
  api.test.database.inWorkspace(workspace.id, work) as Promise<T>;
const rows = () =>
  inWorkspace<{ id: string }[]>((tx) =>
    tx.rows('select id from attachments where workspace_id = $1', [workspace.id]),
  );
const incoming = () => readdir(join(folder, 'incoming')).catch(() => []);

describe('an upload', () => {
  test('is kept, shown, and given back byte by byte, to be saved and never to be run', async () => {
    const content = pdf('ida');
    const made = await upload(ida.key, content, { name: 'Færge "12".pdf', type: 'text/html' });
    expect(made.status).toBe(201);
    expect(made.json).toMatchObject({
      subjectType: 'ticket_line',
      subjectId: null,
      fileName: 'Færge _12_.pdf',
      mediaType: 'application/pdf',
      bytes: content.length,
      uploadedBy: `member:${ida.id}`,
    });
    expect((await api.call('GET', made.headers.get('location')!, { key: ida.key })).json).toEqual(made.json);
    const got = await download(ida.key, made.json.id);
    expect(Buffer.from(await got.arrayBuffer())).toEqual(content);
    expect(Object.fromEntries(got.headers)).toMatchObject({
      'content-type': 'application/pdf',
      'content-length': String(content.length),
      'content-disposition': `attachment; filename="F_rge _12_.pdf"; filename*=UTF-8''F%C3%A6rge%20_12_.pdf`,
      'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, no-store',
    });
  });

  test('that is repeated under its Idempotency-Key is one attachment', async () => {
    const first = await upload(ida.key, pdf('once'), { idempotencyKey: 'receipt-1' });
    const second = await upload(ida.key, pdf('once'), { idempotencyKey: 'receipt-1' });
    expect(second.json).toEqual(first.json);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(await rows()).toHaveLength(1);
    expect(await incoming()).toEqual([]);
  });

  test('whose content is not what its name says is refused, and nothing of it stays', async () => {
    for (const [content, name, type] of [
      [html, 'receipt.pdf', 'application/pdf'],
      [exe, 'receipt.pdf', 'application/pdf'],
      [office('docm'), 'contract.docx', 'application/octet-stream'],
      [office('xlsx'), 'hours.xlsx', 'application/octet-stream'],
    ] as const) {
      const answer = await upload(ida.key, content, { name, type });
      expect([answer.status, answer.json.code]).toEqual([415, 'file.type_refused']);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
    }
    expect((await upload(ida.key, Buffer.alloc(0))).json.code).toBe('file.empty');
    expect(await rows()).toEqual([]);
    expect(await incoming()).toEqual([]);
  });

  test('with a name of 10,000 letters or without a purpose is refused before it is read', async () => {
    expect((await upload(ida.key, pdf(), { name: 'x'.repeat(5_000) })).status).toBe(422);
    expect((await upload(ida.key, pdf(), { name: '  ' })).status).toBe(422);
    expect((await upload(ida.key, pdf(), { subjectType: 'avatar' as AttachmentSubject })).status).toBe(422);
    expect(await rows()).toEqual([]);
  });

  test('may be as large as the workspace says for what it is, and no larger', async () => {
    const set = await api.call('PATCH', '/workspace', {
      key: workspace.key,
      body: { settings: { receiptMaxBytes: 10_000 } },
    });
    expect(set.status).toBe(200);
    const large = Buffer.concat([jpeg, Buffer.alloc(10_000, 1)]);
    const refused = await upload(ida.key, large);
    expect([refused.status, refused.json.code]).toEqual([413, 'file.too_large']);
    expect((await upload(ida.key, large, { subjectType: 'person_document' })).status).toBe(201);
    const ceiling = await upload(ida.key, Buffer.alloc(25 * 1024 ** 2 + 1), {
      subjectType: 'person_document',
    });
    expect(ceiling.status).toBe(413);
    expect(await rows()).toHaveLength(1);
    expect(await incoming()).toEqual([]);
  });

  test('whose sender goes away in the middle leaves nothing', async () => {
    const sending = request(`${api.url}/api/v1/attachments?name=a.pdf&subjectType=ticket_line`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${ida.key}`,
        'Content-Type': 'application/pdf',
        'Content-Length': 5_000,
      },
    });
    sending.on('error', () => undefined);
    sending.write(pdf());
    await until('the upload has begun', async () => (await incoming()).length === 1);
    sending.destroy();
    await until('nothing of it is left', async () => (await incoming()).length === 0);
    expect(await rows()).toEqual([]);
  });

  test('too many that nothing holds are refused until some are put to use or deleted', async () => {
    await inWorkspace(async (tx) => {
      const facts = { subjectType: 'ticket_line', fileName: 'a.pdf', mediaType: 'application/pdf' } as const;
      for (let count = 0; count < maxUnbound; count += 1)
        await insertAttachment(
          tx,
          { ...facts, bytes: 1, sha256: 'ab'.repeat(32) },
          { id: `member:${ida.id}`, personId: ida.personId },
        );
    });
    expect((await upload(ida.key, pdf())).json.code).toBe('attachment.too_many_unbound');
    expect((await upload(ben.key, pdf())).status).toBe(201);
    const [one] = await rows();
    expect((await api.call('DELETE', `/attachments/${one!.id}`, { key: ida.key })).status).toBe(204);
    expect((await upload(ida.key, pdf())).status).toBe(201);
  });
});

describe('who sees what', () => {
  test("a contractor sees their own; another's and another workspace's do not exist for them", async () => {
    const made = await upload(ida.key, pdf());
    const elsewhere = await api.newWorkspace('Elsewhere');
    const path = `/attachments/${made.json.id}`;
    for (const key of [ben.key, elsewhere.key]) {
      expect((await api.call('GET', path, { key })).status).toBe(404);
      expect((await api.call('GET', `${path}/content`, { key })).status).toBe(404);
      expect((await api.call('DELETE', path, { key })).status).toBe(404);
    }
    expect((await download(manager.key, made.json.id)).status).toBe(200);
    const client = await api.call('POST', '/clients', {
      key: workspace.key,
      body: { name: 'Ferry Lines', email: 'ap@ferry.example', code: 'FER', currency: 'EUR' },
    });
    const guest = await api.newMember(workspace.id, 'client', { clientId: client.json.id });
    expect((await api.call('GET', path, { key: guest.key })).status).toBe(403);
    expect((await upload(guest.key, pdf())).status).toBe(403);
    // The same content elsewhere is a row of its own on the same file.
    const theirs = await upload(elsewhere.key, pdf());
    expect(theirs.json.sha256).toBe(made.json.sha256);
    expect((await api.call('DELETE', `/attachments/${theirs.json.id}`, { key: elsewhere.key })).status).toBe(
      204,
    );
    expect((await download(ida.key, made.json.id)).status).toBe(200);
  });

  test('a file that somebody took from the disk is said to be missing', async () => {
    const made = await upload(ida.key, pdf('to be lost'));
    const { sha256 } = made.json;
    await rm(join(folder, sha256.slice(0, 2), sha256.slice(2, 4), sha256));
    const answer = await api.call('GET', `/attachments/${made.json.id}/content`, { key: ida.key });
    expect([answer.status, answer.json.code]).toEqual([410, 'file.missing']);
  });
});

describe('binding', () => {
  const by = (member: TestMember) => ({ id: `member:${member.id}`, personId: member.personId });
  const bind = (ids: string[], subjectId: string, member: TestMember, personId = ida.personId) =>
    inWorkspace<unknown[]>((tx) =>
      bindAttachments(tx, ids, { subjectType: 'ticket_line', subjectId, personId }, by(member)),
    ).then(
      (bound) => bound.length,
      (error: { code: string; status: number }) => `${error.status} ${error.code}`,
    );

  test('takes own uploads of the right purpose once, and again for the same subject', async () => {
    const [one, two] = [await upload(ida.key, pdf('1')), await upload(ida.key, pdf('2'))];
    const ids = [one.json.id, two.json.id, one.json.id];
    const ticket = newId();
    expect(await bind(ids, ticket, ida)).toBe(2);
    expect(await bind(ids, ticket, ida)).toBe(2);
    // Who edits the ticket later need not have uploaded what it has already.
    expect(await bind(ids, ticket, manager)).toBe(2);
    expect(await bind([one.json.id], newId(), ida)).toBe('409 attachment.bound');
    expect((await api.call('DELETE', `/attachments/${one.json.id}`, { key: ida.key })).json.code).toBe(
      'attachment.bound',
    );
  });

  test("refuses another's, an unknown one, another workspace's and one for another purpose, and then binds none", async () => {
    const own = await upload(ida.key, pdf());
    const others = await upload(ben.key, pdf());
    const contract = await upload(ida.key, pdf(), { subjectType: 'person_document' });
    const elsewhere = await upload((await api.newWorkspace('Elsewhere')).key, pdf());
    const ticket = newId();
    for (const id of [others.json.id, newId(), elsewhere.json.id])
      expect(await bind([own.json.id, id], ticket, ida)).toBe('422 attachment.unknown');
    expect(await bind([own.json.id, contract.json.id], ticket, ida)).toBe('422 attachment.other_purpose');
    expect(
      (await api.call('GET', `/attachments/${own.json.id}`, { key: ida.key })).json.subjectId,
    ).toBeNull();
  });

  test('of two subjects that want it at the same moment one gets it', async () => {
    const own = await upload(ida.key, pdf());
    const outcomes = await Promise.all([newId(), newId()].map((ticket) => bind([own.json.id], ticket, ida)));
    expect(new Set(outcomes)).toEqual(new Set([1, '409 attachment.bound']));
  });

  test('what a manager uploads for somebody is theirs to see once it is bound', async () => {
    const made = await upload(manager.key, pdf());
    expect((await download(ida.key, made.json.id)).status).toBe(404);
    expect(await bind([made.json.id], newId(), manager)).toBe(1);
    expect((await download(ida.key, made.json.id)).status).toBe(200);
    expect((await download(ben.key, made.json.id)).status).toBe(404);
  });
});

describe('pruning', () => {
  const pathOf = (sha256: string) => join(folder, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  const twoDaysAgo = new Date(Date.now() - 2 * 86_400_000);
  const age = (path: string) => utimes(path, twoDaysAgo, twoDaysAgo);
  const isThere = (sha256: string) =>
    readdir(join(pathOf(sha256), '..')).then(
      (names) => names.includes(sha256),
      () => false,
    );

  test('a file that a row of any workspace names stays; one that none names goes when it is a day old', async () => {
    const kept = await upload(ida.key, pdf('kept'));
    const gone = await upload(ida.key, pdf('gone'));
    const young = await upload(ida.key, pdf('young'));
    for (const { json } of [gone, young])
      await api.call('DELETE', `/attachments/${json.id}`, { key: ida.key });
    await age(pathOf(kept.json.sha256));
    await age(pathOf(gone.json.sha256));
    await files.prune(api.test.database);
    expect(await isThere(kept.json.sha256)).toBe(true);
    expect(await isThere(gone.json.sha256)).toBe(false);
    expect(await isThere(young.json.sha256)).toBe(true);
  });

  test('a file that is being added just now is left alone', async () => {
    const made = await upload(ida.key, pdf('race'));
    await api.call('DELETE', `/attachments/${made.json.id}`, { key: ida.key });
    await age(pathOf(made.json.sha256));
    await inWorkspace(async (tx) => {
      await holdFile(tx, made.json.sha256);
      await files.prune(api.test.database);
    });
    expect(await isThere(made.json.sha256)).toBe(true);
    await files.prune(api.test.database);
    expect(await isThere(made.json.sha256)).toBe(false);
  });

  test('what a killed process left of an upload goes after a day', async () => {
    const [old, young] = [join(folder, 'incoming', newId()), join(folder, 'incoming', newId())];
    for (const path of [old, young]) await writeFile(path, 'half a fi');
    await age(old);
    await files.prune(api.test.database);
    const left = (await incoming()).map((name) => join(folder, 'incoming', name));
    expect(left).toEqual([young]);
    await rm(young);
  });

  test('an old upload that is bound at the moment it would be pruned stays', async () => {
    const made = await upload(ida.key, pdf('last moment'));
    await inWorkspace((tx) =>
      tx.run('update attachments set id = uuidv7(interval $$-8 days$$) where workspace_id = $1', [
        workspace.id,
      ]),
    );
    const [old] = await rows();
    let pruning: Promise<unknown> = Promise.resolve();
    await inWorkspace(async (tx) => {
      await bindAttachments(
        tx,
        [old!.id],
        { subjectType: 'ticket_line', subjectId: newId(), personId: null },
        { id: `member:${ida.id}`, personId: ida.personId },
      );
      // It sees the row as it was, and waits for us.
      pruning = inWorkspace((other) => pruneTenantRows(other));
      await until('the pruning waits', async () => {
        const [waiting] = await tx.rows<{ count: number }>(
          `select count(*) as count from pg_locks where not granted and pid <> pg_backend_pid()`,
        );
        return waiting!.count > 0;
      });
    });
    await pruning;
    expect(made.status).toBe(201);
    expect(await rows()).toEqual([old]);
  });

  test('an upload that nothing came to hold goes after a week, what is held stays', async () => {
    const [loose, held] = [await upload(ida.key, pdf('loose')), await upload(ida.key, pdf('held'))];
    await inWorkspace((tx) =>
      bindAttachments(
        tx,
        [held.json.id],
        { subjectType: 'ticket_line', subjectId: newId(), personId: null },
        { id: `member:${ida.id}`, personId: ida.personId },
      ),
    );
    // Ids begin with their time: these are of eight days ago.
    const inPast = 'update attachments set id = uuidv7(interval $$-8 days$$) where workspace_id = $1';
    await inWorkspace((tx) => tx.run(inPast, [workspace.id]));
    await inWorkspace((tx) => pruneTenantRows(tx));
    const left = await inWorkspace<{ fileName: string; bound: boolean }[]>((tx) =>
      tx.rows('select subject_id is not null as bound from attachments where workspace_id = $1', [
        workspace.id,
      ]),
    );
    expect(left).toEqual([{ bound: true }]);
    expect(loose.status).toBe(201);
  });
});
