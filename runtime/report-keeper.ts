/** Owns the files of clients' quarterly reports: printed once from their fixed figures, kept by their hash, mailed. */
import type { ClientReportFigures } from '../domain/client-report.ts';
import { clientReportFileName, clientReportMail } from '../domain/client-report-mail.ts';
import { found } from '../domain/refusal.ts';
import type { Instant } from '../domain/work-entry.ts';
import { holdFile } from '../store/attachments.ts';
import {
  findClientReport,
  markMade,
  readFigures,
  readReportAddress,
  reportNotMade,
} from '../store/client-reports.ts';
import type { Database, WorkspaceTx } from '../store/database.ts';
import { mailDocument } from '../store/deliveries.ts';
import {
  type DocumentFile,
  insertDocumentFile,
  listDocumentFiles,
  lockDocumentFiles,
} from '../store/document-files.ts';
import type { FileStore } from './file-store.ts';

export interface ReportRef {
  workspaceId: string;
  id: string;
}
/** printing/printer.ts says more. */
interface Printer {
  print(request: {
    report: ClientReportFigures;
    isPreview: boolean;
    drawnUpAt: Instant;
  }): Promise<Uint8Array>;
}
export interface ReportKeeper {
  /** Prints what is drawn up, keeps the file and queues its mail; doing it again changes nothing. */
  keep(ref: ReportRef): Promise<void>;
  /** The kept file. Refuses with 409 what is not made yet. */
  read(ref: ReportRef): Promise<{ file: DocumentFile; content: AsyncIterable<Uint8Array> }>;
  /** Printed now, marked as a preview, and kept nowhere. */
  preview(figures: ClientReportFigures, now: Instant): Promise<Uint8Array>;
}

const type = 'client_report' as const;

export function createReportKeeper({
  database,
  files,
  printer,
}: {
  database: Database;
  files: FileStore;
  printer: Printer;
}): ReportKeeper {
  const fileOf = async (tx: WorkspaceTx, id: string) => (await listDocumentFiles(tx, type, id))[0] ?? null;

  return {
    keep: async ({ workspaceId, id }) => {
      const drawnUp = await database.inWorkspace(workspaceId, async (tx) => {
        const report = await findClientReport(tx, id);
        return report?.status === 'drawn_up' ? { report, figures: (await readFigures(tx, id))! } : null;
      });
      if (drawnUp === null) return;
      const { figures } = drawnUp;
      const bytes = await printer.print({
        report: figures,
        isPreview: false,
        drawnUpAt: drawnUp.report.drawnUpAt!,
      });
      await database.inWorkspace(workspaceId, async (tx) => {
        await lockDocumentFiles(tx, type, id);
        const report = found(await findClientReport(tx, id, true), 'client_report');
        if (report.status !== 'drawn_up') return;
        const sha256 = await files.keepBytes(bytes, (hash) => holdFile(tx, hash));
        const fileName = clientReportFileName(figures);
        const mediaType = 'application/pdf';
        await insertDocumentFile(
          tx,
          { type, id },
          { format: 'pdf', sha256, bytes: bytes.length, mediaType, fileName },
        );
        await markMade(tx, report, sha256);
        const to = await readReportAddress(tx, report.clientId);
        if (to !== null)
          await mailDocument(tx, {
            type,
            id,
            to,
            ...clientReportMail(figures),
            files: [{ sha256, fileName, mediaType }],
          });
      });
    },

    read: async ({ workspaceId, id }) => {
      const file = await database.inWorkspace(workspaceId, (tx) => fileOf(tx, id));
      if (file === null) throw reportNotMade();
      return { file, content: files.read(file.sha256) };
    },

    preview: (figures, now) => printer.print({ report: figures, isPreview: true, drawnUpAt: now }),
  };
}
