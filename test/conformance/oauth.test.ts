/** Owns that signing in and refreshing are right towards any vendor, over real HTTP against the kit's OAuth stand-in. */
import { createHash } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Connector, defineConnector, type OAuth2 } from '../../connectors/kit/define.ts';
import { AuthorizationLost, InvalidRequest, Throttled, Unavailable } from '../../connectors/kit/errors.ts';
import { type OAuthOptions, openOAuth, randomText } from '../../connectors/kit/oauth.ts';
import { startSandbox, type VendorAnswer, type VendorCall } from '../../connectors/kit/sandbox.ts';
import {
  createSandboxOAuth,
  type SandboxOAuth,
  type SandboxOAuthOptions,
} from '../../connectors/kit/sandbox-oauth.ts';
import { all, failureOf } from './loopback.ts';

const clientSecret = 'client-secret-of-ours';
const vendorWith = (oauth: Partial<OAuth2> = {}): Connector =>
  defineConnector({
    id: 'vendor',
    name: 'Vendor',
    auth: {
      type: 'bearer',
      oauth: {
        grants: ['authorization_code'],
        authorizeUrl: () => 'https://login.vendor.example/consent?tenant=any',
        tokenUrl: () => 'https://login.vendor.example/token',
        revokeUrl: () => 'https://login.vendor.example/revoke',
        scopes: ['time:read', 'offline_access'],
        clientAuth: 'basic',
        rotates: true,
        ...oauth,
      },
    },
    baseUrl: () => 'https://api.vendor.example',
    rateLimit: { requests: 100, perSeconds: 1 },
    timeoutMs: 300,
    throttleMs: 7_000,
    requestIdHeader: 'x-request-id',
    settings: {},
    test: () => Promise.resolve({ account: 'Vendor', warnings: [] }),
    entryReader: { read: () => Promise.resolve({ entries: [], unreadable: [] }) },
  });

async function start(
  given: {
    oauth?: Partial<OAuth2>;
    sandbox?: Partial<SandboxOAuthOptions>;
    client?: Partial<OAuthOptions>;
  } = {},
) {
  let nowMs = Date.parse('2026-11-21T08:00:00Z');
  const vendor: SandboxOAuth = createSandboxOAuth({
    clientId: 'client-of-ours',
    clientSecret,
    clientAuth: given.oauth?.clientAuth ?? 'basic',
    lifeMs: 3_600_000,
    rotates: true,
    needsPkce: true,
    nowMs: () => nowMs,
    ...given.sandbox,
  });
  const seen: VendorCall[] = [];
  const sandbox = await startSandbox({
    answer: (call): VendorAnswer => {
      seen.push(call);
      if (call.path === '/token') return vendor.token(call);
      if (call.path === '/revoke') return vendor.revoke(call);
      return { status: 404, body: {} };
    },
    errorBody: (_, message) => ({ error: 'server_error', error_description: message }),
    rateLimits: [],
    sendsRetryAfter: true,
  });
  onTestFinished(() => sandbox.close());
  const calls = openOAuth({
    connector: vendorWith(given.oauth),
    settings: {},
    clientId: 'client-of-ours',
    clientSecret,
    baseUrlOverride: sandbox.url,
    rules: { allowLoopback: true, allowedHosts: [] },
    ...given.client,
  });
  const later = (ms: number) => {
    nowMs += ms;
  };
  return { vendor, sandbox, seen, calls, later };
}
const consent = () => ({
  redirectUrl: 'https://hub.example.com/api/v1/oauth/callback',
  state: randomText(),
  verifier: randomText(),
  nonce: randomText(),
});

