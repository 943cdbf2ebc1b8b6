/** Owns that a file which the firm's scanner refuses, or could not look at, is never kept. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, expect, test } from 'vitest';
import { createFileStore } from '../runtime/file-store.ts';
import { scanWith } from '../runtime/scan-file.ts';
import { pdf } from './support/sample-files.ts';

const folder = await mkdtemp(join(tmpdir(), 'slipway-test-scan-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A scanner that exits with 1 for what holds the word EICAR, is slow about SLOW, and shows secrets of its environment. */
const script = join(folder, 'scanner.mjs');
await writeFile(
  script,
  `import { readFileSync } from 'node:fs';
   const text = readFileSync(process.argv.at(-1), 'latin1');
   if (text.includes('SLOW')) await new Promise((done) => setTimeout(done, 60_000));
   process.exit(text.includes('EICAR') ? 1 : process.env.SLIPWAY_SECRET_KEY === undefined ? 0 : 3);`,
);
const receive = (content: Buffer, scan = scanWith([process.execPath, script])) =>
  createFileStore(join(folder, 'files'), { scan }).receive(Readable.from([content]), {
    subject: 'client_document',
    maxBytes: 100_000,
  });
const outcome = (work: Promise<unknown>) =>
  work.then(
    () => 'taken',
    (error: { code?: string }) => error.code,
  );
const left = () => readdir(join(folder, 'files', 'incoming'));

test('a clean file is taken, an infected one is refused, and nothing of it stays', async () => {
  process.env.SLIPWAY_SECRET_KEY = 'not for scanners';
  try {
    const file = await receive(pdf('clean'));
    await file.discard();
  } finally {
    delete process.env.SLIPWAY_SECRET_KEY;
  }
  expect(await outcome(receive(pdf('EICAR')))).toBe('file.infected');
  expect(await left()).toEqual([]);
});

test('a file that could not be scanned is not taken for a clean one', async () => {
  expect(await outcome(receive(pdf(), scanWith([join(folder, 'no-such-scanner')])))).toBe('file.not_scanned');
  expect(await outcome(receive(pdf('SLOW'), scanWith([process.execPath, script], 300)))).toBe(
    'file.not_scanned',
  );
  expect(await left()).toEqual([]);
});
