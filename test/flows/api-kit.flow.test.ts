/** Owns how the API answers what is malformed, too much, stale or wrong, and that it says nothing it should not. */
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { text as readText } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineRoute, streamOf } from '../../api/kit/route.ts';
import { Refusal } from '../../domain/refusal.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
let workspace: { id: string; key: string };
let key: string;
beforeAll(async () => {
  api = await startApi();
  workspace = await api.newWorkspace();
  key = workspace.key;
});
afterAll(() => api.stop());

let number = 0;
const newClient = (fields: object = {}) => {
  number += 1;
  const code = `${String.fromCharCode(65 + (number % 26))}${String.fromCharCode(65 + (Math.floor(number / 26) % 26))}Z`;
  return { name: `Client ${number}`, email: 'ap@client.example', code, currency: 'EUR', ...fields };
};

describe('a body', () => {
  it.each([
    ['half', '{"name":'],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['65 levels deep', '['.repeat(65) + ']'.repeat(65)],
    ['400,000 levels deep', '['.repeat(400_000)],
  ])('that is %s is a 400 with a code', async (_, raw) => {
    const answer = await api.call('POST', '/clients', { key, raw });
    expect(answer.status).toBe(400);
    expect(answer.json.code).toBe('request.malformed_json');
  });

  it('with brackets inside of strings is not deep', async () => {
    const answer = await api.call('POST', '/clients', { key, body: newClient({ name: '[{"\\'.repeat(40) }) });
    expect(answer.status).toBe(201);
  });

  it('of more than a million bytes is a 413, announced or not', async () => {
    const raw = `{"name":"${'x'.repeat(1_000_001)}"}`;
    const announced = await api.call('POST', '/clients', { key, raw });
    expect(announced.status).toBe(413);
    expect(announced.json.code).toBe('request.too_large');
    const response = await fetch(`${api.url}/api/v1/clients`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      body: Readable.toWeb(Readable.from([raw.slice(0, 600_000), raw.slice(600_000)])) as ReadableStream,
      duplex: 'half',
    } as RequestInit);
    expect(response.status).toBe(413);
  });

  it('of another media type, or compressed, is a 415', async () => {
    const form = await api.call('POST', '/clients', {
      key,
      raw: 'name=x',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });
    expect([form.status, form.json.code]).toEqual([415, 'request.unsupported_media_type']);
    const packed = await api.call('POST', '/clients', {
      key,
      raw: '{}',
      headers: { 'Content-Encoding': 'gzip' },
    });
    expect(packed.status).toBe(415);
  });

  it('is told every wrong field by JSON pointer, unknown ones too', async () => {
    const answer = await api.call('POST', '/clients', {
      key,
      body: { name: '', code: 'abc', curency: 'EUR', address: { country: 'Norway', 'a/b': 1 } },
    });
    expect(answer.status).toBe(422);
    expect(answer.json.code).toBe('request.invalid_body');
    const pointers = answer.json.errors.map((error: { pointer: string }) => error.pointer).toSorted();
    expect(pointers).toEqual([
      '/address/a~1b',
      '/address/country',
      '/code',
      '/curency',
      '/currency',
      '/name',
    ]);
  });

  it('is missing: told so, not taken for empty', async () => {
    const answer = await api.call('POST', '/clients', { key });
    expect([answer.status, answer.json.code]).toEqual([422, 'request.invalid_body']);
  });
});

describe('a path', () => {
  it('that is nothing is a 404, with or without a key', async () => {
    for (const path of ['/nothing', '/clients/', '/Clients', '/api/v2/clients'])
      expect((await api.call('GET', path)).status, path).toBe(404);
  });

  it('whose id is no id is a 404', async () => {
    const answer = await api.call('GET', '/clients/1', { key });
    expect([answer.status, answer.json.code]).toEqual([404, 'request.no_such_path']);
    expect((await api.call('GET', '/clients/%E0%A4%A', { key })).status).toBe(400);
  });

  it('under another method is a 405 that says which there are', async () => {
    const answer = await api.call('PUT', '/clients', { key, body: {} });
    expect([answer.status, answer.json.code]).toEqual([405, 'request.method_not_allowed']);
    expect(answer.headers.get('allow')).toBe('POST, GET, HEAD, OPTIONS');
    const options = await api.call('OPTIONS', '/clients');
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'POST, GET, HEAD, OPTIONS']);
  });

  it('answers HEAD like GET without a body', async () => {
    const answer = await api.call('HEAD', '/clients', { key });
    expect([answer.status, answer.text]).toEqual([200, '']);
  });
});

