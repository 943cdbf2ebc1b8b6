/** Owns files that people hand in: kept once by the hash of their content, whole or not at all, and pruned when nobody names them. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileTypeFromFile } from 'file-type';
import {
  type AttachmentSubject,
  type FileContent,
  headBytes,
  isHarmlessText,
  judgeFile,
  type MediaType,
  markupChars,
  tailBytes,
} from '../domain/file-type.ts';
import { Refusal } from '../domain/refusal.ts';
import { pruneFile } from '../store/attachments.ts';
import type { Database } from '../store/database.ts';
import { newId } from '../store/new-id.ts';
import { type FilePlace, filesIn, folderPlace, isOlderFile } from './file-place.ts';

/** A file that has arrived whole and may be handed in. It lies aside: `keep` puts it in its place, `discard` always ends it. */
export interface ReceivedFile {
  /** Hex. */
  sha256: string;
  bytes: number;
  mediaType: MediaType;
  /** Safe to repeat. Call it under `holdFile` (store/attachments.ts), or pruning may take the file away. */
  keep(): Promise<void>;
  /** Removes what was not kept. */
  discard(): Promise<void>;
}

export interface FileStore {
  /**
   * Takes a stream of at most `maxBytes` and tells its type by its content. Refuses with 413, 415 (see `judgeFile`), 422
   * when it is empty or the scan finds something, 408 when it takes too long, 429, 503 when it cannot be scanned, and 507;
   * whatever goes wrong, nothing stays behind.
   */
  receive(stream: Readable, wanted: { subject: AttachmentSubject; maxBytes: number }): Promise<ReceivedFile>;
  /** Keeps bytes that we made ourselves, once `hold` has kept pruning away from their hash. Answers it, in hex. */
  keepBytes(bytes: Uint8Array, hold: (sha256: string) => Promise<void>): Promise<string>;
  /** The bytes of a kept file; its first piece fails with a 410 refusal when the file is not there. */
  read(sha256: string): AsyncIterable<Uint8Array>;
  /** Removes kept files that nobody names, and uploads that broke off, once they are a day old. Answers how many. */
  prune(database: Database): Promise<number>;
}

const maxAtOnce = 32;
const defaultTimeoutMs = 10 * 60_000;
const keptMs = 24 * 3_600_000;
const maxPruned = 10_000;

/** Uploads lie aside in `folder`, which several processes may share; it is made when it is first needed. */
export function createFileStore(
  folder: string,
  options: {
    timeoutMs?: number;
    /** Where kept files lie; the folder itself unless said otherwise. */
    place?: FilePlace;
    /** Asked about every file before it can be kept; refuses what must not be (scan-file.ts). */
    scan?: ((path: string) => Promise<void>) | undefined;
  } = {},
): FileStore {
  const aside = join(folder, 'incoming');
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const place = options.place ?? folderPlace(folder);
  let receiving = 0;

  return {
    receive: async (stream, { subject, maxBytes }) => {
      if (receiving >= maxAtOnce) throw tooMany();
      receiving += 1;
      // It may break off before somebody listens; the pipeline then finds it broken, and says so.
      stream.once('error', () => undefined);
      const path = join(aside, newId());
      try {
        await mkdir(aside, { recursive: true, mode: 0o700 });
        const written = await write(stream, path, maxBytes, timeoutMs);
        const mediaType = judgeFile(subject, await readContent(path, written.bytes));
        await options.scan?.(path);
        let kept = false;
        return {
          ...written,
          mediaType,
          keep: async () => {
            if (kept) return;
            await place.put(path, written.sha256);
            kept = true;
          },
          discard: () => rm(path, { force: true }),
        };
      } catch (error) {
        await rm(path, { force: true });
        throw noRoom(error) ?? error;
      } finally {
        receiving -= 1;
      }
    },

    keepBytes: async (bytes, hold) => {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const path = join(aside, newId());
      try {
        await mkdir(aside, { recursive: true, mode: 0o700 });
        await writeFile(path, bytes, { flag: 'wx', mode: 0o600, flush: true });
        await hold(sha256);
        await place.put(path, sha256);
        return sha256;
      } catch (error) {
        throw noRoom(error) ?? error;
      } finally {
        await rm(path, { force: true });
      }
    },

    read: (sha256) => place.read(sha256),

    prune: async (database) => {
      const before = Date.now() - keptMs;
      let removed = 0;
      for await (const path of filesIn(aside, 1)) {
        if (!(await isOlderFile(path, before))) continue;
        await rm(path, { force: true });
        removed += 1;
      }
      for await (const sha256 of place.listOlder(before)) {
        if (removed >= maxPruned) break;
        const done = await database.inSystem((tx) =>
          pruneFile(tx, sha256, async () => {
            // Somebody may have put it there again since.
            if (await place.isOlder(sha256, before)) await place.remove(sha256);
          }),
        );
        if (done) removed += 1;
      }
      return removed;
    },
  };
}

