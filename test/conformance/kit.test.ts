import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Connector, defineConnector } from '../../connectors/kit/define.ts';
import {
  AuthorizationLost,
  InvalidRequest,
  Throttled,
  toVendorError,
  Unavailable,
  VendorError,
} from '../../connectors/kit/errors.ts';
import { createVendorHttp } from '../../connectors/kit/http.ts';
import { toInstant } from '../../connectors/kit/instant.ts';
import { jsonNumber, parseJson } from '../../connectors/kit/json.ts';
import { createLimiter } from '../../connectors/kit/limit.ts';
import { instantOf, minutesOfClock } from '../../connectors/kit/local-time.ts';
import { followLinks, numberedPages, offsetPages } from '../../connectors/kit/pages.ts';
import { connectorById, connectors } from '../../connectors/kit/registry.ts';
import { retryAfterMs } from '../../connectors/kit/retry-after.ts';
import { decimalOf, mapRows, moneyOf, rawLimitBytes, UnreadableField } from '../../connectors/kit/rows.ts';
import { hmacMatches } from '../../connectors/kit/webhook.ts';
import { all, failureOf, httpTo, json, serve } from './loopback.ts';

const vendor = defineConnector({
  id: 'vendor',
  name: 'Vendor',
  auth: { type: 'bearer', extraHeaders: (settings) => ({ 'X-Account': settings.account ?? '' }) },
  baseUrl: () => 'https://api.vendor.example/v9',
  rateLimit: { requests: 100, perSeconds: 1 },
  timeoutMs: 5_000,
  throttleMs: 7_000,
  requestIdHeader: 'x-request-id',
  settings: { account: 'the account' },
  test: async () => ({ account: 'x', warnings: [] }),
  timeSource: {
    rescan: { days: 45, everyMinutes: 360 },
    tellsDeletions: false,
    tellsApproval: true,
    async *changedSince() {},
    async *window() {},
    readEntry: async () => null,
  },
});
const settings = { account: '77' };
const to = (origin: string, options: Partial<Parameters<typeof httpTo>[2]> = {}) =>
  httpTo(vendor, origin, { settings, ...options });

