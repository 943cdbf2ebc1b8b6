/** Owns the event stream of a whole hub: every event of real commands once and in order, and only those one may see. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestHub, type TestHub } from './support/hub.ts';
import type { TestWorkspace } from './support/workspace.ts';

let hub: TestHub;
/** A second process's worth of API on the same database: its readers hear of commands by NOTIFY only. */
let second: TestHub;
beforeAll(async () => {
  hub = await startTestHub();
  second = await startTestHub({
    test: hub.test,
    temporal: hub.temporal,
    parts: { api: true, worker: false },
  });
});
afterAll(async () => {
  await second.stop();
  await hub.stop();
});

interface Message {
  id: number;
  event: string;
  data: { type: string; subjectType: string; seq: number };
}

/** Reads like an EventSource: hands on each event, and answers the last id when it is closed or the stream ends. */
async function* follow(url: string, key: string, lastEventId: number, signal: AbortSignal) {
  const response = await fetch(`${url}/api/v1/events/stream`, {
    headers: { authorization: `Bearer ${key}`, 'last-event-id': String(lastEventId) },
    signal,
  });
  expect(response.status).toBe(200);
  let buffered = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    buffered += chunk;
    for (let end = buffered.indexOf('\n\n'); end >= 0; end = buffered.indexOf('\n\n')) {
      const fields = new Map(
        buffered
          .slice(0, end)
          .split('\n')
          .map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]),
      );
      buffered = buffered.slice(end + 2);
      const data = fields.get('data');
      if (data !== undefined)
        yield {
          id: Number(fields.get('id')),
          event: fields.get('event'),
          data: JSON.parse(data) as Message['data'],
        } as Message;
    }
  }
}

/** Follows until `isLast`, breaking the connection after every few events and coming back with the last id. */
async function followBrokenly(
  at: { url: string; key: string },
  isLast: (message: Message) => boolean,
): Promise<Message[]> {
  const seen: Message[] = [];
  for (;;) {
    const connection = new AbortController();
    const breakAfter = seen.length + 1 + Math.floor(Math.random() * 40);
    for await (const message of follow(at.url, at.key, seen.at(-1)?.id ?? 0, connection.signal)) {
      seen.push(message);
      if (isLast(message)) return seen;
      if (seen.length >= breakAfter) break;
    }
    connection.abort();
  }
}

/** A client's code is three capital letters. */
const codeOf = (prefix: string, index: number) =>
  `${prefix}${String.fromCharCode(65 + Math.floor(index / 26), 65 + (index % 26))}`;
const makeClient = (at: TestWorkspace, code: string) =>
  at.post<{ id: string }>('/clients', {
    name: `Client ${code}`,
    email: 'ap@client.example',
    code,
    currency: 'USD',
  });
async function keyWith(at: TestWorkspace, scopes: string[]): Promise<string> {
  const made = await at.post<{ key: string }>('/api-keys', { name: scopes.join(' '), scopes });
  return made.key;
}
const last = (name: string) => (message: Message) => message.event === name;

it('brings every event once and in order to readers that come and go, while many commands run', async () => {
  const theirs = await hub.newWorkspace();
  const mine = await hub.newWorkspace();
  const elsewhere = { ...mine, url: second.hub.url! };
  const readers = [
    followBrokenly({ url: hub.hub.url!, key: mine.key }, last('workspace.updated')),
    followBrokenly({ url: hub.hub.url!, key: mine.key }, last('workspace.updated')),
    followBrokenly({ url: elsewhere.url, key: mine.key }, last('workspace.updated')),
  ];
  const lanes = Array.from({ length: 6 }, async (_, lane) => {
    for (let n = 0; n < 20; n += 1) {
      const { id } = await makeClient(mine, codeOf('M', lane * 20 + n));
      await mine.patch(`/clients/${id}`, { name: `Client ${lane}.${n}` });
      if (n % 4 === 0) await makeClient(theirs, codeOf('T', lane * 20 + n));
    }
  });
  await Promise.all(lanes);
  await mine.patch('/workspace', { name: 'the last one' });

  const seen = await Promise.all(readers);
  const count = 6 * 20 * 2 + 1;
  for (const messages of seen) {
    // The numbers of a workspace have no gap, and this key sees all of them.
    expect(messages.map((message) => message.id)).toEqual(
      Array.from({ length: count }, (_, index) => index + 1),
    );
    expect(messages).toEqual(seen[0]);
  }
  const created = seen[0]!.filter((message) => message.event === 'client.created');
  expect(created).toHaveLength(120);
  expect(JSON.stringify(seen)).not.toContain('Client T');
  await mine.verify();
  await theirs.verify();
});

