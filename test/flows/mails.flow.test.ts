/** Owns mail on its way: sent once, however the server behaves, and never in the way of a decision. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Post } from '../../mail/post.ts';
import { type MailerOptions, startMailer } from '../../runtime/mailer.ts';
import type { WorkspaceTx } from '../../store/database.ts';
import { claimMails, listMails, queueMail } from '../../store/mails.ts';
import { newId } from '../../store/new-id.ts';
import { notify } from '../../store/notifications.ts';
import { keepLog, until } from '../support/loops.ts';
import { type MailServer, postTo, startMailServer } from '../support/mail-server.ts';
import type { TestMember } from '../support/make-member.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
let workspace: { id: string; key: string };
let admin: TestMember;
const ends: (() => unknown)[] = [];
beforeAll(async () => {
  api = await startApi();
});
beforeEach(async () => {
  workspace = await api.newWorkspace();
  admin = await api.newMember(workspace.id, 'admin', { name: 'Ada Admin' });
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  // Each test's mails are its own: the loops see all workspaces.
  await inWorkspace((tx) => tx.run('delete from mails where workspace_id = $1', [workspace.id]));
});
afterAll(() => api.stop());

const inWorkspace = <T>(work: (tx: WorkspaceTx) => Promise<T>) =>
  api.test.database.inWorkspace(workspace.id, work);
const tellAdmin = (key = newId(), reason = 'the dock is closed') =>
  inWorkspace((tx) =>
    notify(tx, [
      {
        kind: 'ticket.rejected',
        to: { memberIds: [admin.id] },
        key,
        subjectType: 'ticket',
        subjectId: newId(),
        params: { approver: 'Max', ticket: 'T-1', project: 'Hull 7', workDate: '2026-04-01', reason },
      },
    ]),
  );
const mails = () => inWorkspace((tx) => listMails(tx, { status: null, before: null, limit: 100 }));
const allAre = (status: string) => async () => (await mails()).every((mail) => mail.status === status);

async function serve(port = 0): Promise<MailServer> {
  const server = await startMailServer(port);
  ends.push(() => server.stop());
  return server;
}
/** A port where nothing listens. */
async function deadPort(): Promise<number> {
  const server = await startMailServer();
  await server.stop();
  return server.port;
}
async function mailer(port: number, options: Partial<MailerOptions> = {}) {
  const post: Post = await postTo(port);
  const { logger, lines } = keepLog();
  const loop = startMailer({
    database: api.test.database,
    logger,
    deliver: (mail) => post.deliver(mail),
    firstWaitMs: 50,
    maxWaitMs: 200,
    ...options,
  });
  ends.push(
    () => post.close(),
    () => loop.stop(),
  );
  return { lines, stop: () => loop.stop() };
}

test('a mail leaves for its member, in HTML and text, with a subject and a button', async () => {
  const server = await serve();
  await tellAdmin();
  await mailer(server.port);
  await until('the mail is sent', allAre('sent'));
  const [mail] = server.received;
  const [row] = await mails();
  expect(server.received).toHaveLength(1);
  expect(mail!.to).toEqual([row!.address]);
  expect(mail!.from).toBe('billing@hub.example.com');
  expect(mail!.headers).toMatchObject({
    from: 'Slipway <billing@hub.example.com>',
    to: row!.address,
    subject: 'Ticket T-1 was rejected',
    'message-id': `<${row!.id}@hub.example.com>`,
    'auto-submitted': 'auto-generated',
  });
  expect(mail!.source).toMatch(/Content-Type: text\/plain[\s\S]*Content-Type: text\/html/);
  expect(mail!.source).toContain('the dock is closed');
  expect(row).toMatchObject({ attempts: 1, lastError: null });
});

test('a dead mail server blocks no decision, and gets each mail once when it is back', async () => {
  const port = await deadPort();
  const { lines } = await mailer(port);
  const startedMs = performance.now();
  for (let n = 0; n < 6; n += 1) await tellAdmin();
  // A command does not wait for any attempt: connecting alone may take ten seconds.
  expect(performance.now() - startedMs).toBeLessThan(3_000);
  await until('some were tried twice', async () => (await mails()).some((mail) => mail.attempts >= 2));
  for (const mail of await mails()) expect(['queued', 'failed']).toContain(mail.status);
  expect((await mails()).find((mail) => mail.status === 'failed')!.lastError).toContain('ECONNREFUSED');
  const server = await serve(port);
  await until('all are sent', allAre('sent'));
  await sleep(300);
  const ids = server.received.map((mail) => mail.headers['message-id']!);
  expect(ids).toHaveLength(6);
  expect(new Set(ids)).toEqual(new Set((await mails()).map((mail) => `<${mail.id}@hub.example.com>`)));
  // Said when it began and when it ended, not at each of the attempts.
  const said = lines.filter((line) => line.level >= 30).map((line) => line.msg);
  expect(said).toEqual(['a mail could not be sent, and will be tried again', 'mails are sent again']);
});

test('a hundred mails and three mailers: each is sent once', async () => {
  const server = await serve();
  const keys = Array.from({ length: 100 }, () => newId());
  await Promise.all([...keys, ...keys].map((key) => tellAdmin(key)));
  await Promise.all([mailer(server.port), mailer(server.port), mailer(server.port)]);
  await until('all are sent', allAre('sent'), 30_000);
  expect(server.received).toHaveLength(100);
  expect(new Set(server.received.map((mail) => mail.headers['message-id'])).size).toBe(100);
  expect((await mails()).map((mail) => mail.attempts)).toEqual(keys.map(() => 1));
});