describe('consent', () => {
  test('asks with state, scopes and the hash of a verifier that stays here', async () => {
    const { calls, sandbox } = await start({
      oauth: { authorizeParams: { access_type: 'offline' }, nonce: true },
    });
    const asked = consent();
    const url = new URL(calls.authorizeUrl(asked));
    expect(url.origin + url.pathname).toBe(`${sandbox.url}/consent`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      tenant: 'any',
      response_type: 'code',
      client_id: 'client-of-ours',
      redirect_uri: asked.redirectUrl,
      scope: 'time:read offline_access',
      state: asked.state,
      code_challenge: createHash('sha256').update(asked.verifier).digest('base64url'),
      code_challenge_method: 'S256',
      nonce: asked.nonce,
      access_type: 'offline',
    });
    expect(url.href).not.toContain(asked.verifier);
    expect(url.href).not.toContain(clientSecret);
  });

  test.each(['basic', 'body'] as const)('a code becomes tokens (client in %s)', async (clientAuth) => {
    const { calls, vendor } = await start({ oauth: { clientAuth } });
    const asked = consent();
    const { code } = vendor.consent(calls.authorizeUrl(asked));
    const tokens = await calls.exchangeCode(code, asked);
    expect(vendor.accepts(tokens.accessToken)).toBe(true);
    expect(tokens).toMatchObject({ refreshToken: vendor.currentRefreshToken(), lifeMs: 3_600_000 });
  });

  test('a code works once, and not with the verifier of another sign-in', async () => {
    const { calls, vendor } = await start();
    const asked = consent();
    const first = vendor.consent(calls.authorizeUrl(asked));
    expect(
      await failureOf(calls.exchangeCode(first.code, { ...asked, verifier: randomText() })),
    ).toBeInstanceOf(AuthorizationLost);
    const second = vendor.consent(calls.authorizeUrl(asked));
    await calls.exchangeCode(second.code, asked);
    expect(await failureOf(calls.exchangeCode(second.code, asked))).toBeInstanceOf(AuthorizationLost);
  });

  test('an identity of another sign-in is refused by its nonce', async () => {
    const asked = consent();
    const tokenOf = (nonce: string) =>
      ['{}', JSON.stringify({ nonce }), ''].map((part) => Buffer.from(part).toString('base64url')).join('.');
    let nonce = asked.nonce;
    const { calls, vendor } = await start({
      oauth: { nonce: true },
      sandbox: { moreOf: () => ({ id_token: tokenOf(nonce) }) },
    });
    const good = vendor.consent(calls.authorizeUrl(asked));
    await calls.exchangeCode(good.code, asked);
    nonce = 'of another';
    const bad = vendor.consent(calls.authorizeUrl(asked));
    expect(await failureOf(calls.exchangeCode(bad.code, asked))).toMatchObject({
      kind: 'AuthorizationLost',
      vendorCode: 'nonce_differs',
    });
  });

  test('what the answer tells of the account becomes settings', async () => {
    const { calls, vendor } = await start({
      oauth: { settingsFromToken: (answer) => ({ apiDomain: String(answer.api_domain) }) },
      sandbox: { moreOf: () => ({ api_domain: 'https://api.vendor.eu', expires_in: '120' }) },
    });
    const asked = consent();
    const { code } = vendor.consent(calls.authorizeUrl(asked));
    const tokens = await calls.exchangeCode(code, asked);
    expect(tokens).toMatchObject({ settings: { apiDomain: 'https://api.vendor.eu' }, lifeMs: 120_000 });
  });
});

describe('refreshing', () => {
  test('a rotated token works once, and for the grace that a vendor gives', async () => {
    const { calls, vendor, later } = await start({ sandbox: { graceMs: 60_000 } });
    const old = vendor.currentRefreshToken();
    const first = await calls.refresh(old, null);
    expect(first.refreshToken).not.toBe(old);
    await calls.refresh(old, null);
    later(61_000);
    expect(await failureOf(calls.refresh(old, null))).toBeInstanceOf(AuthorizationLost);
  });

  test('a vendor that answers no new refresh token keeps the old one', async () => {
    const { calls, vendor } = await start({
      sandbox: { rotates: false, moreOf: () => ({ refresh_token: undefined }) },
    });
    expect(await calls.refresh(vendor.currentRefreshToken(), null)).toMatchObject({ refreshToken: null });
  });

  test('the redirect address goes along only where the vendor wants it', async () => {
    for (const refreshWithRedirect of [true, false]) {
      const { calls, vendor, seen } = await start({ oauth: { refreshWithRedirect } });
      await calls.refresh(vendor.currentRefreshToken(), 'https://hub.example.com/back');
      expect(seen[0]!.text.includes('redirect_uri')).toBe(refreshWithRedirect);
    }
  });

  test('client credentials need no person', async () => {
    const { calls, vendor, seen } = await start({
      oauth: { grants: ['client_credentials'], tokenBody: 'json' },
    });
    const { accessToken } = await calls.clientCredentials();
    expect(vendor.accepts(accessToken)).toBe(true);
    expect(JSON.parse(seen[0]!.text)).toEqual({
      grant_type: 'client_credentials',
      scope: 'time:read offline_access',
    });
  });
});

