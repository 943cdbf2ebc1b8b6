/** Owns how every request begins: its id, the headers of every answer, and one line in the log when it ends. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { NextFunction, Request, Response } from 'express';
import type { Logger } from 'pino';
import type { ApiDeps } from '../deps.ts';
import { localsOf } from './mount.ts';

const saneRequestId = /^[A-Za-z0-9._:-]{8,100}$/;

/** Its own, where it names a sane one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && saneRequestId.test(given) ? given : randomUUID();
}

/** What every answer carries besides its request's id. */
export const headersOfAll = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'private, no-cache',
} as const;

/** Every request gets an id, the security headers, and one line in the log when it ends. */
export function begin(deps: Pick<ApiDeps, 'logger'>) {
  return (request: Request, response: Response, next: NextFunction) => {
    const startedMs = performance.now();
    const requestId = requestIdOf(request);
    let log: Logger | undefined;
    Object.defineProperties(response.locals, {
      requestId: { value: requestId },
      // Made where something is logged: a child of its own costs more than a small answer.
      log: {
        get: () => {
          log ??= deps.logger.child({ requestId });
          return log;
        },
        set: (changed: Logger) => {
          log = changed;
        },
      },
    });
    response.set({ 'X-Request-Id': requestId, ...headersOfAll });
    response.once('close', () => {
      const locals = localsOf(response);
      const { route, quiet } = locals;
      if (isTold(deps.logger, response, quiet ?? false))
        tellEnd(locals.log, request, response, { startedMs, route, quiet });
    });
    next();
  };
}

const wentWell = (response: ServerResponse) => response.statusCode < 400 && response.writableFinished;

/** Quiet ones that went well are told to who wants to hear everything. */
export const isTold = (logger: Logger, response: ServerResponse, quiet: boolean): boolean =>
  !(quiet && wentWell(response)) || logger.isLevelEnabled('debug');

/** The one line of a request in the log, once its answer is sent or cut off. */
export function tellEnd(
  log: Logger,
  request: IncomingMessage,
  response: ServerResponse,
  { startedMs, route, quiet }: { startedMs: number; route?: string | undefined; quiet?: boolean | undefined },
): void {
  const url = (request as Partial<Request>).originalUrl ?? request.url ?? '';
  const facts = {
    method: request.method,
    // Without the query: cursors and filters may name people.
    path: url.split('?')[0],
    route,
    status: response.statusCode,
    ms: Math.round(performance.now() - startedMs),
  };
  if (!response.writableFinished) log.info({ ...facts, cut: true }, 'request');
  else if (response.statusCode >= 500) log.error(facts, 'request');
  else if (quiet === true && wentWell(response)) log.debug(facts, 'request');
  else log.info(facts, 'request');
}
