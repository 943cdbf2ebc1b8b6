/** Owns one HTTP call to a vendor: where it may go, how it is authorised, and which of the four failures came of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import axios, { type AxiosResponse, isAxiosError } from 'axios';
import type { Connector, ConnectorSettings } from './define.ts';
import {
  AuthorizationLost,
  InvalidRequest,
  Throttled,
  toVendorError,
  Unavailable,
  type VendorError,
  type VendorErrorFacts,
} from './errors.ts';
import { parseJson } from './json.ts';
import { createLimiter, type Limiter } from './limit.ts';
import { retryAfterMs } from './retry-after.ts';

/** A page of 2,000 Harvest rows is about 2.5 MB. */
const mostResponseBytes = 32 * 1024 * 1024;
const mostRequestBytes = 8 * 1024 * 1024;
const mostTimeoutMs = 120_000;
/** Longer waits for our own limiter are handed to the caller as `Throttled`, so that no worker slot sleeps. */
const mostLimiterWaitMs = 5_000;

export interface VendorRequest {
  /** Encoded by us; undefined and null are left out. */
  query?: Record<string, string | number | boolean | null | undefined>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as a form instead; undefined and null are left out. */
  form?: Record<string, string | number | boolean | null | undefined>;
  /** One of the connector's further hosts; its base URL otherwise. */
  host?: string;
  headers?: Record<string, string>;
  timeoutMs?: number;
  /** True: a 404 is the answer null, not a failure. */
  allow404?: boolean;
  /** True: nothing is expected in the body, and an empty one is the answer null. */
  allowEmpty?: boolean;
  /** A POST that only reads, which may be repeated like a GET. */
  reads?: boolean;
}

export interface VendorResponse {
  status: number;
  /** Parsed JSON; null for 204. Numbers too long for a double are text. */
  body: unknown;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
}

interface Call {
  (path: string, request: VendorRequest & { allow404: true }): Promise<VendorResponse | null>;
  (path: string, request?: VendorRequest): Promise<VendorResponse>;
}

/**
 * Calls of one connection. `path` is relative to the base URL (`/time_entries`) or an absolute URL of the same origin.
 * Every failure is one of the four VendorErrors. Nothing is retried here but one 401 after a token refresh.
 */
export interface VendorHttp {
  readonly connector: { readonly id: string; readonly name: string };
  readonly settings: ConnectorSettings;
  get: Call;
  post: Call;
  put: Call;
  patch: Call;
  delete: Call;
}

export interface VendorCredentials {
  accessToken: () => Promise<string>;
  /** Gets and stores a new token after a 401; absent where tokens are fixed. Serialised by the provider. */
  refresh?: () => Promise<string>;
}

