/** Owns number series over HTTP and at issue: numbers that fit their platform, and that no other document has. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { seriesDocumentTypes } from '../../domain/numbering.ts';
import { newId } from '../../store/new-id.ts';
import { entryOf, exceptionsOf, expectBalanced, invoicesOf, take } from '../support/books.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

const connectors = new Map([
  [
    'quickbooks',
    { id: 'quickbooks', name: 'QuickBooks', settings: {}, invoiceTarget: { numberMaxLength: 21 } },
  ],
]);
let api: TestApi;
const opened: Firm[] = [];
beforeAll(async () => {
  api = await startApi({ connectors });
});
afterEach(async () => {
  for (const firm of opened.splice(0)) await expectBalanced(api.test.database, firm.books);
});
afterAll(() => api.stop());

/** A firm whose invoices go to QuickBooks, which takes numbers of 21 characters. */
async function firmWithTarget(): Promise<Firm> {
  const firm = await openFirm(api);
  opened.push(firm);
  const { workspaceId, contractId } = firm.books;
  await firm.books.in(async (tx) => {
    const connectionId = newId();
    await tx.run(
      `insert into connections (workspace_id, id, connector, name, go_live_on) values ($1, $2, 'quickbooks', 'Books', '2026-01-01')`,
      [workspaceId, connectionId],
    );
    await tx.run('update contracts set target_connection_id = $3 where workspace_id = $1 and id = $2', [
      workspaceId,
      contractId,
      connectionId,
    ]);
  });
  return firm;
}
const setPattern = (firm: Firm, pattern: string) =>
  firm.books.in((tx) =>
    tx.run('update series set pattern = $3 where workspace_id = $1 and id = $2', [
      firm.books.workspaceId,
      firm.books.seriesId,
      pattern,
    ]),
  );
const numbersOf = async (firm: Firm) => (await invoicesOf(firm.books)).map((row) => row.number);
/** `{CLIENT}-WORKS-2026-{N…}`: 15 characters before the counter. */
const patternOf = (digits: number) => `{CLIENT}-WORKS-2026-{${'N'.repeat(digits)}}`;

test('every document type that the tables know can have a series, and no other', async () => {
  const firm = await openFirm(api);
  for (const documentType of seriesDocumentTypes) {
    const made = await firm.post('/series', {
      sellerId: firm.books.sellerId,
      documentType,
      name: 'another',
      pattern: `${documentType.slice(0, 2).toUpperCase()}-{NNNN}`,
    });
    expect([documentType, made.status]).toEqual([documentType, 201]);
  }
  const rows = await firm.books.in((tx) =>
    tx.row<{ definition: string }>(
      `select pg_get_constraintdef(oid) as definition from pg_constraint where conname = 'series_document_type_check'`,
    ),
  );
  const known = [...rows!.definition.matchAll(/'([a-z_]+)'/g)].map((match) => match[1]);
  expect(new Set(known)).toEqual(new Set(seriesDocumentTypes));
});

test('a number that its platform would refuse is not given: the draft is held, the limit named, and the pattern mends it', async () => {
  const firm = await firmWithTarget();
  await take(firm.books, [entryOf('A')]);
  expect(patternOf(7)).toBe('{CLIENT}-WORKS-2026-{NNNNNNN}');
  await setPattern(firm, patternOf(7));
  const run = await firm.run('issue');
  expect(run.counts).toMatchObject({ issued: 0, held: 1 });
  const [held] = await invoicesOf(firm.books);
  expect(held).toMatchObject({
    status: 'held',
    number: null,
    holdReason:
      'its number NFE-WORKS-2026-0000001 has 22 characters, and quickbooks takes 21: shorten the pattern {CLIENT}-WORKS-2026-{NNNNNNN}',
  });
  const found = (await exceptionsOf(firm.books)).find((row) => row.rule === 'number.too_long');
  expect(found).toMatchObject({
    severity: 'E',
    subjectKey: `series:${firm.books.seriesId}`,
    detail: { limit: 21, length: 22, connector: 'quickbooks', number: 'NFE-WORKS-2026-0000001' },
  });
  // No reason releases it: the platform would refuse it after the number is given.
  const released = await firm.post(`/invoices/${held!.id}/issue`, { releaseReason: 'as it is' });
  expect([released.status, released.json.code]).toEqual([409, 'invoice.gate']);
  expect(released.json.detail).toContain('quickbooks takes 21');

  expect((await firm.patch(`/series/${firm.books.seriesId}`, { pattern: patternOf(6) })).status).toBe(200);
  expect((await exceptionsOf(firm.books)).map((row) => row.rule)).toEqual(['invoice.held']);
  const issued = await firm.post(`/invoices/${held!.id}/issue`, { releaseReason: 'the pattern is shorter' });
  expect(issued.json).toMatchObject({ number: 'NFE-WORKS-2026-000001' });
  expect(await exceptionsOf(firm.books)).toEqual([]);
});

