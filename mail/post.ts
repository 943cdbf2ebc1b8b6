/** Owns bringing one mail out of the hub: by SMTP where a server is named, else as a file into the outbox folder. */
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { type MailContent, type MailTemplates, renderMail } from './render-mail.ts';

/** A mail that is claimed by this process. */
export interface MailToPost extends MailContent {
  id: string;
  workspaceId: string;
  workspaceKind: 'live' | 'sandbox';
  address: string;
  /** ISO 8601: the mail's date, however late it is sent. */
  createdAt: string;
  /** Kept files, by their hash. */
  attachments: readonly { sha256: string; fileName: string; mediaType: string }[];
}
/** How a mail left. Anything that may work later is thrown instead. */
export type Posted =
  | { outcome: 'sent' }
  | { outcome: 'filed' }
  /** The server will never take it: no such mailbox, no mails of this size. */
  | { outcome: 'refused'; reason: string };

export interface Post {
  /** Rejects with what went wrong where another attempt may succeed. */
  deliver(mail: MailToPost): Promise<Posted>;
  close(): void;
}

export interface PostOptions {
  templates: MailTemplates;
  /** `smtp://user:password@host:587`; null: every mail is filed. */
  smtpUrl: string | null;
  /** `Name <address>` or an address. */
  from: string;
  outboxDir: string;
  publicUrl: string;
  /** Of a kept file. */
  readFile: (sha256: string) => AsyncIterable<Uint8Array>;
}

// Shorter than the mailer's claim, also after a statement was printed (runtime/statement-keeper.ts): a server that hangs costs one
// attempt, never a second sender.
const connectTimeoutMs = 10_000;
const silenceTimeoutMs = 30_000;
const deadlineMs = 100_000;
const maxConnections = 4;
/** Per workspace; the oldest go first. */
export const maxFiledMails = 1_000;

export function createPost(options: PostOptions): Post {
  const { templates, smtpUrl, from, outboxDir, publicUrl, readFile } = options;
  const smtp =
    smtpUrl === null
      ? null
      : createTransport({
          url: smtpUrl,
          pool: true,
          maxConnections,
          // A mail whose connection broke comes back to us: whether it is sent again is for the mailer to say.
          maxRequeues: 0,
          connectionTimeout: connectTimeoutMs,
          greetingTimeout: connectTimeoutMs,
          socketTimeout: silenceTimeoutMs,
          disableFileAccess: true,
          disableUrlAccess: true,
        });
  const composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  const messageOf = async (mail: MailToPost) => ({
    from,
    // An object, so that an address is one address whatever characters it holds.
    to: { name: '', address: mail.address },
    ...renderMail(templates, mail, publicUrl),
    // The same at every attempt: a server or reader that knows it already drops the second.
    messageId: `<${mail.id}@${domainOf(from)}>`,
    date: new Date(mail.createdAt),
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    attachments: await Promise.all(
      mail.attachments.map(async ({ sha256, fileName, mediaType }) => ({
        filename: fileName,
        contentType: mediaType,
        content: await wholeFile(readFile(sha256)),
      })),
    ),
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    deliver: async (mail) => {
      // What happens in a sandbox stays in the hub: its people may be copies of real ones.
      if (smtp === null || mail.workspaceKind === 'sandbox') {
        const { message } = await composer.sendMail(await messageOf(mail));
        await fileMail(join(outboxDir, mail.workspaceId), mail.id, message as Buffer);
        return { outcome: 'filed' };
      }
      try {
        await within(deadlineMs, smtp.sendMail(await messageOf(mail)));
        return { outcome: 'sent' };
      } catch (error) {
        const reason = (error as Error).message;
        if (isFinal(error)) return { outcome: 'refused', reason };
        throw error;
      }
    },
    close: () => {
      smtp?.close();
      composer.close();
    },
  };
}

/** RFC 5321: 5xx to the recipient or the message will be 5xx again. One to the sign-in or the sender is mended at the server. */
function isFinal(error: unknown): boolean {
  const { code, command, responseCode } = error as { code?: string; command?: string; responseCode?: number };
  const ofThisMail = (code === 'EENVELOPE' && command !== 'MAIL FROM') || code === 'EMESSAGE';
  // API: refused here, before any server was asked, such as an address that is none.
  return ofThisMail && (command === 'API' || (responseCode !== undefined && responseCode >= 500));
}

const maxAttachedBytes = 25 * 1024 ** 2;
/** Mail servers take no larger ones; the mail fails, and says so. */
async function wholeFile(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const read: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > maxAttachedBytes) throw new Error('the attached file is larger than a mail can be');
    read.push(piece);
  }
  return Buffer.concat(read);
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the mail server took longer than ${ms / 1_000} seconds`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** `Name <a@b>` → `b`. */
function domainOf(from: string): string {
  return /@([^\s@<>]+)>?\s*$/.exec(from)?.[1] ?? 'localhost';
}

/** Ids begin with their time, so the oldest file has the lowest name. */
async function fileMail(dir: string, id: string, message: Buffer): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, `${id}.eml`);
  await writeFile(`${path}.part`, message, { mode: 0o600 });
  await rename(`${path}.part`, path);
  const filed = (await readdir(dir)).filter((name) => name.endsWith('.eml')).sort();
  for (const name of filed.slice(0, -maxFiledMails)) await rm(join(dir, name), { force: true });
}