test('what a dead process had claimed is sent by another, under the same Message-ID', async () => {
  await tellAdmin();
  const claim = (claimMs: number) =>
    api.test.database.inSystem((tx) => claimMails(tx, { limit: 10, claimMs }));
  const [claimed] = await claim(400);
  expect(await claim(400)).toEqual([]);
  const server = await serve();
  await mailer(server.port);
  await sleep(150);
  expect(server.received).toEqual([]);
  await until('the claim has ended and another sent it', allAre('sent'));
  expect(server.received.map((mail) => mail.headers['message-id'])).toEqual([
    `<${claimed!.id}@hub.example.com>`,
  ]);
  expect((await mails())[0]!.attempts).toBe(2);
});

test('an address that does not exist is given up at once; the admins learn of it in the app, once a day', async () => {
  const server = await serve();
  const row = await inWorkspace((tx) =>
    tx.row<{ email: string }>('select email from members where workspace_id = $1', [workspace.id]),
  );
  server.unknown.add(row!.email);
  await tellAdmin();
  await tellAdmin();
  await mailer(server.port);
  await until('both are given up', allAre('given_up'));
  for (const mail of await mails()) {
    expect(mail.attempts).toBe(1);
    expect(mail.lastError).toContain('no such mailbox');
  }
  const told = await api.call('GET', '/notifications?unread=true', { key: admin.key });
  expect(told.json.items.map((item: { kind: string }) => item.kind).sort()).toEqual([
    'mail.failing',
    'ticket.rejected',
    'ticket.rejected',
  ]);
  expect(server.received).toEqual([]);
});

test('a mail is given up when its time is over, and sent after all when an admin says so', async () => {
  const port = await deadPort();
  await tellAdmin();
  await inWorkspace((tx) =>
    tx.run(`update mails set give_up_at = now() + interval '400 milliseconds' where workspace_id = $1`, [
      workspace.id,
    ]),
  );
  await mailer(port);
  await until('it is given up', allAre('given_up'));
  const [row] = await mails();
  expect(row!.attempts).toBeGreaterThan(1);
  const listed = await api.call('GET', '/mail-outbox?status=given_up', { key: workspace.key });
  expect(listed.json.items).toMatchObject([
    {
      id: row!.id,
      to: row!.address,
      subject: 'Ticket T-1 was rejected',
      status: 'given_up',
      nextAttemptAt: null,
    },
  ]);
  const server = await serve(port);
  const retried = await api.call('POST', `/mail-outbox/${row!.id}/retry`, { key: workspace.key });
  expect(retried.json).toMatchObject({ status: 'queued', attempts: 0 });
  await until('it is sent', allAre('sent'));
  expect(server.received).toHaveLength(1);
  const again = await api.call('POST', `/mail-outbox/${row!.id}/retry`, { key: workspace.key });
  expect([again.status, again.json.code]).toEqual([409, 'mail.not_given_up']);
});

test('a letter to somebody who is no member goes out once; its link is forgotten when a server took it', async () => {
  const server = await serve();
  const invite = () =>
    inWorkspace((tx) =>
      queueMail(tx, {
        to: 'new@example.com',
        template: 'invitation',
        params: { inviter: 'Ada', workspace: 'Harbour Works', role: 'manager', expiresOn: '2026-05-01' },
        key: 'invitation:1',
        link: '/invitations/secret-token',
      }),
    );
  expect(await Promise.all([invite(), invite(), invite()]).then((made) => made.filter(Boolean))).toEqual([
    true,
  ]);
  const [queued] = await mails();
  const before = await api.call('GET', `/mail-outbox/${queued!.id}`, { key: workspace.key });
  // It proves that its reader has the address, so that it is shown to nobody else, not even before.
  expect(before.json.html).toContain('Accept the invitation');
  expect(before.text).not.toContain('secret-token');
  await mailer(server.port);
  await until('it is sent', allAre('sent'));
  expect(server.received.map((mail) => mail.to)).toEqual([['new@example.com']]);
  expect(server.received[0]!.source.replaceAll('=\r\n', '')).toContain('/invitations/secret-token');
  const after = await api.call('GET', `/mail-outbox/${queued!.id}`, { key: workspace.key });
  expect(after.json).toMatchObject({ status: 'sent', subject: 'Ada invites you to Harbour Works' });
  expect(after.text).not.toContain('secret-token');
});

test('mails are for those who may change the workspace to see, and of their own workspace only', async () => {
  await tellAdmin();
  const [row] = await mails();
  const manager = await api.newMember(workspace.id, 'manager');
  expect((await api.call('GET', '/mail-outbox', { key: manager.key })).status).toBe(403);
  const other = await api.newWorkspace('Other');
  expect((await api.call('GET', `/mail-outbox/${row!.id}`, { key: other.key })).status).toBe(404);
  expect((await api.call('GET', '/mail-outbox', { key: other.key })).json.items).toEqual([]);
  const shown = await api.call('GET', `/mail-outbox/${row!.id}`, { key: workspace.key });
  expect(shown.json.text).toContain('the dock is closed');
});

test('a link to a new password is shown to its reader only, not to an admin', async () => {
  const server = await serve();
  await inWorkspace((tx) =>
    queueMail(tx, {
      to: 'ola@example.com',
      template: 'password_reset',
      params: { email: 'ola@example.com' },
      key: 'reset:1',
      link: '/reset-password/secret-token',
    }),
  );
  const [queued] = await mails();
  const shown = await api.call('GET', `/mail-outbox/${queued!.id}`, { key: workspace.key });
  expect(shown.status).toBe(200);
  expect(shown.text).not.toContain('secret-token');
  await mailer(server.port);
  await until('it is sent', allAre('sent'));
  expect(server.received[0]!.source.replaceAll('=\r\n', '')).toContain('/reset-password/secret-token');
  expect((await mails())[0]!.link).toBeNull();
});
