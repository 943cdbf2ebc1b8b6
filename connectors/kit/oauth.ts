/**
 * Owns OAuth 2 towards any vendor: consent with PKCE and state, exchanges, and revocation. It keeps nothing: tokens go to
 * the caller, who stores them before they are used (activities/credentials.ts).
 */
import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type AddressRules, allowedAddress } from './address.ts';
import type { Connector, ConnectorSettings, OAuth2 } from './define.ts';
import { AuthorizationLost, InvalidRequest, Throttled, Unavailable, type VendorError } from './errors.ts';
import { parseJson } from './json.ts';
import { cleanWords } from './redact.ts';
import { retryAfterMs } from './retry-after.ts';
import { createTransport, type TlsFacts, type WireAnswer } from './transport.ts';

const mostTimeoutMs = 20_000;

export interface OAuthOptions {
  connector: Connector;
  settings: ConnectorSettings;
  /** The hub's own app at the vendor. Without an id, tokens are exchanged without a client (a pasted refresh token). */
  clientId: string | undefined;
  clientSecret: string | undefined;
  baseUrlOverride?: string | undefined;
  rules: AddressRules;
  tls?: TlsFacts;
  /** How long one exchange may take; at most 20 s. */
  timeoutMs?: number;
}

export interface TokenAnswer {
  accessToken: string;
  /** Null: the one that was used stays. */
  refreshToken: string | null;
  /** Null: the vendor does not say, and neither does its connector. */
  lifeMs: number | null;
  /** Settings that the answer told. */
  settings: ConnectorSettings;
}

export interface Consent {
  redirectUrl: string;
  state: string;
  /** PKCE: kept by us until the code is exchanged, RFC 7636. */
  verifier: string;
  nonce: string;
}

export interface OAuthCalls {
  /** Where the person is sent. */
  authorizeUrl(consent: Consent): string;
  exchangeCode(code: string, consent: Consent): Promise<TokenAnswer>;
  clientCredentials(): Promise<TokenAnswer>;
  /** AuthorizationLost: the vendor does not take this token any more. `redirectUrl` of the consent, where it is known. */
  refresh(refreshToken: string, redirectUrl: string | null): Promise<TokenAnswer>;
  /** False: the vendor has no such address. A token that is unknown there counts as revoked. */
  revoke(token: string): Promise<boolean>;
}

/** 43 characters of 256 random bits: a state, a nonce, a code verifier. */
export const randomText = (): string => randomBytes(32).toString('base64url');

const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url');

