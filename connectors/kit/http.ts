/** Owns one HTTP call to a vendor: where it may go, how it is authorised, and which of the four failures came of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { allowedAddress } from './address.ts';
import type { Connector, ConnectorSettings } from './define.ts';
import { InvalidRequest, Throttled, toVendorError, type VendorErrorKind } from './errors.ts';
import { createLimiter, type Limiter } from './limit.ts';
import { outcomeOf } from './outcome.ts';
import { createTransport, type TlsFacts, type WireAnswer } from './transport.ts';

/** Longer waits for our own limiter are handed to the caller as `Throttled`, so that no worker slot sleeps. */
const mostLimiterWaitMs = 5_000;
const ownLimitCode = 'own_limit';

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
  /** Gets and stores a new token after a 401; null: there is no other one. Serialised by the provider. */
  refresh?: () => Promise<string | null>;
}

/** One call as it went, for measuring and keeping what was read. */
export interface SeenCall {
  method: Method;
  path: string;
  query: VendorRequest['query'];
  outcome: 'answered' | VendorErrorKind;
  /** Null when no answer came. */
  status: number | null;
  /** Of the vendor, without our own waiting. */
  durationMs: number;
  /** For our own limit. */
  waitedMs: number;
  /** As it arrived. */
  text: string | null;
}

export interface VendorHttpOptions {
  connector: Connector;
  settings: ConnectorSettings;
  credentials: VendorCredentials;
  /** Stands in for the vendor's hosts (a sandbox or a proxy), e.g. `http://127.0.0.1:4010`; the vendor's paths are kept. */
  baseUrlOverride?: string | undefined;
  /** Default: one of its own by the connector's rate limit. Pass one to share it. */
  limiter?: Limiter;
  /** Loopback addresses, also without TLS: sandboxes and tests only. */
  allowLoopback?: boolean;
  /** Names and ranges beyond public addresses that the operator allows. */
  allowedHosts?: readonly string[];
  tls?: TlsFacts;
  /** True: calls are made before all settings are known, to learn them. */
  settingsLater?: boolean;
  /** Secrets beside the token that no words may hold. */
  redacted?: readonly string[];
  onCall?: (seen: SeenCall) => void;
  logger?: { debug(fields: object, message: string): void };
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Throws InvalidRequest when settings are missing or the address is not allowed. */
export function createVendorHttp(options: VendorHttpOptions): VendorHttp {
  const { connector, settings, redacted = [] } = options;
  if (!options.settingsLater) requireSettings(connector, settings);
  const rules = { allowLoopback: options.allowLoopback ?? false, allowedHosts: options.allowedHosts ?? [] };
  const addressOf = (own: string) => allowedAddress(connector, own, options.baseUrlOverride, rules);
  const base = addressOf(connector.baseUrl(settings));
  const limiter = options.limiter ?? createLimiter(connector.rateLimit);
  const transport = createTransport(connector, rules, options.tls);

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
    const seen: SeenCall = {
      method,
      path: url.pathname,
      query: request.query,
      outcome: 'answered',
      status: null,
      durationMs: 0,
      waitedMs: 0,
      text: null,
    };
    try {
      let token = await options.credentials.accessToken();
      let answer = await send(url, request, token, seen);
      if (answer.status === 401) {
        const renewed = (await options.credentials.refresh?.()) ?? null;
        if (renewed !== null) {
          token = renewed;
          answer = await send(url, request, token, seen);
        }
      }
      return outcomeOf(connector, answer, request, [token, ...redacted]);
    } catch (problem) {
      const error = toVendorError(problem, connector.name);
      seen.outcome = error.kind;
      // Our own window is no word of the vendor's: it ends by itself.
      if (error instanceof Throttled && error.vendorCode !== ownLimitCode)
        await limiter.pause(error.retryAfterMs);
      throw error;
    } finally {
      options.onCall?.(seen);
    }
  }

  async function send(url: URL, request: VendorRequest, token: string, seen: SeenCall): Promise<WireAnswer> {
    const body = bodyOf(request);
    seen.waitedMs += await takePlace(connector, limiter);
    const startedAt = performance.now();
    const answer = await transport({
      method: seen.method,
      url,
      headers: {
        Accept: 'application/json',
        ...(body === undefined ? {} : { 'Content-Type': body.type }),
        ...authHeaders(connector, settings, token),
        ...request.headers,
      },
      text: body?.text,
      timeoutMs: request.timeoutMs ?? connector.timeoutMs,
    });
    seen.durationMs += performance.now() - startedAt;
    seen.status = answer.status;
    seen.text = answer.text;
    const quota = connector.quotaOf?.(answer.headers) ?? null;
    if (quota !== null) limiter.learn?.(quota);
    options.logger?.debug(
      {
        connector: connector.id,
        method: seen.method,
        path: url.pathname,
        status: answer.status,
        durationMs: Math.round(performance.now() - startedAt),
        vendorRequestId: answer.headers[connector.requestIdHeader]?.slice(0, 200),
      },
      'vendor call',
    );
    return answer;
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

/** Answers how many milliseconds it waited. */
async function takePlace(connector: Connector, limiter: Limiter): Promise<number> {
  let waitedMs = 0;
  for (;;) {
    const waitMs = await limiter.take();
    if (waitMs === 0) return waitedMs;
    if (waitedMs + waitMs > mostLimiterWaitMs)
      throw new Throttled(
        `${connector.name} allows only so many calls at a time. It is tried again by itself.`,
        waitMs,
        {
          connector: connector.id,
          vendorCode: ownLimitCode,
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
      return { [auth.header]: `${auth.prefix ?? ''}${token}`, ...extra };
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
