/** Owns the files of issued documents: printed once, kept by their hash, read back byte by byte ever after (BILLING §9). */
import { documentMail, mailAddressOf } from '../domain/document-mail.ts';
import type { InvoiceSnapshot } from '../domain/invoice-snapshot.ts';
import type { PrintedDocument, StatusBadge } from '../domain/printed-document.ts';
import { found, Refusal } from '../domain/refusal.ts';
import { holdFile } from '../store/attachments.ts';
import type { Database, WorkspaceTx } from '../store/database.ts';
import { mailDocument } from '../store/deliveries.ts';
import {
  type DocumentFile,
  type DocumentFormat,
  type DocumentType,
  insertDocumentFile,
  listDocumentFiles,
  lockDocumentFiles,
  readLogo,
} from '../store/document-files.ts';
import { readPrinted, readSnapshot } from '../store/printed-documents.ts';
import type { FileStore } from './file-store.ts';

export interface DocumentRef {
  workspaceId: string;
  type: DocumentType;
  id: string;
}
/** printing/printer.ts says more. */
interface Printer {
  print(request: {
    document: PrintedDocument;
    format: DocumentFormat;
    badge: StatusBadge | null;
    logo: string | null;
  }): Promise<Uint8Array>;
  page(document: PrintedDocument, badge: StatusBadge | null, logo: string | null): string;
  whyNoEInvoice(document: PrintedDocument): string[];
}

export interface DocumentKeeper {
  /** Makes and keeps the files of an issued document, and queues its mail; doing it again changes nothing. */
  keep(ref: DocumentRef): Promise<void>;
  /**
   * A kept file, made now where it was not yet. Refuses with 409 a draft, and an e-invoice of what cannot be one, with the
   * reasons.
   */
  read(
    ref: DocumentRef,
    format: DocumentFormat,
  ): Promise<{ file: DocumentFile; content: AsyncIterable<Uint8Array> }>;
  /** As it is now, and kept nowhere: a draft, or a copy marked with its status. */
  copy(ref: DocumentRef, badge: StatusBadge | null): Promise<Uint8Array>;
  page(ref: DocumentRef, badge: StatusBadge | null): Promise<string>;
  /** Why there is no e-invoice of it; empty: there is, or will be. */
  whyNoEInvoice(ref: DocumentRef): Promise<string[]>;
}

const mediaTypes: Record<DocumentFormat, string> = {
  pdf: 'application/pdf',
  xml: 'application/xml',
  cii: 'application/xml',
};
const maxLogoBytes = 2 * 1024 ** 2;

interface Read {
  document: PrintedDocument;
  snapshot: InvoiceSnapshot | null;
  logo: string | null;
}

export function createDocumentKeeper(deps: {
  database: Database;
  files: FileStore;
  printer: Printer;
}): DocumentKeeper {
  const { database, files, printer } = deps;

  const read = async ({ workspaceId, type, id }: DocumentRef): Promise<Read> => {
    const { logoFile, ...read } = await database.inWorkspace(workspaceId, async (tx) => {
      const document = found(await readPrinted(tx, type, id), 'document');
      const logoFile = document.logoSha256 === null ? null : await readLogo(tx, document.logoSha256);
      return { document, snapshot: await readSnapshot(tx, type, id), logoFile };
    });
    const sha256 = read.document.logoSha256;
    const isFit = logoFile !== null && sha256 !== null && logoFile.bytes <= maxLogoBytes;
    return { ...read, logo: isFit ? await dataUrl(logoFile.mediaType, files.read(sha256)) : null };
  };

  const keep = async (ref: DocumentRef): Promise<DocumentFile[]> => {
    const { workspaceId, type, id } = ref;
    const list = (tx: WorkspaceTx) => listDocumentFiles(tx, type, id);
    const known = await database.inWorkspace(workspaceId, list);
    if (known.length > 0) return known;
    const { document, snapshot, logo } = await read(ref);
    if (document.number === null) throw notIssued();
    const formats = eInvoiceReasons(document).length === 0 ? allFormats : (['pdf'] as const);
    const made: { format: DocumentFormat; bytes: Uint8Array }[] = [];
    for (const format of formats)
      made.push({ format, bytes: await printer.print({ document, format, badge: null, logo }) });
    return database.inWorkspace(workspaceId, async (tx) => {
      await lockDocumentFiles(tx, type, id);
      const meanwhile = await list(tx);
      if (meanwhile.length > 0) return meanwhile;
      for (const { format, bytes } of made) {
        const sha256 = await files.keepBytes(bytes, (hash) => holdFile(tx, hash));
        const fileName = fileNameOf(document, format);
        const mediaType = mediaTypes[format];
        await insertDocumentFile(
          tx,
          { type, id },
          { format, sha256, bytes: bytes.length, mediaType, fileName },
        );
      }
      const kept = await list(tx);
      if (type !== 'contractor_invoice' && snapshot !== null)
        await mail(tx, { type, id }, document, snapshot, kept);
      return kept;
    });
  };

  const eInvoiceReasons = (document: PrintedDocument) => printer.whyNoEInvoice(document);

  return {
    keep: async (ref) => void (await keep(ref)),
    read: async (ref, format) => {
      const kept = await keep(ref);
      const file = kept.find((one) => one.format === format);
      if (!file) throw noEInvoice(eInvoiceReasons((await read(ref)).document));
      return { file, content: files.read(file.sha256) };
    },
    copy: async (ref, badge) => {
      const { document, logo } = await read(ref);
      return printer.print({ document, format: 'pdf', badge, logo });
    },
    page: async (ref, badge) => {
      const { document, logo } = await read(ref);
      return printer.page(document, badge, logo);
    },
    whyNoEInvoice: async (ref) => eInvoiceReasons((await read(ref)).document),
  };
}

const allFormats = ['pdf', 'xml', 'cii'] as const;

/** `NFE-0042.pdf`; of the two kinds of XML one says which it is. */
function fileNameOf({ number }: PrintedDocument, format: DocumentFormat): string {
  const name = (number ?? '').replace(/[^\p{L}\p{N}._-]+/gu, '-').slice(0, 100);
  return `${name}${{ pdf: '.pdf', xml: '.xml', cii: '-cii.xml' }[format]}`;
}

async function mail(
  tx: WorkspaceTx,
  subject: { type: 'client_invoice' | 'credit_note' | 'late_fee'; id: string },
  document: PrintedDocument,
  snapshot: InvoiceSnapshot,
  kept: DocumentFile[],
): Promise<void> {
  const to = mailAddressOf(snapshot);
  if (to === null) return;
  const pdf = kept.filter(({ format }) => format === 'pdf');
  await mailDocument(tx, { ...subject, to, ...documentMail(document), files: pdf });
}

async function dataUrl(mediaType: string, content: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of content) pieces.push(piece);
  return `data:${mediaType};base64,${Buffer.concat(pieces).toString('base64')}`;
}

const notIssued = () =>
  new Refusal({
    code: 'document.not_issued',
    message: 'It has no number yet, so there is no document of it.',
    whatToDo: 'Issue it first; until then there is the draft, marked so.',
  });
const noEInvoice = (reasons: string[]) =>
  new Refusal({
    code: 'document.no_e_invoice',
    message: `There is no e-invoice of it: ${reasons.join('; ')}.`,
    whatToDo: 'Send the PDF, and mend for later invoices what is missing.',
    details: { reasons },
  });