describe('a call to a vendor', () => {
  test('carries the token, the account, the query and the body, under the vendor’s own path', async () => {
    const { origin, seen } = await serve((_, response) => json(response, 201, { ok: true }));
    const response = await to(origin).post('/things', {
      query: { q: "a b&c='d'", since: '2026-03-01T00:00:00+01:00', empty: null, gone: undefined },
      body: { amount: jsonNumber('490.00') },
    });
    expect(response.body).toEqual({ ok: true });
    const [request] = seen;
    expect(request!.url.pathname).toBe('/v9/things');
    expect([...request!.url.searchParams]).toEqual([
      ['q', "a b&c='d'"],
      ['since', '2026-03-01T00:00:00+01:00'],
    ]);
    expect(request!.headers).toMatchObject({
      authorization: 'Bearer token-one',
      'x-account': '77',
      accept: 'application/json',
      'content-type': 'application/json',
    });
    expect(request!.body).toBe('{"amount":490.00}');
  });

  test.each([
    [400, InvalidRequest],
    [401, AuthorizationLost],
    [403, AuthorizationLost],
    [404, InvalidRequest],
    [408, Unavailable],
    [409, InvalidRequest],
    [422, InvalidRequest],
    [429, Throttled],
    [302, InvalidRequest],
    [500, Unavailable],
    [502, Unavailable],
    [503, Unavailable],
  ] as const)('answered with %i is %o', async (status, kind) => {
    const { origin } = await serve((_, response) =>
      json(response, status, { message: 'No such luck', code: 'E7' }, { 'x-request-id': 'req-1' }),
    );
    const error = await failureOf(to(origin).get('/things'));
    expect(error).toBeInstanceOf(kind);
    expect(error).toMatchObject({ status, requestId: 'req-1', connector: 'vendor', vendorCode: 'E7' });
    expect((error as Error).message).toMatch(/^Vendor /);
  });

  test('repeats once with a new token after a 401, and only once', async () => {
    const { origin, seen } = await serve((request, response) =>
      json(response, request.headers.authorization === 'Bearer token-two' ? 200 : 401, { ok: true }),
    );
    let refreshes = 0;
    const credentials = {
      accessToken: async () => 'token-one',
      refresh: async () => (++refreshes === 1 ? 'token-two' : 'token-three'),
    };
    expect((await to(origin, { credentials }).get('/things')).body).toEqual({ ok: true });
    expect(await failureOf(to(origin, { credentials }).get('/things'))).toBeInstanceOf(AuthorizationLost);
    expect(refreshes).toBe(2);
    expect(seen).toHaveLength(4);
  });

  test('says what the refresh says when that fails', async () => {
    const { origin } = await serve((_, response) => json(response, 401, {}));
    const lost = new AuthorizationLost('Connect again.');
    const credentials = { accessToken: async () => 'token-one', refresh: () => Promise.reject(lost) };
    expect(await failureOf(to(origin, { credentials }).get('/things'))).toBe(lost);
  });

  test('keeps a missing record apart from a failure', async () => {
    const { origin } = await serve((_, response) => json(response, 404, {}));
    expect(await to(origin).get('/things/1', { allow404: true })).toBeNull();
  });

  test.each([
    ['cut off', '{"things":[1,2'],
    ['a web page', '<html>maintenance</html>'],
    ['nothing', ''],
  ])('whose answer is %s with 200 is unavailable, not empty', async (_, text) => {
    const { origin } = await serve((_request, response) => json(response, 200, text));
    expect(await failureOf(to(origin).get('/things'))).toBeInstanceOf(Unavailable);
  });

  test('that hangs or drips for ever ends at the time-out', async () => {
    const { origin } = await serve((request, response) => {
      if (request.url.pathname.endsWith('/hang')) return;
      response.writeHead(200);
      const drip = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(drip));
    });
    for (const path of ['/hang', '/drip']) {
      const startedAt = performance.now();
      const error = await failureOf(to(origin).get(path, { timeoutMs: 200 }));
      expect(error).toBeInstanceOf(Unavailable);
      expect(error).toMatchObject({ vendorCode: 'timeout' });
      expect(performance.now() - startedAt).toBeLessThan(2_000);
    }
  });

  test('that is cut off or finds nobody is unavailable', async () => {
    const { origin } = await serve((_, response) => response.destroy());
    expect(await failureOf(to(origin).post('/things', { body: {} }))).toBeInstanceOf(Unavailable);
    expect(await failureOf(to('http://127.0.0.1:9').get('/things'))).toBeInstanceOf(Unavailable);
  });

  test('that answers without end is refused at the size limit', async () => {
    const { origin } = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const block = Buffer.alloc(4 * 1024 * 1024, 0x20);
      const more = () => {
        while (!response.destroyed && response.write(block));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    expect(await failureOf(to(origin).get('/things'))).toMatchObject({
      kind: 'InvalidRequest',
      vendorCode: 'too_large',
    });
  });

  test('never repeats our secrets, even when the vendor does', async () => {
    const { origin } = await serve((request, response) =>
      json(response, 422, { message: `bad header ${request.headers.authorization}` }),
    );
    for (const problem of [
      await failureOf(to(origin).get('/things')),
      await failureOf(to('http://127.0.0.1:9').get('/things')),
    ]) {
      expect(problem).toBeInstanceOf(VendorError);
      expect(JSON.stringify(problem, Object.getOwnPropertyNames(problem))).not.toContain('token-one');
      expect((problem as Error).cause).toBeUndefined();
    }
  });

  test('lets the connector read the vendor’s own refusals, also under 200', async () => {
    const odd: Connector = {
      ...vendor,
      classify: (status, body) =>
        (body as { fault?: string }).fault
          ? new InvalidRequest(`no (${status})`, { vendorCode: 'F1' })
          : null,
    };
    const { origin } = await serve((_, response) =>
      json(response, 200, { fault: 'x' }, { 'x-request-id': 'req-9' }),
    );
    expect(await failureOf(httpTo(odd, origin, { settings }).get('/things'))).toMatchObject({
      kind: 'InvalidRequest',
      vendorCode: 'F1',
      status: 200,
      requestId: 'req-9',
      connector: 'vendor',
    });
  });

  test('needs the settings of its connection', () => {
    expect(() => to('http://127.0.0.1:9', { settings: { account: ' ' } })).toThrow(/lacks account/);
  });
});