export interface VendorHttpOptions {
  connector: Connector;
  settings: ConnectorSettings;
  credentials: VendorCredentials;
  /** Stands in for the vendor's host (a sandbox or a proxy), e.g. `http://127.0.0.1:4010`; the vendor's path is kept. */
  baseUrlOverride?: string | undefined;
  /** Default: one of its own by the connector's rate limit. Pass `limiterOf(connectionId, …)` to share. */
  limiter?: Limiter;
  /** Loopback addresses, also without TLS: sandboxes and tests only. */
  allowLoopback?: boolean;
  logger?: { debug(fields: object, message: string): void };
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Throws InvalidRequest when settings are missing or the address is not allowed. */
export function createVendorHttp(options: VendorHttpOptions): VendorHttp {
  const { connector, settings } = options;
  requireSettings(connector, settings);
  const allowLoopback = options.allowLoopback ?? false;
  const addressOf = (own: string) =>
    allowedBase(connector, overridden(own, options.baseUrlOverride), allowLoopback);
  const base = addressOf(connector.baseUrl(settings));
  const limiter = options.limiter ?? createLimiter(connector.rateLimit);

  function hostOf(name: string | undefined): URL {
    if (name === undefined) return base;
    const host = connector.hosts?.[name];
    if (!host) throw new Error(`connector ${connector.id} has no host "${name}"`);
    return addressOf(host(settings));
  }

  async function call(
    method: Method,
    path: string,
    request: VendorRequest = {},
  ): Promise<VendorResponse | null> {
    const url = resolveUrl(connector, hostOf(request.host), path, request.query);
    const body = bodyOf(request);
    try {
      let token = await options.credentials.accessToken();
      let answer = await send(method, url, body, request, token);
      if (answer.status === 401 && options.credentials.refresh) {
        token = await options.credentials.refresh();
        answer = await send(method, url, body, request, token);
      }
      return outcome(connector, answer, request, token);
    } catch (problem) {
      const error = toVendorError(problem, connector.name);
      if (error instanceof Throttled) limiter.pause(error.retryAfterMs);
      throw error;
    }
  }

  async function send(
    method: Method,
    url: URL,
    body: SentBody | undefined,
    request: VendorRequest,
    token: string,
  ): Promise<Answer> {
    await takePlace(connector, limiter);
    const timeoutMs = Math.min(request.timeoutMs ?? connector.timeoutMs, mostTimeoutMs);
    const startedAt = performance.now();
    const headers = {
      Accept: 'application/json',
      'User-Agent': 'Slipway',
      ...(body === undefined ? {} : { 'Content-Type': body.type }),
      ...authHeaders(connector, settings, token),
      ...request.headers,
    };
    try {
      const response: AxiosResponse<Buffer> = await axios.request({
        method,
        url: url.href,
        headers,
        data: body?.text,
        // The transforms are replaced: axios would parse JSON through doubles and hide a broken body.
        transformRequest: (text: unknown) => text,
        transformResponse: (bytes: unknown) => bytes,
        responseType: 'arraybuffer',
        validateStatus: () => true,
        maxRedirects: 0,
        maxContentLength: mostResponseBytes,
        maxBodyLength: mostRequestBytes,
        timeout: timeoutMs,
        // The whole call, not only its silences: a vendor may drip bytes for ever.
        signal: AbortSignal.timeout(timeoutMs),
        ...(isLoopback(url.hostname) ? { proxy: false } : {}),
      });
      const answer = readAnswer(connector, response);
      options.logger?.debug(
        {
          connector: connector.id,
          method,
          path: url.pathname,
          status: answer.status,
          durationMs: Math.round(performance.now() - startedAt),
          vendorRequestId: answer.facts.requestId,
        },
        'vendor call',
      );
      return answer;
    } catch (problem) {
      throw noAnswer(connector, problem, timeoutMs);
    }
  }

  const method = (name: Method) =>
    ((path: string, request?: VendorRequest) => call(name, path, request)) as Call;
  return {
    connector: { id: connector.id, name: connector.name },
    settings,
    get: method('GET'),
    post: method('POST'),
    put: method('PUT'),
    patch: method('PATCH'),
    delete: method('DELETE'),
  };
}

interface SentBody {
  type: string;
  text: string;
}
function bodyOf({ body, form }: VendorRequest): SentBody | undefined {
  if (body !== undefined) return { type: 'application/json', text: JSON.stringify(body) };
  if (form === undefined) return undefined;
  const pairs = Object.entries(form).flatMap(([name, value]) =>
    value === undefined || value === null ? [] : [[name, String(value)]],
  );
  return { type: 'application/x-www-form-urlencoded', text: new URLSearchParams(pairs).toString() };
}

interface Answer {
  status: number;
  text: string;
  headers: Record<string, string>;
  facts: VendorErrorFacts;
}

function readAnswer(connector: Connector, response: AxiosResponse<Buffer>): Answer {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers))
    if (value !== undefined && value !== null) headers[name.toLowerCase()] = String(value);
  return {
    status: response.status,
    text: Buffer.from(response.data ?? '')
      .toString('utf8')
      .replace(/^\uFEFF/, ''),
    headers,
    facts: {
      connector: connector.id,
      status: response.status,
      requestId: headers[connector.requestIdHeader]?.slice(0, 200),
    },
  };
}