it('replays exactly what came after the last id', async () => {
  const at = await hub.newWorkspace();
  for (const code of ['ONE', 'TWO', 'TRE', 'FOR', 'FIV']) await makeClient(at, code);
  await at.verify();
  const closing = new AbortController();
  const ids: number[] = [];
  const reading = (async () => {
    for await (const message of follow(hub.hub.url!, at.key, 3, closing.signal)) {
      ids.push(message.id);
      if (message.id === 6) break;
    }
  })();
  await sleep(200);
  await makeClient(at, 'SIX');
  await reading;
  closing.abort();
  expect(ids).toEqual([4, 5, 6]);
});

it('tells a reader of another process at once, not at its next poll', async () => {
  const at = await hub.newWorkspace();
  const closing = new AbortController();
  const stream = follow(second.hub.url!, at.key, 0, closing.signal);
  const waitsMs: number[] = [];
  let next = stream.next();
  for (let n = 0; n < 8; n += 1) {
    await sleep(50 + Math.random() * 100);
    const started = performance.now();
    await makeClient(at, codeOf('P', n));
    await next;
    waitsMs.push(performance.now() - started);
    next = stream.next();
  }
  next.catch(() => undefined);
  closing.abort();
  // Polls come once a second: were they all there is, half of these would take longer.
  const median = waitsMs.sort((a, b) => a - b)[4]!;
  expect(median).toBeLessThan(400);
});

it('shows a key only what it may read, of its own workspace', async () => {
  const theirs = await hub.newWorkspace();
  const mine = await hub.newWorkspace();
  const small = await keyWith(mine, ['events.read', 'clients.read']);
  const none = await keyWith(mine, ['clients.read']);
  expect((await mine.call('GET', '/events/stream', { key: none })).status).toBe(403);
  const reading = followBrokenly({ url: hub.hub.url!, key: small }, (message) => message.id >= 8);
  await makeClient(mine, 'ONE');
  await makeClient(theirs, 'ALI');
  await mine.post('/people', { name: 'Ola Vik', kind: 'contractor', position: 'Fitter' });
  await mine.post('/sellers', {
    name: 'Harbour Works',
    country: 'NO',
    functionalCurrency: 'USD',
    zone: 'Europe/Oslo',
  });
  await mine.post('/billing-runs', {
    scope: { type: 'workspace', id: mine.workspaceId },
    cutoffOn: '2026-04-01',
    reason: 'hidden from a small key',
    finishAt: 'draft',
  });
  await mine.idle();
  await makeClient(mine, 'TWO');
  const seen = await reading;
  expect(seen.map((message) => message.event)).toEqual(['client.created', 'client.created']);
  expect(JSON.stringify(seen)).not.toContain('Client ALI');
  const { items } = await mine.get<{ items: { type: string }[] }>('/events?limit=200');
  expect(items.length).toBeGreaterThan(6);
});

it('ends open streams when the hub stops', async () => {
  const third = await startTestHub({
    test: hub.test,
    temporal: hub.temporal,
    parts: { api: true, worker: false },
  });
  const stream = follow(third.hub.url!, third.key, 0, new AbortController().signal);
  const ended = (async () => {
    let count = 0;
    for await (const _ of stream) count += 1;
    return count;
  })();
  await sleep(200);
  const started = performance.now();
  await third.stop();
  expect(performance.now() - started).toBeLessThan(2_500);
  await ended;
});
