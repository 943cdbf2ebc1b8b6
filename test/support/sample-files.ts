/** Owns small files of every kind for tests of uploads, made byte by byte: real ones, and such as only pretend. */
import { crc32, deflateSync } from 'node:zlib';

const text = (...lines: string[]) => Buffer.from(`${lines.join('\n')}\n`);

/** A one-page PDF whose bytes differ with `mark`. */
export const pdf = (mark = 'receipt') =>
  text(
    '%PDF-1.4',
    `% ${mark}`,
    '1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj',
    '2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj',
    '3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj',
    'trailer<</Root 1 0 R>>',
    '%%EOF',
  );
export const jpeg = Buffer.concat([
  Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex'),
  Buffer.alloc(64, 0x11),
  Buffer.from('ffd9', 'hex'),
]);
export const png = Buffer.concat([
  Buffer.from('89504e470d0a1a0a', 'hex'),
  Buffer.from('0000000d49484452000000010000000108060000001f15c489', 'hex'),
  Buffer.from('0000000d49444154789c6360000002000001e221bc33', 'hex'),
  Buffer.from('0000000049454e44ae426082', 'hex'),
]);
const crcOf = (bytes: Buffer) => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(crc32(bytes));
  return length;
};
const pngChunk = (type: string, data: Buffer) => {
  const named = Buffer.concat([Buffer.from(type), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  return Buffer.concat([length, named, crcOf(named)]);
};
/** A real PNG: 2 × 2, 8 bits, red, green, blue. */
export const picture = Buffer.concat([
  Buffer.from('89504e470d0a1a0a', 'hex'),
  pngChunk('IHDR', Buffer.from('00000002000000020802000000', 'hex')),
  pngChunk('IDAT', deflateSync(Buffer.from('00ff000000ff00000000ffffff00', 'hex'))),
  pngChunk('IEND', Buffer.alloc(0)),
]);
export const webp = Buffer.concat([
  Buffer.from('RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0', 'latin1'),
  Buffer.alloc(24, 1),
]);
export const heic = Buffer.concat([
  Buffer.from('000000186674797068656963000000006d69663168656963', 'hex'),
  Buffer.alloc(64),
]);
export const html = text('<!DOCTYPE html>', '<html><script>alert(1)</script></html>');
export const svg = text('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
/** The head of a Windows program. */
export const exe = Buffer.concat([Buffer.from('MZ\x90\0\x03\0\0\0', 'latin1'), Buffer.alloc(512)]);
export const elf = Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01', 'latin1'), Buffer.alloc(512)]);

const documentTypes = {
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml',
  docm: 'application/vnd.ms-word.document.macroEnabled.main+xml',
};
const parts = { docx: 'word/document.xml', docm: 'word/document.xml', xlsx: 'xl/workbook.xml' };

/** An office file; `more` are further parts of it, such as a macro project. */
export function office(kind: keyof typeof documentTypes, more: Record<string, string> = {}): Buffer {
  const types = `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/${parts[kind]}" ContentType="${documentTypes[kind]}"/></Types>`;
  return zip({ '[Content_Types].xml': types, '_rels/.rels': '<x/>', [parts[kind]]: '<x/>', ...more });
}

/** A ZIP archive of stored (not compressed) files; layout: APPNOTE 4.3. */
export function zip(files: Record<string, string>): Buffer {
  const locals: Buffer[] = [];
  const entries: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const [nameBytes, body] = [Buffer.from(name), Buffer.from(content)];
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt32LE(crc32(body), 10);
    shared.writeUInt32LE(body.length, 14);
    shared.writeUInt32LE(body.length, 18);
    shared.writeUInt16LE(nameBytes.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), shared, nameBytes, body]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    entries.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\0', 'latin1'), shared, rest, nameBytes]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}