describe('the address of a call', () => {
  test('stays on the origin of the connection', async () => {
    const { origin, seen } = await serve((_, response) => json(response, 200, {}));
    const http = to(origin);
    await http.get(`${origin}/v9/things?page=2`);
    await http.get('//elsewhere.example/things');
    expect(seen.map(({ url }) => url.pathname)).toEqual(['/v9/things', '/v9/elsewhere.example/things']);
    for (const link of [
      'https://elsewhere.example/v9/things',
      origin.replace('http:', 'https:'),
      origin.replace('127.0.0.1', 'localhost'),
      origin.replace('//', '//user:password@'),
      'file:///etc/passwd',
    ])
      expect(await failureOf(http.get(link))).toMatchObject({
        kind: 'InvalidRequest',
        vendorCode: 'foreign_address',
      });
    expect(seen).toHaveLength(2);
  });

  test('a redirect is not followed, so the token goes nowhere else', async () => {
    const other = await serve((_, response) => json(response, 200, {}));
    const { origin } = await serve((_, response) =>
      json(response, 302, {}, { location: `${other.origin}/v9/things` }),
    );
    expect(await failureOf(to(origin).get('/things'))).toBeInstanceOf(InvalidRequest);
    expect(other.seen).toHaveLength(0);
  });

  test.each([
    ['http://api.vendor.example', true],
    ['http://127.0.0.1:1', false],
    ['https://localhost', false],
    ['https://[::1]', false],
    ['https://0x7f.1', false],
    ['https://[::ffff:127.0.0.1]', false],
    ['https://169.254.169.254', true],
    ['https://user:password@api.vendor.example', true],
    ['ftp://api.vendor.example', true],
    ['nonsense', true],
  ])('%s is refused (loopback allowed: %s)', (baseUrlOverride, allowLoopback) => {
    const create = () =>
      createVendorHttp({
        connector: vendor,
        settings,
        baseUrlOverride,
        allowLoopback,
        credentials: { accessToken: async () => 'token-one' },
      });
    expect(create).toThrow(InvalidRequest);
  });
});

