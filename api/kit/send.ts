/** Owns putting answers on the wire: JSON with its ETag, problems, and streams that wait for slow readers. */
import { once } from 'node:events';
import type { Request, Response } from 'express';
import type { Refusal } from '../../domain/refusal.ts';
import { toEtag } from './etag.ts';
import { problemType, toProblem } from './problem.ts';

/** A reader that takes nothing for this long is cut off; it can resume. */
const slowReaderMs = 30_000;
/** How long a refused request may go on sending. */
const drainMs = 5_000;

export function sendJson(
  response: Response,
  status: number,
  json: string,
  headers: Readonly<Record<string, string>>,
  options: { etag: boolean; mediaType?: string },
): void {
  response.status(status).set(headers);
  response.set('Content-Type', `${options.mediaType ?? 'application/json'}; charset=utf-8`);
  if (options.etag) response.set('ETag', toEtag(json));
  // Express answers 304 by itself when If-None-Match names this tag.
  response.send(json);
}

/** The same shape for every refusal; nothing is sent when the answer has already begun. */
export function sendProblem(response: Response, refusal: Refusal, requestId: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (refusal.status === 401) response.set('WWW-Authenticate', 'Bearer realm="slipway"');
  if (refusal.retryAfterSeconds !== null) response.set('Retry-After', String(refusal.retryAfterSeconds));
  drain(response.req);
  response.status(refusal.status).set('Content-Type', `${problemType}; charset=utf-8`);
  response.send(JSON.stringify(toProblem(refusal, requestId)));
}

/**
 * Reads on what the client still sends, so that it gets to see the answer instead of a reset connection, but not for
 * long.
 */
function drain(request: Request): void {
  if (request.complete) return;
  request.resume();
  setTimeout(() => {
    if (!request.complete) request.socket.destroy();
  }, drainMs).unref();
}

/** Sends piece by piece. What a slow reader has not taken waits in the source, not here. */
export async function sendStream(
  response: Response,
  status: number,
  headers: Readonly<Record<string, string>>,
  mediaType: string,
  source: AsyncIterable<string | Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const pieces = source[Symbol.asyncIterator]();
  try {
    // The first piece before the headers: a source that refuses at once is still answered with its problem.
    let next = await pieces.next();
    response.status(status).set('Content-Type', mediaType).set(headers);
    response.flushHeaders();
    for (; !next.done && !signal.aborted; next = await pieces.next()) {
      if (response.write(next.value)) continue;
      const patience = AbortSignal.any([signal, AbortSignal.timeout(slowReaderMs)]);
      const taken = await once(response, 'drain', { signal: patience }).catch(() => null);
      if (!taken) {
        response.destroy();
        break;
      }
    }
  } finally {
    await pieces.return?.();
  }
  if (!response.destroyed) response.end();
}
