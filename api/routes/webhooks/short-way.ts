/** Owns the short way of a webhook: most are stored and answered without the router, all others go the long way from where they are. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Express } from 'express';
import type { ApiDeps } from '../../deps.ts';
import { headersOfAll, isTold, requestIdOf, tellEnd } from '../../kit/begin.ts';
import { arrive, deliveryOf, handOver, maxBodyBytes } from './arrival.ts';
import { receiveWebhook } from './receive-webhook.ts';

/**
 * They come a thousand times a second, and the router costs more than all that is done for one. Only what ends in an empty
 * answer ends here, under the same checks and with the same headers; whatever is odd, refused or a handshake goes to `app`.
 */
export function shortWay(app: Express, deps: ApiDeps, base: string): RequestListener {
  return (request, response) => {
    const connectionId = connectionOf(request, base);
    if (connectionId === null) {
      app(request, response);
      return;
    }
    const startedMs = performance.now();
    const arrival = arrive(deps, connectionId, request);
    void statusOf(deps, connectionId, arrival).then((status) => {
      if (status !== null || response.closed) answer(deps, request, response, status, startedMs);
      else {
        handOver(request, arrival);
        app(request, response);
      }
    });
  };
}

const idPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Of a POST of JSON whose size is known; null: not the plain case. */
function connectionOf({ method, url = '', headers }: IncomingMessage, base: string): string | null {
  if (method !== 'POST' || !url.startsWith(base)) return null;
  const id = url.slice(base.length);
  if (!idPattern.test(id) || headers['content-encoding'] !== undefined) return null;
  if (!(Number(headers['content-length']) <= maxBodyBytes)) return null;
  return /^application\/json *(;|$)/.test(headers['content-type'] ?? '') ? id : null;
}

/** Stores it and says how it is answered; null: the long way says. */
async function statusOf(
  deps: ApiDeps,
  connectionId: string,
  arriving: ReturnType<typeof arrive>,
): Promise<200 | 202 | null> {
  try {
    const arrival = await arriving;
    if (arrival.handshake) return null;
    const delivery = deliveryOf(connectionId, arrival);
    if (delivery.unreadable !== null) return null;
    const outcome = await deps.deliveryDesk.store(arrival.addressee.owner.workspaceId, delivery);
    return outcome === 'gone' ? null : (arrival.webhooks.acknowledges ?? 202);
  } catch {
    return null;
  }
}

/** Without a status, or where nobody waits any more, it is only told. */
function answer(
  { logger }: ApiDeps,
  request: IncomingMessage,
  response: ServerResponse,
  status: number | null,
  startedMs: number,
): void {
  const requestId = requestIdOf(request);
  const tell = () => {
    if (isTold(logger, response, true))
      tellEnd(logger.child({ requestId }), request, response, {
        startedMs,
        route: receiveWebhook.name,
        quiet: true,
      });
  };
  if (status === null || response.closed) {
    tell();
    return;
  }
  response.once('close', tell);
  response.writeHead(status, { 'X-Request-Id': requestId, ...headersOfAll, 'Content-Length': 0 });
  response.end();
}