describe('waiting', () => {
  const noJitter = () => 0;
  const now = Date.parse('2026-11-21T06:00:00Z');

  test.each([
    ['30', 30_000],
    ['0', 1_000],
    ['1.5', 1_500],
    ['86400', 900_000],
    ['Sat, 21 Nov 2026 06:00:20 GMT', 20_000],
    ['Sat, 21 Nov 2026 05:00:00 GMT', 1_000],
    ['-5', 7_000],
    ['soon', 7_000],
    [undefined, 7_000],
  ])('Retry-After %s is %i ms', (header, expected) => {
    expect(retryAfterMs(header, 7_000, now, noJitter)).toBe(expected);
  });

  test('jitter adds, never takes away', () => {
    expect(retryAfterMs('10', 7_000, now, () => 0.999)).toBe(11_998);
    expect(retryAfterMs('600', 7_000, now, () => 0.999)).toBe(604_995);
  });

  test('a 429 carries its wait and stops the whole connection', async () => {
    const { origin, seen } = await serve((_, response) => json(response, 429, {}, { 'retry-after': '20' }));
    const limiter = createLimiter({ requests: 10, perSeconds: 1 });
    const error = (await failureOf(to(origin, { limiter }).get('/things'))) as Throttled;
    expect(error.retryAfterMs).toBeGreaterThanOrEqual(20_000);
    expect(error.retryAfterMs).toBeLessThanOrEqual(24_000);
    const next = await failureOf(to(origin, { limiter }).get('/things'));
    expect(next).toMatchObject({ kind: 'Throttled', vendorCode: 'own_limit' });
    expect(seen).toHaveLength(1);
  });

  test('a 429 without a header waits what the connector says', async () => {
    const { origin } = await serve((_, response) => json(response, 429, ''));
    const error = (await failureOf(to(origin).get('/things'))) as Throttled;
    expect(error.retryAfterMs).toBeGreaterThanOrEqual(7_000);
    expect(error.retryAfterMs).toBeLessThanOrEqual(8_400);
  });

  test('the window slides', () => {
    let at = 0;
    const limiter = createLimiter({ requests: 2, perSeconds: 10 }, () => at);
    expect([limiter.take(), limiter.take(), limiter.take()]).toEqual([0, 0, 10_000]);
    at = 9_999;
    expect(limiter.take()).toBe(1);
    at = 10_000;
    expect(limiter.take()).toBe(0);
    limiter.pause(5_000);
    limiter.pause(1_000);
    at = 14_999;
    expect(limiter.take()).toBe(1);
    at = 15_000;
    expect(limiter.take()).toBe(0);
  });

  test('a short wait for our own window happens inside the call', async () => {
    const { origin, seen } = await serve((_, response) => json(response, 200, {}));
    const http = to(origin, { limiter: createLimiter({ requests: 1, perSeconds: 0.3 }) });
    const startedAt = performance.now();
    await http.get('/things');
    await http.get('/things');
    expect(performance.now() - startedAt).toBeGreaterThan(250);
    expect(seen).toHaveLength(2);
  });
});

describe('pages', () => {
  const read = (body: unknown) => {
    const { rows, next } = body as { rows: unknown[]; next: string | null };
    return { page: rows, rows, next };
  };

  test('links are followed as given until there is none', async () => {
    const { origin, seen } = await serve((request, response) => {
      const cursor = request.url.searchParams.get('cursor');
      json(response, 200, {
        rows: [cursor],
        next: cursor === 'b' ? null : `${request.url.origin}/v9/list?cursor=${cursor ? 'b' : 'a'}`,
      });
    });
    expect(await all(followLinks(to(origin), { path: '/list', query: { size: 1 }, read }))).toEqual([
      [null],
      ['a'],
      ['b'],
    ]);
    expect(seen.map(({ url }) => url.search)).toEqual(['?size=1', '?cursor=a', '?cursor=b']);
  });

  test.each([
    ['the same link again', () => ({ rows: [Math.random()], next: '/list' })],
    ['the same rows under new links', (n: number) => ({ rows: ['same'], next: `/list?n=${n}` })],
    ['empty pages for ever', (n: number) => ({ rows: [], next: `/list?n=${n}` })],
    ['new rows for ever', (n: number) => ({ rows: [n], next: `/list?n=${n}` })],
  ])('an endless chain of %s ends in words', async (_, page) => {
    const { origin, seen } = await serve((_request, response) => json(response, 200, page(seen.length)));
    const error = await failureOf(all(followLinks(to(origin), { path: '/list', read, mostPages: 20 })));
    expect(error).toMatchObject({ kind: 'InvalidRequest', vendorCode: 'endless_pages' });
    expect((error as Error).message).toMatch(/without end/);
    expect(seen.length).toBeLessThanOrEqual(20);
  });

  test('offsets stop at the first page that is not full', async () => {
    const rows = Array.from({ length: 25 }, (_, index) => index);
    const asked: number[] = [];
    const pages = offsetPages(vendor, {
      firstOffset: 1,
      pageSize: 10,
      read: async (offset, size) => {
        asked.push(offset);
        return rows.slice(offset - 1, offset - 1 + size);
      },
    });
    expect((await all(pages)).flat()).toEqual(rows);
    expect(asked).toEqual([1, 11, 21]);
  });

  test('an offset that is ignored ends in words', async () => {
    const pages = offsetPages(vendor, { firstOffset: 0, pageSize: 2, read: async () => [1, 2] });
    expect(await failureOf(all(pages))).toMatchObject({
      kind: 'InvalidRequest',
      vendorCode: 'endless_pages',
    });
  });
});

