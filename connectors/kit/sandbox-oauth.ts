/**
 * Owns the OAuth 2 side of a vendor sandbox: consent, codes, access tokens that end, refresh tokens that rotate and die.
 *
 * It is strict where vendors are: a code works once, for the client, redirect address and PKCE verifier that it was given
 * for; a used refresh token is refused (after the vendor's grace), and a client with a wrong secret always.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { VendorAnswer, VendorCall } from './sandbox.ts';
import type { OAuthStand } from './stand.ts';

export interface SandboxOAuthOptions {
  clientId: string;
  clientSecret: string;
  clientAuth: 'basic' | 'body';
  /** Milliseconds of an access token. */
  lifeMs: number;
  /** A used refresh token dies, but still works for so long. */
  rotates: boolean;
  graceMs?: number;
  /** A code without `code_verifier` is refused where its challenge was given; true refuses codes without a challenge too. */
  needsPkce?: boolean;
  /** More fields of a token answer. */
  moreOf?: () => Record<string, unknown>;
  /** More fields of the redirect after consent, e.g. QuickBooks' `realmId`. */
  callbackOf?: () => Record<string, string>;
  nowMs: () => number;
  /** Valid from the start, beside what is exchanged. */
  accessToken?: string;
  refreshToken?: string;
}

export interface SandboxOAuth {
  /** Answers the token address; the vendor's sandbox routes calls here. */
  token(call: VendorCall): VendorAnswer;
  revoke(call: VendorCall): VendorAnswer;
  accepts(accessToken: string): boolean;
  consent(authorizeUrl: string): { code: string; state: string; query: Record<string, string> };
  /** Access tokens end now; refreshing goes on. */
  expire(): void;
  /** The whole authorisation ends. */
  end(): void;
  /** Only this access token is accepted from now on. */
  replaceAccessToken(token: string): void;
  refreshes(): number;
  currentRefreshToken(): string;
  ended(): boolean;
}

interface Code {
  challenge: string | null;
  redirectUri: string;
}

/** RFC 6749 §5.2. */
const refused = (error: string, description: string, status = 400): VendorAnswer => ({
  status,
  body: { error, error_description: description },
});

