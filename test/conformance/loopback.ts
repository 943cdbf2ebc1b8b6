/** Owns tiny vendor stand-ins on 127.0.0.1 for tests that say themselves what is answered. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Connector } from '../../connectors/kit/define.ts';
import { createVendorHttp, type VendorHttp, type VendorHttpOptions } from '../../connectors/kit/http.ts';
import { unlimited } from '../../connectors/kit/limit.ts';

export interface Seen {
  method: string;
  url: URL;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Serves until the test ends; `seen` collects every request in order. */
export async function serve(
  answer: (request: Seen, response: ServerResponse) => void,
): Promise<{ origin: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  let origin = '';
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const request: Seen = {
        method: incoming.method ?? '',
        url: new URL(incoming.url ?? '/', origin),
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      seen.push(request);
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin, seen };
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

export function httpTo(
  connector: Connector,
  origin: string,
  options: Partial<VendorHttpOptions> & { settings: Record<string, string> },
): VendorHttp {
  return createVendorHttp({
    connector,
    baseUrlOverride: origin,
    allowLoopback: true,
    limiter: unlimited,
    credentials: { accessToken: async () => 'token-one' },
    ...options,
  });
}

/** What a promise was rejected with; fails the test when it was not. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (problem) {
    return problem;
  }
  throw new Error('expected a failure, got an answer');
}

export async function all<Page>(pages: AsyncIterable<Page>): Promise<Page[]> {
  const list: Page[] = [];
  for await (const page of pages) list.push(page);
  return list;
}
