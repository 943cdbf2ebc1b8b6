/** Owns that a write at a platform happens once, however many processes are at it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OpenVendor } from '../activities/vendor.ts';
import { type WrittenSubject, writeOnce } from '../activities/write-once.ts';
import { InvalidRequest, Unavailable } from '../connectors/kit/errors.ts';
import { newId } from '../store/new-id.ts';
import { type Books, openBooks } from './support/books.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';

let scratch: TestDatabase;
let books: Books;
let vendor: OpenVendor;
beforeAll(async () => {
  scratch = await createTestDatabase();
  books = await openBooks(scratch.database);
  const connection = await books.in((tx) =>
    tx.row<{ id: string }>(
      "insert into connections (workspace_id, connector, name, go_live_on) values ($1, 'quickbooks', 'books', '2026-01-01') returning id",
      [books.workspaceId],
    ),
  );
  vendor = { connection, timeoutMs: 200 } as unknown as OpenVendor;
});
afterAll(() => scratch.drop());

/** A platform without idempotency keys, that takes its time. */
function openPlatform(write: (nth: number) => void) {
  const made: string[] = [];
  let calls = 0;
  const pause = () => new Promise((resolve) => setTimeout(resolve, 40));
  return {
    made,
    calls: () => calls,
    find: async () => {
      await pause();
      return made[0] ?? null;
    },
    create: async () => {
      calls += 1;
      const nth = calls;
      await pause();
      write(nth);
      made.push(`document ${nth}`);
      return made.at(-1)!;
    },
  };
}
const wanted = (more: Partial<WrittenSubject> = {}): WrittenSubject => ({
  workspaceId: books.workspaceId,
  subjectType: 'client',
  subjectId: newId(),
  generation: 1,
  ...more,
});
const push = (subject: WrittenSubject, { find, create }: ReturnType<typeof openPlatform>) =>
  writeOnce(scratch.database, vendor, subject, find, create).then(({ remote }) => remote);

test('those that wait out the same lost answer do not all post: one does, the others find what it made', async () => {
  const platform = openPlatform((nth) => {
    if (nth === 1) throw new Unavailable('no answer');
  });
  const subject = wanted();
  const first = push(subject, platform).catch((problem: unknown) => problem);
  const others = await Promise.all([1, 2, 3].map(() => push(subject, platform)));
  expect(await first).toBeInstanceOf(Unavailable);
  expect(platform.made).toEqual(['document 2']);
  expect(others).toEqual(['document 2', 'document 2', 'document 2']);
});

test('what a person retries is looked for and posted by one, and waits for no deadline of its own', async () => {
  const platform = openPlatform(() => {});
  const subject = wanted({ generation: 2 });
  const startedAt = performance.now();
  expect(await push(subject, platform)).toBe('document 1');
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  expect(await Promise.all([push(subject, platform), push(subject, platform)])).toEqual([
    'document 1',
    'document 1',
  ]);
  expect(platform.calls()).toBe(1);
});

test('a refusal lets the next try post at once', async () => {
  const platform = openPlatform((nth) => {
    if (nth === 1) throw new InvalidRequest('no');
  });
  const subject = wanted();
  await expect(push(subject, platform)).rejects.toBeInstanceOf(InvalidRequest);
  const startedAt = performance.now();
  expect(await push(subject, platform)).toBe('document 2');
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});