describe('a value that the database refuses', () => {
  it('is a 409 at the field that must be unique', async () => {
    const first = newClient();
    await api.call('POST', '/clients', { key, body: first });
    const answer = await api.call('POST', '/clients', { key, body: { ...newClient(), code: first.code } });
    expect([answer.status, answer.json.code]).toEqual([409, 'clients.duplicate']);
    expect(answer.json.errors).toEqual([{ pointer: '/code', detail: 'is taken' }]);
    expect(answer.text).not.toContain('constraint');
  });

  it('is unique within its workspace only', async () => {
    const body = newClient();
    const other = await api.newWorkspace('Other');
    expect((await api.call('POST', '/clients', { key, body })).status).toBe(201);
    expect((await api.call('POST', '/clients', { key: other.key, body })).status).toBe(201);
  });

  it('is a 422 at the id that names nothing', async () => {
    const body = { clientId: '018f0000-0000-7000-8000-000000000000', code: 'P1', name: 'Of nobody' };
    const answer = await api.call('POST', '/projects', { key, body });
    expect([answer.status, answer.json.code]).toEqual([422, 'reference.unknown']);
    expect(answer.json.errors[0].pointer).toBe('/clientId');
  });

  it('is a 422 where a text holds NUL, and never a 500', async () => {
    const answer = await api.call('POST', '/clients', { key, body: newClient({ name: 'a\u0000b' }) });
    expect([answer.status, answer.json.code]).toEqual([422, 'value.unacceptable']);
  });
});

describe('an edit', () => {
  it('by two people at once reaches the second one as a 412, and an unchanged read is a 304', async () => {
    const created = await api.call('POST', '/clients', { key, body: newClient() });
    const path = `/clients/${created.json.id}`;
    const read = await api.call('GET', path, { key });
    const etag = read.headers.get('etag')!;
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    // Without Cache-Control of its own, fetch adds no-cache, which asks for the whole answer.
    const again = { 'If-None-Match': etag, 'Cache-Control': 'max-age=0' };
    expect((await api.call('GET', path, { key, headers: again })).status).toBe(304);

    const first = await api.call('PATCH', path, {
      key,
      body: { paymentTermsDays: 10 },
      headers: { 'If-Match': etag },
    });
    expect(first.status).toBe(200);
    const second = await api.call('PATCH', path, {
      key,
      body: { paymentTermsDays: 20 },
      headers: { 'If-Match': etag },
    });
    expect([second.status, second.json.code]).toEqual([412, 'request.stale']);
    expect(second.json.details.currentEtag).toBe(first.headers.get('etag'));
    const after = await api.call('GET', path, { key });
    expect(after.json.paymentTermsDays).toBe(10);
    expect(after.headers.get('etag')).toBe(first.headers.get('etag'));
  });

  it('changes only what it names, and null clears', async () => {
    const { json } = await api.call('POST', '/clients', {
      key,
      body: newClient({ taxId: 'NO1', paymentTermsDays: 7 }),
    });
    const answer = await api.call('PATCH', `/clients/${json.id}`, { key, body: { taxId: null } });
    expect(answer.json).toEqual({ ...json, taxId: null });
  });

  it('leaves an event with what changed from what to what, in the same transaction', async () => {
    const { json } = await api.call('POST', '/clients', { key, body: newClient({ email: 'a@example.com' }) });
    await api.call('PATCH', `/clients/${json.id}`, {
      key,
      body: { status: 'inactive', email: 'b@example.com' },
    });
    const events = await api.test.database.inWorkspace(workspace.id, (tx) =>
      tx.rows<{ type: string; actor: string; before: unknown; after: unknown }>(
        'select type, actor, before, after from events where subject_id = $1 order by id',
        [json.id],
      ),
    );
    expect(events.map((event) => event.type)).toEqual(['client.created', 'client.updated']);
    // The e-mail is there as ciphertext only: test/audit.flow.test.ts.
    expect(events[1]).toMatchObject({ before: { status: 'active' }, after: { status: 'inactive' } });
    expect(Object.keys(events[1]?.after as object)).toEqual(['status']);
    expect(events[0]?.actor).toMatch(/^key:/);
  });
});