/** Writes the stream to a new file, on disk when it resolves. */
async function write(stream: Readable, path: string, maxBytes: number, timeoutMs: number) {
  const hash = createHash('sha256');
  let bytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > maxBytes) return done(tooLarge(maxBytes));
      hash.update(chunk);
      done(null, chunk);
    },
  });
  const patience = AbortSignal.timeout(timeoutMs);
  try {
    await pipeline(stream, measure, createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true }), {
      signal: patience,
    });
  } catch (error) {
    throw patience.aborted ? tooSlow(timeoutMs) : error;
  }
  if (bytes === 0) throw empty();
  return { sha256: hash.digest('hex'), bytes };
}

async function readContent(path: string, bytes: number): Promise<FileContent> {
  const file = await open(path);
  try {
    const head = await readAt(file, 0, Math.min(headBytes, bytes));
    const tail = await readAt(file, Math.max(0, bytes - tailBytes), Math.min(tailBytes, bytes));
    // What the library cannot read to its end bears the marks of nothing.
    const sniffed = await fileTypeFromFile(path).catch(() => undefined);
    const harmlessText = sniffed === undefined && (await isTextFile(path));
    return { bytes, sniffed: sniffed?.mime ?? null, head, tail, harmlessText };
  } finally {
    await file.close();
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

/** Reads it piece by piece; ends at the first piece that is no harmless text. */
async function isTextFile(path: string): Promise<boolean> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let overlap = '';
  let isStart = true;
  try {
    for await (const piece of createReadStream(path)) {
      const text = overlap + decoder.decode(piece as Buffer, { stream: true });
      if (!isHarmlessText(text, isStart)) return false;
      overlap = text.slice(-markupChars);
      isStart = false;
    }
    return isHarmlessText(overlap + decoder.decode(), isStart);
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

const tooLarge = (limitBytes: number) =>
  new Refusal({
    code: 'file.too_large',
    status: 413,
    message: `The file is larger than ${Math.floor(limitBytes / 1024 ** 2)} MB.`,
    whatToDo: 'Send a smaller one, for instance scanned with fewer dots per inch.',
    details: { limitBytes },
  });

const empty = () =>
  new Refusal({
    code: 'file.empty',
    status: 422,
    message: 'The file is empty.',
    whatToDo: 'Send the file itself as the body.',
  });

const tooSlow = (timeoutMs: number) =>
  new Refusal({
    code: 'request.too_slow',
    status: 408,
    message: `The file did not arrive within ${Math.round(timeoutMs / 1000)} seconds.`,
    whatToDo: 'Repeat the upload.',
  });

const tooMany = () =>
  new Refusal({
    code: 'file.too_many_uploads',
    status: 429,
    message: `${maxAtOnce} uploads are on their way already.`,
    whatToDo: 'Repeat in a few seconds.',
    retryAfterSeconds: 5,
  });

const noRoom = (error: unknown) =>
  ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')
    ? new Refusal({
        code: 'file.no_room',
        status: 507,
        message: 'There is no room left for files on the server.',
        whatToDo: 'Tell an admin; nothing was stored.',
      })
    : null;
