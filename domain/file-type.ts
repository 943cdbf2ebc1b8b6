/** Owns which files may be handed in for what, told by their content, and the names that they are kept under. */
import { Refusal } from './refusal.ts';

/** What an uploaded file can be for. */
export const attachmentSubjects = [
  'ticket_line',
  'person_document',
  'contractor_invoice',
  'client_document',
  'seller_logo',
] as const;
export type AttachmentSubject = (typeof attachmentSubjects)[number];

/** Media type → what people call it, and the endings that a name may have; the first one is given where none fits. */
const fileTypes = {
  'application/pdf': { label: 'PDF', endings: ['pdf'] },
  'image/jpeg': { label: 'JPEG', endings: ['jpg', 'jpeg'] },
  'image/png': { label: 'PNG', endings: ['png'] },
  'image/webp': { label: 'WebP', endings: ['webp'] },
  'image/heic': { label: 'HEIC', endings: ['heic', 'heif'] },
  'image/heif': { label: 'HEIF', endings: ['heif', 'heic'] },
  // What is inside a text file its content does not tell: a CSV file is text as well.
  'text/plain': { label: 'plain text', endings: ['txt', 'csv'] },
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': {
    label: 'Word (DOCX)',
    endings: ['docx'],
  },
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': {
    label: 'Excel (XLSX)',
    endings: ['xlsx'],
  },
} as const;
export type MediaType = keyof typeof fileTypes;

const papers = [
  'application/pdf',
  'image/jpeg',
  'image/png',
  'image/webp',
  'image/heic',
  'image/heif',
] as const satisfies MediaType[];
const office = [
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
] as const satisfies MediaType[];

const accepted: Readonly<Record<AttachmentSubject, readonly MediaType[]>> = {
  ticket_line: [...papers, 'text/plain'],
  person_document: [...papers, 'text/plain', ...office],
  contractor_invoice: papers,
  client_document: [...papers, ...office],
  // What a PDF can hold.
  seller_logo: ['image/png', 'image/jpeg'],
};

/** What was read of a file. */
export interface FileContent {
  bytes: number;
  /** By the marks of its format (magic numbers); null where it bears none. */
  sniffed: string | null;
  /** Its first `headBytes` and last `tailBytes`, or all of it. */
  head: Uint8Array;
  tail: Uint8Array;
  /** All of it is UTF-8 without control characters or markup; see `isHarmlessText`. */
  harmlessText: boolean;
}
export const headBytes = 4_096;
/** As far back as the end record of a ZIP archive may lie. */
export const tailBytes = 65_557;

/** The type of a file that may be handed in for this. Refuses with 415 what may not, or is two things at once. */
export function judgeFile(subject: AttachmentSubject, file: FileContent): MediaType {
  const type = file.sniffed ?? (file.harmlessText ? 'text/plain' : null);
  const allowed = accepted[subject].find((one) => one === type);
  if (!allowed) throw refused(subject, type === null ? 'its content is none that we know' : `it is ${type}`);
  const twice = secondNature(allowed, file);
  if (twice !== null) throw refused(subject, twice);
  return allowed;
}

function refused(subject: AttachmentSubject, why: string): Refusal {
  const labels = accepted[subject].map((type) => fileTypes[type].label);
  return new Refusal({
    code: 'file.type_refused',
    status: 415,
    message: `This file cannot be taken: ${why}.`,
    whatToDo: `Send one of ${labels.join(', ')}; the content counts, not the name.`,
    details: { accepted: accepted[subject] },
  });
}

const latin = (bytes: Uint8Array) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');

/** What else a file would be taken for by another program; null: nothing that is looked for here. */
function secondNature(type: MediaType, { bytes, head, tail }: FileContent): string | null {
  const [start, end] = [latin(head), latin(tail)];
  if (type === 'application/pdf' && !start.startsWith('%PDF-')) return 'something stands before the PDF';
  // Readers look for it in the last kilobyte; what was appended, or cut off, shows here.
  if (type === 'application/pdf' && !end.slice(-1_024).includes('%%EOF'))
    return 'the end of the PDF is not where it belongs';
  if ((office as readonly MediaType[]).includes(type))
    return /vbaproject\.bin/i.test(end) ? 'it carries macros' : null;
  if (endsAsArchive(end, bytes)) return 'it is an archive as well';
  return type !== 'text/plain' && markup.test(start) ? 'it is a web page as well' : null;
}

const endRecord = 'PK\u0005\u0006';
const endRecordBytes = 22;

/** A ZIP archive is read from its end: the end record with its comment must reach exactly to the last byte. */
function endsAsArchive(tail: string, bytes: number): boolean {
  for (
    let at = tail.lastIndexOf(endRecord);
    at >= 0;
    at = at === 0 ? -1 : tail.lastIndexOf(endRecord, at - 1)
  ) {
    const comment = tail.charCodeAt(at + 20) + tail.charCodeAt(at + 21) * 256;
    if (at + endRecordBytes + comment === tail.length && bytes >= endRecordBytes) return true;
  }
  return false;
}

const markup =
  /<(?:!doctype\s+html|html[\s>]|head[\s>]|body[\s>]|script[\s>]|iframe[\s>]|svg[\s>]|\?php|\?xml[\s?]|%@)/i;
const controls = /(?![\t\n\f\r])\p{Cc}/u;

/** Text that no program takes for a page or a script: no control characters, no markup, no interpreter's line. */
export function isHarmlessText(text: string, isStart: boolean): boolean {
  return !controls.test(text) && !markup.test(text) && !(isStart && text.startsWith('#!'));
}
/** No mark of `isHarmlessText` is longer: pieces of a text that overlap by this hide none. */
export const markupChars = 40;

export const maxFileNameChars = 200;

/**
 * A name to show and to save under: one line without path or invisible characters, at most 200 long, with an ending that
 * fits the content, so that a saved file opens as what it is.
 */
export function cleanFileName(given: string, type: MediaType): string {
  const { endings } = fileTypes[type];
  const flat = given
    .toWellFormed()
    .normalize('NFC')
    // Control and format characters (a right-to-left mark makes `exe.pdf` of `fdp.exe`), and what separates paths.
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu, '')
    .replace(/[\\/:*?"<>|]/g, '_')
    .replace(/\s+/g, ' ')
    .replace(/^[\s.]+|[\s.]+$/g, '');
  const dot = flat.lastIndexOf('.');
  const ending = flat.slice(dot + 1).toLowerCase();
  const fits = dot > 0 && (endings as readonly string[]).includes(ending);
  const [stem, kept] = fits ? [flat.slice(0, dot), ending] : [flat, endings[0]];
  const room = maxFileNameChars - kept.length - 1;
  return `${stem.slice(0, room).toWellFormed() || 'file'}.${kept}`;
}

/** The header by which a browser saves a file under its name and never shows it in place (RFC 6266, RFC 8187). */
export function contentDisposition(fileName: string): string {
  const ascii = fileName.replace(/[^\x20-\x7E]|["\\%]/g, '_');
  const encoded = encodeURIComponent(fileName).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

/** As Content-Type says it. */
export const contentType = (type: string) => (type === 'text/plain' ? 'text/plain; charset=utf-8' : type);