describe('a list', () => {
  it('gives every row once over its pages, and nothing twice', async () => {
    const lister = await api.newWorkspace('Lister');
    const names = Array.from({ length: 7 }, (_, index) => `Person ${index}`);
    for (const name of names) await api.call('POST', '/people', { key: lister.key, body: { name } });
    const seen: string[] = [];
    let cursor: string | null = '';
    let pages = 0;
    while (cursor !== null) {
      const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const answer = await api.call('GET', `/people?limit=3${query}`, { key: lister.key });
      seen.push(...answer.json.items.map((person: { name: string }) => person.name));
      cursor = answer.json.nextCursor as string | null;
      pages += 1;
    }
    expect([seen, pages]).toEqual([names, 3]);
  });

  it.each([
    'limit=0',
    'limit=201',
    'limit=x',
    'cursor=%%%',
    'cursor=WyJ4Il0',
    'colour=red',
    'limit=1&limit=2',
  ])('refuses ?%s', async (query) => {
    const answer = await api.call('GET', `/people?${query}`, { key });
    expect([400, 422]).toContain(answer.status);
  });
});

describe('a request', () => {
  it('has an id: its own where that is sane, else ours', async () => {
    const given = await api.call('GET', '/healthz', { headers: { 'X-Request-Id': 'trace-0123456789' } });
    expect(given.headers.get('x-request-id')).toBe('trace-0123456789');
    const odd = await api.call('GET', '/nothing', { headers: { 'X-Request-Id': 'a b"c' } });
    expect(odd.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(odd.json.requestId).toBe(odd.headers.get('x-request-id'));
  });

  it('leaves one line in the log, without key, query or body', async () => {
    const id = 'line-0123456789';
    await api.call('POST', '/connections?token=hidden', {
      key,
      body: { secrets: { accessToken: 'very-secret-token' } },
      headers: { 'X-Request-Id': id },
    });
    const lines = api
      .log()
      .split('\n')
      .filter((line) => line.includes(id));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({
      method: 'POST',
      path: '/api/v1/connections',
      route: 'create-connection',
      status: 422,
      workspaceId: workspace.id,
    });
    for (const hidden of [key, 'hidden', 'very-secret-token']) expect(api.log()).not.toContain(hidden);
  });

  it('is answered with headers that keep browsers out', async () => {
    const { headers } = await api.call('GET', '/clients', { key });
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-powered-by')).toBeNull();
    const docs = await api.call('GET', '/docs');
    expect(docs.headers.get('content-security-policy')).toMatch(/style-src 'sha256-/);
    expect((await api.call('GET', '/openapi.json')).json.openapi).toBe('3.1.0');
  });
});

describe('a key', () => {
  it('that is mistyped, made up or of another kind is a 401', async () => {
    const mistyped = key.slice(0, -1) + (key.endsWith('a') ? 'b' : 'a');
    const codes = [];
    for (const authorization of [`Bearer ${mistyped}`, 'Bearer', 'Basic abc', `bearer  ${key}`]) {
      const answer = await api.call('GET', '/clients', { headers: { Authorization: authorization } });
      codes.push(answer.json.code ?? answer.status);
    }
    expect(codes).toEqual(['auth.malformed', 'auth.malformed', 'auth.malformed', 200]);
    const { generateApiKey } = await import('../../store/api-keys.ts');
    const made = await api.call('GET', '/clients', { key: generateApiKey() });
    expect([made.status, made.json.code]).toEqual([401, 'auth.invalid']);
  });

  it('is shown once, kept as a hash, and ends when revoked or expired', async () => {
    const made = await api.call('POST', '/api-keys', {
      key,
      body: { name: 'Short', scopes: ['clients.read'] },
    });
    expect(made.json.key).toMatch(/^slk_/);
    const { id, key: fresh } = made.json as { id: string; key: string };
    expect((await api.call('GET', '/clients', { key: fresh })).status).toBe(200);
    expect((await api.call('GET', `/api-keys/${id}`, { key })).text).not.toContain(fresh);
    const revoked = await api.call('POST', `/api-keys/${id}/revoke`, { key });
    expect(revoked.json.revokedAt).not.toBeNull();
    expect((await api.call('GET', '/clients', { key: fresh })).status).toBe(401);

    const short = await api.call('POST', '/api-keys', {
      key,
      body: { name: 'Soon', scopes: ['clients.read'], expiresAt: new Date(Date.now() + 700).toISOString() },
    });
    expect((await api.call('GET', '/clients', { key: short.json.key })).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect((await api.call('GET', '/clients', { key: short.json.key })).status).toBe(401);
  });

  it('cannot hand out more than it has', async () => {
    const small = await api.newKey(workspace.id, ['api_keys.create', 'clients.*']);
    const more = await api.call('POST', '/api-keys', { key: small, body: { name: 'More', scopes: ['*'] } });
    expect([more.status, more.json.code]).toEqual([403, 'api_key.exceeds_own']);
    const same = await api.call('POST', '/api-keys', {
      key: small,
      body: { name: 'Same', scopes: ['clients.read'] },
    });
    expect(same.status).toBe(201);
  });

  it('remembers when it was last used', async () => {
    const used = await api.newWorkspace('Used');
    await api.call('GET', '/clients', { key: used.key });
    for (let tries = 0; tries < 100; tries += 1) {
      const { json } = await api.call('GET', '/api-keys', { key: used.key });
      if (json.items[0].lastUsedAt !== null) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error('last_used_at was never set');
  });
});

describe('health', () => {
  it('is the process alone; readiness says what is missing', async () => {
    expect((await api.call('GET', '/healthz')).json).toEqual({ ok: true });
    expect((await api.call('GET', '/readyz')).status).toBe(200);
  });

  it('is not ready while a part is missing, or when nobody can say', async () => {
    let say = () => Promise.resolve({ temporal: { ok: false, missing: 'no answer from 127.0.0.1:7233' } });
    const half = await startApi({ readiness: () => say() });
    try {
      const answer = await half.call('GET', '/readyz');
      expect(answer.status).toBe(503);
      expect(answer.json.parts.temporal.missing).toContain('7233');
      expect((await half.call('GET', '/healthz')).status).toBe(200);
      say = () => Promise.reject(new Error('secret host name'));
      const broken = await half.call('GET', '/readyz');
      expect(broken.status).toBe(503);
      expect(broken.text).not.toContain('secret host name');
    } finally {
      await half.stop();
    }
  });
});

describe('a route of the kit', () => {
  const big = randomBytes(5000).toString('hex');
  const routes = [
    defineRoute({
      name: 'break',
      method: 'post',
      path: '/break',
      summary: 'Fails',
      permission: 'clients.read',
      responses: { 200: z.object({ ok: z.boolean() }) },
      handler: async () => {
        throw new Error('password=hunter2 in some inner message');
      },
    }),
    defineRoute({
      name: 'refuse',
      method: 'get',
      path: '/refuse',
      summary: 'Refuses',
      permission: 'clients.read',
      responses: { 200: z.object({ ok: z.boolean() }) },
      handler: async () => {
        throw new Refusal({
          code: 'x.y',
          status: 503,
          message: 'Not now.',
          whatToDo: 'Later.',
          retryAfterSeconds: 7,
        });
      },
    }),
    defineRoute({
      name: 'shape',
      method: 'get',
      path: '/shape',
      summary: 'Answers more than it should',
      permission: 'clients.read',
      responses: { 200: z.object({ shown: z.string() }) },
      handler: async () => {
        const row = { shown: 'yes', passwordHash: 'abc' };
        return { status: 200, body: row };
      },
    }),
    defineRoute({
      name: 'upload',
      method: 'post',
      path: '/upload',
      summary: 'Takes a file',
      permission: 'clients.read',
      upload: { maxBytes: 10_000, mediaTypes: ['text/csv'] },
      responses: { 200: z.object({ length: z.int() }) },
      handler: async ({ upload }) => ({ status: 200, body: { length: (await readText(upload)).length } }),
    }),
    defineRoute({
      name: 'download',
      method: 'get',
      path: '/download',
      summary: 'Sends a file',
      permission: 'clients.read',
      responses: { 200: streamOf('text/csv', 'A file.') },
      handler: async () => ({ status: 200, stream: Readable.from([big, big]) }),
    }),
    defineRoute({
      name: 'get-thing',
      method: 'get',
      path: '/things/:thingId',
      summary: 'A thing',
      permission: 'clients.read',
      responses: { 200: z.object({ id: z.string() }) },
      handler: async ({ params }) => ({ status: 200, body: { id: params.thingId } }),
    }),
    defineRoute({
      name: 'count-things',
      method: 'get',
      path: '/things/count',
      summary: 'How many',
      permission: 'clients.read',
      responses: { 200: z.object({ count: z.int() }) },
      handler: async () => ({ status: 200, body: { count: 3 } }),
    }),
  ];
  let kit: TestApi;
  let kitKey: string;
  beforeAll(async () => {
    kit = await startApi({}, routes);
    kitKey = (await kit.newWorkspace()).key;
  });
  afterAll(() => kit.stop());

  it('that breaks says nothing of why to the caller, and all of it to the log', async () => {
    const answer = await kit.call('POST', '/break', { key: kitKey });
    expect([answer.status, answer.json.code]).toEqual([500, 'internal']);
    expect(answer.text).not.toContain('hunter2');
    const line = kit
      .log()
      .split('\n')
      .find((text) => text.includes('hunter2'));
    expect(line).toContain(answer.json.requestId);
  });

  it('refuses with code, what to do, and when to come back', async () => {
    const answer = await kit.call('GET', '/refuse', { key: kitKey });
    expect(answer.json).toMatchObject({ status: 503, code: 'x.y', detail: 'Not now.', whatToDo: 'Later.' });
    expect(answer.headers.get('retry-after')).toBe('7');
  });

  it('shows only what its schema names', async () => {
    expect((await kit.call('GET', '/shape', { key: kitKey })).json).toEqual({ shown: 'yes' });
  });

  it('takes an upload up to its size, of its type', async () => {
    const send = (raw: string, type = 'text/csv') =>
      kit.call('POST', '/upload', { key: kitKey, raw, headers: { 'Content-Type': type } });
    expect((await send('x'.repeat(10_000))).json).toEqual({ length: 10_000 });
    expect((await send('x'.repeat(10_001))).status).toBe(413);
    expect((await send('x', 'application/pdf')).status).toBe(415);
  });

  it('sends a file piece by piece, and for HEAD its headers only', async () => {
    const answer = await kit.call('GET', '/download', { key: kitKey });
    expect(answer.headers.get('content-type')).toContain('text/csv');
    expect(answer.text).toBe(big + big);
    expect((await kit.call('HEAD', '/download', { key: kitKey })).status).toBe(200);
  });

  it('of fixed words is found before one with a parameter, whatever the order of the list', async () => {
    expect((await kit.call('GET', '/things/count', { key: kitKey })).json).toEqual({ count: 3 });
  });
});

it('answers 503 while the database is gone, not 500', async () => {
  const gone = await startApi();
  const { key: goneKey } = await gone.newWorkspace();
  await gone.test.database.close();
  const answer = await gone.call('GET', '/clients', { key: goneKey });
  expect([answer.status, answer.json.code]).toEqual([503, 'database.unavailable']);
  expect(answer.headers.get('retry-after')).not.toBeNull();
  await gone.stop().catch((error: Error) => {
    // Its pools are closed already.
    if (!error.message.includes('Called end on pool more than once')) throw error;
  });
});