describe('figures', () => {
  test('numbers keep every digit in both directions', () => {
    expect(
      parseJson(
        '{"a":490.00,"id":9007199254740993,"b":12345678901234.56,"c":123456789012345.67,"s":"12345678901234567890"}',
      ),
    ).toEqual({
      a: 490,
      id: '9007199254740993',
      b: '12345678901234.56',
      c: '123456789012345.67',
      s: '12345678901234567890',
    });
    // Wherever such a number may stand.
    expect(parseJson('[9007199254740993,\n\t-9007199254740993, {"a" : 9007199254740993}]')).toEqual([
      '9007199254740993',
      '-9007199254740993',
      { a: '9007199254740993' },
    ]);
    expect(parseJson('-9007199254740993')).toBe('-9007199254740993');
    expect(JSON.stringify({ a: jsonNumber('12345678901234567.89') })).toBe('{"a":12345678901234567.89}');
    for (const text of ['1e5', '01', '.5', '1,5', 'NaN', '']) expect(() => jsonNumber(text)).toThrow();
  });

  test('decimals are exact', () => {
    expect(
      [0.1, 1e21, 1e-7, '12345678901234567.89', '1.50', 'x', '', null, Number.NaN].map(decimalOf),
    ).toEqual([
      '0.1',
      '1000000000000000000000',
      '0.0000001',
      '12345678901234567.89',
      '1.5',
      null,
      null,
      null,
      null,
    ]);
    expect([490, 0.125, '3.1', -2].map(moneyOf)).toEqual(['490.00', '0.125', '3.10', '-2.00']);
  });

  test('clocks and zones', () => {
    expect(
      ['9:05am', '12:00 AM', '12:30pm', '11:59 p.m.', '14:05', '0:00', '13:00pm', '24:00', '9.05', ''].map(
        minutesOfClock,
      ),
    ).toEqual([545, 0, 750, 1439, 845, 0, null, null, null, null]);
    expect(instantOf('2026-01-15', 545, 'America/New_York')).toBe('2026-01-15T14:05:00.000Z');
    expect(instantOf('2026-07-15', 545, 'America/New_York')).toBe('2026-07-15T13:05:00.000Z');
    expect(instantOf('2026-03-29', 60, 'Europe/Berlin')).toBe('2026-03-29T00:00:00.000Z');
    expect(instantOf('2026-03-29', 180, 'Europe/Berlin')).toBe('2026-03-29T01:00:00.000Z');
    expect(instantOf('2026-10-25', 24 * 60 + 30, 'Europe/Berlin')).toBe('2026-10-25T23:30:00.000Z');
    expect(
      ['2026-03-05T09:01:44-08:00', '2026-03-05T09:01:44Z', '2026-03-05T09:01:44', '2026-03-05', 'x'].map(
        toInstant,
      ),
    ).toEqual(['2026-03-05T17:01:44.000Z', '2026-03-05T09:01:44.000Z', null, null, null]);
  });
});

