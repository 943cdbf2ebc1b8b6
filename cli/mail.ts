/** Owns composing mail: templates, the way out, and the loops that send mails and tell of exceptions. */
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { createPost } from '../mail/post.ts';
import { type MailContent, type MailTemplates, type RenderedMail, renderMail } from '../mail/render-mail.ts';
import { startAnnouncer } from '../runtime/announcer.ts';
import type { FileStore } from '../runtime/file-store.ts';
import { startMailer } from '../runtime/mailer.ts';
import type { StatementKeeper } from '../runtime/statement-keeper.ts';
import type { Database } from '../store/database.ts';
import type { ClaimedMail } from '../store/mails.ts';

export interface Mail {
  /** A mail as its reader sees it. */
  show(content: MailContent): RenderedMail;
  /** Sends from now on; `url` is where this hub serves, for links. */
  start(url: string): void;
  stop(): Promise<void>;
}

/** Nothing is sent before `start`. */
export function openMail(
  config: Config,
  templates: MailTemplates,
  { files, statements }: { files: Pick<FileStore, 'read'>; statements: StatementKeeper },
  database: Database,
  logger: Logger,
): Mail {
  let publicUrl = config.publicUrl ?? '';
  const stops: (() => unknown)[] = [];
  return {
    show: (content) => renderMail(templates, content, publicUrl),
    start: (url) => {
      publicUrl = config.publicUrl ?? url;
      const post = createPost({
        templates,
        publicUrl,
        smtpUrl: config.mail.smtpUrl,
        from: config.mail.from,
        outboxDir: join(config.dataDir, 'mail-outbox'),
        readFile: (sha256) => files.read(sha256),
      });
      const deliver = async (mail: ClaimedMail) => post.deliver(await statements.withStatement(mail));
      const mailer = startMailer({ database, logger, deliver });
      const announcer = startAnnouncer({ database, logger });
      stops.push(
        () => post.close(),
        () => mailer.stop(),
        () => announcer.stop(),
      );
    },
    stop: async () => {
      for (const end of stops.reverse().splice(0)) await end();
    },
  };
}
