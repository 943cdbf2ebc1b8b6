/** Owns reading one file out of a tar stream: enough of the format for an archive with one program in it. */

const blockBytes = 512;

/** An octal or plain text field of a header, which ends at its first NUL or space. */
function field(header: Buffer, start: number, length: number): string {
  return header.toString('utf8', start, start + length).replace(/[\0 ].*$/s, '');
}

/** A header's name, the optional ustar prefix before it (POSIX.1-1988), without a leading "./". */
function nameOf(header: Buffer): string {
  const name = field(header, 0, 100);
  const prefix = field(header, 257, 5) === 'ustar' ? field(header, 345, 155) : '';
  return (prefix === '' ? name : `${prefix}/${name}`).replace(/^\.\//, '');
}

/**
 * Yields the bytes of the entry called `wanted`.
 * @throws when the archive ends before the entry does, or does not hold it
 */
export async function* extractFromTar(chunks: AsyncIterable<Buffer>, wanted: string): AsyncGenerator<Buffer> {
  let pending: Buffer = Buffer.alloc(0);
  /** Bytes of the current entry still to come, and after them the padding to a whole block. */
  let bodyBytes = 0;
  let paddingBytes = 0;
  let isWanted = false;
  let isDone = false;
  for await (const chunk of chunks) {
    // After the entry, the rest is read and dropped, so that the stream before us ends in order.
    if (isDone) continue;
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    while (pending.length > 0) {
      if (bodyBytes > 0) {
        const part = pending.subarray(0, bodyBytes);
        if (isWanted) yield part;
        bodyBytes -= part.length;
        pending = pending.subarray(part.length);
        if (isWanted && bodyBytes === 0) {
          isDone = true;
          break;
        }
      } else if (paddingBytes > 0) {
        const part = pending.subarray(0, paddingBytes);
        paddingBytes -= part.length;
        pending = pending.subarray(part.length);
      } else {
        if (pending.length < blockBytes) break;
        const header = pending.subarray(0, blockBytes);
        pending = pending.subarray(blockBytes);
        bodyBytes = Number.parseInt(field(header, 124, 12) || '0', 8);
        if (Number.isNaN(bodyBytes)) throw new Error('the archive is broken: a header without a size');
        paddingBytes = (blockBytes - (bodyBytes % blockBytes)) % blockBytes;
        isWanted = nameOf(header) === wanted;
      }
    }
  }
  if (!isDone) throw new Error(`the archive holds no whole ${wanted}`);
}
