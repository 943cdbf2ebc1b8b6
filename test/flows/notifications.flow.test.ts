/** Owns telling members: the right ones, once, by the channels they want, and nobody else. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { WorkspaceTx } from '../../store/database.ts';
import { recordEvents } from '../../store/events.ts';
import { newId } from '../../store/new-id.ts';
import { type Notice, notify } from '../../store/notifications.ts';
import { pruneTenantRows } from '../../store/prune.ts';
import { until } from '../support/loops.ts';
import type { TestMember } from '../support/make-member.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
let workspace: { id: string; key: string };
let admin: TestMember;
let manager: TestMember;
let contractor: TestMember;
beforeAll(async () => {
  api = await startApi();
});
beforeEach(async () => {
  workspace = await api.newWorkspace();
  admin = await api.newMember(workspace.id, 'admin', { name: 'Ada Admin' });
  manager = await api.newMember(workspace.id, 'manager', { name: 'Max Manager' });
  contractor = await api.newMember(workspace.id, 'contractor', { name: 'Cora Contractor' });
});
afterAll(() => api.stop());

const inWorkspace = <T>(work: (tx: WorkspaceTx) => Promise<T>) =>
  api.test.database.inWorkspace(workspace.id, work);
const tell = (...notices: Notice[]) => inWorkspace((tx) => notify(tx, notices));
const submitted = (facts: Partial<Notice> = {}): Notice =>
  ({
    kind: 'ticket.submitted',
    to: { permission: 'tickets.approve' },
    key: 'ticket.submitted:T-1:1',
    subjectType: 'ticket',
    subjectId: newId(),
    params: { person: 'Cora Contractor', ticket: 'T-1', project: 'Hull 7', workDate: '2026-04-01' },
    ...facts,
  }) as Notice;
/** Who was told, by name, as the rows say. */
const toldNames = () =>
  inWorkspace((tx) =>
    tx.rows<{ name: string; kind: string; inApp: boolean }>(
      `select m.name, n.kind, n.in_app from notifications n join members m on m.workspace_id = n.workspace_id and m.id = n.member_id
       where n.workspace_id = $1 order by 1, 2`,
      [workspace.id],
    ),
  ).then((rows) => rows.map((row) => row.name));

