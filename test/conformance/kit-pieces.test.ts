/** Owns the pieces that connectors are put together from: what each lets through, leaves out and refuses. */
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { markByHalves, markEach } from '../../connectors/kit/billed-marks.ts';
import { readInstant, readPlace } from '../../connectors/kit/checkpoint.ts';
import type { EntryPage } from '../../connectors/kit/define.ts';
import { onlyOne, requireUnchanged, taxCodeOf } from '../../connectors/kit/document-checks.ts';
import { entryAmong, entryPage, labor, personRef, withinDays } from '../../connectors/kit/entries.ts';
import { InvalidRequest, Unavailable } from '../../connectors/kit/errors.ts';
import { longWaitMs } from '../../connectors/kit/failures.ts';
import { dayField, positionBy, wordOf } from '../../connectors/kit/fields.ts';
import { answeredAt, earlier, later, toInstantOfUtc } from '../../connectors/kit/instant.ts';
import { clockTimes } from '../../connectors/kit/local-time.ts';
import { byId, record, recordsOfEach } from '../../connectors/kit/look-ups.ts';
import { idOfNamed, madeOrFound, nameFor } from '../../connectors/kit/names.ts';
import { inOrderOfChange, type OrderedList } from '../../connectors/kit/ordered-changes.ts';
import { UnreadableField } from '../../connectors/kit/rows.ts';
import { signedIn } from '../../connectors/kit/webhook.ts';
import { all } from './loopback.ts';

const vendor = { id: 'vendor', name: 'Vendor' };
const refusal = (vendorCode: string) => expect.objectContaining({ name: 'InvalidRequest', vendorCode });
async function* pagesOf<Page>(...pages: Page[]): AsyncGenerator<Page> {
  await Promise.resolve();
  yield* pages;
}

const hour = (externalId: string, workDate: string) =>
  labor({
    externalId,
    workDate,
    zone: null,
    quantity: 3_600,
    person: personRef('7', ' ', undefined),
    billable: true,
    approval: 'approved',
  });

test('an entry holds what it was told, and null for the rest', () => {
  expect({ ...hour('1', '2026-03-02'), rate: '9' }).toEqual({
    externalId: '1',
    kind: 'labor',
    workDate: '2026-03-02',
    zone: null,
    startedAt: null,
    endedAt: null,
    quantity: 3_600,
    person: { externalId: '7', code: null, name: null, email: null },
    client: null,
    project: null,
    task: null,
    position: null,
    billable: true,
    running: false,
    approval: 'approved',
    billedElsewhere: false,
    notes: null,
    rate: '9',
    cost: null,
    currency: null,
    sourceUpdatedAt: null,
  });
});

const page: EntryPage = entryPage(
  [{ entry: '1' }, { entry: 2, odd: true }, {}],
  (row) => {
    const { entry, odd } = row as { entry?: string; odd?: boolean };
    if (odd || entry === undefined) throw new UnreadableField('entry.invalid', 'It cannot be read.');
    return hour(entry, '2026-03-02');
  },
  positionBy('entry'),
);

test('rows that cannot be read keep the id that the vendor gave them, or their place', () => {
  expect(page.unreadable.map(({ position }) => position)).toEqual(['2', 'row 3 of the page']);
});

test('both bounds belong to a window, their neighbours do not, and what cannot be read stays', async () => {
  const days = ['2026-03-01', '2026-03-02', '2026-03-04', '2026-03-05'];
  const entries = days.map((day) => hour(day, day));
  const [within] = await all(withinDays(pagesOf({ ...page, entries }), '2026-03-02', '2026-03-04'));
  expect(within!.entries.map(({ workDate }) => workDate)).toEqual(['2026-03-02', '2026-03-04']);
  expect(within!.unreadable).toHaveLength(2);
});

