/** Price lists, markups and rates between currencies over the API: what is refused, and which one counts. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rateOn } from '../../store/currency-rates.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
let firm: Firm;
beforeAll(async () => {
  api = await startApi();
  firm = await openFirm(api);
});
afterAll(() => api.stop());

const made = async (path: string, body: unknown) => {
  const answer = await firm.post(path, body);
  if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${answer.text}`);
  return answer.json as { id: string };
};
const known = async (from: string, to: string, day: string) =>
  firm.books.in(async (tx) => {
    const rate = await rateOn(tx, from, to, day);
    return rate && `${rate.rate} of ${rate.rateOn} by ${rate.source}`;
  });
const upload = (rows: string, source = 'ECB') =>
  api.call('POST', `/currency-rates/import${source === '' ? '' : `?source=${source}`}`, {
    key: firm.key,
    raw: rows,
    headers: { 'Content-Type': 'text/csv' },
  });

test('prices of one product and tier follow each other in a list and never overlap', async () => {
  const list = await made('/price-lists', { name: 'Workshop', currency: 'GBP' });
  const { id: productId } = await firm.books.in(
    async (tx) =>
      (await tx.row<{ id: string }>(
        `insert into products (workspace_id, name, unit) values ($1, 'Anode', 'piece') returning id`,
        [tx.workspaceId],
      ))!,
  );
  const path = `/price-lists/${list.id}/prices`;
  const price = (facts: object) => ({ productId, unitPrice: '9.00', ...facts });
  const first = await made(path, price({ validFrom: '2026-01-01', validTo: '2026-07-01' }));
  // Half-open: it may begin on the very day that the other ends.
  const next = await made(path, price({ validFrom: '2026-07-01' }));
  // Another tier is another price.
  await made(path, price({ minimumQuantity: '10', unitPrice: '8.00' }));
  for (const dates of [
    { validFrom: '2026-06-30', validTo: '2026-07-01' },
    { validFrom: '2025-01-01' },
    { validFrom: '2030-01-01', validTo: '2031-01-01' },
    {},
  ]) {
    const refused = await firm.post(path, price(dates));
    expect(refused.status).toBe(422);
    expect(refused.json).toMatchObject({ code: 'list_price.overlap' });
  }
  expect((await firm.patch(`${path}/${first.id}`, { validTo: '2026-07-02' })).json).toMatchObject({
    code: 'list_price.overlap',
  });
  expect((await firm.patch(`${path}/${next.id}`, { validTo: '2026-06-01' })).json).toMatchObject({
    code: 'list_price.dates_conflict',
  });
  expect((await firm.patch(`${path}/${next.id}`, { validTo: '2027-01-01' })).status).toBe(200);
  expect((await firm.get(path)).json).toMatchObject({ items: [{}, {}, {}] });
  const racing = await Promise.all(
    Array.from({ length: 4 }, () => firm.post(path, price({ validFrom: '2028-01-01' }))),
  );
  expect(racing.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([201, 422, 422, 422]);
});

test('a markup has a category, a scope of this workspace, and ends after it begins', async () => {
  const markup = {
    scopeType: 'client',
    scopeId: firm.books.clientId,
    category: 'expenses',
    percentage: '10',
  };
  const { id } = await made('/markups', { ...markup, validFrom: '2026-01-01' });
  expect((await firm.post('/markups', { ...markup, percentage: '-100.01' })).status).toBe(422);
  expect((await firm.post('/markups', { ...markup, validFrom: '2026-01-01' })).status).toBe(409);
  expect((await firm.post('/markups', { ...markup, scopeType: 'contract' })).json).toMatchObject({
    code: 'reference.unknown',
  });
  expect((await firm.patch(`/markups/${id}`, { validTo: '2026-01-01' })).json).toMatchObject({
    code: 'markup.dates_conflict',
  });
  expect((await firm.patch(`/markups/${id}`, { percentage: '12.5' })).json).toMatchObject({
    percentage: '12.5',
  });
  expect((await api.call('DELETE', `/markups/${id}`, { key: firm.key })).status).toBe(204);
  expect((await firm.get(`/markups/${id}`)).status).toBe(404);
});

test('a rate counts on its day and the six after it, and the newest entry of a day stands before what it corrects', async () => {
  const rate = { base: 'USD', quote: 'GBP', rateOn: '2026-03-06', rate: '0.78', source: 'ECB' };
  await made('/currency-rates', rate);
  expect(await known('USD', 'GBP', '2026-03-05')).toBe(null);
  expect(await known('USD', 'GBP', '2026-03-06')).toBe('0.78 of 2026-03-06 by ECB');
  expect(await known('USD', 'GBP', '2026-03-12')).toBe('0.78 of 2026-03-06 by ECB');
  expect(await known('USD', 'GBP', '2026-03-13')).toBe(null);
  await made('/currency-rates', { ...rate, rate: '0.79', source: 'ECB, corrected' });
  expect(await known('USD', 'GBP', '2026-03-08')).toBe('0.79 of 2026-03-06 by ECB, corrected');
});

test('nothing is turned round that was not declared to hold both ways, and nothing is crossed', async () => {
  await made('/currency-rates', {
    base: 'GBP',
    quote: 'NOK',
    rateOn: '2026-03-06',
    rate: '12.5',
    source: 'ECB',
  });
  expect(await known('NOK', 'GBP', '2026-03-06')).toBe(null);
  await made('/currency-rates', {
    base: 'GBP',
    quote: 'EUR',
    rateOn: '2026-03-06',
    rate: '1.25',
    source: 'Agreed',
    bothWays: true,
  });
  expect(await known('EUR', 'GBP', '2026-03-06')).toBe(
    '0.8 of 2026-03-06 by Agreed, inverse of GBP/EUR 1.25',
  );
  // EUR → GBP → NOK would be known.
  expect(await known('EUR', 'NOK', '2026-03-06')).toBe(null);
  await made('/currency-rates', {
    base: 'EUR',
    quote: 'GBP',
    rateOn: '2026-03-06',
    rate: '0.81',
    source: 'ECB',
  });
  expect(await known('EUR', 'GBP', '2026-03-06')).toBe('0.81 of 2026-03-06 by ECB');
});

test('a file of rates is taken whole or not at all, and again it changes nothing', async () => {
  const file =
    'base,quote,rateOn,rate,bothWays\r\nSEK,GBP,2026-03-02,0.0745,no\r\nJPY,GBP,2026-03-02,0.00512,yes\r\n';
  expect((await upload(file)).json).toEqual({ created: 2, unchanged: 0 });
  expect((await upload(file)).json).toEqual({ created: 0, unchanged: 2 });
  expect((await upload(file.replace('0.0745', '0.0750'))).json).toEqual({ created: 1, unchanged: 1 });
  expect(await known('SEK', 'GBP', '2026-03-02')).toBe('0.075 of 2026-03-02 by ECB');
  expect(await known('GBP', 'JPY', '2026-03-02')).toBe(
    '195.3125 of 2026-03-02 by ECB, inverse of JPY/GBP 0.00512',
  );
  const bad = await upload(
    'base,quote,rateOn,rate\nDKK,GBP,2026-03-02,0.11\nDKK,DKK,2026-03-02,1\nDKK,GBP,2026-02-30,0\n',
  );
  expect(bad.status).toBe(422);
  expect(bad.json).toMatchObject({ code: 'file.bad_rows', details: { badRows: 2 } });
  expect(await known('DKK', 'GBP', '2026-03-02')).toBe(null);
  expect((await upload('base,quote,rateOn,rate\nDKK,GBP,2026-03-02,0.11\n', '')).text).toContain(
    'who states the rate',
  );
});

test('a rate is never changed or deleted, whoever asks the database', async () => {
  for (const statement of ['update currency_rates set rate = 1', 'delete from currency_rates'])
    await expect(
      firm.books.in((tx) => tx.run(`${statement} where workspace_id = $1`, [tx.workspaceId])),
    ).rejects.toThrow(/permission denied|append-only/);
});
