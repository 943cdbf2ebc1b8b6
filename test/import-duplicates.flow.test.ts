/** Owns what comes in twice: a file without ids, exported again after a line of it was corrected. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readMapping } from '../domain/import/mapping.ts';
import { duplicateEntry } from '../domain/validation/duplicate.ts';
import { beginImport, runImport } from '../runtime/import/run-import.ts';
import { closeReappeared } from '../store/duplicates.ts';
import { releaseWarnings } from '../store/exceptions.ts';
import { applyWorkspaceRule } from '../store/rule-settings.ts';
import {
  type Books,
  bill,
  entryOf,
  exceptionsOf,
  expectBalanced,
  invoicesOf,
  openBooks,
  take,
} from './support/books.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { makeTestDirectory } from './support/directory.ts';

let scratch: TestDatabase;
const opened: Books[] = [];
const dir = makeTestDirectory('duplicates');
beforeAll(async () => {
  scratch = await createTestDatabase();
});
afterEach(async () => {
  for (const books of opened.splice(0)) await expectBalanced(scratch.database, books);
});
afterAll(() => scratch.drop());

async function newBooks(): Promise<Books> {
  const books = await openBooks(scratch.database);
  opened.push(books);
  return books;
}

/** Lines of "id, date, hours, person, note" of client Northern Ferries, project P1. */
type Line = [string, string, string, string, string];
const mappingOf = (key: Record<string, unknown>) =>
  readMapping({
    name: 'export',
    key,
    fields: {
      workDate: 'Date',
      hours: 'Hours',
      person: { name: 'Person' },
      client: { name: 'Client' },
      project: { name: 'Project' },
      notes: 'Note',
    },
    formats: { day: 'YYYY-MM-DD' },
    defaults: { approval: 'approved' },
    createMissing: ['person'],
  });
const derived = mappingOf({ identity: ['workDate', 'person', 'client', 'project', 'notes'] });
const natural = mappingOf({ natural: 'Id' });

let files = 0;
async function importFile(books: Books, lines: Line[], mapping = derived) {
  const path = join(dir, `${++files}.csv`);
  const header = 'Id,Date,Hours,Person,Note,Client,Project';
  writeFileSync(path, [header, ...lines.map((line) => `${line.join(',')},Northern Ferries,P1`)].join('\n'));
  const request = {
    workspaceId: books.workspaceId,
    source: { path },
    mapping,
    sourceName: 'export.csv',
    startedBy: 'test',
  };
  return runImport(scratch.database, await beginImport(scratch.database, request), request);
}
const ann: Line = ['1', '2026-03-02', '1.5', 'Ann Berg', 'Hull'];
const ben: Line = ['2', '2026-03-02', '1.5', 'Ben Dahl', 'Hull'];
const rules = async (books: Books) => (await exceptionsOf(books)).map((row) => row.rule);
const nets = async (books: Books) => (await invoicesOf(books)).map((invoice) => invoice.net);

test('a corrected note makes an entry of its own, which waits for a person, and names the one it was', async () => {
  const books = await newBooks();
  await importFile(books, [ann, ben]);
  await bill(scratch.database, books);
  expect(await nets(books)).toEqual(['240.00']);

  const corrected: Line = ['1', '2026-03-02', '1.5', 'Ann Berg', 'Hull and deck'];
  expect(await importFile(books, [corrected, ben])).toMatchObject({ created: 1, unchanged: 1 });
  const [found] = await exceptionsOf(books);
  expect(found).toMatchObject({
    rule: 'entry.duplicate',
    severity: 'E',
    entries: 1,
    detail: { workDate: '2026-03-02', quantity: 5400 },
  });
  const twin = await books.in((tx) =>
    tx.row<{ notes: string }>(
      `select v.notes from work_entries e join entry_versions v on v.workspace_id = $1 and v.entry_id = e.id
       where e.workspace_id = $1 and e.id = $2 and e.external_id = $3`,
      [books.workspaceId, found!.detail.twinId, found!.detail.twinKey],
    ),
  );
  expect(twin).toEqual({ notes: 'Hull' });
  await bill(scratch.database, books);
  expect(await nets(books)).toEqual(['240.00']);

  // It was other work after all. An error is not released; a workspace that takes it for a warning does so with a reason,
  // and the same file again does not bring it back.
  const release = () =>
    books.in((tx) => releaseWarnings(tx, { rules: ['entry.duplicate'] }, 'test', 'two shifts'));
  expect(await release()).toBe(0);
  await books.in((tx) => applyWorkspaceRule(tx, { ...duplicateEntry, pass: 'entry' }, 'W'));
  expect(await release()).toBe(1);
  await importFile(books, [corrected, ben]);
  expect(await rules(books)).toEqual([]);
  await bill(scratch.database, books);
  expect(await nets(books)).toEqual(['240.00', '120.00']);
});

test('more work of the same length is no duplicate while the file still has the first', async () => {
  const books = await newBooks();
  await importFile(books, [ann]);
  const more: Line[] = [
    ann,
    ['3', '2026-03-02', '1.5', 'Ann Berg', 'Deck'],
    ['4', '2026-03-03', '1.5', 'Ann Berg', 'Hull'],
    ['5', '2026-03-02', '2.5', 'Ann Berg', 'Engine'],
    ben,
  ];
  expect(await importFile(books, more)).toMatchObject({ created: 4, unchanged: 1 });
  expect(await rules(books)).toEqual([]);
});

test('a line that went explains one that came, not two', async () => {
  const books = await newBooks();
  await importFile(books, [ann]);
  await importFile(books, [
    ['1', '2026-03-02', '1.5', 'Ann Berg', 'Deck'],
    ['2', '2026-03-02', '1.5', 'Ann Berg', 'Engine'],
  ]);
  expect(await rules(books)).toEqual(['entry.duplicate']);
});

test('a file with keys of its own is taken by them: a corrected note is a new version, and another line other work', async () => {
  const books = await newBooks();
  await importFile(books, [ann], natural);
  const lines: Line[] = [
    ['1', '2026-03-02', '1.5', 'Ann Berg', 'Deck'],
    ['9', '2026-03-02', '1.5', 'Ann Berg', 'Hull'],
  ];
  expect(await importFile(books, lines, natural)).toMatchObject({ created: 1, changed: 1 });
  expect(await rules(books)).toEqual([]);
});

test('what looked like a duplicate until its twin came later in the file is closed at its end', async () => {
  const books = await newBooks();
  await take(books, [entryOf('old')]);
  const soFar = new Set(['new']);
  const isInFile = (key: string) => soFar.has(key);
  await take(books, [entryOf('new', { notes: 'corrected' })], { isInFile });
  expect(await rules(books)).toEqual(['entry.duplicate']);
  expect(await books.in((tx) => closeReappeared(tx, books.sourceId, isInFile))).toBe(0);
  soFar.add('old');
  expect(await books.in((tx) => closeReappeared(tx, books.sourceId, isInFile))).toBe(1);
  expect(await rules(books)).toEqual([]);
  await bill(scratch.database, books);
  expect(await nets(books)).toEqual(['160.00']);
});

test('a file that has both lines again says by itself that it was other work', async () => {
  const books = await newBooks();
  await importFile(books, [ann]);
  const other: Line = ['2', '2026-03-02', '1.5', 'Ann Berg', 'Deck'];
  await importFile(books, [other]);
  expect(await rules(books)).toEqual(['entry.duplicate']);
  await importFile(books, [other, ann]);
  expect(await rules(books)).toEqual([]);
  await bill(scratch.database, books);
  expect(await nets(books)).toEqual(['240.00']);
});