test('an entry is found among pages, refused where it cannot be read, and absent only where no page has it', async () => {
  expect(await entryAmong(vendor, pagesOf(page), '1')).toMatchObject({ externalId: '1' });
  await expect(entryAmong(vendor, pagesOf(page), '2')).rejects.toEqual(refusal('entry.invalid'));
  expect(await entryAmong(vendor, pagesOf(page), '3')).toBeNull();
});

test('an odd look-up row is passed over, and records of each parent carry its id', async () => {
  const named = z.object({ id: z.string(), name: z.string() });
  const rows = [{ id: 'a', name: 'Hull' }, { id: 'b' }, { id: 'c', name: 'Deck' }];
  expect([...(await byId(pagesOf(rows), named, ({ id, name }) => [id, name]))]).toEqual([
    ['a', 'Hull'],
    ['c', 'Deck'],
  ]);
  const tasks = recordsOfEach(
    pagesOf(rows),
    { parent: named, row: named },
    ({ id }) => id,
    (id) => pagesOf([{ id: `${id}1`, name: 'Welding' }, {}]),
    ({ id, name }) => record(id, name, { active: false }),
  );
  expect((await all(tasks)).flat()).toEqual(
    ['a', 'c'].map((parentExternalId) => ({
      externalId: `${parentExternalId}1`,
      name: 'Welding',
      code: null,
      email: null,
      active: false,
      parentExternalId,
    })),
  );
});

test('a place that a feed reached is read back, and one that is not ours is refused', () => {
  const shape = z.object({ at: z.string() });
  expect(readPlace(vendor, null, shape, null)).toBeNull();
  expect(readPlace(vendor, '{"at":"x"}', shape, null)).toEqual({ at: 'x' });
  expect(readInstant(vendor, '2026-03-02T10:00:00+01:00')).toBe('2026-03-02T09:00:00.000Z');
  for (const text of ['{"at":1}', '{', 'null'])
    expect(() => readPlace(vendor, text, shape, null)).toThrow(refusal('checkpoint_invalid'));
  expect(() => readInstant(vendor, '2026-03-02T10:00:00')).toThrow(refusal('checkpoint_invalid'));
});

test('points in time compare, and the vendor’s clock goes before ours', () => {
  const [one, other] = ['2026-03-02T09:59:00.000Z', '2026-03-02T10:00:00.000Z'];
  expect([later(one, other), later(other, one), later(null, one), later(null, null)]).toEqual([
    other,
    other,
    one,
    null,
  ]);
  expect(earlier(other, 60_000)).toBe(one);
  expect(toInstantOfUtc('2026-03-02T10:00:00')).toBe(other);
  expect(toInstantOfUtc('2026-03-02T11:00:00+01:00')).toBe(other);
  expect(answeredAt({ headers: { date: 'Mon, 02 Mar 2026 10:00:00 GMT' } })).toBe(other);
  expect(Math.abs(Date.parse(answeredAt({ headers: {} })) - Date.now())).toBeLessThan(5_000);
});

test('clock readings need a zone and a beginning, and an end before it is the next day', () => {
  const nothing = { startedAt: null, endedAt: null };
  expect(clockTimes('2026-03-02', null, '22:30', '1:15')).toEqual(nothing);
  expect(clockTimes('2026-03-02', 'Europe/Berlin', null, '1:15')).toEqual(nothing);
  expect(clockTimes('2026-03-02', 'Europe/Berlin', '22:30', '1:15')).toEqual({
    startedAt: '2026-03-02T21:30:00.000Z',
    endedAt: '2026-03-03T00:15:00.000Z',
  });
});

test('a word or a day that is none is put before a person', () => {
  const words = { open: 'open', gone: 'void' } as const;
  expect(wordOf(vendor, 'status', 'gone', words)).toBe('void');
  for (const odd of ['toString', 'Open'])
    expect(() => wordOf(vendor, 'status', odd, words)).toThrow(
      expect.objectContaining({ reason: 'status.unknown' }),
    );
  expect(() => dayField('Vendor', 'date', '2026-02-30')).toThrow(
    expect.objectContaining({ reason: 'date.invalid' }),
  );
});

