/** Owns how printed documents go out over HTTP: kept files, copies made now, and pages for the screen. */
import { z } from 'zod';
import { contentDisposition, contentType } from '../../domain/file-type.ts';
import type { DocumentFile, DocumentFormat } from '../../store/document-files.ts';
import type { ApiDeps, DocumentRef } from '../deps.ts';

/** Whatever a browser makes of it, it has no rights and no origin; styles and pictures are inside. */
const harmless = {
  'Content-Security-Policy':
    "sandbox allow-modals; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'",
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'private, no-store',
};

export interface SentDocument {
  status: 200;
  stream: AsyncIterable<Uint8Array>;
  headers: Record<string, string>;
}

/** The bytes that were made at issue; their hash is the ETag. */
export async function sendKept(
  deps: ApiDeps,
  ref: DocumentRef,
  format: DocumentFormat,
): Promise<SentDocument> {
  return sendFile(await deps.documents.read(ref, format));
}

/** A kept file, whatever it is of. */
export function sendFile({
  file,
  content,
}: {
  file: DocumentFile;
  content: AsyncIterable<Uint8Array>;
}): SentDocument {
  return {
    status: 200,
    stream: content,
    headers: {
      ...harmless,
      'Content-Type': contentType(file.mediaType),
      'Content-Length': String(file.bytes),
      'Content-Disposition': contentDisposition(file.fileName),
      'X-Content-SHA256': file.sha256,
    },
  };
}

/** Made now: a draft, or a copy that is marked. */
export function sendCopy(bytes: Uint8Array, fileName: string): SentDocument {
  return {
    status: 200,
    stream: onePiece(bytes),
    headers: {
      ...harmless,
      'Content-Type': 'application/pdf',
      'Content-Length': String(bytes.length),
      'Content-Disposition': contentDisposition(fileName),
    },
  };
}

export function sendPage(html: string): SentDocument {
  const bytes = new TextEncoder().encode(html);
  return {
    status: 200,
    stream: onePiece(bytes),
    headers: {
      ...harmless,
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Length': String(bytes.length),
    },
  };
}

async function* onePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

export const markedQuery = z.object({
  marked: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'A copy, printed now, with the status on it.' }),
});

export const syntax = z
  .enum(['ubl', 'cii'])
  .default('ubl')
  .meta({ description: 'UBL 2.1, or CII: the one that the PDF carries too.' });
export const formatOf = (wanted: z.output<typeof syntax>): DocumentFormat =>
  wanted === 'ubl' ? 'xml' : 'cii';
