/** Owns printing statements of account: when somebody asks, and once into the mail that brings one. */
import { type PrintedStatement, statementFileName } from '../domain/printed-statement.ts';
import { Refusal } from '../domain/refusal.ts';
import { holdFile } from '../store/attachments.ts';
import type { Database } from '../store/database.ts';
import { insertDocumentFile } from '../store/document-files.ts';
import { attachFile, type ClaimedMail, type MailAttachment } from '../store/mails.ts';
import { readPrintedStatement } from '../store/printed-statement.ts';
import { statementOfMail } from '../store/send-statements.ts';
import type { FileStore } from './file-store.ts';

/** printing/printer.ts says more. */
interface Printer {
  print(request: { statement: PrintedStatement }): Promise<Uint8Array>;
  statementPage(statement: PrintedStatement): string;
}
export interface StatementKeeper {
  /** Printed now, and kept nowhere: a past day reads the same for ever. */
  pdf(statement: PrintedStatement): Promise<Uint8Array>;
  page(statement: PrintedStatement): string;
  /**
   * The mail with its statement in it, printed and kept before its first attempt. Any other mail is as it was. Rejects where
   * the print takes longer than an attempt may: it goes on, and a later attempt finds it kept.
   */
  withStatement(mail: ClaimedMail): Promise<ClaimedMail>;
}

// With the time that the mail server has (mail/post.ts) it stays below the mailer's claim.
const attemptMs = 60_000;

export function createStatementKeeper({
  database,
  files,
  printer,
  printTimeoutMs = attemptMs,
}: {
  database: Database;
  files: FileStore;
  printer: Printer;
  printTimeoutMs?: number;
}): StatementKeeper {
  const read = ({ workspaceId, key }: ClaimedMail) =>
    database.inWorkspace(workspaceId, (tx) =>
      readPrintedStatement(tx, { ...statementOfMail(key), language: null, paper: null }),
    );
  const printAndKeep = async (mail: ClaimedMail, statement: PrintedStatement): Promise<MailAttachment> => {
    const bytes = await printer.print({ statement });
    const fileName = statementFileName(statement);
    const mediaType = 'application/pdf';
    return database.inWorkspace(mail.workspaceId, async (tx) => {
      const sha256 = await files.keepBytes(bytes, (one) => holdFile(tx, one));
      const file = { format: 'pdf', sha256, bytes: bytes.length, mediaType, fileName } as const;
      await insertDocumentFile(tx, { type: 'statement', id: mail.id }, file);
      const attachment = { sha256, fileName, mediaType };
      await attachFile(tx, mail.id, attachment);
      return attachment;
    });
  };
  /** By mail; as many at most as wait for the printer. */
  const underWay = new Map<string, Promise<MailAttachment>>();
  const printed = (mail: ClaimedMail, statement: PrintedStatement): Promise<MailAttachment> => {
    const print =
      underWay.get(mail.id) ?? printAndKeep(mail, statement).finally(() => underWay.delete(mail.id));
    underWay.set(mail.id, print);
    return print;
  };

  return {
    pdf: (statement) => printer.print({ statement }),
    page: (statement) => printer.statementPage(statement),
    withStatement: async (mail) => {
      if (mail.kind !== 'statement.sent' || mail.attachments.length > 0) return mail;
      // Too long to be printed: the balances are in the mail itself.
      const statement = await read(mail).catch((error: unknown) => {
        if (error instanceof Refusal) return null;
        throw error;
      });
      if (statement === null) return mail;
      return { ...mail, attachments: [await within(printTimeoutMs, printed(mail, statement))] };
    },
  };
}

async function within<T>(timeoutMs: number, print: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const reason = `printing the statement took longer than ${timeoutMs / 1_000} seconds`;
    timer = setTimeout(() => reject(new Error(reason)), timeoutMs);
  });
  try {
    return await Promise.race([print, late]);
  } finally {
    clearTimeout(timer);
  }
}
