/** Owns the step from a file's bytes, in any of the known encodings, to lines of text with their numbers. */

import { isUtf8 } from 'node:buffer';
import { FileUnreadable } from './file-unreadable.ts';

export type Encoding = 'auto' | 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252' | 'latin1';

/** Why a line's text cannot be trusted. */
export type LineFlaw = 'encoding.invalid' | 'row.too_long' | 'row.nul';

/** One physical line, without its line end. */
export interface Line {
  /** 1 for the first line of the file. */
  number: number;
  text: string;
  flaw: LineFlaw | null;
}

/** A line longer than this is not kept: memory must not follow what a hostile file holds. */
export const maxLineBytes = 1_048_576;
/** What is kept of such a line, to show where it starts. */
const keptBytes = 16_384;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * Yields the file's lines in batches, one per block of bytes. A line with invalid bytes comes with the flaw
 * `encoding.invalid` and its bytes shown as Latin-1, which loses none of them.
 * Throws `FileUnreadable` for what is no text at all.
 */
export async function* decodeLines(
  bytes: AsyncIterable<Uint8Array>,
  encoding: Encoding,
): AsyncGenerator<Line[], void, undefined> {
  const splitter = new LineSplitter();
  for await (const block of toUtf8(bytes, encoding, () => splitter.markReplacedCharacters())) {
    const lines = splitter.push(block);
    if (lines.length > 0) yield lines;
  }
  const rest = splitter.end();
  if (rest.length > 0) yield rest;
}

/** Recodes to UTF-8, so that everything after it looks for line ends and quotes in one encoding. */
async function* toUtf8(
  bytes: AsyncIterable<Uint8Array>,
  encoding: Encoding,
  onLossyDecoder: () => void,
): AsyncGenerator<Buffer, void, undefined> {
  let head: Buffer | null = Buffer.alloc(0);
  let decoder: InstanceType<typeof TextDecoder> | null = null;
  const start = (first: Buffer): Buffer => {
    const found = detect(first, encoding);
    if (found.encoding !== 'utf-8') decoder = new TextDecoder(found.encoding);
    if (found.encoding.startsWith('utf-16')) onLossyDecoder();
    return first.subarray(found.bomBytes);
  };
  const recode = (block: Buffer): Buffer =>
    decoder ? Buffer.from(decoder.decode(block, { stream: true })) : block;
  for await (const piece of bytes) {
    let block: Buffer = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    if (head !== null) {
      head = Buffer.concat([head, block]);
      if (head.length < 4) continue;
      block = start(head);
      head = null;
    }
    yield recode(block);
  }
  if (head !== null) yield recode(start(head));
  // Half a UTF-16 character at the end of the file comes out here as U+FFFD.
  const rest = (decoder as InstanceType<typeof TextDecoder> | null)?.decode() ?? '';
  if (rest !== '') yield Buffer.from(rest);
}

function detect(head: Buffer, declared: Encoding): { encoding: Exclude<Encoding, 'auto'>; bomBytes: number } {
  const startsWith = (...signature: number[]) => signature.every((byte, index) => head[index] === byte);
  if (startsWith(0x50, 0x4b, 0x03, 0x04)) {
    throw new FileUnreadable(
      'file.not_text',
      'The file is a ZIP archive or an Excel workbook; save it as CSV (UTF-8).',
    );
  }
  if (startsWith(0x1f, 0x8b))
    throw new FileUnreadable('file.not_text', 'The file is compressed (gzip); unpack it first.');
  if (startsWith(0xef, 0xbb, 0xbf) && (declared === 'auto' || declared === 'utf-8')) {
    return { encoding: 'utf-8', bomBytes: 3 };
  }
  if (declared === 'auto' || declared.startsWith('utf-16')) {
    if (startsWith(0xff, 0xfe)) return { encoding: 'utf-16le', bomBytes: 2 };
    if (startsWith(0xfe, 0xff)) return { encoding: 'utf-16be', bomBytes: 2 };
  }
  if (declared !== 'auto') return { encoding: declared, bomBytes: 0 };
  if (head.length >= 4 && (head[0] === 0) !== (head[1] === 0) && (head[2] === 0) !== (head[3] === 0)) {
    throw new FileUnreadable(
      'file.encoding',
      'The file looks like UTF-16 without a byte order mark; state file.encoding "utf-16le" or "utf-16be" in the mapping.',
    );
  }
  return { encoding: 'utf-8', bomBytes: 0 };
}

