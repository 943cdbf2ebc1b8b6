/** Owns printing statements of account: when somebody asks, and once into the mail that brings one. */
import { type PrintedStatement, statementFileName } from '../domain/printed-statement.ts';
import { Refusal } from '../domain/refusal.ts';
import { holdFile } from '../store/attachments.ts';
import type { Database } from '../store/database.ts';
import { insertDocumentFile } from '../store/document-files.ts';
import { attachFile, type ClaimedMail } from '../store/mails.ts';
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
  /** The mail with its statement in it, printed and kept before its first attempt. Any other mail is as it was. */
  withStatement(mail: ClaimedMail): Promise<ClaimedMail>;
}

export function createStatementKeeper({
  database,
  files,
  printer,
}: {
  database: Database;
  files: FileStore;
  printer: Printer;
}): StatementKeeper {
  const read = ({ workspaceId, key }: ClaimedMail) =>
    database.inWorkspace(workspaceId, (tx) =>
      readPrintedStatement(tx, { ...statementOfMail(key), language: null, paper: null }),
    );

  return {
    pdf: (statement) => printer.print({ statement }),
    page: (statement) => printer.statementPage(statement),
    withStatement: async (mail) => {
      if (mail.kind !== 'statement.sent' || mail.attachments.length > 0) return mail;
      // Too long to be printed: the mail says it all by itself.
      const statement = await read(mail).catch((error: unknown) => {
        if (error instanceof Refusal) return null;
        throw error;
      });
      if (statement === null) return mail;
      const bytes = await printer.print({ statement });
      const fileName = statementFileName(statement);
      const mediaType = 'application/pdf';
      const sha256 = await database.inWorkspace(mail.workspaceId, async (tx) => {
        const hash = await files.keepBytes(bytes, (one) => holdFile(tx, one));
        const file = { format: 'pdf', sha256: hash, bytes: bytes.length, mediaType, fileName } as const;
        await insertDocumentFile(tx, { type: 'statement', id: mail.id }, file);
        await attachFile(tx, mail.id, { sha256: hash, fileName, mediaType });
        return hash;
      });
      return { ...mail, attachments: [{ sha256, fileName, mediaType }] };
    },
  };
}