const party = z
  .object({ id: z.string(), name: z.string(), archived: z.boolean() })
  .transform(({ id, name, archived }) => ({ id, name, active: !archived }));
test('a name is found on any page, whole and in any case, but not an archived one; a row that cannot be read is no "none"', async () => {
  const rows = [
    [
      { id: '1', name: 'Rope & Tar East', archived: false },
      { id: '2', name: 'Rope & Tar', archived: true },
    ],
    [{ id: '3', name: 'ROPE & Tar', archived: false }],
  ];
  expect(await idOfNamed(vendor, pagesOf(...rows), party, 'Rope & Tar')).toBe('3');
  expect(await idOfNamed(vendor, pagesOf(...rows), party, 'Rope')).toBeNull();
  await expect(idOfNamed(vendor, pagesOf([{ id: '4' }]), party, 'Rope')).rejects.toBeInstanceOf(Unavailable);
});

test('what somebody else made meanwhile is taken, every other refusal stands', async () => {
  const refusedBy = (vendorCode: string) => () =>
    Promise.reject(new InvalidRequest('no', { connector: 'vendor', vendorCode }));
  const found = (id: string | null) => () => Promise.resolve(id);
  expect(await madeOrFound(refusedBy('taken'), 'taken', found('9'))).toBe('9');
  await expect(madeOrFound(refusedBy('taken'), 'taken', found(null))).rejects.toEqual(refusal('taken'));
  await expect(madeOrFound(refusedBy('other'), 'taken', found('9'))).rejects.toEqual(refusal('other'));
});

test('names are one line of a length that the vendor keeps', () => {
  expect(nameFor(vendor, ' Rope\t& \n Tar ', 10)).toBe('Rope & Tar');
  expect(() => nameFor(vendor, 'Rope & Tars', 10)).toThrow(refusal('name_too_long'));
  expect(() => nameFor(vendor, ' \n', 10)).toThrow(refusal('name_empty'));
});

test('a document that changed there or is gone is not overwritten, and one that stands there twice is nobody’s guess', () => {
  requireUnchanged(vendor, 'N-1', { versionToken: 'a' }, 'a');
  for (const now of [null, { versionToken: 'b' }])
    expect(() => requireUnchanged(vendor, 'N-1', now, 'a')).toThrow(refusal('changed_there'));
  expect([onlyOne(vendor, 'N-1', []), onlyOne(vendor, 'N-1', ['row'])]).toEqual([null, 'row']);
  expect(() => onlyOne(vendor, 'N-1', ['row', 'row'])).toThrow(refusal('booked_twice'));
});

test('a line’s own tax code goes first, then none on an untaxed document, then the setting', () => {
  const setting = { name: 'taxId', value: 'S' };
  const of = (taxCode: string | null, tax: string, value: string | undefined = 'S') =>
    taxCodeOf(vendor, { taxCode }, { number: 'N-1', tax }, 'NONE', { ...setting, value });
  expect([of('T', '0.00'), of(null, '0.00'), of(null, '1.00')]).toEqual(['T', 'NONE', 'S']);
  expect(() => of(null, '1.00', '')).toThrow(refusal('tax_code_missing'));
});

test('a day’s limit is waited for as long as it says', () => {
  expect(longWaitMs('7200', 60_000)).toBe(7_200_000);
  expect(longWaitMs(undefined, 60_000)).toBeGreaterThanOrEqual(60_000);
  expect(longWaitMs('soon', 60_000)).toBeLessThan(120_000);
});

test('a signature stands in its header, behind its prefix, and nowhere else', () => {
  const rawBody = Buffer.from('{}');
  const signature = createHmac('sha256', 'key').update(rawBody).digest('hex');
  const check = (headers: Record<string, string>) =>
    signedIn('x-signature', 'hex', 'sha256=')({ rawBody, headers, query: {} }, 'key');
  expect(check({ 'x-signature': `sha256=${signature}` })).toBe(true);
  expect(check({ 'x-signature': signature })).toBe(false);
  expect(check({ 'x-other': `sha256=${signature}` })).toBe(false);
  expect(check({})).toBe(false);
});

