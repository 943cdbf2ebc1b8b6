/** Owns how a delivery's request becomes what a connector looks at, and what of its headers is kept. */
import type { IncomingMessage } from 'node:http';
import type { ArrivedWebhook } from '../../deps.ts';

export function arrivedWebhook({ headers, url = '' }: IncomingMessage, rawBody: Uint8Array): ArrivedWebhook {
  const joined: Record<string, string | undefined> = {};
  for (const name in headers) {
    const value = headers[name];
    joined[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  const query = url.includes('?') ? Object.fromEntries(new URL(url, 'http://hub').searchParams) : {};
  return { rawBody, headers: joined, query };
}

const secretHeaders = new Set(['authorization', 'proxy-authorization', 'cookie']);

/** What is kept of them. */
export function shownHeaders(headers: ArrivedWebhook['headers']): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined && !secretHeaders.has(name)) shown[name] = value;
  }
  return shown;
}
