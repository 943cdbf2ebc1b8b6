/** Owns the file store on its own: whole or not at all, once per content, and read back as it was. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFileStore, type FileStore } from '../runtime/file-store.ts';
import { html, pdf } from './support/sample-files.ts';

let folder: string;
let files: FileStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-test-files-'));
  files = createFileStore(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const wanted = { subject: 'ticket_line', maxBytes: 1_000_000 } as const;
const receive = (content: Buffer) => files.receive(Readable.from([content]), wanted);
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'taken',
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );

/** Every file below the folder, without its folders. */
async function stored(): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}
async function readBack(sha256: string): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of files.read(sha256)) pieces.push(piece);
  return Buffer.concat(pieces);
}
const hashOf = (content: Buffer) => createHash('sha256').update(content).digest('hex');

test('a file is kept under the hash of its content, two letters a folder, for its owner alone', async () => {
  const content = pdf('first');
  const file = await receive(content);
  expect(file).toMatchObject({
    sha256: hashOf(content),
    bytes: content.length,
    mediaType: 'application/pdf',
  });
  await file.keep();
  await file.discard();
  const path = join(folder, file.sha256.slice(0, 2), file.sha256.slice(2, 4), file.sha256);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await stored()).toEqual([file.sha256]);
  expect(await readBack(file.sha256)).toEqual(content);
});

test('the same content, handed in twice at once and once more, is one file', async () => {
  const content = pdf('same');
  const both = await Promise.all([receive(content), receive(content)]);
  await Promise.all(both.map((file) => file.keep()));
  const third = await receive(content);
  await third.keep();
  for (const file of [...both, third]) await file.discard();
  expect(await stored()).toEqual([hashOf(content)]);
  expect(await readBack(hashOf(content))).toEqual(content);
});

test('who reads a file goes on reading it while the same one is put in its place', async () => {
  const content = Buffer.concat([pdf('long'), randomBytes(300_000), Buffer.from('\n%%EOF\n')]);
  const first = await receive(content);
  await first.keep();
  const reader = files.read(first.sha256)[Symbol.asyncIterator]();
  const pieces = [(await reader.next()).value as Uint8Array];
  const second = await receive(content);
  await second.keep();
  for (let next = await reader.next(); !next.done; next = await reader.next()) pieces.push(next.value);
  expect(Buffer.concat(pieces).equals(content)).toBe(true);
});

test('what is kept may be kept again, and what is discarded is gone', async () => {
  const kept = await receive(pdf('kept'));
  await kept.keep();
  await kept.keep();
  const dropped = await receive(pdf('dropped'));
  await dropped.discard();
  await dropped.discard();
  expect(await stored()).toEqual([kept.sha256]);
});

test('an upload that breaks off leaves nothing', async () => {
  const stream = new PassThrough();
  const under = codeOf(files.receive(stream, wanted));
  stream.write(pdf().subarray(0, 40));
  await sleep(50);
  expect(await stored()).toHaveLength(1);
  stream.destroy(new Error('the client went away'));
  expect(await under).toBe('the client went away');
  expect(await stored()).toEqual([]);
});

test('an upload that comes too slowly is given up, and leaves nothing', async () => {
  const slow = createFileStore(folder, { timeoutMs: 60 });
  const stream = new PassThrough();
  stream.write(pdf().subarray(0, 40));
  expect(await codeOf(slow.receive(stream, wanted))).toBe('request.too_slow');
  expect(await stored()).toEqual([]);
});

test('a file of exactly the limit is taken; with one byte more it is refused, and read no further', async () => {
  const content = pdf();
  const exact = { ...wanted, maxBytes: content.length };
  const file = await files.receive(Readable.from([content]), exact);
  await file.discard();
  let asked = 0;
  const endless = Readable.from(
    (function* () {
      for (;;) {
        asked += 1;
        yield Buffer.alloc(1_000, 'x');
      }
    })(),
  );
  expect(await codeOf(files.receive(endless, { ...wanted, maxBytes: 20_000 }))).toBe('file.too_large');
  expect(asked).toBeLessThan(200);
  const more = { ...wanted, maxBytes: content.length - 1 };
  expect(await codeOf(files.receive(Readable.from([content]), more))).toBe('file.too_large');
  expect(await stored()).toEqual([]);
});

test('what is refused leaves nothing', async () => {
  expect(await codeOf(receive(html))).toBe('file.type_refused');
  expect(await codeOf(receive(Buffer.alloc(0)))).toBe('file.empty');
  expect(await stored()).toEqual([]);
});

test('a file that is not there, or a name that is no hash, is said so', async () => {
  expect(await codeOf(readBack('0'.repeat(64)))).toBe('file.missing');
  await writeFile(join(folder, 'secret'), 'x');
  expect(await codeOf(readBack('../secret'))).toBe('not a SHA-256 in hex');
});

test('more uploads at once than a process takes are told to wait', async () => {
  const streams = Array.from({ length: 33 }, () => new PassThrough());
  const answers = streams.map((stream) => codeOf(files.receive(stream, wanted)));
  expect(await answers.at(-1)).toBe('file.too_many_uploads');
  for (const stream of streams) stream.destroy(new Error('gone'));
  expect(new Set(await Promise.all(answers.slice(0, -1)))).toEqual(new Set(['gone']));
  expect(await codeOf(receive(pdf()))).toBe('taken');
});