describe('who is told', () => {
  test('a permission reaches those whose role has it for all rows, and no others', async () => {
    expect(await tell(submitted())).toBe(2);
    expect(await toldNames()).toEqual(['Ada Admin', 'Max Manager']);
    // tickets.read is the contractor's for own rows only: that is no reason to be told of everybody's.
    await tell(submitted({ to: { permission: 'tickets.read' }, key: 'other' }));
    expect(await toldNames()).toEqual(['Ada Admin', 'Ada Admin', 'Max Manager', 'Max Manager']);
  });

  test('a permission that an admin gave to another role reaches that role', async () => {
    await inWorkspace((tx) =>
      tx.run(
        `insert into role_permissions (workspace_id, role, scopes) values ($1, 'manager', '{clients.read}'), ($1, 'contractor', '{tickets.*}')`,
        [workspace.id],
      ),
    );
    await tell(submitted());
    expect(await toldNames()).toEqual(['Ada Admin', 'Cora Contractor']);
  });

  test('a person, a role and members named one by one are told; who did it and who is suspended are not', async () => {
    const gone = await api.newMember(workspace.id, 'admin', { name: 'Sam Suspended' });
    await inWorkspace((tx) =>
      tx.run(`update members set status = 'suspended' where workspace_id = $1 and id = $2`, [
        workspace.id,
        gone.id,
      ]),
    );
    await tell(
      submitted({ to: { personId: contractor.personId! }, key: 'a' }),
      submitted({ to: { role: 'admin' }, key: 'b' }),
      submitted({ to: { memberIds: [manager.id, manager.id, gone.id, newId()] }, key: 'c' }),
      submitted({ to: { permission: 'tickets.approve' }, except: [admin.id], key: 'd' }),
    );
    expect(await toldNames()).toEqual(['Ada Admin', 'Cora Contractor', 'Max Manager', 'Max Manager']);
  });

  test('a key reaches a member once, however often and by however many at once it is told', async () => {
    const subjectId = newId();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => tell(submitted({ subjectId }), submitted({ subjectId }))),
    );
    expect(answers.reduce((sum, told) => sum + told, 0)).toBe(2);
    expect(await toldNames()).toEqual(['Ada Admin', 'Max Manager']);
    const mails = await inWorkspace((tx) =>
      tx.rows('select address from mails where workspace_id = $1', [workspace.id]),
    );
    expect(mails).toHaveLength(2);
  });

  test('a thousand at once are a thousand words in the app, and one mail', async () => {
    const many = Array.from({ length: 1_000 }, (_, n) => submitted({ key: `bulk:${n}`, subjectId: newId() }));
    const startedMs = performance.now();
    expect(await tell(...many)).toBe(2_000);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    const mails = await inWorkspace((tx) =>
      tx.rows<{ kind: string; link: string; params: Record<string, string> }>(
        'select kind, link, params from mails where workspace_id = $1',
        [workspace.id],
      ),
    );
    expect(mails.map(({ kind, link }) => ({ kind, link }))).toEqual([
      { kind: 'gathered', link: '/notifications' },
      { kind: 'gathered', link: '/notifications' },
    ]);
    expect(mails[0]!.params).toMatchObject({ label: 'A ticket waits for my approval', count: '1000' });
    expect(mails[0]!.params.titles!.split('\n')).toEqual(
      Array(50).fill('Cora Contractor submitted ticket T-1'),
    );
    // A few are not worth gathering.
    await tell(
      submitted({ key: 'one', to: { role: 'admin' } }),
      submitted({ key: 'two', to: { role: 'admin' } }),
    );
    const row = await inWorkspace((tx) =>
      tx.row<{ count: number }>(
        `select count(*) from mails where workspace_id = $1 and kind = 'ticket.submitted'`,
        [workspace.id],
      ),
    );
    expect(row!.count).toBe(2);
  });

  test('a command that fails tells nobody', async () => {
    await expect(
      inWorkspace(async (tx) => {
        await notify(tx, [submitted()]);
        throw new Error('refused');
      }),
    ).rejects.toThrow('refused');
    expect(await toldNames()).toEqual([]);
  });
});

