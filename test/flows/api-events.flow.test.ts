/** Owns the event stream: every event once and in order, only those one may see, also after a broken connection. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createEventTail, streamEvents } from '../../api/kit/events.ts';
import type { Permission } from '../../domain/permissions.ts';
import { recordEvents } from '../../store/events.ts';
import { requestRun } from '../../store/runs.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
let workspace: { id: string; key: string };
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());
beforeEach(async () => {
  workspace = await api.newWorkspace();
});

const write = (
  types: readonly string[],
  permission: Permission = 'events.read',
  workspaceId = workspace.id,
) =>
  api.test.database.inWorkspace(workspaceId, (tx) =>
    recordEvents(
      tx,
      types.map((type) => ({
        actor: 'system',
        type,
        subjectType: 'client',
        subjectId: null,
        permission,
      })),
    ),
  );
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `test.event_${from + index}`);

interface Message {
  id: number;
  event: string | null;
  data: Record<string, unknown> | null;
}

/** A reader of the stream, as a browser's EventSource is one. */
async function follow(options: { key?: string; lastEventId?: number | string; query?: string } = {}) {
  const abort = new AbortController();
  const response = await fetch(`${api.url}/api/v1/events/stream${options.query ?? ''}`, {
    headers: {
      Authorization: `Bearer ${options.key ?? workspace.key}`,
      ...(options.lastEventId === undefined ? {} : { 'Last-Event-ID': String(options.lastEventId) }),
    },
    signal: abort.signal,
  });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let buffered = '';
  const messages: Message[] = [];
  /** Resolves when `count` events came in; false when the stream ended before. */
  const until = async (count: number): Promise<boolean> => {
    while (messages.filter((message) => message.event !== null).length < count) {
      const { done, value } = await reader.read();
      if (done) return false;
      buffered += value;
      for (let end = buffered.indexOf('\n\n'); end >= 0; end = buffered.indexOf('\n\n')) {
        const block = buffered.slice(0, end).split('\n');
        buffered = buffered.slice(end + 2);
        const field = (name: string) =>
          block.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? null;
        if (field('id') === null) continue;
        const data = field('data');
        messages.push({
          id: Number(field('id')),
          event: field('event'),
          data: data === null ? null : (JSON.parse(data) as Record<string, unknown>),
        });
      }
    }
    return true;
  };
  return {
    response,
    messages,
    until,
    types: () => messages.flatMap((message) => message.event ?? []),
    close: () => abort.abort(),
  };
}

it('replays from the last id, then goes on live, without a gap or a repeat', async () => {
  await write(numbered(1, 5));
  await api.sequence();
  const reader = await follow({ lastEventId: 2 });
  expect(reader.response.headers.get('content-type')).toContain('text/event-stream');
  await reader.until(3);
  expect(reader.types()).toEqual(numbered(3, 5));
  await write(numbered(6, 7));
  await api.sequence();
  await reader.until(5);
  expect(reader.types()).toEqual(numbered(3, 7));
  expect(reader.messages.map((message) => message.id)).toEqual([3, 4, 5, 6, 7]);
  reader.close();
});

it('starts from now where no id is given, from ?after= where that is', async () => {
  await write(numbered(1, 3));
  await api.sequence();
  const fromNow = await follow();
  const fromOne = await follow({ query: '?after=1' });
  await write(numbered(4, 4));
  await api.sequence();
  await fromNow.until(1);
  await fromOne.until(3);
  expect(fromNow.types()).toEqual(numbered(4, 4));
  expect(fromOne.types()).toEqual(numbered(2, 4));
  fromNow.close();
  fromOne.close();
});

it('brings every event once through broken connections while many are written', async () => {
  const total = 1500;
  const writing = (async () => {
    for (let first = 1; first <= total; first += 50) {
      await write(numbered(first, first + 49));
      if (first % 100 === 1) await api.sequence();
    }
    await api.sequence();
  })();
  const seen: number[] = [];
  while (seen.length < total) {
    const reader = await follow({ lastEventId: seen.at(-1) ?? 0 });
    await reader.until(Math.min(total - seen.length, 1 + (seen.length % 300)));
    reader.close();
    seen.push(...reader.messages.flatMap((message) => (message.event === null ? [] : message.id)));
  }
  await writing;
  expect(seen).toEqual(Array.from({ length: total }, (_, index) => index + 1));
});

