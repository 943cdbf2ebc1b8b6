/** Owns reading a request's body: JSON within a limit of bytes and depth, or a bounded stream for uploads. */
import type { IncomingMessage } from 'node:http';
import { type Readable, Transform } from 'node:stream';
import type { Request } from 'express';
import { Refusal } from '../../domain/refusal.ts';

export const jsonLimitBytes = 1_000_000;
/** Deeper JSON is nobody's command, and would overflow the stack of whoever walks it. */
const maxDepth = 64;

/** Uploads may take their time, so the server itself sets no limit; a command's body is small. */
const jsonTimeoutMs = 30_000;

export interface JsonBody {
  value: unknown;
  bytes: Buffer;
}

/** Reads and parses the whole body. Undefined when there is none. */
export async function readJson(request: Request, limitBytes = jsonLimitBytes): Promise<JsonBody> {
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  if (!hasBody) return { value: undefined, bytes: Buffer.alloc(0) };
  requireMediaType(request, ['application/json', 'application/*+json']);
  const stream = limitedBody(request, limitBytes);
  const timer = setTimeout(() => stream.destroy(tooSlow()), jsonTimeoutMs);
  const bytes = await collect(stream).finally(() => clearTimeout(timer));
  if (bytes.length === 0) return { value: undefined, bytes };
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (nesting(text) > maxDepth) throw new SyntaxError(`nested deeper than ${maxDepth} levels`);
    return { value: JSON.parse(text) as unknown, bytes };
  } catch (error) {
    throw new Refusal({
      code: 'request.malformed_json',
      status: 400,
      message: `The body is not valid JSON: ${error instanceof SyntaxError ? error.message : 'it is not UTF-8'}.`,
    });
  }
}

/** Refuses with 415 what the route does not read, and compressed bodies, whose size nobody knows beforehand. */
export function requireMediaType(request: Request, mediaTypes: readonly string[]): void {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw unsupported(`Content-Encoding ${encoding} is not supported.`, 'Send the body uncompressed.');
  if (request.is([...mediaTypes]) === false)
    throw unsupported(
      `Content-Type ${request.headers['content-type'] ?? '(none)'} is not supported here.`,
      `Send ${mediaTypes.filter((type) => !type.includes('*')).join(' or ')}.`,
    );
}

const unsupported = (message: string, whatToDo: string) =>
  new Refusal({ code: 'request.unsupported_media_type', status: 415, message, whatToDo });

const tooSlow = () =>
  new Refusal({
    code: 'request.too_slow',
    status: 408,
    message: `The body did not arrive within ${jsonTimeoutMs / 1000} seconds.`,
    whatToDo: 'Repeat the request.',
  });

const tooLarge = (limitBytes: number) =>
  new Refusal({
    code: 'request.too_large',
    status: 413,
    message: `The body is larger than ${limitBytes} bytes.`,
    whatToDo: 'Send it in smaller parts.',
    details: { limitBytes },
  });

/**
 * The body as a stream that fails with 413 beyond `limitBytes` and with an error when the client goes away. The request
 * itself is not destroyed: its socket still has to carry the answer.
 */
export function limitedBody(request: Request, limitBytes: number): Readable {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw tooLarge(limitBytes);
  let seenBytes = 0;
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seenBytes += chunk.length;
      if (seenBytes > limitBytes) done(tooLarge(limitBytes));
      else done(null, chunk);
    },
  });
  const gone = () => {
    if (!request.complete) limit.destroy(new Error('the client went away while sending'));
  };
  request.once('close', gone);
  request.once('error', (error) => limit.destroy(error));
  limit.once('error', () => request.unpipe(limit));
  return request.pipe(limit);
}

/** The whole body of a small request, without a stream between: for what comes a thousand times a second. */
export function readBytes(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw tooLarge(limitBytes);
  const chunks: Buffer[] = [];
  let seenBytes = 0;
  const timer = setTimeout(() => reject(tooSlow()), jsonTimeoutMs);
  request.on('data', (chunk: Buffer) => {
    seenBytes += chunk.length;
    if (seenBytes > limitBytes) reject(tooLarge(limitBytes));
    else chunks.push(chunk);
  });
  request.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
  request.once('error', reject);
  request.once('close', () => {
    if (!request.complete) reject(new Error('the client went away while sending'));
  });
  return promise.finally(() => clearTimeout(timer));
}

/** The whole stream as one buffer: for signatures over raw bytes. */
export async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Deepest level of brackets outside of strings. */
function nesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text[index];
    if (quoted) {
      if (unit === '\\') index += 1;
      else if (unit === '"') quoted = false;
    } else if (unit === '"') quoted = true;
    else if (unit === '{' || unit === '[') {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (unit === '}' || unit === ']') depth -= 1;
  }
  return deepest;
}
