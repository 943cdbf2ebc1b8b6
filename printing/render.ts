/** Owns making one file of a document; the heavy libraries come along, so it is called in the print thread. */
import type { ClientReportFigures } from '../domain/client-report.ts';
import type { PrintedDocument, StatusBadge } from '../domain/printed-document.ts';
import type { PrintedStatement } from '../domain/printed-statement.ts';
import { toCii, toUbl } from './e-invoice.ts';
import { whyNoEInvoice } from './e-invoice-reasons.ts';
import { toPage } from './page.ts';
import { toReportPage } from './report-page.ts';
import { reportToPdf } from './report-to-pdf.ts';
import { toStatementPage } from './statement-page.ts';
import { statementToPdf } from './statement-to-pdf.ts';
import { toPdf } from './to-pdf.ts';

export const printFormats = ['pdf', 'xml', 'cii'] as const;
/** xml is UBL. */
export type PrintFormat = (typeof printFormats)[number];

/** A client's quarterly report; `isPreview` is printed across it. */
export interface ReportRequest {
  report: ClientReportFigures;
  isPreview: boolean;
  /** ISO 8601: when it was drawn up. */
  drawnUpAt: string;
}
export const renderReport = ({ report, isPreview, drawnUpAt }: ReportRequest): Promise<Uint8Array> =>
  reportToPdf(toReportPage(report, isPreview), new Date(drawnUpAt));

/** A client's statement of account. */
export interface StatementRequest {
  statement: PrintedStatement;
}
export const renderStatement = ({ statement }: StatementRequest): Promise<Uint8Array> =>
  statementToPdf(toStatementPage(statement), statement.paper, new Date(`${statement.asOf}T00:00:00Z`));

export interface PrintRequest {
  document: PrintedDocument;
  format: PrintFormat;
  /** On a marked copy. */
  badge: StatusBadge | null;
  /** A data URL of a JPEG or PNG. */
  logo: string | null;
}

/** Throws where the document cannot be an e-invoice and one is asked for; a PDF then is one without XML in it. */
export async function render({ document, format, badge, logo }: PrintRequest): Promise<Uint8Array> {
  const reasons = whyNoEInvoice(document);
  if (format !== 'pdf' && reasons.length > 0) throw new Error(`no e-invoice: ${reasons.join('; ')}`);
  switch (format) {
    case 'xml':
      return Buffer.from(await toUbl(document));
    case 'cii':
      return Buffer.from(await toCii(document));
    case 'pdf': {
      const input = {
        page: toPage(document, badge),
        paper: document.paper,
        logo,
        // A marked copy is no original that a machine should book.
        cii: reasons.length === 0 && badge === null ? await toCii(document) : null,
        createdAt: new Date(document.issuedAt ?? 0),
        author: document.seller.name,
      };
      // A picture that is none, or of a kind that PDFs do not have, does not keep an invoice from its client.
      return logo === null ? toPdf(input) : toPdf(input).catch(() => toPdf({ ...input, logo: null }));
    }
  }
}
