/** Owns a mail server for tests: real SMTP on a loopback port, that can be down, and keeps what it was given. */
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { createPost, type Post } from '../../mail/post.ts';
import { loadTemplates } from '../../mail/templates.ts';

export interface ReceivedMail {
  from: string;
  to: string[];
  /** As it came over the wire. */
  source: string;
  /** By name in small letters; folded lines are one. */
  headers: Record<string, string>;
}
export interface MailServer {
  port: number;
  received: ReceivedMail[];
  /** Who is refused for good, at RCPT TO. */
  unknown: Set<string>;
  stop(): Promise<void>;
}

function headersOf(source: string): Record<string, string> {
  const head = source.slice(0, source.indexOf('\r\n\r\n')).replace(/\r\n[ \t]+/g, ' ');
  return Object.fromEntries(
    head.split('\r\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
}

/** Listens on `port`, 0 for a free one. */
export async function startMailServer(port = 0): Promise<MailServer> {
  const received: ReceivedMail[] = [];
  const unknown = new Set<string>();
  const server = new SMTPServer({
    authOptional: true,
    closeTimeout: 100,
    disabledCommands: ['STARTTLS'],
    onRcptTo: ({ address }, _session, callback) => {
      const refusal = Object.assign(new Error('5.1.1 no such mailbox'), { responseCode: 550 });
      if (unknown.has(address)) callback(refusal);
      else callback();
    },
    onData: (stream, { envelope }, callback) => {
      const from = envelope.mailFrom ? envelope.mailFrom.address : '';
      const to = envelope.rcptTo.map(({ address }) => address);
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('error', callback);
      stream.on('end', () => {
        const source = Buffer.concat(parts).toString('utf8');
        received.push({ from, to, source, headers: headersOf(source) });
        callback();
      });
    },
  });
  const socket = server.listen(port, '127.0.0.1');
  await once(socket, 'listening');
  return {
    port: (socket.address() as { port: number }).port,
    received,
    unknown,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** The hub's own way out, to a server at this port. */
export async function postTo(
  port: number,
  readFile: (sha256: string) => AsyncIterable<Uint8Array> = () => {
    throw new Error('no mail here carries a file');
  },
): Promise<Post> {
  return createPost({
    templates: await loadTemplates(join(tmpdir(), 'slipway-test-mail')),
    smtpUrl: `smtp://127.0.0.1:${port}`,
    from: 'Slipway <billing@hub.example.com>',
    outboxDir: join(tmpdir(), 'slipway-test-mail', 'outbox'),
    publicUrl: 'https://hub.example.com',
    readFile,
  });
}