it('shows only what the key may see, of its own workspace', async () => {
  const other = await api.newWorkspace('Other');
  const small = await api.newKey(workspace.id, ['events.read', 'clients.read']);
  await write(['secret.thing'], 'connections.read');
  await write(['client.thing'], 'clients.read');
  await write(['their.thing'], 'clients.read', other.id);
  await api.sequence();
  const reader = await follow({ key: small, lastEventId: 0 });
  await reader.until(1);
  await write(['secret.other'], 'connections.read');
  await write(['client.other'], 'clients.read');
  await api.sequence();
  await reader.until(2);
  expect(reader.types()).toEqual(['client.thing', 'client.other']);
  reader.close();

  const list = await api.call('GET', '/events', { key: small });
  expect(list.json.items.map((event: { type: string }) => event.type)).toEqual([
    'client.thing',
    'client.other',
  ]);
  expect([list.json.next, list.json.head]).toEqual([4, 4]);
});

it('pages the list by number, and tells a reader that is ahead of a restored log', async () => {
  await write(numbered(1, 5));
  await api.sequence();
  const first = await api.call('GET', '/events?limit=2', { key: workspace.key });
  expect([first.json.items.length, first.json.next, first.json.head]).toEqual([2, 2, 5]);
  const rest = await api.call('GET', '/events?after=2&limit=200', { key: workspace.key });
  expect(rest.json.items.map((event: { seq: number }) => event.seq)).toEqual([3, 4, 5]);
  const ahead = await api.call('GET', '/events?after=6', { key: workspace.key });
  expect([ahead.status, ahead.json.code]).toEqual([409, 'events.position_ahead']);
  const streamAhead = await follow({ lastEventId: 9 });
  expect(streamAhead.response.status).toBe(409);
  const odd = await follow({ lastEventId: 'x' });
  expect(odd.response.status).toBe(422);
});

it('beats while nothing happens, moving on over events that may not be seen, and ends with its key', async () => {
  const abort = new AbortController();
  const eventTail = createEventTail(
    { database: api.test.database, feed: { wait: () => new Promise(() => undefined) }, logger: quiet },
    20,
  );
  await write(['hidden.thing'], 'connections.read');
  await api.sequence();
  let allowed = true;
  const stream = streamEvents(
    { database: api.test.database, eventTail },
    {
      workspaceId: workspace.id,
      after: 0,
      permissions: ['clients.read'],
      signal: abort.signal,
      stillAllowed: () => Promise.resolve(allowed),
      heartbeatMs: 50,
    },
  );
  expect((await stream.next()).value).toContain('retry:');
  expect((await stream.next()).value).toBe('id: 1\n: heartbeat\n\n');
  expect((await stream.next()).value).toBe('id: 1\n: heartbeat\n\n');
  // Found by polling: this feed never tells.
  await write(['seen.thing'], 'clients.read');
  await api.sequence();
  let next = await stream.next();
  while (next.value?.includes('heartbeat')) next = await stream.next();
  expect(next.value).toContain('event: seen.thing');
  allowed = false;
  expect((await stream.next()).done).toBe(true);
  abort.abort();
});

it('a key that may read events alone sees nothing of runs, invoices and payments', async () => {
  const asked = (key: string) => api.call('GET', '/events', { key });
  await api.test.database.inWorkspace(workspace.id, (tx) =>
    requestRun(tx, {
      scope: { type: 'workspace', id: workspace.id },
      trigger: 'by_hand',
      pulledBy: 'test',
      reason: 'month end',
      cutoffOn: '2026-02-01',
      finishAt: 'issue',
    }),
  );
  await api.sequence();
  const alone = await asked(await api.newKey(workspace.id, ['events.read']));
  expect([alone.status, alone.json.items]).toEqual([200, []]);
  const both = await asked(await api.newKey(workspace.id, ['events.read', 'runs.read']));
  expect(both.json.items.map((event: { type: string }) => event.type)).toEqual(['billing_run.requested']);
});

it('a reader that takes nothing holds no more than a batch, and the place it took is given back', async () => {
  const abort = new AbortController();
  const eventTail = createEventTail({
    database: api.test.database,
    feed: { wait: () => Promise.resolve() },
    logger: quiet,
  });
  await write(numbered(1, 450));
  await api.sequence();
  const open = () =>
    streamEvents(
      { database: api.test.database, eventTail },
      {
        workspaceId: workspace.id,
        after: 0,
        permissions: ['events.read'],
        signal: abort.signal,
        stillAllowed: () => Promise.resolve(true),
      },
    );
  const slow = open();
  await slow.next();
  const sizes: number[] = [];
  for (let piece = 0; piece < 3; piece += 1)
    sizes.push((String((await slow.next()).value).match(/^event:/gm) ?? []).length);
  expect(sizes).toEqual([200, 200, 50]);
  const others = Array.from({ length: 99 }, open);
  for (const other of others) await other.next();
  await expect(open().next()).rejects.toThrow(/Too many event streams/);
  await slow.return(undefined);
  const late = open();
  expect((await late.next()).done).toBe(false);
  for (const stream of [...others, late]) await stream.return(undefined);
  abort.abort();
});

const quiet = { warn: () => undefined } as never;
