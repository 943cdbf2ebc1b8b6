/** Owns bytes on the wire to a vendor: checked addresses, no redirects, bounded size and time, client certificates. */
import { createHash } from 'node:crypto';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { rootCertificates } from 'node:tls';
import axios, { type AxiosResponse, isAxiosError } from 'axios';
import { type AddressRules, addressRefusedCode, guardedLookup, isLoopback } from './address.ts';
import { InvalidRequest, toVendorError, Unavailable, type VendorError } from './errors.ts';

/** A page of 2,000 Harvest rows is about 2.5 MB. */
const mostResponseBytes = 32 * 1024 * 1024;
const mostRequestBytes = 8 * 1024 * 1024;
const mostTimeoutMs = 120_000;

/** Mutual TLS, in PEM: what we show, and whose signature on the vendor's certificate counts beside the public ones. */
export interface TlsFacts {
  clientCertificate?: string | undefined;
  clientKey?: string | undefined;
  trustedCertificate?: string | undefined;
}

export interface WireRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Checked before by `allowedAddress`; what its name resolves to is checked here. */
  url: URL;
  headers: Readonly<Record<string, string>>;
  text?: string | undefined;
  timeoutMs: number;
}
export interface WireAnswer {
  status: number;
  text: string;
  /** Names in lower case. */
  headers: Record<string, string>;
}
/** Any HTTP answer is an answer; without one it throws InvalidRequest or Unavailable. */
export type Transport = (request: WireRequest) => Promise<WireAnswer>;

export function createTransport(
  vendor: { id: string; name: string },
  rules: AddressRules,
  tls: TlsFacts = {},
): Transport {
  const agents = agentsOf(rules, tls);
  return async ({ method, url, headers, text, timeoutMs: wantedMs }) => {
    const timeoutMs = Math.min(wantedMs, mostTimeoutMs);
    try {
      const response: AxiosResponse<Buffer> = await axios.request({
        method,
        url: url.href,
        headers: { 'User-Agent': 'Slipway', ...headers },
        data: text,
        // The transforms are replaced: axios would parse JSON through doubles and hide a broken body.
        transformRequest: (given: unknown) => given,
        transformResponse: (bytes: unknown) => bytes,
        responseType: 'arraybuffer',
        validateStatus: () => true,
        maxRedirects: 0,
        maxContentLength: mostResponseBytes,
        maxBodyLength: mostRequestBytes,
        timeout: timeoutMs,
        // The whole call, not only its silences: a vendor may drip bytes for ever.
        signal: AbortSignal.timeout(timeoutMs),
        httpAgent: agents.http,
        httpsAgent: agents.https,
        ...(isLoopback(url.hostname) ? { proxy: false } : {}),
      });
      return readAnswer(response);
    } catch (problem) {
      throw noAnswer(vendor, problem, timeoutMs);
    }
  };
}

interface Agents {
  http: HttpAgent;
  https: HttpsAgent;
}
const keptAgents = 200;
const agents = new Map<string, Agents>();

/** One pair for connections with the same rules and certificates, so that their sockets are used again. */
function agentsOf(rules: AddressRules, tls: TlsFacts): Agents {
  const key = createHash('sha256')
    .update(JSON.stringify([rules, tls]))
    .digest('base64');
  const known = agents.get(key) ?? makeAgents(rules, tls);
  agents.delete(key);
  agents.set(key, known);
  if (agents.size > keptAgents) agents.delete(agents.keys().next().value!);
  return known;
}

function makeAgents(rules: AddressRules, tls: TlsFacts): Agents {
  // As Node's own agents, but for the look-up.
  const options = {
    keepAlive: true,
    scheduling: 'lifo',
    timeout: 5_000,
    lookup: guardedLookup(rules),
  } as const;
  return {
    http: new HttpAgent(options),
    https: new HttpsAgent({
      ...options,
      ...(tls.clientCertificate && tls.clientKey ? { cert: tls.clientCertificate, key: tls.clientKey } : {}),
      ...(tls.trustedCertificate ? { ca: [...rootCertificates, tls.trustedCertificate] } : {}),
    }),
  };
}

function readAnswer(response: AxiosResponse<Buffer>): WireAnswer {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers))
    if (value !== undefined && value !== null) headers[name.toLowerCase()] = String(value);
  const text = Buffer.from(response.data ?? '').toString('utf8');
  return { status: response.status, text: text.replace(/^\uFEFF/, ''), headers };
}

const certificateCodes = /^(ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED)/;

function noAnswer(vendor: { id: string; name: string }, problem: unknown, timeoutMs: number): VendorError {
  const facts = { connector: vendor.id };
  const code = codeOf(problem);
  if (code === 'ERR_CANCELED' || code === 'ECONNABORTED' || code === 'ETIMEDOUT')
    return new Unavailable(
      `${vendor.name} did not answer within ${timeoutMs / 1000} seconds. It is tried again by itself.`,
      { ...facts, vendorCode: 'timeout' },
    );
  if (code === addressRefusedCode)
    return new InvalidRequest(
      `The address of the ${vendor.name} connection leads into a private network. Nothing was sent there.`,
      { ...facts, vendorCode: 'address_refused' },
    );
  if (code !== undefined && certificateCodes.test(code))
    return new InvalidRequest(
      `The secure connection to ${vendor.name} was refused: a certificate is wrong, missing or not trusted.`,
      { ...facts, vendorCode: 'certificate_refused' },
    );
  if (isAxiosError(problem) && /max(Content|Body)Length/.test(problem.message))
    return new InvalidRequest(`${vendor.name}: a message is larger than we accept.`, {
      ...facts,
      vendorCode: 'too_large',
    });
  // The axios error itself holds our headers, and with them the token: only its code goes on.
  if (isAxiosError(problem))
    return new Unavailable(`${vendor.name} could not be reached. It is tried again by itself.`, {
      ...facts,
      vendorCode: code ?? 'network',
    });
  return toVendorError(problem, vendor.name);
}

/** Of the error, or of what it came from: axios gives some of its own. */
function codeOf(problem: unknown): string | undefined {
  if (!isAxiosError(problem)) return (problem as { code?: string } | null)?.code;
  const cause = problem.cause as { code?: string } | undefined;
  return cause?.code ?? problem.code;
}