describe('in the app', () => {
  const call = (who: { key: string }, method: string, path: string, body?: unknown) =>
    api.call(method, path, { key: who.key, ...(body === undefined ? {} : { body }) });
  const unread = async (who: { key: string }) =>
    (await call(who, 'GET', '/notifications/unread-count')).json.unread as number;

  test('a member lists, counts and reads what they were told, page by page, and nobody else sees it', async () => {
    for (let n = 1; n <= 5; n += 1)
      await tell(
        submitted({
          key: `k${n}`,
          params: { person: 'Cora', ticket: `T-${n}`, project: 'Hull', workDate: '2026-04-01' },
        }),
      );
    expect(await unread(admin)).toBe(5);
    expect(await unread(contractor)).toBe(0);
    const first = await call(admin, 'GET', '/notifications?limit=2');
    expect(first.json.items.map((item: { title: string }) => item.title)).toEqual([
      'Cora submitted ticket T-5',
      'Cora submitted ticket T-4',
    ]);
    expect(first.json.items[0]).toMatchObject({
      kind: 'ticket.submitted',
      body: 'Ticket T-5 of Cora for Hull on 2026-04-01 waits for your approval.',
      action: 'Look at the ticket',
      readAt: null,
    });
    const { id, subject, place } = first.json.items[0];
    expect(place).toBe(`/tickets/${subject.id}`);
    const read = await call(admin, 'POST', `/notifications/${id}/read`);
    expect(read.json.readAt).not.toBeNull();
    expect((await call(admin, 'POST', `/notifications/${id}/read`)).json.readAt).toBe(read.json.readAt);
    expect(await unread(admin)).toBe(4);
    const left = await call(admin, 'GET', '/notifications?unread=true&limit=3');
    expect(left.json.items.map((item: { title: string }) => item.title.slice(-3))).toEqual([
      'T-4',
      'T-3',
      'T-2',
    ]);
    const rest = await call(admin, 'GET', `/notifications?unread=true&cursor=${left.json.nextCursor}`);
    expect(rest.json.items).toHaveLength(1);
    expect(rest.json.nextCursor).toBeNull();

    // The manager was told the same, and has read nothing; the admin's are not theirs to read.
    expect(await unread(manager)).toBe(5);
    expect((await call(manager, 'POST', `/notifications/${id}/read`)).status).toBe(404);
    expect((await call(contractor, 'POST', `/notifications/${id}/read`)).status).toBe(404);
    expect((await call(contractor, 'GET', '/notifications')).json.items).toEqual([]);

    expect((await call(admin, 'POST', '/notifications/read-all')).json).toEqual({ read: 4 });
    expect(await unread(admin)).toBe(0);
    expect(await unread(manager)).toBe(5);
  });

  test('a key of no member is told nothing', async () => {
    await tell(submitted());
    expect((await call(workspace, 'GET', '/notifications')).json.items).toEqual([]);
    expect(await unread(workspace)).toBe(0);
    const put = { preferences: [{ kind: 'ticket.submitted', inApp: true, email: false }] };
    expect((await call(workspace, 'PUT', '/notification-preferences', put)).json.code).toBe(
      'notifications.no_member',
    );
    expect((await call(workspace, 'GET', '/notifications/stream')).json.code).toBe('notifications.no_member');
  });

  test('words of others stay text, however they are written', async () => {
    const evil = `<img src=x onerror=alert(1)>{ticket}\u0000\ud800`;
    await tell(
      submitted({ params: { person: evil, ticket: 'T-1', project: evil.repeat(500), workDate: '' } }),
    );
    const { json } = await call(admin, 'GET', '/notifications');
    expect(json.items[0].title).toBe('<img src=x onerror=alert(1)>{ticket}\ufffd\ufffd submitted ticket T-1');
    expect(json.items[0].body.length).toBeLessThan(5_000);
  });
});

describe('preferences', () => {
  const set = (who: TestMember, preferences: unknown[]) =>
    api.call('PUT', '/notification-preferences', { key: who.key, body: { preferences } });
  const mailed = () =>
    inWorkspace((tx) =>
      tx.rows<{ name: string }>(
        `select m.name from mails x join members m on m.workspace_id = x.workspace_id and m.email = x.address where x.workspace_id = $1 order by 1`,
        [workspace.id],
      ),
    ).then((rows) => rows.map((row) => row.name));

  test('decide by which channel a member is told; others keep theirs', async () => {
    await set(admin, [{ kind: 'ticket.submitted', inApp: true, email: false }]);
    await set(manager, [{ kind: 'ticket.submitted', inApp: false, email: true }]);
    await tell(submitted());
    expect(await mailed()).toEqual(['Max Manager']);
    expect((await api.call('GET', '/notifications', { key: admin.key })).json.items).toHaveLength(1);
    expect((await api.call('GET', '/notifications', { key: manager.key })).json.items).toEqual([]);
    expect((await api.call('GET', '/notifications/unread-count', { key: manager.key })).json.unread).toBe(0);
  });

  test('of neither channel leave nothing to tell, and a change of mind tells nothing anew', async () => {
    await set(admin, [{ kind: 'ticket.submitted', inApp: false, email: false }]);
    await tell(submitted({ to: { role: 'admin' } }));
    await set(admin, [{ kind: 'ticket.submitted', inApp: true, email: true }]);
    expect(await tell(submitted({ to: { role: 'admin' } }))).toBe(0);
    expect(await mailed()).toEqual([]);
    expect((await api.call('GET', '/notifications', { key: admin.key })).json.items).toEqual([]);
  });

  test('are read with what holds otherwise, and refused where they make no sense', async () => {
    const { json } = await set(admin, [{ kind: 'digest.finance', inApp: true, email: false }]);
    const of = (kind: string) => json.items.find((item: { kind: string }) => item.kind === kind);
    expect(of('digest.finance')).toEqual({
      kind: 'digest.finance',
      label: 'What is open, each day',
      inApp: true,
      email: false,
      standard: { inApp: false, email: true },
    });
    expect(of('ticket.rejected')).toMatchObject({ inApp: true, email: true });
    expect((await api.call('GET', '/notification-preferences', { key: admin.key })).json).toEqual(json);
    const one = { kind: 'ticket.submitted', inApp: true, email: true };
    for (const wrong of [[], [{ ...one, kind: 'invitation' }], [{ ...one, inApp: 'yes' }], [one, one]])
      expect((await set(admin, wrong)).status, JSON.stringify(wrong)).toBe(422);
  });
});

