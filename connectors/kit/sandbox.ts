/**
 * Owns the loopback HTTP server behind every vendor sandbox: it records calls, breaks them on request and throttles.
 *
 * It knows no vendor and imports no connector code: a vendor is one synchronous function from call to answer, so
 * whatever a call commits is committed before the next call is heard.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How a call goes wrong. Only `commit_then_drop` and `broken_json` let the vendor do its work first. */
export type FaultKind = 'status' | 'hang' | 'commit_then_drop' | 'broken_json' | 'drop';

/** A fault for the next `times` matching calls; faults are tried in the order they were queued. */
export interface Fault {
  kind: FaultKind;
  /** How many matching calls it breaks; `Infinity` until `clearFaults`. */
  times: number;
  /** Which calls it breaks (path without query); every call when absent. */
  match?: (method: string, path: string) => boolean;
  /** HTTP status for kind `status`; 500 when absent. */
  status?: number;
  /** Sent as `Retry-After` (whole seconds) with kind `status`; no header when absent. */
  retryAfterSeconds?: number;
  /** Further headers with kind `status`, e.g. a vendor's own word for the calls that are left. */
  headers?: Readonly<Record<string, string>>;
  /** Body for kind `status`; the vendor's own error shape when absent. */
  body?: unknown;
}

/** At most `requests` answered calls in any `perSeconds` seconds. */
export interface RateLimit {
  requests: number;
  perSeconds: number;
}

/** A call as the sandbox saw it; secrets are replaced before it is kept. */
export interface RecordedRequest {
  /** UTC instant of arrival. */
  at: string;
  method: string;
  path: string;
  query: Record<string, string>;
  headers: IncomingHttpHeaders;
  /** Parsed JSON where the body is JSON, else the text, else null. */
  body: unknown;
  /** Null while unanswered, and for ever when the caller got no answer. */
  status: number | null;
  /** The injected fault that met the call, if any. */
  fault: FaultKind | null;
  /** What was answered, as JSON text; null where nothing was, or too much to keep. */
  answer: string | null;
}

/** A running sandbox. */
export interface Sandbox {
  /** `http://127.0.0.1:<port>`, without a trailing slash. */
  url: string;
  /** The latest calls, oldest first; at most `RECORDED_REQUESTS_MAX`. Set its `length` to 0 to forget them. */
  requests: RecordedRequest[];
  fault(fault: Fault): void;
  clearFaults(): void;
  /** Ends at once: every open socket is destroyed, also those of calls that hang. May be called twice. */
  close(): Promise<void>;
}

/** One call as a vendor sees it. */
export interface VendorCall {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  text: string;
}

/** What a vendor answers; `body` is sent as JSON, and not at all when undefined. */
export interface VendorAnswer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** A vendor: its routes, the shape of its errors and its throttle. */
export interface Vendor {
  answer(call: VendorCall): VendorAnswer;
  /** An error that does not come from a route (injected, throttled, crashed), in the vendor's own shape. */
  errorBody(status: number, message: string): unknown;
  rateLimits: readonly RateLimit[];
  /** Whether its 429 names the wait in `Retry-After`. */
  sendsRetryAfter: boolean;
  /** Headers on every answer, made anew for each. */
  commonHeaders?(): Record<string, string>;
}

export const RECORDED_REQUESTS_MAX = 2_000;
const RECORDED_BODY_BYTES_MAX = 256 * 1024;
const RECORDED_ANSWER_BYTES_MAX = 32 * 1024;
const BODY_BYTES_MAX = 5 * 1024 * 1024;
const QUEUED_FAULTS_MAX = 1_000;
const REDACTED = '[redacted]';
const SECRET_HEADERS = ['authorization', 'cookie', 'proxy-authorization'];
const SECRET_PARAMETERS = ['access_token', 'refresh_token', 'client_secret'];