/** Cuts UTF-8 blocks at line ends; holds at most one line that is not complete yet, and never more than the limit. */
class LineSplitter {
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** Set while the rest of an over-long line is skipped. */
  #skipping = false;
  #number = 1;
  /** Old Mac files end lines with a carriage return alone; decided by the first line end, until which bytes wait. */
  #lineEnd: number | null = null;
  #undecided: Buffer = Buffer.alloc(0);
  #replacedIsFlaw = false;

  /** After a decoder that replaces what it cannot read, U+FFFD is the trace of invalid bytes. */
  markReplacedCharacters(): void {
    this.#replacedIsFlaw = true;
  }

  push(block: Buffer): Line[] {
    if (this.#lineEnd !== null) return this.#split(block, this.#lineEnd);
    const start = this.#undecided.length === 0 ? block : Buffer.concat([this.#undecided, block]);
    this.#undecided = start;
    if (start.includes(lineFeed) || start.length > maxLineBytes) this.#lineEnd = lineFeed;
    // A carriage return in the last place may have its line feed in the next block.
    else if (start.subarray(0, -1).includes(carriageReturn)) this.#lineEnd = carriageReturn;
    else return [];
    return this.#split(start, this.#lineEnd);
  }

  end(): Line[] {
    const lines = this.#lineEnd === null ? this.#split(this.#undecided, lineFeed) : [];
    if (this.#pendingBytes > 0 || this.#skipping) this.#finishPending(lines);
    return lines;
  }

  #split(block: Buffer, lineEnd: number): Line[] {
    const lines: Line[] = [];
    let from = 0;
    if (this.#pendingBytes > 0 || this.#skipping) {
      const end = block.indexOf(lineEnd);
      if (end === -1) {
        this.#hold(block, lines);
        return lines;
      }
      this.#hold(block.subarray(0, end), lines);
      this.#finishPending(lines);
      from = end + 1;
    }
    const last = block.lastIndexOf(lineEnd);
    if (last >= from) {
      this.#splitWhole(block.subarray(from, last), lineEnd, lines);
      from = last + 1;
    }
    this.#hold(block.subarray(from), lines);
    return lines;
  }

  #hold(piece: Buffer, lines: Line[]): void {
    if (piece.length === 0 || this.#skipping) return;
    this.#pending.push(piece);
    this.#pendingBytes += piece.length;
    // A stream may come byte by byte: a million small buffers would weigh a hundred times their content.
    if (this.#pending.length > 64) this.#pending = [Buffer.concat(this.#pending)];
    if (this.#pendingBytes <= maxLineBytes) return;
    const kept = Buffer.concat(this.#pending).subarray(0, keptBytes);
    lines.push({
      number: this.#number,
      text: withoutCarriageReturn(kept.toString('utf8')),
      flaw: 'row.too_long',
    });
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#skipping = true;
  }

  #finishPending(lines: Line[]): void {
    if (!this.#skipping) lines.push(this.#toLine(Buffer.concat(this.#pending)));
    this.#skipping = false;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#number += 1;
  }

  /** Many complete lines at once: one check and one decoding for all of them when the bytes are good. */
  #splitWhole(whole: Buffer, lineEnd: number, lines: Line[]): void {
    const isFast =
      isUtf8(whole) && !this.#replacedIsFlaw && !whole.includes(0) && whole.length <= maxLineBytes;
    if (isFast) {
      for (const text of whole.toString('utf8').split(lineEnd === lineFeed ? '\n' : '\r')) {
        lines.push({ number: this.#number, text: withoutCarriageReturn(text), flaw: null });
        this.#number += 1;
      }
      return;
    }
    let from = 0;
    while (from <= whole.length) {
      const found = whole.indexOf(lineEnd, from);
      const end = found === -1 ? whole.length : found;
      lines.push(this.#toLine(whole.subarray(from, end)));
      this.#number += 1;
      from = end + 1;
    }
  }

  #toLine(bytes: Buffer): Line {
    const number = this.#number;
    if (bytes.length > maxLineBytes) {
      return { number, text: bytes.subarray(0, keptBytes).toString('utf8'), flaw: 'row.too_long' };
    }
    if (!isUtf8(bytes))
      return { number, text: withoutCarriageReturn(bytes.toString('latin1')), flaw: 'encoding.invalid' };
    const text = withoutCarriageReturn(bytes.toString('utf8'));
    if (text.includes('\0')) return { number, text, flaw: 'row.nul' };
    return {
      number,
      text,
      flaw: this.#replacedIsFlaw && text.includes('\ufffd') ? 'encoding.invalid' : null,
    };
  }
}

function withoutCarriageReturn(text: string): string {
  return text.endsWith('\r') ? text.slice(0, -1) : text;
}