describe('live', () => {
  interface Message {
    event: string;
    data: Record<string, unknown>;
  }
  /** A reader of the stream, as a browser's EventSource is one. */
  async function follow(key: string) {
    const abort = new AbortController();
    const response = await fetch(`${api.url}/api/v1/notifications/stream`, {
      headers: { Authorization: `Bearer ${key}` },
      signal: abort.signal,
    });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    const messages: Message[] = [];
    const reading = (async () => {
      let buffered = '';
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        buffered += part.value;
        for (let end = buffered.indexOf('\n\n'); end >= 0; end = buffered.indexOf('\n\n')) {
          const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(buffered.slice(0, end)) ?? [];
          buffered = buffered.slice(end + 2);
          if (event && data) messages.push({ event, data: JSON.parse(data) as Record<string, unknown> });
        }
      }
    })().catch(() => undefined);
    return {
      messages,
      close: async () => {
        abort.abort();
        await reading;
      },
    };
  }

  test('a notification shows on its member’s stream as it is told, and on no other’s', async () => {
    await tell(submitted({ key: 'before' }));
    const [theirs, others] = await Promise.all([follow(manager.key), follow(contractor.key)]);
    await until('both know their count', () => theirs.messages.length === 1 && others.messages.length === 1);
    expect(theirs.messages).toEqual([{ event: 'unread', data: { unread: 1 } }]);
    await inWorkspace(async (tx) => {
      await notify(tx, [submitted({ key: 'live' })]);
      await recordEvents(tx, [
        {
          type: 'ticket.submitted',
          subjectType: 'ticket',
          subjectId: null,
          actor: 'system',
          permission: 'tickets.read',
        },
      ]);
    });
    await api.sequence();
    await until('it is on the stream', () => theirs.messages.length === 3);
    expect(theirs.messages.slice(1)).toMatchObject([
      {
        event: 'notification',
        data: { kind: 'ticket.submitted', title: 'Cora Contractor submitted ticket T-1' },
      },
      { event: 'unread', data: { unread: 2 } },
    ]);
    expect(others.messages).toEqual([{ event: 'unread', data: { unread: 0 } }]);
    await Promise.all([theirs.close(), others.close()]);
  });
});

test('what was told and mailed is pruned when it has served its time, and nothing sooner', async () => {
  await tell(
    submitted({ to: { role: 'admin' }, key: 'old' }),
    submitted({ to: { role: 'admin' }, key: 'new' }),
  );
  const age = (table: string, where: string, days: number) =>
    inWorkspace((tx) =>
      tx.run(`update ${table} set id = uuidv7($2::interval) where workspace_id = $1 and ${where}`, [
        workspace.id,
        `-${days} days`,
      ]),
    );
  await age('notifications', `key = 'old'`, 401);
  await age('notifications', `key = 'new'`, 399);
  // Both are old enough, but one was never sent.
  await age('mails', 'true', 91);
  await inWorkspace((tx) =>
    tx.run(
      `update mails set status = 'sent' where workspace_id = $1 and id = (select min(id::text)::uuid from mails)`,
      [workspace.id],
    ),
  );
  while (await inWorkspace(pruneTenantRows));
  const left = await inWorkspace(async (tx) => ({
    notifications: await tx.rows('select key from notifications where workspace_id = $1', [workspace.id]),
    mails: await tx.rows('select status from mails where workspace_id = $1', [workspace.id]),
  }));
  expect(left).toEqual({ notifications: [{ key: 'new' }], mails: [{ status: 'queued' }] });
});