/** Starts `vendor` on 127.0.0.1, on `port` or on a free one; rejects when the port is taken. */
export async function startSandbox(vendor: Vendor, port = 0): Promise<Sandbox> {
  const requests: RecordedRequest[] = [];
  const faults: Fault[] = [];
  const waitFor = createLimiter(vendor.rateLimits);

  const server = createServer((incoming, response) => {
    void serve(incoming, response).catch(() => response.destroy());
  });
  // Longer than any client keeps an idle connection, so that a re-used socket is not reset under a test.
  server.keepAliveTimeout = 65_000;

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await readText(incoming);
    const target = new URL(incoming.url ?? '/', 'http://127.0.0.1');
    const call: VendorCall = {
      method: incoming.method ?? 'GET',
      path: target.pathname,
      query: target.searchParams,
      headers: incoming.headers,
      text: text ?? '',
    };
    const record = toRecord(call);
    requests.push(record);
    if (requests.length > RECORDED_REQUESTS_MAX) requests.splice(0, requests.length - RECORDED_REQUESTS_MAX);

    const send = (answer: VendorAnswer, payload = toPayload(answer.body)) => {
      record.status = answer.status;
      if (payload !== '' && payload.length <= RECORDED_ANSWER_BYTES_MAX) record.answer = payload;
      response.writeHead(answer.status, {
        ...(payload === '' ? {} : { 'content-type': 'application/json; charset=utf-8' }),
        'content-length': String(Buffer.byteLength(payload)),
        ...vendor.commonHeaders?.(),
        ...answer.headers,
      });
      response.end(payload);
    };
    const refuse = (status: number, message: string, headers: Record<string, string> = {}) =>
      send({ status, body: vendor.errorBody(status, message), headers });

    if (text === null) return refuse(413, `The body is larger than ${BODY_BYTES_MAX} bytes.`);
    const waitMs = waitFor(performance.now());
    if (waitMs > 0) {
      const retryAfterSeconds = Math.ceil(waitMs / 1_000);
      return refuse(
        429,
        'Too many requests: the request limit was reached.',
        vendor.sendsRetryAfter ? { 'retry-after': String(retryAfterSeconds) } : {},
      );
    }

    const fault = takeFault(faults, call);
    record.fault = fault?.kind ?? null;
    switch (fault?.kind) {
      case 'hang':
        return; // The socket stays open until the caller gives up or the sandbox closes.
      case 'drop':
        response.destroy();
        return;
      case 'status': {
        const status = fault.status ?? 500;
        const headers = {
          ...(fault.retryAfterSeconds === undefined
            ? {}
            : { 'retry-after': String(fault.retryAfterSeconds) }),
          ...fault.headers,
        };
        const body = fault.body ?? vendor.errorBody(status, `Injected fault: HTTP ${status}.`);
        return send({ status, body, headers });
      }
      case 'commit_then_drop':
        answerOf(vendor, call);
        response.destroy();
        return;
      case 'broken_json': {
        const payload = toPayload(answerOf(vendor, call).body ?? {});
        // Half an object or array, at least one character of it, never parses.
        return send({ status: 200 }, payload.slice(0, Math.max(1, Math.floor(payload.length / 2))));
      }
      case undefined:
        return send(answerOf(vendor, call));
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const { port: boundPort } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${boundPort}`,
    requests,
    fault(fault) {
      if (faults.length >= QUEUED_FAULTS_MAX)
        throw new Error(`A sandbox queues at most ${QUEUED_FAULTS_MAX} faults.`);
      if (!(fault.times >= 1)) throw new Error(`A fault breaks at least one call, not ${fault.times}.`);
      faults.push({ ...fault });
    },
    clearFaults() {
      faults.length = 0;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A record that a test hand names; one that is not there is the test's mistake. */
export function known<Id, Row>(rows: ReadonlyMap<Id, Row>, id: Id, kind = 'record'): Row {
  const row = rows.get(id);
  if (row === undefined) throw new Error(`There is no ${kind} ${String(id)} in the sandbox.`);
  return row;
}

/** The vendor's answer; a crash inside the sandbox shows as a 500 that says so, not as a lost connection. */
function answerOf(vendor: Vendor, call: VendorCall): VendorAnswer {
  try {
    return vendor.answer(call);
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { status: 500, body: vendor.errorBody(500, `Defect in the sandbox itself: ${reason}`) };
  }
}

/** Takes one use of the first queued fault that matches the call. */
function takeFault(faults: Fault[], call: VendorCall): Fault | null {
  const index = faults.findIndex((fault) => fault.match?.(call.method, call.path) ?? true);
  const fault = faults[index];
  if (fault === undefined) return null;
  fault.times -= 1;
  if (fault.times <= 0) faults.splice(index, 1);
  return fault;
}

/**
 * A sliding window per limit over the calls let through (a throttled call uses up nothing).
 * Returns how many milliseconds to wait; 0 lets the call through and counts it.
 */
function createLimiter(limits: readonly RateLimit[]): (nowMs: number) => number {
  const passedMs: number[] = [];
  const longestMs = Math.max(0, ...limits.map((limit) => limit.perSeconds * 1_000));
  return (nowMs) => {
    while (passedMs.length > 0 && passedMs[0]! <= nowMs - longestMs) passedMs.shift();
    const waitMs = Math.max(
      0,
      ...limits.map(({ requests, perSeconds }) => {
        const oldestThatCountsMs = passedMs[passedMs.length - requests];
        return oldestThatCountsMs === undefined ? 0 : oldestThatCountsMs + perSeconds * 1_000 - nowMs;
      }),
    );
    if (waitMs === 0 && limits.length > 0) passedMs.push(nowMs);
    return waitMs;
  };
}

/** The body as text, or null when it is larger than the sandbox takes. */
async function readText(incoming: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
  }
  return bytes > BODY_BYTES_MAX ? null : Buffer.concat(chunks).toString('utf8');
}

function toRecord(call: VendorCall): RecordedRequest {
  const hide = (pairs: Record<string, unknown>, secrets: readonly string[]) =>
    Object.fromEntries(
      Object.entries(pairs).map(([name, value]) => [name, secrets.includes(name) ? REDACTED : value]),
    );
  return {
    at: new Date().toISOString(),
    method: call.method,
    path: call.path,
    query: hide(Object.fromEntries(call.query), SECRET_PARAMETERS) as Record<string, string>,
    headers: hide(call.headers, SECRET_HEADERS) as IncomingHttpHeaders,
    body: toRecordedBody(call.text),
    status: null,
    fault: null,
    answer: null,
  };
}

function toRecordedBody(text: string): unknown {
  if (text === '') return null;
  if (Buffer.byteLength(text) > RECORDED_BODY_BYTES_MAX)
    return `[${Buffer.byteLength(text)} bytes, not kept]`;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function toPayload(body: unknown): string {
  return body === undefined ? '' : JSON.stringify(body);
}
