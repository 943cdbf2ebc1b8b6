/** Owns the files of issued documents: made once, found by their hash, and on whose way they are. */
import { maxPrintedLines } from '../domain/printed-document.ts';
import type { WorkspaceTx } from './database.ts';

export const documentTypes = ['client_invoice', 'credit_note', 'contractor_invoice', 'late_fee'] as const;
export type DocumentType = (typeof documentTypes)[number];
/** What has a file of its own; a report is no document of the books, and a statement is that of its mail. */
export type KeptType = DocumentType | 'client_report' | 'statement';
export const documentFormats = ['pdf', 'xml', 'cii'] as const;
export type DocumentFormat = (typeof documentFormats)[number];

export interface DocumentFile {
  format: DocumentFormat;
  /** Hex. */
  sha256: string;
  bytes: number;
  mediaType: string;
  fileName: string;
  createdAt: string;
}

const columns = `format, encode(sha256, 'hex') as sha256, bytes, media_type, file_name, created_at`;

export function listDocumentFiles(
  tx: WorkspaceTx,
  type: KeptType,
  documentId: string,
): Promise<DocumentFile[]> {
  return tx.rows<DocumentFile>(
    `select ${columns} from document_files where workspace_id = $1 and document_type = $2 and document_id = $3 order by format limit 10`,
    [tx.workspaceId, type, documentId],
  );
}

/** Two makers at once take turns: the second one finds the files of the first. Held until the transaction ends. */
export async function lockDocumentFiles(tx: WorkspaceTx, type: KeptType, documentId: string): Promise<void> {
  await tx.run('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `slipway.document.${type}.${documentId}`,
  ]);
}

export async function insertDocumentFile(
  tx: WorkspaceTx,
  document: { type: KeptType; id: string },
  file: Omit<DocumentFile, 'createdAt'>,
): Promise<void> {
  await tx.run(
    `insert into document_files (workspace_id, document_type, document_id, format, sha256, bytes, media_type, file_name)
     values ($1, $2, $3, $4, decode($5, 'hex'), $6, $7, $8)`,
    [
      tx.workspaceId,
      document.type,
      document.id,
      file.format,
      file.sha256,
      file.bytes,
      file.mediaType,
      file.fileName,
    ],
  );
}

/** By the ownership card of the connection that it goes to. */
const printedByUs = `not exists (select from sync_records r join connections c on c.workspace_id = $1 and c.id = r.connection_id
             where r.workspace_id = $1 and r.subject_type = 'client_invoice' and r.subject_id = i.id and c.ownership ->> 'pdf' = 'theirs')`;

/** The invoice, its credit notes and late fees that are issued by us and have no file yet; oldest first. */
export function unprintedDocuments(
  tx: WorkspaceTx,
  invoiceId: string,
): Promise<{ type: 'client_invoice' | 'credit_note' | 'late_fee'; id: string }[]> {
  return tx.rows(
    `select d.type, d.id from (
       select 'client_invoice' as type, i.id, i.issued_at from client_invoices i
         where i.workspace_id = $1 and i.id = $2 and i.number is not null and i.status <> 'void' and i.snapshot ? 'seller' and i.line_count <= $3
           -- Printed and sent by the system that numbered it.
           and i.number_given_by <> 'opening' and ${printedByUs}
       union all select 'credit_note', n.id, n.issued_at from credit_notes n
         join client_invoices i on i.workspace_id = $1 and i.id = n.invoice_id and i.snapshot ? 'seller' and i.line_count <= $3 and ${printedByUs}
         where n.workspace_id = $1 and n.invoice_id = $2 and n.number is not null
       -- Those of before they were printed were asked for by their letter alone.
       union all select 'late_fee', f.id, f.created_at from late_fees f
         where f.workspace_id = $1 and f.invoice_id = $2 and f.status in ('issued', 'settled') and f.snapshot ? 'lateFee') d
     where not exists (select from document_files f where f.workspace_id = $1 and f.document_type = d.type and f.document_id = d.id)
     order by d.issued_at limit 20`,
    [tx.workspaceId, invoiceId, maxPrintedLines],
  );
}

/** The picture on top, where it is kept. */
export function readLogo(
  tx: WorkspaceTx,
  sha256: string,
): Promise<{ mediaType: string; bytes: number } | null> {
  return tx.row(
    `select media_type, bytes from attachments where workspace_id = $1 and sha256 = decode($2, 'hex') and media_type in ('image/png', 'image/jpeg') limit 1`,
    [tx.workspaceId, sha256],
  );
}