describe('what goes wrong', () => {
  test.each([
    [400, { error: 'invalid_grant' }, AuthorizationLost],
    [200, { error: 'invalid_code' }, AuthorizationLost],
    [401, { error: 'invalid_client' }, AuthorizationLost],
    [400, { error: 'invalid_client' }, AuthorizationLost],
    [400, { error: 'invalid_scope' }, InvalidRequest],
    [
      400,
      { error: 'Access Denied', error_description: 'You have made too many requests continuously.' },
      Throttled,
    ],
    [429, {}, Throttled],
    [503, {}, Unavailable],
    [200, {}, Unavailable],
    [302, {}, InvalidRequest],
  ])('%i %j', async (status, body, kind) => {
    const { calls, sandbox } = await start();
    sandbox.fault({ kind: 'status', status, body, times: 1 });
    expect(await failureOf(calls.refresh('refresh-token', null))).toBeInstanceOf(kind);
  });

  test('a token address that hangs is given up', async () => {
    const { calls, sandbox } = await start();
    sandbox.fault({ kind: 'hang', times: 1 });
    expect(await failureOf(calls.refresh('refresh-token', null))).toMatchObject({ vendorCode: 'timeout' });
  });

  test('no secret is in the words of a failure, however the vendor repeats it', async () => {
    const { calls, sandbox } = await start();
    const refreshToken = 'refresh/token+of ours';
    const basic = Buffer.from(`client-of-ours:${clientSecret}`).toString('base64');
    const echoed = [refreshToken, encodeURIComponent(refreshToken), clientSecret, basic];
    sandbox.fault({
      kind: 'status',
      status: 400,
      body: { error: 'invalid_request', error_description: `No: ${echoed.join(' | ')}` },
      times: 1,
    });
    const failure = (await failureOf(calls.refresh(refreshToken, null))) as Error;
    expect(failure.message).toContain('Vendor refused the sign-in (400): No:');
    for (const secret of echoed) expect(JSON.stringify([failure, failure.message])).not.toContain(secret);
  });
});

describe('ending', () => {
  test('a token is revoked at the vendor, and one that is gone already is no failure', async () => {
    const { calls, vendor, sandbox } = await start();
    expect(await calls.revoke(vendor.currentRefreshToken())).toBe(true);
    expect(vendor.ended()).toBe(true);
    sandbox.fault({ kind: 'status', status: 400, body: { error: 'invalid_token' }, times: 1 });
    expect(await calls.revoke('gone')).toBe(true);
    sandbox.fault({ kind: 'status', status: 503, times: 1 });
    expect(await failureOf(calls.revoke('gone'))).toBeInstanceOf(Unavailable);
  });

  test.each(['form', 'json', 'query'] as const)('the token goes along as %s', async (revokeBody) => {
    const { calls, vendor, seen } = await start({ oauth: { revokeBody } });
    await calls.revoke(vendor.currentRefreshToken());
    expect(vendor.ended()).toBe(true);
    expect(seen[0]!.query.has('token')).toBe(revokeBody === 'query');
  });

  test('a vendor without such an address says so', async () => {
    const connector = vendorWith();
    const { revokeUrl: _, ...oauth } = connector.auth.oauth!;
    const { calls } = await start({
      client: { connector: { ...connector, auth: { type: 'bearer', oauth } } },
    });
    expect(await calls.revoke('token')).toBe(false);
  });
});

test('random texts are long, of an address, and never the same', async () => {
  const texts = await all(
    (async function* () {
      for (let n = 0; n < 100; n += 1) yield randomText();
    })(),
  );
  expect(new Set(texts).size).toBe(100);
  for (const text of texts) expect(text).toMatch(/^[A-Za-z0-9_-]{43}$/);
});