test('a row that cannot be read is kept whole, a long one cut and marked; our own mistakes are not hidden', () => {
  const refuse = (row: unknown) => {
    if (row === 'bug') throw new TypeError('mistake');
    if (row !== 'good') throw new UnreadableField('hours.missing', 'no hours');
    return row;
  };
  const long = 'ä'.repeat(rawLimitBytes);
  const { mapped, unreadable } = mapRows(['good', { id: 1 }, long], refuse, (_, index) => `row ${index}`);
  expect(mapped).toEqual(['good']);
  expect(unreadable[0]).toEqual({
    position: 'row 1',
    raw: '{"id":1}',
    truncated: false,
    reason: 'hours.missing',
    detail: 'no hours',
  });
  expect(unreadable[1]!.truncated).toBe(true);
  expect(Buffer.byteLength(unreadable[1]!.raw)).toBeLessThanOrEqual(rawLimitBytes);
  expect(unreadable[1]!.raw).not.toContain('\uFFFD');
  expect(() => mapRows(['bug'], refuse, () => '')).toThrow(TypeError);
});

test('a webhook signature is checked over the raw bytes', () => {
  const rawBody = Buffer.from('{"a": 1}\n');
  const signature = createHmac('sha256', 'key').update(rawBody).digest('base64');
  const check = { rawBody, signature, secret: 'key', algorithm: 'sha256', encoding: 'base64' } as const;
  expect(hmacMatches(check)).toBe(true);
  expect(hmacMatches({ ...check, rawBody: Buffer.from('{"a":1}') })).toBe(false);
  expect(hmacMatches({ ...check, secret: 'other' })).toBe(false);
  expect(hmacMatches({ ...check, signature: undefined })).toBe(false);
  expect(hmacMatches({ ...check, signature: signature.slice(1) })).toBe(false);
  const unsigned = createHmac('sha256', '').update(rawBody).digest('base64');
  expect(hmacMatches({ ...check, secret: '', signature: unsigned })).toBe(false);
  const hex = createHmac('sha256', 'key').update(rawBody).digest('hex').toUpperCase();
  expect(hmacMatches({ ...check, signature: hex, encoding: 'hex' })).toBe(true);
});

test('whatever is thrown becomes one of the four', () => {
  const known = new Throttled('wait', 5);
  expect(toVendorError(known)).toBe(known);
  const unknown = new TypeError('x is not a function');
  expect(toVendorError(unknown, 'Vendor')).toMatchObject({ kind: 'Unavailable', cause: unknown });
});

test('connectors are found by id, and checked when they are defined', () => {
  expect([...connectors.values()].map(({ id }) => id)).toEqual([...connectors.keys()]);
  expect(connectorById('harvest').name).toBe('Harvest');
  expect(() => connectorById('nope')).toThrow(/there are .*harvest/);
  for (const [wrong, word] of [
    [{ id: 'Not Kebab' }, 'kebab-case'],
    [{ timeoutMs: 0 }, 'timeoutMs'],
    [{ throttleMs: 0 }, 'throttleMs'],
    [{ rateLimit: { requests: 0, perSeconds: 1 } }, 'rateLimit'],
    [{ optionalSettings: { account: 'again' } }, 'account'],
    [{ timeSource: undefined }, 'capability'],
  ] as const)
    expect(() => defineConnector({ ...vendor, ...wrong } as Connector)).toThrow(word);
});

test('a list that shrinks while it is read is read from its beginning, a few times at most', async () => {
  const list = Array.from({ length: 7 }, (_, index) => index);
  const pagesOf = (onPage: (page: number) => void) =>
    numberedPages(vendor, {
      read: (page) => {
        const rows = list.slice((page - 1) * 3, page * 3);
        const answer = { rows, more: page * 3 < list.length, total: list.length };
        onPage(page);
        return Promise.resolve(answer);
      },
    });
  const seen = new Set<number>();
  let isFirst = true;
  // The first row goes after the first page: what was the fourth is on a page then that was read.
  const remove = () => {
    if (isFirst) list.shift();
    isFirst = false;
  };
  for await (const rows of pagesOf(remove)) for (const row of rows) seen.add(row);
  expect(seen).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]));
  list.splice(0, Infinity, ...Array.from({ length: 100 }, (_, index) => index));
  let pages = 0;
  for await (const _ of pagesOf(() => list.pop())) pages += 1;
  expect(pages).toBeLessThan(40);
});
