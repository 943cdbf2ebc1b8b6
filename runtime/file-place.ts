/** Owns where kept files lie: in a folder, or in a bucket of an S3-compatible store. Both know a file by its hash alone. */
import { openAsBlob } from 'node:fs';
import { mkdir, open, opendir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Refusal } from '../domain/refusal.ts';
import type { S3Bucket } from './s3-bucket.ts';

export interface FilePlace {
  /** Puts the file of this path there, whole or not at all; safe to repeat. The path may be gone afterwards. */
  put(path: string, sha256: string): Promise<void>;
  /** Its first piece fails with a 410 refusal when the file is not there. */
  read(sha256: string): AsyncIterable<Uint8Array>;
  /** The hashes of files that were put there before. */
  listOlder(beforeMs: number): AsyncIterable<string>;
  isOlder(sha256: string, beforeMs: number): Promise<boolean>;
  remove(sha256: string): Promise<void>;
}

export const hashPattern = /^[0-9a-f]{64}$/;

function requireHash(sha256: string): string {
  if (!hashPattern.test(sha256)) throw new TypeError('not a SHA-256 in hex');
  return sha256;
}

/** Two letters a folder, so that none holds too many. */
export function folderPlace(folder: string): FilePlace {
  const placeOf = (sha256: string) => {
    const name = requireHash(sha256);
    return { folder: join(folder, name.slice(0, 2), name.slice(2, 4)), name };
  };
  const pathOf = (sha256: string) => {
    const place = placeOf(sha256);
    return join(place.folder, place.name);
  };
  const isOlder: FilePlace['isOlder'] = (sha256, beforeMs) => isOlderFile(pathOf(sha256), beforeMs);
  return {
    put: async (path, sha256) => {
      const place = placeOf(sha256);
      await mkdir(place.folder, { recursive: true, mode: 0o700 });
      // Over the same content, if it is there already: who reads that goes on reading it.
      await rename(path, join(place.folder, place.name));
      await syncFolder(place.folder);
    },
    read: async function* (sha256) {
      const file = await open(pathOf(sha256)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') throw missing();
        throw error;
      });
      // The stream closes the file, also when its reader leaves early.
      for await (const piece of file.createReadStream()) yield piece as Buffer;
    },
    listOlder: async function* (beforeMs) {
      for await (const path of filesIn(folder, 3)) {
        const name = path.slice(-64);
        if (hashPattern.test(name) && path === pathOf(name) && (await isOlder(name, beforeMs))) yield name;
      }
    },
    isOlder,
    remove: (sha256) => rm(pathOf(sha256), { force: true }),
  };
}

export function bucketPlace(bucket: S3Bucket): FilePlace {
  return {
    put: async (path, sha256) => bucket.put(requireHash(sha256), await openAsBlob(path), sha256),
    read: async function* (sha256) {
      const pieces = await bucket.get(requireHash(sha256));
      if (pieces === null) throw missing();
      yield* pieces;
    },
    listOlder: async function* (beforeMs) {
      for await (const { key, writtenAt } of bucket.list())
        if (hashPattern.test(key) && writtenAt.getTime() < beforeMs) yield key;
    },
    isOlder: async (sha256, beforeMs) => {
      const writtenAt = await bucket.writtenAt(requireHash(sha256));
      return writtenAt !== null && writtenAt.getTime() < beforeMs;
    },
    remove: (sha256) => bucket.remove(requireHash(sha256)),
  };
}

export async function* filesIn(folder: string, depth: number): AsyncGenerator<string> {
  const entries = await opendir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  for await (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isFile()) yield path;
    else if (entry.isDirectory() && depth > 1) yield* filesIn(path, depth - 1);
  }
}

export const isOlderFile = (path: string, beforeMs: number) =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs < beforeMs,
    () => false,
  );

/** A name is on disk when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

const missing = () =>
  new Refusal({
    code: 'file.missing',
    status: 410,
    message: 'The file is not in the file store any more.',
    whatToDo: 'An admin restores the files from their backup.',
  });