/** Throws InvalidRequest when an address is not allowed, a plain Error where the connector has no OAuth. */
export function openOAuth(options: OAuthOptions): OAuthCalls {
  const { connector, settings, clientId, clientSecret = '' } = options;
  const { oauth } = connector.auth;
  if (!oauth) throw new Error(`connector ${connector.id} has no OAuth`);
  const transport = createTransport(connector, options.rules, options.tls);
  const addressOf = (own: string) => allowedAddress(connector, own, options.baseUrlOverride, options.rules);

  /** `secrets`: what the vendor may echo, beside the client's own. */
  async function post(
    url: URL,
    fields: Record<string, string>,
    form: 'form' | 'json' | 'query',
    secrets: readonly string[],
  ): Promise<{ answer: WireAnswer; secrets: readonly string[] }> {
    const inBody: Record<string, string> =
      clientId === undefined || oauth!.clientAuth === 'basic'
        ? fields
        : { ...fields, client_id: clientId, client_secret: clientSecret };
    // As vendors document it, without the form encoding that RFC 6749 §2.3.1 asks for and hardly one undoes.
    const credentials = `${clientId}:${clientSecret}`;
    const target = new URL(url);
    if (form === 'query')
      for (const [name, value] of Object.entries(inBody)) target.searchParams.set(name, value);
    const answer = await transport({
      method: 'POST',
      url: target,
      headers: {
        Accept: 'application/json',
        ...(clientId !== undefined && oauth!.clientAuth === 'basic'
          ? { Authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
          : {}),
        ...(form === 'query' ? {} : { 'Content-Type': contentTypes[form] }),
        ...oauth!.tokenHeaders,
      },
      text: form === 'query' ? undefined : textOf(inBody, form),
      timeoutMs: Math.min(options.timeoutMs ?? connector.timeoutMs, mostTimeoutMs),
    });
    return { answer, secrets: [...secrets, clientSecret, credentials] };
  }

  async function exchange(fields: Record<string, string>, secrets: readonly string[]): Promise<TokenBody> {
    const url = addressOf(oauth!.tokenUrl(settings));
    const posted = await post(url, fields, oauth!.tokenBody ?? 'form', secrets);
    return readTokens(connector, posted.answer, posted.secrets);
  }

  return {
    authorizeUrl(consent) {
      if (!oauth.authorizeUrl || clientId === undefined)
        throw new InvalidRequest(
          `${connector.name} is not authorised in a browser, or its clientId is missing.`,
          {
            connector: connector.id,
            vendorCode: 'authorise_unavailable',
          },
        );
      const url = addressOf(oauth.authorizeUrl(settings));
      const parameters: Record<string, string> = {
        response_type: 'code',
        client_id: clientId,
        redirect_uri: consent.redirectUrl,
        scope: oauth.scopes.join(oauth.scopeSeparator ?? ' '),
        state: consent.state,
        code_challenge: challengeOf(consent.verifier),
        code_challenge_method: 'S256',
        ...(oauth.nonce ? { nonce: consent.nonce } : {}),
        ...oauth.authorizeParams,
      };
      for (const [name, value] of Object.entries(parameters))
        if (value !== '') url.searchParams.set(name, value);
      return url.href;
    },
    async exchangeCode(code, consent) {
      const fields = {
        grant_type: 'authorization_code',
        code,
        redirect_uri: consent.redirectUrl,
        code_verifier: consent.verifier,
      };
      const body = await exchange(fields, [code, consent.verifier]);
      if (oauth.nonce) requireNonce(connector, body, consent.nonce);
      return toTokens(oauth, body);
    },
    async clientCredentials() {
      const scope = oauth.scopes.join(oauth.scopeSeparator ?? ' ');
      const fields = { grant_type: 'client_credentials', ...(scope === '' ? {} : { scope }) };
      return toTokens(oauth, await exchange(fields, []));
    },
    async refresh(refreshToken, redirectUrl) {
      const fields = {
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
        ...(oauth.refreshWithRedirect && redirectUrl !== null ? { redirect_uri: redirectUrl } : {}),
      };
      return toTokens(oauth, await exchange(fields, [refreshToken]));
    },
    async revoke(token) {
      if (!oauth.revokeUrl) return false;
      const url = addressOf(oauth.revokeUrl(settings));
      const form = oauth.revokeBody ?? oauth.tokenBody ?? 'form';
      const { answer, secrets } = await post(url, { token }, form, [token]);
      const isDone = answer.status >= 200 && answer.status < 300 && errorOf(answer) === null;
      // RFC 7009 §2.2: a token that is invalid there needs no revocation; some vendors say so with a 400.
      if (isDone || /invalid_(token|grant|code)/.test(errorOf(answer)?.code ?? '')) return true;
      throw failureOf(connector, answer, secrets);
    },
  };
}

const contentTypes = { form: 'application/x-www-form-urlencoded', json: 'application/json' } as const;

const textOf = (fields: Record<string, string>, form: 'form' | 'json') =>
  form === 'json' ? JSON.stringify(fields) : new URLSearchParams(fields).toString();

/** RFC 6749 §5.1, as loosely as vendors send it: a lifetime may be text. */
const tokenShape = z.looseObject({
  access_token: z.string().min(1),
  refresh_token: z.string().nullish(),
  expires_in: z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]).nullish(),
  id_token: z.string().nullish(),
});
type TokenBody = z.output<typeof tokenShape>;

