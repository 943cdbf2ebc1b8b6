import { expect, test } from 'vitest';
import type { SourceEntry } from '../domain/work-entry.ts';
import { packChunk, unpackChunk } from '../runtime/import/pack-chunk.ts';
import type { ParsedChunk } from '../runtime/import/parse-entries.ts';
import { named, sourceEntry } from './support/source-entry.ts';

const entryOf = (change: Partial<SourceEntry>): SourceEntry =>
  sourceEntry('a', {
    person: { ...named('Ann'), email: null },
    client: named('Client'),
    project: named('Hull'),
    ...change,
  });

const chunkOf = (entries: SourceEntry[]): ParsedChunk => ({
  entries: entries.map((entry, index) => ({ entry, contentHash: `hash ${index}` })),
  unreadable: [{ position: 'line 9', raw: 'x', truncated: false, reason: 'row.columns', detail: 'one cell' }],
  blankRows: 1,
  firstLine: 2,
  lastLine: 9,
  bytesRead: 100,
  totalBytes: null,
  sha256SoFar: 'ab',
  last: true,
});

const sent = (chunk: ParsedChunk) => unpackChunk(JSON.parse(JSON.stringify(packChunk(chunk))));

test('a chunk comes out of the thread as it went in, whatever its lines have in common', () => {
  const entries = [
    entryOf({}),
    entryOf({ externalId: 'b', quantity: 1, notes: 'caulking', rate: '80.00', project: named(null, 'null') }),
    entryOf({
      externalId: 'c',
      billable: false,
      client: null,
      project: named('null', null),
      task: named('Hull'),
    }),
    entryOf({
      externalId: 'd',
      kind: 'expense',
      receipt: { on: null, net: '10.00', inputTax: '1.90' },
      tags: ['dock', 'night'],
      costCentre: '4711',
      person: { ...named('Ann'), email: 'ann@example.com' },
    }),
  ];
  for (const count of [0, 1, entries.length])
    expect(sent(chunkOf(entries.slice(0, count)))).toEqual(chunkOf(entries.slice(0, count)));
});

test('a code that reads null is not a missing code', () => {
  const [byName, coded] = sent(
    chunkOf([entryOf({ project: named('a', null) }), entryOf({ project: named('a', 'null') })]),
  ).entries;
  expect([byName!.entry.project!.code, coded!.entry.project!.code]).toEqual([null, 'null']);
});

test('entries of one party share it, so that it is looked up once', () => {
  const [first, second] = sent(chunkOf([entryOf({}), entryOf({ externalId: 'b' })])).entries;
  expect(second!.entry.person).toBe(first!.entry.person);
});
