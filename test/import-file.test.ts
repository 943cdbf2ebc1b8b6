/** The file source end to end: a worker thread parses, the control totals hold, memory and back-pressure are bounded. */

import { createReadStream, existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { entryContentHash } from '../domain/entry-content-hash.ts';
import { readMapping } from '../domain/import/mapping.ts';
import { readyMapping } from '../domain/import/ready-mappings.ts';
import { type ParsedChunk, parseFile } from '../runtime/import/parse-in-worker.ts';
import { simpleMapping } from './fixtures/import/parse-text.ts';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
/** Real records (SOURCE.md beside them); they stay outside the repository. */
const realFile = path('../../shared/data/sip/sip-time-entries.csv');
const ownFile = path('./fixtures/import/sip-like.csv');

interface ControlTotals {
  lines: number;
  entries: number;
  seconds: number;
  quarantined: number;
  entriesOver24h: number;
  personDaysOver24h: number;
  linesInThose: number;
  pc2: { entries: number; seconds: number };
}
const realTotals: ControlTotals = {
  lines: 12_299,
  entries: 9_713,
  seconds: 197_032_680, // 54,731.30 h
  quarantined: 2_586,
  entriesOver24h: 449,
  personDaysOver24h: 458,
  linesInThose: 2_389,
  pc2: { entries: 4_146, seconds: 61_412_760 }, // 17,059.10 h
};
const ownTotals: ControlTotals = {
  lines: 8,
  entries: 6,
  seconds: 602_856, // 167.46 h
  quarantined: 2,
  entriesOver24h: 1,
  personDaysOver24h: 2,
  linesInThose: 3,
  pc2: { entries: 4, seconds: 106_020 }, // 29.45 h
};

async function collect(chunks: AsyncIterable<ParsedChunk>): Promise<ParsedChunk[]> {
  const all: ParsedChunk[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}

function controlTotals(chunks: ParsedChunk[]): ControlTotals {
  const entries = chunks.flatMap((chunk) => chunk.entries.map(({ entry }) => entry));
  const unreadable = chunks.flatMap((chunk) => chunk.unreadable);
  expect(new Set(unreadable.map(({ reason }) => reason))).toEqual(new Set(['work_date.missing']));
  expect(new Set(entries.map(({ externalId }) => externalId)).size).toBe(entries.length);
  const sum = (list: typeof entries) => list.reduce((total, { quantity }) => total + quantity, 0);
  const personDays = Map.groupBy(entries, ({ person, workDate }) => `${person?.code} ${workDate}`);
  const long = [...personDays.values()].filter((list) => sum(list) > 86_400);
  const pc2 = entries.filter(({ project }) => project?.code === 'PC2');
  return {
    lines: entries.length + unreadable.length,
    entries: entries.length,
    seconds: sum(entries),
    quarantined: unreadable.length,
    entriesOver24h: entries.filter(({ quantity }) => quantity > 86_400).length,
    personDaysOver24h: long.length,
    linesInThose: long.flat().length,
    pc2: { entries: pc2.length, seconds: sum(pc2) },
  };
}

describe('the SiP records', () => {
  const mapping = readyMapping('sip')!;
  const file = existsSync(realFile)
    ? { path: realFile, totals: realTotals }
    : { path: ownFile, totals: ownTotals };

  it('give their control totals', async () => {
    const chunks = await collect(parseFile({ source: { path: file.path }, mapping }));
    expect(controlTotals(chunks)).toEqual(file.totals);
  });

  it('give the control totals of the small file of ours', async () => {
    const chunks = await collect(parseFile({ source: { path: ownFile }, mapping }));
    expect(controlTotals(chunks)).toEqual(ownTotals);
    expect(chunks[0]!.entries[1]).toMatchObject({
      entry: {
        externalId: '102/dev-1',
        workDate: '2005-01-31',
        quantity: 73_800,
        client: { name: 'SiP' },
        project: { code: 'PC2', name: 'PC2' },
        task: { code: 'PBC1' },
        notes: 'Replace "aft" seal, both sides',
        approval: 'approved',
      },
    });
    expect(chunks[0]!.unreadable[0]).toEqual({
      position: 'line 7',
      raw: '105,Draft drawings,PC9,,Development,Enhancement,CHRONICLE,dev-3,12,01-Feb-05,',
      truncated: false,
      reason: 'work_date.missing',
      detail: 'The line has no work date.',
    });
  });

  it('give the same entries, keys and hashes from a path, from a stream, and in chunks of any size', async () => {
    const whole = await collect(parseFile({ source: { path: file.path }, mapping }));
    const stream = createReadStream(file.path, { highWaterMark: 777 });
    const pieces = await collect(parseFile({ source: { stream }, mapping, chunkSize: 500 }));
    expect(pieces.flatMap(({ entries }) => entries)).toEqual(whole.flatMap(({ entries }) => entries));
    expect(pieces.flatMap(({ unreadable }) => unreadable)).toEqual(
      whole.flatMap(({ unreadable }) => unreadable),
    );
    expect(pieces.at(-1)!.sha256SoFar).toBe(whole.at(-1)!.sha256SoFar);
    expect(pieces.at(-1)).toMatchObject({ last: true, totalBytes: null });
    expect(whole.at(-1)!.bytesRead).toBe(whole.at(-1)!.totalBytes);
    const { entry, contentHash } = whole[0]!.entries[0]!;
    expect(contentHash).toBe(entryContentHash(entry));
  });
});

describe('a file in the worker', () => {
  const mapping = readMapping(simpleMapping);
  const header = 'Day,Hours,Person,Project,Notes\n';
  const line = (n: number) => `2026-01-05,1,Ada,P1,note ${n}\n`;
  const lineCount = 200_000;
  let folder: string;
  let bigFile: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-import-'));
    bigFile = join(folder, 'big.csv');
    await writeFile(bigFile, header + Array.from({ length: lineCount }, (_, n) => line(n)).join(''));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** An endless upload that counts how much of it has been taken. */
  function endlessUpload() {
    const state = { blocks: 0, closed: false };
    async function* stream(): AsyncGenerator<Uint8Array> {
      try {
        yield Buffer.from(header);
        for (let n = 0; ; n += 1_000) {
          state.blocks += 1;
          yield Buffer.from(Array.from({ length: 1_000 }, (_, i) => line(n + i)).join(''));
        }
      } finally {
        state.closed = true;
      }
    }
    return { state, stream: stream() };
  }
  const settled = () => new Promise((resolve) => setTimeout(resolve, 300));

  it('reports progress that only grows and ends at the whole', async () => {
    let bytesBefore = 0;
    let lineBefore = 1;
    let count = 0;
    for await (const chunk of parseFile({ source: { path: bigFile }, mapping })) {
      expect(chunk.bytesRead).toBeGreaterThanOrEqual(bytesBefore);
      expect(chunk.entries.length).toBeLessThanOrEqual(5_000);
      if (chunk.entries.length > 0) expect(chunk.firstLine).toBe(lineBefore + 1);
      if (chunk.last) expect(chunk.bytesRead).toBe(chunk.totalBytes);
      bytesBefore = chunk.bytesRead;
      lineBefore = chunk.lastLine || lineBefore;
      count += chunk.entries.length;
    }
    expect(count).toBe(lineCount);
    expect(lineBefore).toBe(lineCount + 1);
  });

  it('reads an upload no faster than its entries are taken', async () => {
    const { state, stream } = endlessUpload();
    const chunks = parseFile({ source: { stream }, mapping, chunkSize: 1_000 });
    expect((await chunks.next()).value!.entries).toHaveLength(1_000);
    await settled();
    // Two chunks ahead, one in the hand, one being made, one block on its way.
    expect(state.blocks).toBeLessThanOrEqual(6);
    await chunks.next();
    await settled();
    expect(state.blocks).toBeLessThanOrEqual(7);
    await chunks.return();
    await settled();
    expect(state.closed).toBe(true);
  });

  it('stops when it is told to', async () => {
    const { stream } = endlessUpload();
    const abort = new AbortController();
    const reading = (async () => {
      for await (const chunk of parseFile({ source: { stream }, mapping, signal: abort.signal })) {
        if (chunk.lastLine > 10_000) abort.abort(new Error('enough'));
      }
    })();
    await expect(reading).rejects.toThrow('enough');
    const already = parseFile({
      source: { path: bigFile },
      mapping,
      signal: AbortSignal.abort(new Error('before')),
    });
    await expect(already.next()).rejects.toThrow('before');
  });

  it('says what is wrong with the file, the stream or the path', async () => {
    const wrong = parseFile({ source: { path: ownFile }, mapping });
    await expect(wrong.next()).rejects.toMatchObject({
      name: 'FileUnreadable',
      code: 'header.missing_column',
    });
    const missing = parseFile({ source: { path: join(folder, 'none.csv') }, mapping });
    await expect(missing.next()).rejects.toMatchObject({ code: 'ENOENT' });
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(header + line(1));
      throw new Error('connection lost');
    }
    const lost = parseFile({ source: { stream: broken() }, mapping });
    await expect(collect(lost)).rejects.toThrow('connection lost');
    await expect(parseFile({ source: { path: bigFile }, mapping, chunkSize: 0 }).next()).rejects.toThrow(
      RangeError,
    );
  });

  it('keeps the memory of the reading thread flat over a large file', async () => {
    const heldBytes: number[] = [];
    for await (const chunk of parseFile({ source: { path: bigFile }, mapping })) {
      heldBytes.push(process.memoryUsage().heapUsed);
      expect(chunk.entries.length).toBeLessThanOrEqual(5_000);
    }
    const lowest = (list: number[]) => Math.min(...list);
    const half = heldBytes.length >> 1;
    // Garbage comes and goes; what is held is the floor between collections.
    expect(lowest(heldBytes.slice(half)) - lowest(heldBytes.slice(0, half))).toBeLessThan(40_000_000);
  });
});
