/** Owns the log files of the servers we start: their size bound, and the lines worth showing when a start fails. */
import { open, rename, stat } from 'node:fs/promises';

const maxLogBytes = 10 * 1024 * 1024;
const shownBytes = 4_000;

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/**
 * Before a start: puts a log that has grown too large aside, in place of the one put aside before.
 * @returns the byte at which the coming start's lines begin
 */
export async function rotateLog(path: string): Promise<number> {
  const size = await sizeOf(path);
  if (size <= maxLogBytes) return size;
  await rename(path, `${path}.1`);
  return 0;
}

/** What a log says from a byte on, its last 4,000 bytes at most. */
export async function tailOf(path: string, fromByte: number): Promise<string> {
  const size = await sizeOf(path);
  const start = Math.max(fromByte, size - shownBytes);
  if (size <= start) return '(its log is empty)';
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    return buffer.toString('utf8', 0, bytesRead).trim();
  } finally {
    await file.close();
  }
}
