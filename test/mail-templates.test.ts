/** Owns what mails look like: every kind in HTML and text, and that nobody's words become markup, headers or templates. */
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  documentKinds,
  fillWords,
  letterKinds,
  type MailKind,
  mailKinds,
  wordsOf,
} from '../domain/notification.ts';
import { createPost, type MailToPost, maxFiledMails } from '../mail/post.ts';
import { type MailTemplates, renderMail } from '../mail/render-mail.ts';
import { loadTemplates } from '../mail/templates.ts';
import { newId } from '../store/new-id.ts';

let folder: string;
let templates: MailTemplates;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-test-mail-'));
  templates = await loadTemplates(join(folder, 'cache'));
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const publicUrl = 'https://hub.example.com';
const noFiles = () => {
  throw new Error('no mail here carries a file');
};

/** Every parameter that the words of a kind name, each with a value made from its name. */
function paramsOf(kind: MailKind, value: (name: string) => string): Record<string, string> {
  const words = Object.values(wordsOf(kind)).join(' ');
  return Object.fromEntries(
    [...words.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => [name, value(name)] as const),
  );
}
const render = (kind: MailKind, params: Record<string, string>, workspaceName = 'Harbour Works') =>
  renderMail(templates, { kind, params, workspaceName, link: '/tickets/1' }, publicUrl);

describe.each(mailKinds)('%s', (kind) => {
  test('says everything it was given, in HTML and in text', () => {
    const params = paramsOf(kind, (name) => `the ${name} of it`);
    const { subject, html, text } = render(kind, params);
    for (const value of Object.values(params)) {
      expect(html).toContain(value);
      expect(text).toContain(value);
    }
    expect(subject.length).toBeGreaterThan(5);
    for (const whole of [subject, html, text]) expect(whole).not.toMatch(/\{\{|\}\}|\{\w+\}|undefined|–/);
    expect(html).toContain('<html lang="en"');
    expect(text).not.toContain('<');
    expect(text).not.toMatch(/\n\n\n/);
    if (fillWords(kind, params).action !== null) {
      expect(html).toContain(`href="${publicUrl}/tickets/1"`);
      expect(text).toContain(`${publicUrl}/tickets/1`);
    }
    expect(html).toContain('Harbour Works');
    const preferences = `${publicUrl}/notification-preferences`;
    expect(text.includes(preferences)).toBe(!(kind in letterKinds) && !(kind in documentKinds));
  });

  test('takes nobody’s words for markup or for a template', () => {
    const evil = `"><script>alert(1)</script><img src=x onerror='x'>{{link}}{{#list}}{title}&amp;`;
    const { html, text } = render(
      kind,
      paramsOf(kind, () => evil),
      evil,
    );
    expect(html).not.toContain('<script>');
    expect(html).not.toContain('<img src=x');
    expect(html).toContain(
      '&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=&#39;x&#39;&gt;{{link}}{{#list}}{title}&amp;amp;',
    );
    expect(text).toContain(evil);
  });
});

test('a subject is one line of bounded length, whatever is in it', () => {
  const { subject } = render('ticket.submitted', {
    person: `Ola\r\nBcc: all@example.com\u0000\u2028${'x'.repeat(10_000)}`,
    ticket: 'T-1',
    project: 'P',
    workDate: '2026-04-01',
  });
  expect(subject).toMatch(/^Ola Bcc: all@example\.com x+…$/);
  expect(subject.length).toBe(200);
});

test('an empty reason leaves no empty quote, and a kind of tomorrow still shows', () => {
  const { html, text } = render(
    'ticket.approved',
    paramsOf('ticket.approved', () => 'x'),
  );
  expect(html).not.toContain('border-left');
  expect(text).not.toContain('"');
  const unknown = renderMail(
    templates,
    { kind: 'moon.landed', params: {}, workspaceName: 'W', link: null },
    publicUrl,
  );
  expect(unknown.subject).toBe('moon.landed');
  expect(unknown.html).not.toContain('href="https://hub.example.com"');
});

