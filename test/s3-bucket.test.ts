/** Owns files in an S3-compatible store: requests signed as AWS publishes it, and a file store that keeps nothing on its disk. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { bucketPlace } from '../runtime/file-place.ts';
import { createFileStore } from '../runtime/file-store.ts';
import { createS3Bucket, signS3 } from '../runtime/s3-bucket.ts';
import { pdf } from './support/sample-files.ts';

const published = {
  region: 'us-east-1',
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const at = new Date('2013-05-24T00:00:00.000Z');
const nothing = createHash('sha256').digest('hex');
const signatureOf = (path: string, headers: Record<string, string> = {}) =>
  signS3(published, {
    method: 'GET',
    url: new URL(`https://examplebucket.s3.amazonaws.com${path}`),
    sha256: nothing,
    at,
    headers,
  }).authorization?.split('Signature=')[1];

test('requests are signed as in the examples that AWS publishes', () => {
  expect(signatureOf('/test.txt', { range: 'bytes=0-9' })).toBe(
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  );
  expect(signatureOf('/?max-keys=2&prefix=J')).toBe(
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  );
});

/** A bucket on loopback: what S3 does with an object, two to a page, and refusing what is unsigned or not what was signed. */
const objects = new Map<string, { content: Buffer; writtenAt: Date }>();
let server: Server;
let failing: number | null = null;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-test-s3-'));
  server = createServer((request, response) => {
    void answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
async function answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const content = Buffer.concat(pieces);
  const url = new URL(request.url ?? '', 'http://bucket');
  const key = url.pathname.split('/')[2];
  const hash = createHash('sha256').update(content).digest('hex');
  const signed = request.headers.authorization?.startsWith(
    'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/',
  );
  if (failing !== null) return response.writeHead(failing).end();
  if (!signed || request.headers['x-amz-content-sha256'] !== hash) return response.writeHead(403).end();
  if (key === undefined) {
    const keys = [...objects.keys()].sort((a, b) => (a < b ? -1 : 1));
    const from = Number(url.searchParams.get('continuation-token') ?? 0);
    const entries = keys
      .slice(from, from + 2)
      .map(
        (one) =>
          `<Contents><Key>${one}</Key><LastModified>${objects.get(one)!.writtenAt.toISOString()}</LastModified></Contents>`,
      );
    const next = from + 2 < keys.length ? `<NextContinuationToken>${from + 2}</NextContinuationToken>` : '';
    return response.end(`<ListBucketResult>${entries.join('')}${next}</ListBucketResult>`);
  }
  if (request.method === 'PUT') {
    objects.set(key, { content, writtenAt: new Date() });
    return response.end();
  }
  const object = objects.get(key);
  if (request.method === 'DELETE') {
    objects.delete(key);
    return response.writeHead(204).end();
  }
  if (!object) return response.writeHead(404).end();
  response.setHeader('Last-Modified', object.writtenAt.toUTCString());
  return response.end(request.method === 'HEAD' ? undefined : object.content);
}
beforeEach(() => {
  objects.clear();
  failing = null;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

const bucket = () =>
  createS3Bucket({ ...published, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/files` });
const store = () => createFileStore(folder, { place: bucketPlace(bucket()) });
const receive = (content: Buffer) =>
  store().receive(Readable.from([content]), { subject: 'client_document', maxBytes: 100_000 });
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );
async function readBack(sha256: string): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of store().read(sha256)) pieces.push(piece);
  return Buffer.concat(pieces);
}

test('a file is kept in the bucket under its hash, read back as it was, and leaves nothing on the disk', async () => {
  const content = pdf('in the bucket');
  const file = await receive(content);
  expect(objects.size).toBe(0);
  await file.keep();
  await file.keep();
  await file.discard();
  expect([...objects.keys()]).toEqual([createHash('sha256').update(content).digest('hex')]);
  expect(await readBack(file.sha256)).toEqual(content);
  expect(await readdir(join(folder, 'incoming'))).toEqual([]);
});

test('a file that is not there is gone, and a store that fails is asked again later', async () => {
  expect(await codeOf(readBack('0'.repeat(64)))).toBe('file.missing');
  for (const status of [403, 500, 503]) {
    failing = status;
    const file = await receive(pdf(`failing ${status}`));
    expect(await codeOf(file.keep())).toBe('file.store_unavailable');
    await file.discard();
    expect(await codeOf(readBack(file.sha256))).toBe('file.store_unavailable');
  }
  failing = null;
  expect(objects.size).toBe(0);
});

test('old files are found page by page, and nothing that is not ours', async () => {
  const old = new Date('2026-01-01T00:00:00Z');
  for (const name of ['a', 'b', 'c', 'd', 'e'])
    objects.set(name.repeat(64), { content: pdf(name), writtenAt: name === 'c' ? new Date() : old });
  objects.set('somebody-elses.txt', { content: pdf(), writtenAt: old });
  const place = bucketPlace(bucket());
  const found: string[] = [];
  for await (const hash of place.listOlder(Date.parse('2026-02-01'))) found.push(hash[0]!);
  expect(found).toEqual(['a', 'b', 'd', 'e']);
  expect(await place.isOlder('a'.repeat(64), Date.parse('2026-02-01'))).toBe(true);
  expect(await place.isOlder('c'.repeat(64), Date.parse('2026-02-01'))).toBe(false);
  expect(await place.isOlder('f'.repeat(64), Date.parse('2026-02-01'))).toBe(false);
  await place.remove('a'.repeat(64));
  await place.remove('a'.repeat(64));
  expect(objects.has('a'.repeat(64))).toBe(false);
});