/** The vendor's answer as a response, null (an allowed 404), or one of the four failures. */
function outcome(
  connector: Connector,
  answer: Answer,
  { allow404, allowEmpty }: VendorRequest,
  token: string,
): VendorResponse | null {
  const { status, headers } = answer;
  if (status === 404 && allow404) return null;
  const body = parseOr(answer.text);
  const classified = connector.classify?.(status, body === unreadable ? answer.text : body, headers);
  if (classified) throw withFacts(classified, answer, token);
  if (status < 200 || status > 299) throw failure(connector, answer, body, token);
  if (status === 204 || (allowEmpty && answer.text.trim() === '')) return { status, headers, body: null };
  if (body === unreadable)
    throw new Unavailable(
      `${connector.name} sent an answer that cannot be read. It is tried again.`,
      answer.facts,
    );
  return { status, headers, body };
}

const unreadable = Symbol('not JSON');

function parseOr(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return unreadable;
  }
}

function failure(connector: Connector, answer: Answer, body: unknown, token: string): VendorError {
  const { status } = answer;
  const { name } = connector;
  const said = vendorWords(body, token);
  const facts = { ...answer.facts, vendorCode: said.code };
  const because = said.text === '' ? '.' : `: ${said.text}`;
  if (status === 401)
    return new AuthorizationLost(
      `${name} no longer accepts the saved sign-in. Connect ${name} again.`,
      facts,
    );
  if (status === 403)
    return new AuthorizationLost(
      `${name} refuses access: the account that was connected lacks a right, or its plan does not include this${because}`,
      facts,
    );
  if (status === 429)
    return new Throttled(
      `${name} asks us to slow down. It is tried again by itself.`,
      retryAfterMs(answer.headers['retry-after'], connector.throttleMs),
      facts,
    );
  if (status === 408 || status >= 500)
    return new Unavailable(
      `${name} has a problem on its side (${status}). It is tried again by itself.`,
      facts,
    );
  if (status === 404)
    return new InvalidRequest(`${name} does not know this record or address (404)${because}`, facts);
  if (status < 400)
    return new InvalidRequest(
      `${name} answers from another address (${status}). Check the address of the connection.`,
      facts,
    );
  return new InvalidRequest(`${name} refused the request (${status})${because}`, facts);
}

/** A classifier sees no request: status, request id and connector are added here, and a token in its words removed. */
function withFacts(error: VendorError, answer: Answer, token: string): VendorError {
  const message = clean(error.message, token, 600);
  const facts = { ...answer.facts, vendorCode: error.vendorCode ?? undefined };
  switch (error.kind) {
    case 'AuthorizationLost':
      return new AuthorizationLost(message, facts);
    case 'InvalidRequest':
      return new InvalidRequest(message, facts);
    case 'Throttled':
      return new Throttled(message, (error as Throttled).retryAfterMs, facts);
    case 'Unavailable':
      return new Unavailable(message, facts);
  }
}

function noAnswer(connector: Connector, problem: unknown, timeoutMs: number): VendorError {
  const facts = { connector: connector.id };
  const code = isAxiosError(problem) ? problem.code : undefined;
  if (code === 'ERR_CANCELED' || code === 'ECONNABORTED' || code === 'ETIMEDOUT')
    return new Unavailable(
      `${connector.name} did not answer within ${timeoutMs / 1000} seconds. It is tried again by itself.`,
      { ...facts, vendorCode: 'timeout' },
    );
  if (isAxiosError(problem) && /max(Content|Body)Length/.test(problem.message))
    return new InvalidRequest(`${connector.name}: a message is larger than we accept.`, {
      ...facts,
      vendorCode: 'too_large',
    });
  // The axios error itself holds our headers, and with them the token: only its code goes on.
  if (isAxiosError(problem))
    return new Unavailable(`${connector.name} could not be reached. It is tried again by itself.`, {
      ...facts,
      vendorCode: code ?? 'network',
    });
  return toVendorError(problem, connector.name);
}

async function takePlace(connector: Connector, limiter: Limiter): Promise<void> {
  let waitedMs = 0;
  for (;;) {
    const waitMs = limiter.take();
    if (waitMs === 0) return;
    if (waitedMs + waitMs > mostLimiterWaitMs)
      throw new Throttled(
        `${connector.name} allows only so many calls at a time. It is tried again by itself.`,
        waitMs,
        {
          connector: connector.id,
          vendorCode: 'own_limit',
        },
      );
    waitedMs += waitMs;
    await sleep(waitMs);
  }
}