test('a counter that outgrows its platform stops there: what fits is issued, the rest is held, and there is no gap', async () => {
  const firm = await firmWithTarget();
  await firm.books.in((tx) =>
    tx.run(`update series set pattern = $3, next_number = 999999 where workspace_id = $1 and id = $2`, [
      firm.books.workspaceId,
      firm.books.seriesId,
      patternOf(6),
    ]),
  );
  await firm.books.in((tx) =>
    tx.run(
      `update contracts set grouping = '{"invoice": "entry", "line": "entry"}' where workspace_id = $1`,
      [firm.books.workspaceId],
    ),
  );
  await take(firm.books, [entryOf('A'), entryOf('B'), entryOf('C')]);
  expect((await firm.run('issue')).counts).toMatchObject({ issued: 1, held: 2 });
  expect(await numbersOf(firm)).toEqual(['NFE-WORKS-2026-999999', null, null]);
  const series = await firm.get(`/series/${firm.books.seriesId}`);
  expect(series.json.nextNumber).toBe(1_000_000);
  // One wrong pattern is one exception, however many invoices it holds.
  const rules = (await exceptionsOf(firm.books)).map((row) => row.rule);
  expect(rules).toEqual(['invoice.held', 'invoice.held', 'number.too_long']);
});

test('a pattern that can never fit the platform is refused when it is written', async () => {
  const firm = await firmWithTarget();
  const long = await firm.patch(`/series/${firm.books.seriesId}`, { pattern: patternOf(7) });
  expect([long.status, long.json.code]).toEqual([422, 'number.too_long']);
  expect(long.json.detail).toContain('at least 22 characters; quickbooks');
  const prefixed = await firm.post('/series', {
    sellerId: firm.books.sellerId,
    documentType: 'invoice',
    name: 'internal',
    prefix: 'INTERNAL-CHARGES',
    pattern: '{PREFIX}-{YYYY}-{N}',
  });
  expect([prefixed.status, prefixed.json.code]).toEqual([422, 'number.too_long']);
  expect((await firm.get('/series')).json.items).toHaveLength(1);
  // Credit notes of this seller do not go there.
  const other = { sellerId: firm.books.sellerId, documentType: 'credit_note', pattern: patternOf(7) };
  expect((await firm.post('/series', other)).status).toBe(201);
});

test('two series of a seller that would give the same numbers are refused, also when both come at once', async () => {
  const firm = await openFirm(api);
  opened.push(firm);
  const internal = { sellerId: firm.books.sellerId, documentType: 'invoice', name: 'internal' };
  const same = await firm.post('/series', { ...internal, pattern: '{CLIENT}-{NN}' });
  expect([same.status, same.json.code]).toEqual([409, 'series.equal_numbers']);
  expect(same.json.detail).toContain('"default"');
  const answers = await Promise.all(
    ['one', 'two', 'three'].map((name) =>
      firm.post('/series', { ...internal, name, prefix: 'INT', pattern: '{PREFIX}-{NNNN}' }),
    ),
  );
  expect(answers.map((answer) => answer.status).sort((a, b) => a - b)).toEqual([201, 409, 409]);
  const [made] = answers.filter((answer) => answer.status === 201);
  const changed = await firm.patch(`/series/${made!.json.id}`, { pattern: '{CLIENT}-{NNNNNN}' });
  expect([changed.status, changed.json.code]).toEqual([409, 'series.equal_numbers']);
  expect((await firm.patch(`/series/${made!.json.id}`, { pattern: 'INT/{NNNN}' })).status).toBe(200);
});

test('a number that another invoice of the seller has is not given twice: the draft is held and says which', async () => {
  const firm = await openFirm(api);
  opened.push(firm);
  await take(firm.books, [entryOf('A')]);
  await firm.run('issue');
  // Patterns that differ and meet all the same: a client's code typed into one of them.
  await firm.books.in(async (tx) => {
    await tx.run('update clients set internal = true where workspace_id = $1', [firm.books.workspaceId]);
  });
  const made = await firm.post('/series', {
    sellerId: firm.books.sellerId,
    documentType: 'invoice',
    name: 'internal',
    pattern: 'NFE-{NNNN}',
  });
  expect(made.status, made.text).toBe(201);
  await take(firm.books, [entryOf('B')]);
  expect((await firm.run('issue')).counts).toMatchObject({ issued: 0, held: 1 });
  const held = (await invoicesOf(firm.books)).find((row) => row.status === 'held')!;
  expect(held.holdReason).toBe(
    "its number NFE-0001 is another invoice's of this seller: change the pattern NFE-{NNNN}",
  );
  expect((await exceptionsOf(firm.books)).map((row) => row.rule)).toEqual(['invoice.held', 'number.taken']);
  await firm.patch(`/series/${made.json.id}`, { pattern: 'INT-{NNNN}' });
  const issued = await firm.post(`/invoices/${held.id}/issue`, { releaseReason: 'a pattern of its own' });
  expect(issued.json).toMatchObject({ number: 'INT-0001' });
  expect(await exceptionsOf(firm.books)).toEqual([]);
});