describe('the templates', () => {
  test('are compiled once, and read from the cache afterwards', async () => {
    const cache = join(folder, 'cache');
    const [file] = (await readdir(cache)).filter((name) => name.startsWith('mail-'));
    const path = join(cache, file!);
    const before = await readFile(path, 'utf8');
    await writeFile(path, JSON.stringify({ ...templates, notice: { html: 'cached', text: 'cached' } }));
    expect((await loadTemplates(cache)).notice.html).toBe('cached');
    await writeFile(path, before);
  });

  test('that do not compile stop the start, with the file and what is wrong in it', async () => {
    const broken = join(folder, 'broken');
    await cp(join(import.meta.dirname, '..', 'mail', 'templates'), broken, { recursive: true });
    const notice = await readFile(join(broken, 'notice.mjml'), 'utf8');
    await writeFile(join(broken, 'notice.mjml'), notice.replaceAll('mj-button', 'mj-knob'));
    const failed = loadTemplates(join(folder, 'other-cache'), broken);
    await expect(failed).rejects.toThrow(/mail\/templates\/notice\.mjml does not compile[\s\S]*mj-knob/);
    expect(existsSync(join(folder, 'other-cache'))).toBe(false);
  });
});

describe('the outbox folder', () => {
  const mailOf = (facts: Partial<MailToPost> = {}): MailToPost => ({
    id: newId(),
    workspaceId: newId(),
    workspaceKind: 'live',
    workspaceName: 'Harbour Works',
    kind: 'mail.failing',
    params: { address: 'a@example.com', attempts: '3', reason: 'no answer' },
    address: 'ola@example.com',
    link: null,
    createdAt: '2026-04-01T10:00:00.000Z',
    attachments: [],
    ...facts,
  });
  const postWith = (smtpUrl: string | null) =>
    createPost({
      templates,
      smtpUrl,
      from: 'Slipway <billing@hub.example.com>',
      outboxDir: join(folder, 'outbox'),
      publicUrl,
      readFile: noFiles,
    });
  const fileOf = ({ workspaceId, id }: MailToPost) =>
    readFile(join(folder, 'outbox', workspaceId, `${id}.eml`), 'utf8');

  test('takes a mail whole, with headers that nobody’s words can add to', async () => {
    const post = postWith(null);
    const mail = mailOf({
      kind: 'document.requested',
      params: { document: 'Form\r\nBcc: all@example.com\r\n\r\nHello', person: 'Ola' },
      address: 'ola@example.com, all@example.com',
    });
    expect(await post.deliver(mail)).toEqual({ outcome: 'filed' });
    post.close();
    const file = await fileOf(mail);
    const head = file.slice(0, file.indexOf('\r\n\r\n'));
    const names = head
      .split('\r\n')
      .filter((line) => /^\S/.test(line))
      .map((line) => line.split(':')[0]!.toLowerCase());
    expect(names).not.toContain('bcc');
    expect(names.filter((name) => name === 'to')).toHaveLength(1);
    expect(head).toContain(`Message-ID: <${mail.id}@hub.example.com>`);
    expect(head).toContain('From: Slipway <billing@hub.example.com>');
    expect(head).toContain('Date: Wed, 01 Apr 2026 10:00:00 +0000');
    expect(file).toContain('multipart/alternative');
  });

  test('gets all mails of a sandbox, even where there is a mail server', async () => {
    // Nothing listens there: a mail that were sent would fail.
    const post = postWith('smtp://127.0.0.1:1');
    const mail = mailOf({ workspaceKind: 'sandbox' });
    expect(await post.deliver(mail)).toEqual({ outcome: 'filed' });
    await expect(post.deliver(mailOf())).rejects.toThrow('ECONNREFUSED');
    post.close();
    expect(await fileOf(mail)).toContain('ola@example.com');
  });

  test('drops the oldest mails beyond its bound', async () => {
    const post = postWith(null);
    const mail = mailOf();
    await post.deliver(mail);
    const dir = join(folder, 'outbox', mail.workspaceId);
    const older = Array.from({ length: maxFiledMails }, (_, n) => `0${String(n).padStart(7, '0')}-old.eml`);
    for (const name of older) await writeFile(join(dir, name), '');
    await post.deliver({ ...mail, id: newId() });
    post.close();
    const left = await readdir(dir);
    expect(left).toHaveLength(maxFiledMails);
    expect(left).not.toContain(older[0]);
    expect(left).not.toContain(older[1]);
    expect(left).toContain(older[2]);
    expect(left).toContain(`${mail.id}.eml`);
  });
});