function authHeaders(
  connector: Connector,
  settings: ConnectorSettings,
  token: string,
): Record<string, string> {
  const { auth } = connector;
  const extra = auth.extraHeaders?.(settings);
  switch (auth.type) {
    case 'bearer':
      return { Authorization: `Bearer ${token}`, ...extra };
    case 'basic':
      return { Authorization: `Basic ${Buffer.from(token).toString('base64')}`, ...extra };
    case 'header':
      return { [auth.header]: token, ...extra };
  }
}

function requireSettings(connector: Connector, settings: ConnectorSettings): void {
  const missing = Object.keys(connector.settings).filter((name) => (settings[name] ?? '').trim() === '');
  if (missing.length > 0)
    throw new InvalidRequest(`The ${connector.name} connection lacks ${missing.join(', ')}.`, {
      connector: connector.id,
      vendorCode: 'settings_missing',
    });
}

/** Another origin in its place; the vendor's path is kept. */
function overridden(own: string, override: string | undefined): string {
  return override === undefined ? own : override.replace(/\/+$/, '') + new URL(own).pathname;
}

function allowedBase(connector: Connector, text: string, allowLoopback: boolean): URL {
  const refuse = (why: string) =>
    new InvalidRequest(`The address of the ${connector.name} connection ${why}.`, {
      connector: connector.id,
      vendorCode: 'address_refused',
    });
  if (!URL.canParse(text)) throw refuse('is not a web address');
  const url = new URL(text);
  const loopback = isLoopback(url.hostname);
  if (url.username !== '' || url.password !== '') throw refuse('must not contain a password');
  if (isLinkLocal(url.hostname)) throw refuse('points into the local network of this machine');
  if (loopback && !allowLoopback) throw refuse('points at this machine');
  if (url.protocol !== 'https:' && !(loopback && url.protocol === 'http:'))
    throw refuse('must start with https://');
  return url;
}

/** Only ever the base's origin: a `next` link from a vendor must not carry our token elsewhere. */
function resolveUrl(connector: Connector, base: URL, path: string, query: VendorRequest['query']): URL {
  const absolute = /^[a-z][a-z0-9+.-]*:/i.test(path);
  const text = absolute ? path : `${base.href.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.origin !== base.origin || url.username !== '' || url.password !== '')
    throw new InvalidRequest(
      `${connector.name} points to another address than the connection's. It was not followed.`,
      {
        connector: connector.id,
        vendorCode: 'foreign_address',
      },
    );
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null);
  const added = pairs.map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`,
  );
  if (added.length > 0) url.search = [url.search.replace(/^\?/, ''), ...added].filter(Boolean).join('&');
  url.hash = '';
  return url;
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    /^(127|0)\.\d+\.\d+\.\d+$/.test(hostname) ||
    /^\[(::1?|::ffff:(7f|0)[0-9a-f:]*)\]$/.test(hostname)
  );
}

/** Where clouds keep machine credentials (169.254.169.254). */
function isLinkLocal(hostname: string): boolean {
  return /^169\.254\./.test(hostname) || /^\[(fe[89ab][0-9a-f]:|::ffff:a9fe:)/.test(hostname);
}

/** What common error bodies say, cut and without our token. */
function vendorWords(body: unknown, token: string): { text: string; code: string | undefined } {
  if (typeof body !== 'object' || body === null) return { text: '', code: undefined };
  const fields = body as Record<string, unknown>;
  const first = (...names: string[]) =>
    names.map((name) => fields[name]).find((value) => typeof value === 'string' || typeof value === 'number');
  const code = first('code', 'error');
  return {
    text: clean(String(first('message', 'error_description', 'detail', 'error') ?? ''), token, 300),
    code: code === undefined ? undefined : clean(String(code), token, 100),
  };
}

function clean(text: string, token: string, mostCharacters: number): string {
  const redacted = token.length >= 4 ? text.replaceAll(token, '…') : text;
  return redacted.replace(/\s+/g, ' ').trim().slice(0, mostCharacters);
}