function readTokens(connector: Connector, answer: WireAnswer, secrets: readonly string[]): TokenBody {
  // Some vendors say no under 200.
  if (answer.status < 200 || answer.status > 299 || errorOf(answer) !== null)
    throw failureOf(connector, answer, secrets);
  const read = tokenShape.safeParse(bodyOf(answer));
  if (read.success) return read.data;
  throw new Unavailable(
    `${connector.name} answered a sign-in in a form we do not know. It is tried again by itself.`,
    { connector: connector.id, status: answer.status, vendorCode: 'unexpected_tokens' },
  );
}

function toTokens(oauth: OAuth2, body: TokenBody): TokenAnswer {
  const lifeMs = typeof body.expires_in === 'number' ? body.expires_in * 1000 : oauth.defaultLifeMs;
  return {
    accessToken: body.access_token,
    refreshToken: body.refresh_token || null,
    lifeMs: lifeMs ?? null,
    settings: oauth.settingsFromToken?.(body) ?? {},
  };
}

/** What came back over TLS from the token address needs no signature check (OpenID Connect Core §3.1.3.7). */
function requireNonce(connector: Connector, { id_token: idToken }: TokenBody, nonce: string): void {
  if (!idToken) return;
  const claims = parseOr(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString('utf8'));
  if ((claims as { nonce?: unknown } | null)?.nonce === nonce) return;
  throw new AuthorizationLost(
    `The answer of ${connector.name} belongs to another sign-in. Begin the sign-in anew.`,
    { connector: connector.id, vendorCode: 'nonce_differs' },
  );
}

function parseOr(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}
const bodyOf = (answer: WireAnswer) => parseOr(answer.text);

/** RFC 6749 §5.2. */
function errorOf(answer: WireAnswer): { code: string; words: string } | null {
  const body = bodyOf(answer) as { error?: unknown; error_description?: unknown; message?: unknown } | null;
  const code = typeof body?.error === 'string' ? body.error : null;
  if (code === null) return null;
  const words = body?.error_description ?? body?.message;
  return { code, words: typeof words === 'string' ? words : '' };
}

/** The grant is over: nothing but a new consent helps. `invalid_code` is Zoho's word for it. */
const overCodes = new Set(['invalid_grant', 'invalid_code', 'invalid_token', 'access_denied']);
const clientCodes = new Set(['invalid_client', 'unauthorized_client']);

function failureOf(connector: Connector, answer: WireAnswer, secrets: readonly string[]): VendorError {
  const { name } = connector;
  const said = errorOf(answer);
  const words = cleanWords(said?.words || said?.code || '', secrets, 300);
  const because = words === '' ? '.' : `: ${words}`;
  const facts = {
    connector: connector.id,
    status: answer.status,
    vendorCode: said === null ? undefined : cleanWords(said.code, secrets, 100),
    requestId: answer.headers[connector.requestIdHeader]?.slice(0, 200),
  };
  if (answer.status === 429 || /too many requests/i.test(said?.words ?? ''))
    return new Throttled(
      `${name} asks us to slow down with signing in. It is tried again by itself.`,
      retryAfterMs(answer.headers['retry-after'], connector.throttleMs),
      facts,
    );
  if (said !== null && overCodes.has(said.code))
    return new AuthorizationLost(
      `${name} no longer accepts the saved sign-in. Connect ${name} again.`,
      facts,
    );
  if (said !== null && clientCodes.has(said.code))
    return new AuthorizationLost(
      `${name} does not accept the client id and secret of this connection${because}`,
      facts,
    );
  if (answer.status === 408 || answer.status >= 500)
    return new Unavailable(
      `${name} has a problem on its side (${answer.status}) and signs nobody in. It is tried again by itself.`,
      facts,
    );
  if (answer.status === 401 || answer.status === 403)
    return new AuthorizationLost(`${name} refuses the sign-in${because}`, facts);
  return new InvalidRequest(`${name} refused the sign-in (${answer.status})${because}`, facts);
}