export function createSandboxOAuth(options: SandboxOAuthOptions): SandboxOAuth {
  const codes = new Map<string, Code>();
  const accessTokens = new Map<string, number>();
  let usable: { token: string; until: number }[] = [];
  let current = options.refreshToken ?? randomBytes(12).toString('hex');
  let refreshes = 0;
  let isOver = false;
  usable.push({ token: current, until: Number.POSITIVE_INFINITY });
  if (options.accessToken !== undefined)
    accessTokens.set(options.accessToken, options.nowMs() + options.lifeMs);

  function parametersOf(call: VendorCall): Record<string, string> {
    if ((call.headers['content-type'] ?? '').includes('json'))
      return JSON.parse(call.text || '{}') as Record<string, string>;
    return Object.fromEntries(new URLSearchParams(call.text));
  }

  function isClient(call: VendorCall, given: Record<string, string>): boolean {
    const basic = Buffer.from(`${options.clientId}:${options.clientSecret}`).toString('base64');
    return options.clientAuth === 'basic'
      ? call.headers.authorization === `Basic ${basic}`
      : given.client_id === options.clientId && given.client_secret === options.clientSecret;
  }

  function answerTokens(): VendorAnswer {
    const accessToken = randomBytes(16).toString('hex');
    accessTokens.set(accessToken, options.nowMs() + options.lifeMs);
    return {
      status: 200,
      body: {
        access_token: accessToken,
        token_type: 'bearer',
        expires_in: Math.floor(options.lifeMs / 1_000),
        refresh_token: current,
        ...options.moreOf?.(),
      },
    };
  }

  function rotate(used: string): void {
    if (!options.rotates) return;
    const graceUntil = options.nowMs() + (options.graceMs ?? 0);
    usable = usable
      .filter(({ until }) => until > options.nowMs())
      .map((kept) => (kept.token === used ? { ...kept, until: Math.min(kept.until, graceUntil) } : kept));
    current = randomBytes(12).toString('hex');
    usable.push({ token: current, until: Number.POSITIVE_INFINITY });
  }

  function exchangeCode(given: Record<string, string>): VendorAnswer {
    const code = codes.get(given.code ?? '');
    codes.delete(given.code ?? '');
    if (!code) return refused('invalid_grant', 'The code is unknown or was used before.');
    if (code.redirectUri !== given.redirect_uri)
      return refused('invalid_grant', 'The redirect address is another than the one of the code.');
    if (code.challenge === null ? options.needsPkce : code.challenge !== challengeOf(given.code_verifier))
      return refused('invalid_grant', 'The code verifier does not fit its challenge.');
    isOver = false;
    return answerTokens();
  }

  function exchangeRefreshToken(given: Record<string, string>): VendorAnswer {
    const known = usable.find(({ token }) => token === given.refresh_token);
    if (isOver || !known || known.until <= options.nowMs())
      return refused('invalid_grant', 'The refresh token is unknown, used or revoked.');
    refreshes += 1;
    rotate(known.token);
    return answerTokens();
  }

  return {
    token(call) {
      if (call.method !== 'POST') return refused('invalid_request', 'Tokens are asked for by POST.', 405);
      const given = parametersOf(call);
      if (!isClient(call, given)) return refused('invalid_client', 'Unknown client or wrong secret.', 401);
      switch (given.grant_type) {
        case 'authorization_code':
          return exchangeCode(given);
        case 'refresh_token':
          return exchangeRefreshToken(given);
        case 'client_credentials':
          return isOver ? refused('invalid_grant', 'The access was withdrawn.') : answerTokens();
        default:
          return refused('unsupported_grant_type', `No grant "${given.grant_type}".`);
      }
    },
    revoke(call) {
      const given = { ...Object.fromEntries(call.query), ...parametersOf(call) };
      const token = given.token ?? '';
      if (usable.some((kept) => kept.token === token) || accessTokens.has(token)) {
        isOver = true;
        accessTokens.clear();
      }
      // RFC 7009 §2.2: a token that is unknown is revoked too.
      return { status: 200, body: {} };
    },
    accepts: (accessToken) => !isOver && (accessTokens.get(accessToken) ?? 0) > options.nowMs(),
    consent(authorizeUrl) {
      const asked = new URL(authorizeUrl).searchParams;
      if (asked.get('client_id') !== options.clientId) throw new Error('another client asks for consent');
      if (asked.get('response_type') !== 'code') throw new Error('response_type must be code');
      const code = randomBytes(8).toString('hex');
      codes.set(code, {
        challenge: asked.get('code_challenge'),
        redirectUri: asked.get('redirect_uri') ?? '',
      });
      return { code, state: asked.get('state') ?? '', query: options.callbackOf?.() ?? {} };
    },
    expire: () => accessTokens.clear(),
    end: () => {
      isOver = true;
      accessTokens.clear();
    },
    replaceAccessToken: (token) => {
      accessTokens.clear();
      accessTokens.set(token, options.nowMs() + options.lifeMs);
    },
    refreshes: () => refreshes,
    currentRefreshToken: () => current,
    ended: () => isOver,
  };
}

/** What a stand shows of it; `end` also ends what the sandbox accepts beside what was exchanged. */
export function oauthStand(oauth: SandboxOAuth, endFixed: () => void = () => {}): OAuthStand {
  return {
    consent: (authorizeUrl) => oauth.consent(authorizeUrl),
    expire: () => {
      endFixed();
      oauth.expire();
    },
    refreshes: () => oauth.refreshes(),
    currentRefreshToken: () => oauth.currentRefreshToken(),
    revoked: () => oauth.ended(),
  };
}

function challengeOf(verifier: string | undefined): string {
  return createHash('sha256')
    .update(verifier ?? '')
    .digest('base64url');
}
