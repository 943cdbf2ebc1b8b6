/** Owns how a delivery's request becomes what a connector looks at, and what of its headers is kept. */
import type { Request } from 'express';
import type { ArrivedWebhook } from '../../deps.ts';

export function arrivedWebhook(request: Request, rawBody: Uint8Array): ArrivedWebhook {
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  );
  const query = Object.fromEntries(new URL(request.url, 'http://hub').searchParams);
  return { rawBody, headers, query };
}

const secretHeaders = new Set(['authorization', 'proxy-authorization', 'cookie']);

/** What is kept of them. */
export function shownHeaders(headers: ArrivedWebhook['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || secretHeaders.has(name) ? [] : [[name, value]],
    ),
  );
}