interface Row {
  id: string;
  at: string;
}
const minute = (n: number) => `2026-03-02T10:${String(n).padStart(2, '0')}:00.000Z`;
/** A vendor's list of two rows a page; `meanwhile` happens behind each page that was read. */
const listOf = (rows: Row[], meanwhile: (page: number) => void = () => {}): OrderedList => ({
  read(since, page) {
    const sorted = rows.filter(({ at }) => at >= since).toSorted((a, b) => (a.at < b.at ? -1 : 1));
    const answer = {
      rows: sorted.slice((page - 1) * 2, page * 2).map((row) => ({ ...row })),
      more: sorted.length > page * 2,
    };
    meanwhile(page);
    return Promise.resolve(answer);
  },
  updatedAtOf: (row) => (row as Row).at,
  versionOf: (row) => JSON.stringify(row),
  overlapMs: 5 * 60_000,
});
const told = async (list: OrderedList, before: string | null = null, seen?: Map<string, string>) => {
  const pages = await all(inOrderOfChange(vendor, list, before, seen));
  return {
    ids: pages.flatMap(({ rows }) => (rows as Row[]).map(({ id }) => id)),
    last: pages.at(-1)!.newest,
  };
};

test('in the order of change every row is told once, also where more than a page share one moment', async () => {
  const rows = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, at: minute(10) }));
  rows.unshift({ id: 'first', at: minute(1) });
  rows.push({ id: 'last', at: minute(20) });
  expect(await told(listOf(rows))).toEqual({
    ids: ['first', 'a', 'b', 'c', 'd', 'e', 'last'],
    last: minute(20),
  });
});

test('a row that changes while we read moves to the end: it is told again, and its neighbours are not lost', async () => {
  const rows = ['a', 'b', 'c', 'd', 'e'].map((id, index) => ({ id, at: minute(index + 1) }));
  let hasMoved = false;
  const list = listOf(rows, () => {
    if (!hasMoved) rows[0]!.at = minute(30);
    hasMoved = true;
  });
  expect((await told(list)).ids).toEqual(['a', 'b', 'c', 'd', 'e', 'a']);
});

test('the overlap is read again, and what was seen there is not told twice', async () => {
  const rows = [4, 6, 10].map((n) => ({ id: String(n), at: minute(n) }));
  const seen = new Map<string, string>();
  const { last } = await told(listOf(rows), null, seen);
  rows.push({ id: 'late', at: minute(7) });
  expect((await told(listOf(rows), last, seen)).ids).toEqual(['late']);
  expect((await told(listOf(rows), last)).ids).toEqual(['6', 'late', '10']);
});

test('a list that keeps sending the same rows ends in words', async () => {
  const row = { id: 'a', at: minute(1) };
  const list = { ...listOf([]), read: () => Promise.resolve({ rows: [row], more: true }) };
  await expect(told(list)).rejects.toEqual(refusal('endless_pages'));
});

test('marks: the refused are named and all the others done, one by one as well as by halves', async () => {
  const ids = ['1', '2', '3', '4', '5'];
  const calls: (readonly string[])[] = [];
  const byHalves = await markByHalves(ids, (some) => {
    calls.push(some);
    const odd = some.includes('4');
    return odd ? Promise.reject(new InvalidRequest('locked', { connector: 'vendor' })) : Promise.resolve();
  });
  const oneByOne = await markEach(ids, (id) => Promise.resolve(id === '4' ? 'locked' : null));
  for (const outcome of [byHalves, oneByOne])
    expect(outcome).toEqual({
      done: ['1', '2', '3', '5'],
      refused: [{ externalId: '4', reason: 'locked' }],
    });
  expect(calls).toHaveLength(5);
  const down = () => Promise.reject(new Unavailable('down', { connector: 'vendor' }));
  await expect(markByHalves(ids, down)).rejects.toBeInstanceOf(Unavailable);
});
