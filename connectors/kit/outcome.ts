/** Owns what came of an answer: a response, null where that was allowed, or one of the four failures. */
import type { Connector } from './define.ts';
import {
  AuthorizationLost,
  InvalidRequest,
  Throttled,
  Unavailable,
  type VendorError,
  type VendorErrorFacts,
} from './errors.ts';
import { signInLost, slowDown, troubled } from './failures.ts';
import type { VendorRequest, VendorResponse } from './http.ts';
import { parseJson } from './json.ts';
import { cleanWords } from './redact.ts';
import { retryAfterMs } from './retry-after.ts';
import type { WireAnswer } from './transport.ts';

interface Answer extends WireAnswer {
  facts: VendorErrorFacts;
}

/** Throws a VendorError; `secrets` are taken out of its words. */
export function outcomeOf(
  connector: Connector,
  wire: WireAnswer,
  { allow404, allowEmpty }: Pick<VendorRequest, 'allow404' | 'allowEmpty'>,
  secrets: readonly string[],
): VendorResponse | null {
  const { status, headers } = wire;
  const requestId = headers[connector.requestIdHeader]?.slice(0, 200);
  const answer: Answer = { ...wire, facts: { connector: connector.id, status, requestId } };
  if (status === 404 && allow404) return null;
  const body = parseOr(answer.text);
  const classified = connector.classify?.(status, body === unreadable ? answer.text : body, headers);
  if (classified) throw withFacts(classified, answer, secrets);
  if (status < 200 || status > 299) throw failure(connector, answer, body, secrets);
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

function failure(
  connector: Connector,
  answer: Answer,
  body: unknown,
  secrets: readonly string[],
): VendorError {
  const { status } = answer;
  const { name } = connector;
  const said = vendorWords(body, secrets);
  const facts = { ...answer.facts, vendorCode: said.code };
  const because = said.text === '' ? '.' : `: ${said.text}`;
  if (status === 401) return signInLost(connector, facts);
  if (status === 403)
    return new AuthorizationLost(
      `${name} refuses access: the account that was connected lacks a right, or its plan does not include this${because}`,
      facts,
    );
  if (status === 429)
    return slowDown(connector, retryAfterMs(answer.headers['retry-after'], connector.throttleMs), facts);
  if (status === 408 || status >= 500) return troubled(connector, status, facts);
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
function withFacts(error: VendorError, answer: Answer, secrets: readonly string[]): VendorError {
  const message = cleanWords(error.message, secrets, 600);
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

/** What common error bodies say, cut and without our token. */
function vendorWords(body: unknown, secrets: readonly string[]): { text: string; code: string | undefined } {
  if (typeof body !== 'object' || body === null) return { text: '', code: undefined };
  const fields = body as Record<string, unknown>;
  const first = (...names: string[]) =>
    names.map((name) => fields[name]).find((value) => typeof value === 'string' || typeof value === 'number');
  const code = first('code', 'error');
  return {
    text: cleanWords(String(first('message', 'error_description', 'detail', 'error') ?? ''), secrets, 300),
    code: code === undefined ? undefined : cleanWords(String(code), secrets, 100),
  };
}
